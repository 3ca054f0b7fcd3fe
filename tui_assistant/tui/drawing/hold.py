"""The talk key as it stands: a word on its cap in the key bar, and a line that says what ends the turn.

○ down   ● held   ◉ latched   ◌ let go. The user's colour where the floor is held for sure, that of waiting while it is
not known yet whether the key was tapped; every phase has a word and a sign of its own.
"""

from __future__ import annotations

from tui_assistant.client.hold import HoldPhase
from tui_assistant.runtime.api import HoldView
from tui_assistant.tui.drawing.runs import Run, width_of
from tui_assistant.tui.keys.names import TalkKeys

TALKING = (HoldPhase.PRESSED, HoldPhase.ARMED, HoldPhase.HELD, HoldPhase.LATCHED)
LATCH_MS = 30_000  # what the countdown's bar is full at
LEAST_BAR, MOST_BAR = 6, 12

# As long as "talk", all of them: nothing beside the talk key moves while somebody talks.
WORD = {
    HoldPhase.FREE: "talk",
    HoldPhase.PRESSED: "down",
    HoldPhase.ARMED: "down",
    HoldPhase.HELD: "held",
    HoldPhase.LATCHED: "send",
    HoldPhase.ENDING: "sent",
}


def clock(ms: int) -> str:
    """Seconds with one decimal, minutes from 60 s on: `1.2 s`, `2:05`."""
    if ms < 60_000:
        return f"{ms // 100 / 10:.1f} s"
    return f"{ms // 60_000}:{ms // 1000 % 60:02}"


def cap(phase: HoldPhase) -> tuple[str, str, str]:
    """(word, role of the key's cap, role of the word)."""
    match phase:
        case HoldPhase.FREE:
            return WORD[phase], "key", "dim"
        case HoldPhase.PRESSED | HoldPhase.ARMED:
            return WORD[phase], "on wait", "bold wait"
        case HoldPhase.HELD | HoldPhase.LATCHED:
            return WORD[phase], "on voice", "bold voice"
        case HoldPhase.ENDING:
            return WORD[phase], "key", "voice"


def hold_line(hold: HoldView, keys: TalkKeys, room: int) -> list[Run]:
    """The longest of the ways to say it that has room; the shortest where none has."""
    ways = _ways(hold, keys.talk_label, room)
    return next((way for way in ways if width_of(way) <= room), ways[-1])


def _ways(hold: HoldView, key: str, room: int) -> list[list[Run]]:
    seconds = clock(hold.held_ms)
    match hold.phase:
        case HoldPhase.HELD:
            head: list[Run] = [("● ", "bold voice"), (seconds, "ink")]
            if hold.left_ms is not None:
                left = f"{_whole(hold.left_ms)} s"
                return [
                    [*head, (f"  let go: {left} left", "bold warn")],
                    [*head, (f"  {left} left", "bold warn")],
                    head,
                ]
            return [[*head, ("  let go to send", "dim")], head]
        case HoldPhase.LATCHED:
            sends: Run = (f"{key} sends", "ink")
            sign: Run = ("◉ ", "bold voice")
            if hold.left_ms is None:
                return [[sign, (f"{seconds}  ", "ink"), (sends[0], "dim")], [sign, sends]]
            wait = f"{_whole(hold.left_ms)} s"
            words: list[Run] = [sends, (", or wait ", "dim"), (wait, "ink")]
            bar = min(MOST_BAR, room - width_of(words) - 4)
            ways = [[sign, *words], [sign, (f"{wait}  ", "ink"), (sends[0], "dim")], [sign, (wait, "ink")]]
            return [[sign, *_bar(hold.left_ms, bar), ("  ", "dim"), *words], *ways] if bar >= LEAST_BAR else ways
        case HoldPhase.ENDING:
            return [[("◌ ", "voice"), ("sending", "dim")]]
        case _:
            head = [("○ ", "bold wait"), (seconds, "ink")]
            return [[*head, ("  hold and speak, or tap to latch", "dim")], [*head, ("  speak", "dim")], head]


def _bar(left_ms: int, width: int) -> list[Run]:
    full = max(0, min(width, -(-left_ms * width // LATCH_MS)))
    return [("━" * full, "voice"), ("─" * (width - full), "faint")]


def _whole(ms: int) -> int:
    """Seconds that remain, rounded up: 0 is over."""
    return -(-ms // 1000)
