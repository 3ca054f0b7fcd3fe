"""Who hears the microphone: the conversation, or our own detector for the screen; the recorder and the setup beside."""

from __future__ import annotations

from tui_assistant.audio.echo import HalfDuplexGate
from tui_assistant.client.dialogue import Dialogue
from tui_assistant.links.base import Link
from tui_assistant.runtime.calibrating import Calibrating
from tui_assistant.runtime.equipment import Equipment
from tui_assistant.runtime.floor import FloorKeeper
from tui_assistant.runtime.recording import Recorder
from tui_assistant.runtime.records import Records


class Ears:
    """All calls come from the Talk thread."""

    def __init__(
        self,
        link: Link,
        dialogue: Dialogue,
        floor: FloorKeeper,
        equipment: Equipment,
        *,
        records: Records,
        recorder: Recorder,
        setup: Calibrating,
    ) -> None:
        self._link = link
        self._dialogue = dialogue
        self._floor = floor
        self._equipment = equipment
        self._records = records
        self._recorder = recorder
        self._setup = setup
        self._gate = HalfDuplexGate()
        self._gated = False  # at the last look
        self.muted = False

    @property
    def estimating(self) -> bool:
        """The conversation's own detector does not hear the microphone: ours is shown."""
        return not self._link.observes or self._dialogue.held or self._unheard

    @property
    def _unheard(self) -> bool:
        """As long as nobody holds the floor."""
        return self._dialogue.push_to_talk or self.muted or self._gated

    def listen(self, now: float) -> None:
        """What was heard since the last call goes to all whom it concerns."""
        self._gated = self._withheld(now)
        self._recorder.muted = self.muted or self._setup.on  # nothing of the setup is recorded
        samples = self._floor.poll(withheld=self._gated, muted=self.muted)
        self._setup.heard(samples)
        if len(samples):
            self._equipment.heard(len(samples) / self._link.input_rate)
        if self.estimating:
            heard = self._dialogue.held or not self._unheard
            for frame in self._floor.capture.estimate(samples):
                self._records.estimated(frame, heard=heard)
                self._recorder.estimated(frame, self._dialogue)
                self._floor.heard(frame.p)

    def _withheld(self, now: float) -> bool:
        """Half-duplex: the microphone would hear the assistant. Or it is being set up."""
        if self._setup.on:
            return True
        speaker = self._equipment.speaker
        if speaker is None or self._equipment.duplex != "half-duplex":
            return False
        return self._gate.closed(speaker.pending(), now)

    def toggle_mute(self) -> None:
        self.muted = not self.muted
        if self.muted and self._dialogue.talking:
            self._floor.drop("Muted: what you were saying was dropped.")
        elif self.muted:
            self._floor.capture.cut()
