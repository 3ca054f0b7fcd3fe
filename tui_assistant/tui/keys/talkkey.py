"""The talk key on terminals that report no release: told from auto-repeat by time.

A held key arrives as a press, a pause of 400 to 660 ms, then presses every 25 to 40 ms (90 ms on some systems). Without
care each of them would start or send. So presses within REPEAT_MS of the one before are repeats; and a press that comes
when the first repeat is due is believed only after REPEAT_MS without another one. Holding to talk is not decided here.
"""

from __future__ import annotations

from enum import Enum

REPEAT_MS = 120  # the slowest repeat seen is 90 ms; nobody presses a key twice on purpose within this time
FIRST_REPEAT_MS = 700  # the longest pause seen before the first repeat is 660 ms


class Press(Enum):
    ACT = "act at once"
    WAIT = "act after REPEAT_MS, unless another press comes before"
    REPEAT = "the key is held: do nothing, and drop what waits"


class TalkKey:
    def __init__(self) -> None:
        self._last_ms: float | None = None

    def press(self, now_ms: float) -> Press:
        last, self._last_ms = self._last_ms, now_ms
        if last is None or now_ms - last >= FIRST_REPEAT_MS:
            return Press.ACT
        return Press.REPEAT if now_ms - last < REPEAT_MS else Press.WAIT
