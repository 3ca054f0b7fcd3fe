"""Who hears the microphone: the conversation, or our own detector for the screen; the recorder and the setup beside."""

from __future__ import annotations

from collections.abc import Callable

from tui_assistant.client.dialogue import Dialogue
from tui_assistant.links.base import Link
from tui_assistant.runtime.calibrating import Calibrating
from tui_assistant.runtime.echo_control import LOOK_BACK_MS, EchoControl
from tui_assistant.runtime.equipment import Equipment
from tui_assistant.runtime.floor import FloorKeeper
from tui_assistant.runtime.history import History
from tui_assistant.runtime.recording import Recorder


class Ears:
    """All calls come from the Talk thread."""

    def __init__(
        self,
        link: Link,
        dialogue: Dialogue,
        floor: FloorKeeper,
        equipment: Equipment,
        *,
        history: History,
        recorder: Recorder,
        setup: Calibrating,
        tell: Callable[[str, str], None],
        voice: Callable[[float], None],
    ) -> None:
        """`voice` is told p(speech) of what the conversation hears, where the link does not observe it."""
        self._link = link
        self._dialogue = dialogue
        self._floor = floor
        self._equipment = equipment
        self._history = history
        self._recorder = recorder
        self._setup = setup
        self._voice = voice
        self._echo = EchoControl(floor.capture, equipment, tell)
        self._gated = False  # at the last look
        self.muted = False

    @property
    def estimating(self) -> bool:
        """The conversation's own detector does not hear the microphone: ours is shown."""
        return not self._link.observes or self._dialogue.held or self._unheard

    @property
    def _unheard(self) -> bool:
        """The conversation does not hear the microphone, unless somebody holds the floor."""
        return self._dialogue.push_to_talk or self.muted or self._gated

    def listen(self, now: float) -> None:
        """Hands what was heard since the last call to the link, the recorder, the setup and the detector."""
        on = self._setup.on  # nothing of the setup is for anyone else
        withheld = self._echo.look(now, measuring=on)
        self._gated = on or withheld
        self._recorder.muted = self.muted or on
        held_ms = 0 if on else LOOK_BACK_MS
        blank = on or self._echo.blank
        samples = self._floor.poll(withheld=self._gated, muted=self.muted, held_ms=held_ms, blank=blank)
        self._setup.heard()
        if len(samples):
            self._equipment.heard(len(samples) / self._link.input_rate)
        if self.estimating or self._echo.listening:
            shown, heard = self.estimating, self._dialogue.held or not self._unheard
            for frame in self._floor.capture.estimate(samples):
                listening = self._echo.listening and not self.muted
                if listening and self._echo.frame(frame.p) and not self._setup.on:
                    self._floor.let_through()
                if shown:
                    self._history.estimated(frame, heard=heard)
                    self._recorder.estimated(frame, self._dialogue)
                self._floor.heard(frame.p)
                if heard and not self._link.observes:
                    self._voice(frame.p)

    @property
    def erle_db(self) -> float | None:
        """How much of the echo is taken away."""
        return self._echo.erle_db

    def toggle_mute(self) -> None:
        self.muted = not self.muted
        if self.muted and self._dialogue.talking:
            self._floor.drop("Muted: what you were saying was dropped.")
        elif self.muted:
            self._floor.capture.cut()
