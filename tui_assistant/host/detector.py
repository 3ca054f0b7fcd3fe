"""Turn detection as a library: PCM in, speech events out."""

from __future__ import annotations

from collections.abc import Callable

from tui_assistant.engine.ids import Ids
from tui_assistant.engine.intake import Intake
from tui_assistant.engine.outbox import Outbox
from tui_assistant.engine.ports import Judge, Judged, SpeechDetector, TurnJudge
from tui_assistant.errors import LocalProtocolError, UsageError
from tui_assistant.models import registry
from tui_assistant.protocol.server import SpeechStarted, SpeechStopped
from tui_assistant.protocol.session import MAX_RATE, MIN_RATE, AudioInput, PcmFormat, SemanticVad, ServerVad

SpeechEvent = SpeechStarted | SpeechStopped


class TurnDetector:
    """Finds the turns in one stream of speech, exactly as a session with the same settings does.

        detector = TurnDetector(ServerVad(silence_duration_ms=500), sample_rate=16_000)
        for event in detector.feed(pcm):
            print(event.type, event.at_ms, event.reason)

    `turn_detection`: ServerVad or SemanticVad. `sample_rate`: 8000 to 48000 Hz. `vad`: "silero", "webrtc", "energy",
    the name of an installed plugin, or an object with SpeechDetector's two methods. `judge`, for SemanticVad: None
    (P = 0.5), a name out of `tui-assistant models list`, or an object with TurnJudge's method; it is asked inside
    `feed`, without words, because nothing is transcribed here. Detectors are independent.
    """

    def __init__(
        self,
        turn_detection: ServerVad | SemanticVad | None = None,
        *,
        sample_rate: int = 16_000,
        vad: str | SpeechDetector = "silero",
        judge: str | TurnJudge | None = None,
    ) -> None:
        if not MIN_RATE <= sample_rate <= MAX_RATE:
            raise UsageError(f"sample_rate is {sample_rate}", f"{MIN_RATE} to {MAX_RATE} Hz are possible")
        detector = registry.create(registry.Port.DETECTOR, vad) if isinstance(vad, str) else vad
        asked = registry.create(registry.Port.JUDGE, judge) if isinstance(judge, str) else judge
        self._outbox = Outbox(ids := Ids())
        audio = AudioInput(format=PcmFormat(rate=sample_rate), turn_detection=turn_detection or ServerVad())
        self._intake = Intake(audio, detector, ids, self._outbox, events_only=True, judge=_on_the_spot(asked))
        self._ended = False

    def feed(self, pcm: bytes) -> list[SpeechEvent]:
        """Takes 16-bit little-endian mono samples, any number of bytes; half a sample waits for the next call.

        Returns what was decided, at most 40 ms of input after its `at_ms` (60 ms when the rate is not 16000).
        """
        if self._ended:
            raise LocalProtocolError("flush() has ended this detector's input", "make a new TurnDetector")
        for _ in self._intake.feed(pcm):
            pass  # utterances are a session's business: here the events are enough
        return self._events()

    def flush(self) -> list[SpeechEvent]:
        """Ends the input. Speech that is still open is stopped with the reason `end_of_input`."""
        if not self._ended:
            self._ended = True
            for _ in self._intake.flush():
                pass
        return self._events()

    def _events(self) -> list[SpeechEvent]:
        outputs = self._outbox.take()
        # Most pieces of audio decide nothing.
        return [output for output in outputs if isinstance(output, SpeechStarted | SpeechStopped)] if outputs else []


def _on_the_spot(judge: TurnJudge | None) -> Callable[[Judge], Judged] | bool:
    return False if judge is None else lambda ask: judge.judge(ask.pcm, ask.text)
