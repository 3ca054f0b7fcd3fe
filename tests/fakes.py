"""Stand-ins for the engine's surroundings: detectors that follow a script, models that answer Asks, a driver."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args

import numpy as np
import sdk_types
from numpy.typing import NDArray

from tui_assistant.engine.observation import Observation
from tui_assistant.engine.outbox import Output
from tui_assistant.engine.ports import (
    FRAME_SAMPLES,
    Answer,
    Ask,
    AudioChunk,
    Cancel,
    Final,
    Respond,
    Responded,
    Speak,
    SpeechDetector,
    Spoken,
    TextDelta,
    Transcribe,
    TranscribeEnd,
)
from tui_assistant.engine.session import Session
from tui_assistant.protocol.client import ClientEvent
from tui_assistant.protocol.codec import decode_client
from tui_assistant.protocol.server import ServerEvent, ServerEventBase
from tui_assistant.protocol.session import Audio, AudioInput, AudioOutput, PcmFormat, ServerVad, SessionConfig

RATE = 16_000
FRAME_BYTES = 2 * FRAME_SAMPLES
ASKS: tuple[type, ...] = get_args(Ask)
OBSERVATIONS: tuple[type, ...] = get_args(Observation)
T = TypeVar("T")


class ScriptedDetector:
    """Gives the listed p(speech), frame by frame, then `rest`."""

    name = "scripted"

    def __init__(self, probabilities: Iterable[float] = (), rest: float = 0.0) -> None:
        self._probabilities = list(probabilities)
        self._rest = rest
        self.frames = 0

    def probability(self, frame: NDArray[np.int16]) -> float:
        assert frame.shape == (FRAME_SAMPLES,)
        assert frame.dtype == np.int16
        place, self.frames = self.frames, self.frames + 1
        return self._probabilities[place] if place < len(self._probabilities) else self._rest

    def reset(self) -> None:
        self.frames = 0


class LoudnessDetector:
    """p(speech) is the mean magnitude over 10000: what is heard decides, so resampling and framing matter."""

    name = "loudness"

    def probability(self, frame: NDArray[np.int16]) -> float:
        return min(1.0, float(np.abs(frame.astype(np.int64)).mean()) / 10_000)

    def reset(self) -> None:
        """Nothing is remembered."""


def counting(samples: int, first: int = 0) -> bytes:
    """Audio whose every sample is its own position (modulo 65536), so that a piece of it shows where it was cut."""
    return (np.arange(first, first + samples) & 0xFFFF).astype(np.uint16).tobytes()


def silence(ms: int, rate: int = RATE) -> bytes:
    return bytes(2 * (ms * rate // 1000))


def tone(ms: int, amplitude: int = 8_000, rate: int = RATE) -> bytes:
    """A 440 Hz sine."""
    at = np.arange(ms * rate // 1000) / rate
    return (amplitude * np.sin(2 * np.pi * 440 * at)).astype("<i2").tobytes()


def config(turn_detection: Any = None, *, rate: int = RATE, **fields: Any) -> SessionConfig:
    """A session at 16 kHz in and 24 kHz out; `turn_detection` None is manual here."""
    audio = AudioInput(format=PcmFormat(rate=rate), turn_detection=turn_detection, **fields.pop("input", {}))
    return SessionConfig(audio=Audio(input=audio, output=AudioOutput(**fields.pop("output", {}))), **fields)


def plain(kind: str, **fields: Any) -> ClientEvent:
    """A client event from its type and fields, through the codec's own door."""
    import json

    return decode_client(json.dumps({"type": kind, **fields}))


def vad_update(turn_detection: Any, **event: Any) -> ClientEvent:
    session = {"type": "realtime", "audio": {"input": {"turn_detection": turn_detection}}}
    return plain("session.update", session=session, **event)


