"""The values that can be tuned: applied live, and shown as they are in force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pydantic import ValidationError

from tui_assistant.client.dialogue import Dialogue
from tui_assistant.client.effects import Effect
from tui_assistant.client.tuning import Tuning
from tui_assistant.runtime.floor import FloorKeeper

LONGEST_TAIL_MS = 1_000
LEAST_GAIN_DB, MOST_GAIN_DB = -20.0, 40.0  # a hot line input to a far microphone; beyond it only noise grows


class Tuner:
    """All calls come from the Talk thread. `fine`: the engine that decides takes hysteresis and min_speech_ms."""

    def __init__(
        self,
        tuning: Tuning,
        dialogue: Dialogue,
        floor: FloorKeeper,
        *,
        fine: Callable[[], bool],
        act: Callable[[list[Effect]], None],
        tell: Callable[[str, str], None],
    ) -> None:
        self._wanted = tuning
        self._shown = (tuning, dialogue.rules, tuning.follow(dialogue.rules))
        self._dialogue = dialogue
        self._floor = floor
        self._fine = fine
        self._act = act
        self._tell = tell
        self._floor.capture.gain.db = tuning.gain_db

    @property
    def in_force(self) -> Tuning:
        """As the server echoed them last; while it detects no turns, as they will be afterwards."""
        rules = self._dialogue.turn_detection or self._dialogue.rules
        if self._shown[0] is not self._wanted or self._shown[1] is not rules:  # asked for at every poll
            self._shown = (self._wanted, rules, self._wanted.follow(rules))
        return self._shown[2]

    def again(self) -> None:
        """Another engine decides: it may know more or fewer of the values."""
        self.apply(self._wanted)

    def apply(self, tuning: Tuning) -> None:
        """All values from now on; none of them when one is out of its range."""
        try:
            rules = tuning.rules(self._dialogue.rules, fine=self._fine())
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            self._tell(f"{'.'.join(map(str, problem['loc']))} = {problem['input']}: {problem['msg']}", "error")
            return
        gain = min(MOST_GAIN_DB, max(LEAST_GAIN_DB, tuning.gain_db))
        tail = min(LONGEST_TAIL_MS, max(0, tuning.tail_ms))
        self._wanted = replace(tuning, gain_db=gain, tail_ms=tail)
        self._floor.capture.gain.db = gain
        self._floor.set_tail(tail)
        self._act(self._dialogue.retune(rules))
