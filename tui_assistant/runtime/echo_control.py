"""Echo control: how the speaker's sound is kept out of a conversation, and when a voice over an answer gets through."""

from __future__ import annotations

from collections.abc import Callable

from tui_assistant.audio.base import Microphone
from tui_assistant.audio.canceller import MEND, WebRtcCanceller
from tui_assistant.audio.echo import EchoStage, EchoState, HalfDuplexGate
from tui_assistant.audio.gate import EchoGate
from tui_assistant.audio.played import PlayedSound
from tui_assistant.client.bargein import BargeIn
from tui_assistant.engine.ports import FRAME_MS
from tui_assistant.errors import DeviceError
from tui_assistant.runtime.capture import Capture
from tui_assistant.runtime.equipment import Equipment

SPEECH_P, STILL_P = 0.5, 0.35  # the local detector's word: it begins, it goes on (as the engine has it)
LOOK_BACK_MS = (
    600  # let through together with a voice: the ten frames that BargeIn looks at, and what goes before an onset
)
DOUBT_S = 1.0  # after a gap the devices' times may be wrong; their median has followed it within half of that
QUIET_MS = 800  # a voice that was let through and is silent for so long while the answer goes on did not interrupt it


class EchoControl:
    """While the assistant is heard the microphone is withheld until somebody speaks over it. On the Talk thread."""

    def __init__(self, capture: Capture, equipment: Equipment, tell: Callable[[str, str], None]) -> None:
        self._capture = capture
        self._equipment = equipment
        self._tell = tell
        self._state = ""  # Equipment.duplex, for which the stage was made
        self._known: tuple[PlayedSound | None, Microphone | None] = (None, None)  # what the stage was told of
        self._half = HalfDuplexGate()
        self._now = 0.0
        self._gaps = 0  # of the devices so far: samples that were lost
        self._believe_at = 0.0  # until then their times may be wrong
        self._louder = EchoGate()
        self._rule = BargeIn()
        self._quiet_ms = 0
        self._sounds = False  # the microphone may hear the assistant
        self._let_through = False
        self._speaks = False  # in the newest frame
        self.withheld = False
        self.blank = False  # nobody is to hear what was withheld until now, unlike what a canceller has cleaned

    @property
    def listening(self) -> bool:
        """The word of the local detector is wanted, frame by frame."""
        return self._sounds

    @property
    def erle_db(self) -> float | None:
        """Of the last second, while the speaker sounds and a canceller works."""
        stage = self._capture.stage
        return stage.erle_db if stage is not None and self._state == EchoState.AEC else None

    def look(self, now: float, *, measuring: bool = False) -> bool:
        """At every poll, before the microphone is read: whether what it hears is withheld.

        `measuring`: the echo itself is wanted, as it is.
        """
        trouble, self._capture.trouble = self._capture.trouble, None
        if trouble is not None:
            self._lacks(trouble)
            self._state = ""
        self._now = now
        self._prepare("" if measuring else self._equipment.duplex)
        before, stage = self.withheld, self._capture.stage
        speaker = self._equipment.speaker
        if stage is not None and speaker is not None:
            microphone = self._equipment.microphone
            self._look_for_gaps(stage, speaker.underruns + (microphone.lost if microphone is not None else 0), now)
        if stage is None or speaker is None:
            self._sounds = False
        else:  # a device that has just begun may sound before its times say so
            self._sounds = self._half.closed(speaker.pending(), now) or (stage.cancels and stage.sounding)
        if not self._sounds:
            self._let_through = False
            self._rule.restart()
        self.withheld = self._sounds and not self._let_through
        self.blank = before and not self.withheld and not self._let_through and self._state != EchoState.AEC
        return self.withheld

    def frame(self, p: float) -> bool:
        """The local detector's word on one frame, while `listening`; True: with it somebody is let through."""
        stage = self._capture.stage
        if stage is None:
            return False
        for levels in self._capture.take_levels():
            self._louder.push(levels)
        trusted = stage.settled if self._state == EchoState.AEC else self._louder.louder
        trusted = trusted and self._now >= self._believe_at
        speech = self._speaks = trusted and p >= (STILL_P if self._speaks else SPEECH_P)
        self._quiet_ms = 0 if speech else self._quiet_ms + FRAME_MS
        if not self._let_through:
            self._let_through = self._rule.frame(speech)
            return self._let_through
        if self._quiet_ms >= QUIET_MS:
            self._let_through = False
            self._rule.restart()
        return False

    def _look_for_gaps(self, stage: EchoStage, gaps: int, now: float) -> None:
        """A machine with too much to do loses samples; until the devices' times show that, no voice is believed.

        The echo comes at moments when none is expected, and would pass for a voice.
        """
        if gaps != self._gaps:
            self._gaps, self._believe_at = gaps, now + DOUBT_S
            stage.doubt()

    def _prepare(self, state: str) -> None:
        """Gives the capture the stage that fits the devices in use."""
        if state != self._state:
            self._state = state
            if state == EchoState.HALF_DUPLEX and self._equipment.lacks_canceller:
                self._tell(f"The echo canceller is not installed: half-duplex. {MEND}", "warning")
            self._capture.stage = self._stage()
            self._known = (None, None)
        stage, speaker = self._capture.stage, self._equipment.speaker
        known = (speaker.played_sound if speaker is not None else None, self._equipment.microphone)
        if stage is not None and known != self._known:
            self._known = known
            stage.listen_to(known[0])
            self._louder.restart()

    def _stage(self) -> EchoStage | None:
        rate = self._capture.rate
        if self._state == EchoState.AEC:
            try:
                return EchoStage(rate, lambda played_rate: WebRtcCanceller(rate, played_rate))
            except DeviceError as error:
                self._lacks(error)
                self._state = self._equipment.duplex
        return EchoStage(rate) if self._state == EchoState.HALF_DUPLEX else None

    def _lacks(self, error: DeviceError) -> None:
        self._equipment.no_canceller = True
        self._tell(f"{error.message}: half-duplex. {error.hint}", "warning")
