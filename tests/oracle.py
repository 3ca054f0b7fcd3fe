"""Turn detection written a second time: slow, naive, from the plan's sentences, over a whole recording at once.

It shares no code with the engine and keeps no running state about speech: at every frame it looks back over all
frames. Probabilities and thresholds are exact fractions. 16 kHz only, so that positions need no resampling.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

FRAME = 512  # samples
PER_MS = 16  # samples


@dataclass(frozen=True)
class Rules:
    """server_vad when `silence_ms` is set, else semantic_vad with this longest wait.

    `judged`: thousandths of P, for each frame that a judge may be asked at the end of; none: P = 0.5.
    """

    threshold: str = "0.5"
    prefix_ms: int = 300
    silence_ms: int | None = 500
    longest_ms: int = 4_000
    judged: tuple[int, ...] = ()

    @property
    def begins(self) -> Fraction:
        return max(Fraction(self.threshold), Fraction("0.05"))

    @property
    def goes_on(self) -> Fraction:
        return max(self.begins - Fraction("0.15"), Fraction("0.01"))

    @property
    def needed_ms(self) -> int:
        return self.needed(Fraction(1, 2))

    def needed(self, p: Fraction) -> int:
        if self.silence_ms is not None:
            return self.silence_ms
        wait = round(200 + (self.longest_ms - 200) * (1 - p) ** 2)
        return next(slot for slot in range(200, 100_000, 160) if slot >= wait)


@dataclass(frozen=True)
class Change:
    """What happens once `at` samples have been fed; `rules` of an update, None is manual.

    The client does it, or time: "no_audio", the audio of an open turn stopped coming; "timeout", nobody spoke at all.
    """

    at: int
    kind: Literal["commit", "clear", "update", "no_audio", "timeout"]
    rules: Rules | None = None


@dataclass(frozen=True)
class Turn:
    """`item` counts the items in the order in which they were first named; positions in samples."""

    kind: Literal["started", "stopped", "committed", "refused", "cleared"]
    item: int = 0
    at_ms: int = 0
    begin: int = 0
    end: int = 0


def turns(thousandths: Sequence[int], rules: Rules | None, changes: Sequence[Change] = ()) -> list[Turn]:
    """All that happens while p(speech) is `thousandths`/1000, frame by frame. `changes` in the order of `at`."""
    return list(_Recording(thousandths, rules, changes).run())


class _Recording:
    def __init__(self, thousandths: Sequence[int], rules: Rules | None, changes: Sequence[Change]) -> None:
        self.p = [Fraction(p, 1000) for p in thousandths]
        self.first_rules = rules
        self.in_force = rules  # after the changes that have been followed
        self.changes = changes
        self.held = 0  # position where the audio that is held begins
        self.fresh = 0  # frames that began before this position do not begin a turn
        self.onset: int | None = None  # frame number of the open turn's first
        self.announced: int | None = None
        self.named = 0

    def rules_at(self, frame: int) -> Rules | None:
        """In force when the frame is decided: a change behind its last sample comes too late."""
        found = self.first_rules
        for change in self.changes:
            if change.kind == "update" and change.at < (frame + 1) * FRAME:
                found = change.rules
        return found

    def loud(self, frame: int) -> bool:
        rules = self.rules_at(frame)
        return frame >= 0 and rules is not None and self.p[frame] >= rules.begins and frame * FRAME >= self.fresh

    def voiced(self, frame: int) -> bool:
        rules = self.rules_at(frame)
        return rules is not None and self.p[frame] >= rules.goes_on

    def run(self) -> Iterator[Turn]:
        changes = list(self.changes)
        for frame in range(len(self.p)):
            while changes and changes[0].at < (frame + 1) * FRAME:
                yield from self.change(changes.pop(0))
            rules = self.rules_at(frame)
            if rules is not None:
                yield from self.decide(frame, rules)
        while changes:
            yield from self.change(changes.pop(0))

    def decide(self, frame: int, rules: Rules) -> Iterator[Turn]:
        end_ms = (frame + 1) * FRAME // PER_MS
        if self.onset is None and self.loud(frame - 1) and self.loud(frame):
            self.onset = frame - 1
            self.held = max(self.held, (self.onset * FRAME // PER_MS - rules.prefix_ms) * PER_MS)
            self.announced = self.name()
            yield Turn("started", self.announced, end_ms, self.held)
            return
        if self.onset is None:
            self.held = max(self.held, (end_ms - rules.prefix_ms - 600) * PER_MS)
            return
        # Both frames of the onset are speech, whatever the threshold has become since.
        speech = next(n for n in range(frame, self.onset, -1) if self.voiced(n) or n == self.onset + 1)
        silent_ms = (frame - speech) * FRAME // PER_MS
        needed_ms = rules.needed(self.p_finished(rules, speech, frame))
        lasted_ms = (frame + 1 - self.onset) * FRAME // PER_MS
        if (frame > speech and silent_ms >= needed_ms) or lasted_ms >= 120_000:
            assert self.announced is not None
            end = (frame + 1) * FRAME
            yield Turn("stopped", self.announced, end_ms, 0, end)
            yield Turn("committed", self.announced, end_ms, self.held, end)
            self.take(end)

    def p_finished(self, rules: Rules, speech: int, frame: int) -> Fraction:
        """The newest answer that is at least 96 ms, three frames, old; asked where silence reaches 200, 360 ... ms."""
        if rules.judged:
            for asked in range(frame - 3, speech, -1):
                before_ms, silent_ms = ((asked - speech - n) * FRAME // PER_MS for n in (1, 0))
                if any(before_ms < slot <= silent_ms for slot in range(200, 9_000, 160)):
                    return Fraction(rules.judged[asked], 1000)
        return Fraction(1, 2)

    def change(self, change: Change) -> Iterator[Turn]:
        at_ms = change.at // PER_MS
        if change.kind == "clear":
            yield Turn("cleared", 0, at_ms)
            self.take(change.at)
        elif change.kind == "commit" and change.at - self.held < 100 * PER_MS:
            yield Turn("refused", 0, at_ms)
        elif change.kind == "commit":
            item = self.announced or self.name()
            yield Turn("committed", item, at_ms, self.held, change.at)
            self.take(change.at)
        elif change.kind == "no_audio" and self.announced is not None:
            end = at_ms * PER_MS
            yield Turn("stopped", self.announced, at_ms, 0, end)
            yield Turn("committed", self.announced, at_ms, self.held, end)
            self.take(end)
        elif change.kind == "timeout":
            yield Turn("committed", self.name(), at_ms, self.held, change.at)
            self.take(change.at)
        elif change.kind == "update":
            before, self.in_force = self.in_force, change.rules
            if change.rules is None:
                self.onset = None
            elif before is None:
                self.announced = None
                self.fresh = change.at
                self.held = max(self.held, (at_ms - change.rules.prefix_ms - 600) * PER_MS)

    def take(self, position: int) -> None:
        """The audio before `position` belongs to an item or is dropped."""
        self.held = self.fresh = position
        self.onset = self.announced = None

    def name(self) -> int:
        self.named += 1
        return self.named
