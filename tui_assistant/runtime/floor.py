"""Who has the floor: from the talk key to which samples the link gets, and what it is told about them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np

from tui_assistant.client import effects as do
from tui_assistant.client.dialogue import Dialogue
from tui_assistant.client.effects import Effect
from tui_assistant.client.hold import (
    Begin,
    End,
    EndReason,
    Hold,
    HoldPhase,
    KeyEdge,
    Learned,
    Method,
    Resume,
    Step,
    Warn,
)
from tui_assistant.runtime.api import HoldView, Keyboard
from tui_assistant.runtime.capture import Capture, Floor
from tui_assistant.sound.samples import Samples
from tui_assistant.state import LearnedKeys, RememberedKeys

SPEECH_P = 0.5  # the local detector's word where the rules have no threshold

_ENDED = {
    EndReason.COUNTDOWN: "Sent: after a tap the floor is yours for so long.",
    EndReason.LONGEST: "Sent: that was the longest turn.",
}


class FloorKeeper:
    """Holds the talk key, the capture and the dialogue together. All calls come from the Talk thread.

    `act` carries out effects, `feed` takes audio for the link; `wake` opens the microphone if need be and says whether
    there is one that may be heard; `now_ms` is client time.
    """

    def __init__(
        self,
        capture: Capture,
        dialogue: Dialogue,
        *,
        tail_ms: int,
        remember: bool,
        act: Callable[[list[Effect]], None],
        feed: Callable[[bytes], None],
        wake: Callable[[], bool],
        now_ms: Callable[[], float],
    ) -> None:
        self.capture = capture
        self._dialogue = dialogue
        self._remember = remember
        self._act = act
        self._feed = feed
        self._wake = wake
        self._now_ms = now_ms
        self.keyboard = Keyboard(Method.TOGGLE)
        self._known = RememberedKeys()
        self._hold = Hold(tail_ms=tail_ms)
        self._taken_ms = 0.0
        self._withheld = self._muted = self._blank = False  # at the last poll
        self._held_ms = 0
        self._read: list[Samples] = []  # since the last poll

    @property
    def ending(self) -> bool:
        """The tail is being sent."""
        return self.capture.floor is Floor.ENDING

    @property
    def _free(self) -> bool:
        return self.capture.floor is Floor.FREE

    def set_tail(self, tail_ms: int) -> None:
        """How much is still heard after the next release."""
        self.capture.tail_ms = self._hold.tail_ms = tail_ms

    # ------------------------------------------------------------------------------------------- what the user does

    def use_keyboard(self, keyboard: Keyboard) -> None:
        """How the terminal tells of keys from now on. A key that is held counts as let go; a latched turn goes on."""
        if keyboard == self.keyboard:
            return
        self._steps(self._hold.blur(self._now_ms()))
        self.save()
        if self._remember:
            self._known = RememberedKeys.load()
        self.keyboard = keyboard
        self._hold.method = keyboard.method
        self._hold.learned = Learned(**self._known.of(keyboard.terminal).model_dump())

    def key(self, edge: KeyEdge) -> None:
        """What follows counts from the edge's own time, even if the hold was ticked past it before."""
        self._steps([_not_after(step, edge.at_ms) for step in self._hold.key(edge)])

    def toggle(self) -> None:
        if self._dialogue.talking and self._hold.phase in (HoldPhase.FREE, HoldPhase.ENDING):
            self.end_input()
        else:
            self._steps(self._hold.toggle(self._now_ms()))

    def blur(self) -> None:
        self._steps(self._hold.blur(self._now_ms()))

    def toggle_mode(self) -> None:
        """Leaving hands-free in mid-speech, the user keeps the floor until the talk key sends."""
        if not self._dialogue.push_to_talk and self._dialogue.user_open and not self._dialogue.held:
            self._steps(self._hold.toggle(self._now_ms()))
            if self._dialogue.talking:
                self._act([do.Tell("You have the floor: the talk key sends.")])
        self._act(self._dialogue.toggle_mode())

    def drop(self, why: str = "") -> None:
        """Takes the floor from whoever holds it, and sends nothing of that turn; the user is told `why`."""
        if self._hold.phase is not HoldPhase.FREE:
            self._hold.drop()
        if self._dialogue.held:
            self._act([*self._dialogue.drop_talk(), *([do.Tell(why, "warning")] if why else [])])
        self.save()

    def begin_input(self) -> None:
        """The whole input is one hold, without a key."""
        self._act(self._dialogue.press(self._now_ms()))

    def end_input(self) -> None:
        self._act(self._dialogue.release(self._now_ms(), spoke=True))

    # ------------------------------------------------------------------------------------------------- what happens

    def poll(self, *, withheld: bool, muted: bool, held_ms: int = 0, blank: bool = False) -> Samples:
        """One round; returns what was heard. `withheld`: while nobody holds the floor, the link gets silence instead.

        The newest `held_ms` wait meanwhile: they still go out as they are if `withheld` ends, unless `blank`.
        """
        now = self._now_ms()
        if self._hold.deadline is not None and now >= self._hold.deadline:
            self._steps(self._hold.tick(now))
        self._withheld, self._muted = withheld, muted
        self._held_ms, self._blank = held_ms, blank
        self._catch_up()
        heard, self._read = self._read, []
        return heard[0] if len(heard) == 1 else np.concatenate(heard)

    def let_through(self) -> None:
        """The audio that waits goes out as it is, at once."""
        self._withheld = self._blank = False
        self._catch_up()

    def _catch_up(self) -> None:
        """Reads the microphone, and sends what the link is to have."""
        self._read.append(self.capture.read())
        if not self._free:
            self._feed(self.capture.due().tobytes())
            if self._free:
                self._act(self._dialogue.floor_released())
                self.save()
        if self._free:
            if self._dialogue.push_to_talk:
                self.capture.skip()
            else:  # a server that detects turns needs a stream without gaps: what it must not hear is silence
                rest = self.capture.due(self._held_ms if self._withheld and not self._muted else 0)
                silent = self._withheld or self._muted or self._blank
                self._feed(bytes(rest.nbytes) if silent else rest.tobytes())
            if self._muted:
                self.capture.forget()

    def heard(self, p: float) -> None:
        """The local detector's word on one frame."""
        if self._dialogue.talking and self._hold.phase is not HoldPhase.FREE:
            threshold = getattr(self._dialogue.rules, "threshold", SPEECH_P)
            self._steps(self._hold.heard(p >= threshold, self._now_ms()))

    def view(self, now_ms: float) -> HoldView:
        """The talk key as it is drawn."""
        phase = self._hold.phase
        if self._dialogue.talking and phase is HoldPhase.FREE:
            phase = HoldPhase.HELD  # the whole input is one hold
        held_ms = max(0, round(now_ms - self._taken_ms)) if self._dialogue.talking else 0
        ends = self._hold.countdown_ms
        return HoldView(phase, held_ms, None if ends is None else max(0, round(ends - now_ms)))

    def save(self) -> None:
        """Keeps what was learned of the keyboard, if that is new."""
        learned = LearnedKeys(**asdict(self._hold.learned))
        name = self.keyboard.terminal
        if not name or learned == self._known.of(name):
            return
        self._known = self._known.with_terminal(name, learned)
        if self._remember:
            with contextlib.suppress(OSError):  # a full disk: the next run learns anew
                self._known.save()

    # ------------------------------------------------------------------------------------------- what a hold wants

    def _steps(self, steps: list[Step]) -> None:
        for step in steps:
            match step:
                case Begin(at_ms=at_ms):
                    self._begin(at_ms)
                case Resume(at_ms=at_ms):
                    self._begin(at_ms, last_turn=True)
                case End(at_ms=at_ms, reason=reason, spoke=spoke):
                    told = [do.Tell(_ENDED[reason])] if reason in _ENDED and self._dialogue.talking else []
                    self._act([*self._dialogue.release(at_ms, spoke=spoke), *told])
                case Warn(left_ms=left_ms):
                    self._act([do.Tell(f"The longest turn: {left_ms / 1000:.0f} s left.", "warning")])

    def _begin(self, at_ms: float, *, last_turn: bool = False) -> None:
        """What speaks is stopped first: opening a microphone takes its time."""
        self._catch_up()  # after a stall the last turn's tail, or a new turn's begin, may be among what nobody has read
        if not self._dialogue.held:
            self._taken_ms = at_ms
            self._act(self._dialogue.interrupt())
            if not self._wake():
                self._hold.drop()
                return
        self._act(self._dialogue.press(at_ms, last_turn=last_turn))


def _not_after(step: Step, at_ms: float) -> Step:
    return step if isinstance(step, Warn) or step.at_ms <= at_ms else replace(step, at_ms=at_ms)
