"""What follows once a recording, a pipe or the demo is over."""

from __future__ import annotations

from collections.abc import Callable

from tui_assistant.client.dialogue import Dialogue
from tui_assistant.protocol.session import ServerVad
from tui_assistant.runtime.equipment import Equipment
from tui_assistant.runtime.floor import FloorKeeper
from tui_assistant.runtime.options import TalkOptions

SETTLE_S = 1.0  # on top of the silence that ends a turn
LONGEST_SILENCE_S = 4.0  # that semantic_vad waits, unless it is told to be patient


class InputEnd:
    """Waits until all that was said is answered; then the conversation ends, or the microphone comes back."""

    def __init__(
        self,
        options: TalkOptions,
        dialogue: Dialogue,
        equipment: Equipment,
        floor: FloorKeeper,
        end: Callable[[int, str], None],
    ) -> None:
        """`end` takes the exit status and a word about it."""
        self._options = options
        self._dialogue = dialogue
        self._equipment = equipment
        self._floor = floor
        self._end = end
        self._since: float | None = None
        self.turns = 0  # committed so far

    def watch(self, now: float) -> None:
        """At every poll."""
        if not self._equipment.input_over:
            self._since = None
            return
        if self._dialogue.talking and (self._options.hold_input or self._equipment.demo):
            self._floor.end_input()
        if self._busy or self._since is None:
            self._since = now
        rules = self._dialogue.rules
        silence_s = rules.silence_duration_ms / 1000 if isinstance(rules, ServerVad) else LONGEST_SILENCE_S
        if now - self._since < silence_s + SETTLE_S:
            return
        if self._options.exit_after_input:
            self._end(0 if self.turns else 1, "" if self.turns else "No turn was found in the input.")
        elif self._equipment.demo:
            self._equipment.end_demo()

    @property
    def _busy(self) -> bool:
        return self._dialogue.user_open or self._dialogue.busy or self._dialogue.playback.playing