@dataclass
class Models:
    """Answers asks: the recogniser hears `words` in turn, the responder says `reply`, the voice hums."""

    words: list[str] = field(default_factory=list)
    reply: Sequence[str] = ("Hello ", "there.")
    voice: Callable[[str], bytes] = lambda text: bytes(2 * 480 * len(text))
    rate: int = 24_000

    def answers(self, ask: Ask) -> list[Answer]:
        match ask:
            case TranscribeEnd():
                return [Final(self.words.pop(0) if self.words else "hello")]
            case Respond():
                return [*(TextDelta(text) for text in self.reply), Responded({}, 3, 2)]
            case Speak(text=text):
                pcm = self.voice(text)
                return [AudioChunk(pcm, self.rate), Spoken()] if pcm else [Spoken()]
        return []


class Driver:
    """A session with a record of everything it put out; each server event is held against the SDK's types."""

    def __init__(
        self,
        detector: SpeechDetector | None = None,
        configuration: SessionConfig | None = None,
        models: Models | None = None,
        **options: Any,
    ) -> None:
        self.session = Session(detector or ScriptedDetector(), configuration or config(ServerVad()), **options)
        self.models = models or Models()
        self.outputs: list[Output] = []
        self.open: list[Ask] = []  # asks without their last answer, oldest first
        self._take(self.session.begin())

    def feed(self, data: bytes) -> list[Output]:
        return self._take(self.session.feed(data))

    def frames(self, count: int) -> list[Output]:
        """So many detector frames of silence, for sessions at 16 kHz."""
        return self.feed(bytes(FRAME_BYTES * count))

    def event(self, event: ClientEvent) -> list[Output]:
        return self._take(self.session.event(event))

    def send(self, kind: str, **fields: Any) -> list[Output]:
        return self.event(plain(kind, **fields))

    def update(self, turn_detection: Any, **event: Any) -> list[Output]:
        return self.event(vad_update(turn_detection, **event))

    def tick(self, now_ms: int) -> list[Output]:
        return self._take(self.session.tick(now_ms))

    def answer(self, ask: Ask | str, answer: Answer) -> list[Output]:
        return self._take(self.session.answer(ask if isinstance(ask, str) else ask.ask_id, answer))

    def finish(self, ask: Ask) -> None:
        """All answers of the models to one ask."""
        self.open.remove(ask)
        for answer in self.models.answers(ask):
            self.answer(ask, answer)

    def settle(self) -> None:
        """All answers to all asks, until nothing is open any more."""
        while self.open:
            self.finish(self.open[0])

    def _take(self, outputs: list[Output]) -> list[Output]:
        for output in outputs:
            if isinstance(output, ServerEventBase):
                sdk_types.check(output)
            elif isinstance(output, Cancel):
                self.open = [ask for ask in self.open if ask.ask_id != output.ask_id]
            elif isinstance(output, TranscribeEnd | Respond | Speak):
                self.open.append(output)
        self.outputs += outputs
        return outputs

    def of(self, kind: type[T]) -> list[T]:
        """All outputs of one class so far."""
        return [output for output in self.outputs if isinstance(output, kind)]

    @property
    def events(self) -> list[ServerEvent]:
        return [output for output in self.outputs if isinstance(output, ServerEventBase)]  # type: ignore[misc]

    def retrieve(self, item_id: str) -> Any:
        """The item as conversation.item.retrieved gives it."""
        (event,) = self.send("conversation.item.retrieve", item_id=item_id)
        return event.item if hasattr(event, "item") else event

    def forget(self) -> None:
        """Only what follows is of interest."""
        self.outputs.clear()


def kinds(outputs: Iterable[Output]) -> list[str]:
    """The types of the server events among the outputs."""
    return [output.type for output in outputs if isinstance(output, ServerEventBase)]  # type: ignore[attr-defined]


def errors(outputs: Iterable[Output]) -> list[tuple[str | None, str | None]]:
    """(code, param) of the error events among the outputs."""
    return [(o.error.code, o.error.param) for o in outputs if getattr(o, "type", "") == "error"]  # type: ignore[union-attr]


def streams(outputs: Iterable[Output]) -> list[str]:
    """The ids of the recogniser's streams that were opened."""
    return [output.ask_id for output in outputs if isinstance(output, Transcribe)]
