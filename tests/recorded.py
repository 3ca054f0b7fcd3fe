"""A recorded conversation made in no time: an engine session, scripted models, the recorder's taps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from recording import sentence

from tui_assistant.engine.observation import Observation
from tui_assistant.engine.outbox import Output
from tui_assistant.engine.ports import (
    Answer,
    Ask,
    AudioChunk,
    Final,
    Judge,
    Respond,
    Responded,
    Speak,
    Spoken,
    TextDelta,
    Transcribe,
    TranscribeEnd,
)
from tui_assistant.host.session import Session
from tui_assistant.host.session_host import SessionHost
from tui_assistant.links.base import LinkEvents
from tui_assistant.protocol import client, server
from tui_assistant.protocol.session import Audio, AudioInput, PcmFormat, SessionConfig
from tui_assistant.runtime.recording import Recorder

RATE = 16_000
STEP_MS = 100  # of audio, and between ticks
BYTES_A_STEP = RATE * STEP_MS // 1000 * 2
Script = Callable[[Ask], list[Answer]]


def model(ask: Ask) -> list[Answer]:
    """Recognises a number that counts up, and answers in two sentences."""
    match ask:
        case TranscribeEnd(ask_id=ask_id):
            return [Final(f"words of {ask_id}")]
        case Respond():
            return [TextDelta("It is noon. "), TextDelta("Really."), Responded({"skill": "time"}, 3, 4)]
        case Speak(text=text):
            return [AudioChunk(np.arange(len(text) * 100).astype("<i2").tobytes(), 22_050), Spoken()]
    return []


class HostLink:
    """The local link without processes: answers come when `step` is called."""

    name, input_rate, output_rate, observes, fine = "local", RATE, 24_000, True, True

    def __init__(self, session: Session, recorder: Recorder, script: Script) -> None:
        self._session = session
        self._recorder = recorder
        self._script = script
        self.due: list[tuple[Any, Answer]] = []
        self.asked: list[Ask] = []
        self._streams: dict[str, Any] = {}
        self.host: SessionHost | None = None

    async def open(self, events: LinkEvents) -> None:
        self.host = SessionHost(
            self._session,
            self._post,
            on_event=events.server_event,
            on_observation=events.observation,
            log=self._recorder if self._recorder.on else None,
        )
        self.host.begin()

    def _post(self, ask: Ask, on_answer: Any) -> None:
        self.asked.append(ask)
        if isinstance(ask, Transcribe):
            self._streams[ask.ask_id] = on_answer
        answer_to = self._streams.get(ask.ask_id, on_answer)
        self.due += [(answer_to, answer) for answer in self._script(ask)]

    def send(self, event: client.ClientEvent) -> None:
        assert self.host is not None
        self.host.event(event)

    def feed(self, pcm: bytes) -> None:
        assert self.host is not None
        self.host.feed(pcm)

    async def ready(self) -> None:
        """It always is."""

    counters: dict[str, int] = {}  # noqa: RUF012  # never changed

    async def close(self) -> None:
        """Nothing runs."""


class Bench:
    """One conversation; time passes by `hear` and `wait`."""

    def __init__(
        self, folder: Path | None, *, vad: str = "silero", script: Script = model, judge: bool = False
    ) -> None:
        self.now = 1_000.0
        self.recorder = Recorder(folder, settings={"mode": "hands-free"}, clock=lambda: self.now)
        self.told: list[str] = []
        self.recorder.tell = lambda text, severity: self.told.append(text)
        config = SessionConfig(audio=Audio(input=AudioInput(format=PcmFormat(rate=RATE))))
        self._inner = HostLink(Session(config, vad=vad, judge=judge), self.recorder, script)
        self.link = self.recorder.tap(self._inner)
        self.outputs: list[Output] = []
        self.on_event: Callable[[server.ServerEvent], None] = lambda event: None
        asyncio.run(self.link.open(LinkEvents(self._event, self._seen, lambda status: None)))

    def _event(self, event: server.ServerEvent) -> None:
        self.outputs.append(event)
        self.on_event(event)

    def _seen(self, observation: Observation) -> None:
        self.outputs.append(observation)

    @property
    def events(self) -> list[server.ServerEvent]:
        return [each for each in self.outputs if isinstance(each, server.ServerEventBase)]  # type: ignore[misc]

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    def say(self, **session: Any) -> None:
        """session.update with that turn_detection."""
        audio = {"input": {"turn_detection": session.get("turn_detection"), "transcription": {}}}
        self.link.send(client.SessionUpdate(session={"type": "realtime", "audio": audio}))

    def hear(self, audio: bytes, *, fed: bool = True, answers: int = 99) -> None:
        """The microphone hears it in real time, and the link gets it; after each step up to `answers` come."""
        for begin in range(0, len(audio), BYTES_A_STEP):
            block = audio[begin : begin + BYTES_A_STEP]
            self.now += len(block) / 2 / RATE
            self.recorder.heard(np.frombuffer(block, "<i2").astype(np.int16), RATE, 0)
            if fed:
                self.link.feed(block)
            self.step(answers)

    def step(self, answers: int = 99) -> None:
        """A tick, and answers that are due."""
        assert self._inner.host is not None
        self._inner.host.tick(round(self.now * 1000))
        for _ in range(answers):
            if not self._inner.due:
                break
            answer_to, answer = self._inner.due.pop(0)
            answer_to(answer)

    def wait(self, seconds: float) -> None:
        """Time passes and no audio comes."""
        for _ in range(round(seconds * 1000 / STEP_MS)):
            self.now += STEP_MS / 1000
            self.step()


def judged_by(p: Iterator[float | None]) -> Script:
    """The model, with a judge that gives these P; None: no answer."""

    def script(ask: Ask) -> list[Answer]:
        from tui_assistant.engine.ports import Judged

        if not isinstance(ask, Judge):
            return model(ask)
        value = next(p, None)
        return [] if value is None else [Judged(value, "tester")]

    return script


def hands_free(bench: Bench) -> None:
    """Two spoken turns and a typed one."""
    bench.say(turn_detection={"type": "server_vad"})
    bench.hear(sentence(RATE, 1.5) * 2)


def push_to_talk(bench: Bench) -> None:
    """Two held turns; what is said in between is not sent."""
    bench.say(turn_detection=None)
    for _ in range(2):
        bench.link.send(client.InputAudioBufferClear())
        bench.hear(sentence(RATE, 0.25)[:-190])  # no whole frame
        bench.link.send(client.InputAudioBufferCommit())
        bench.link.send(client.ResponseCreate())
        bench.hear(bytes(2 * RATE), fed=False)


def interrupted(bench: Bench) -> None:
    """The user speaks over an answer whose voice has only begun; it is cut off at what was heard."""
    bench.say(turn_detection={"type": "server_vad", "interrupt_response": False, "create_response": False})
    bench.hear(sentence(RATE, 0.8))
    bench.link.send(client.ResponseCreate())
    bench.hear(sentence(RATE, 0.0)[: BYTES_A_STEP * 6], answers=1)
    item = next(event.item_id for event in bench.events if isinstance(event, server.OutputAudioDelta))
    bench.link.send(client.ResponseCancel())
    bench.link.send(client.ConversationItemTruncate(item_id=item, content_index=0, audio_end_ms=20))
    bench.hear(sentence(RATE, 1.5)[BYTES_A_STEP * 6 :])


def rules_change_in_mid_turn(bench: Bench) -> None:
    """A slider is moved while somebody speaks; the floor is held hands-free; the turns go on."""
    bench.say(turn_detection={"type": "server_vad"})
    audio = sentence(RATE, 1.5)
    half = BYTES_A_STEP * 8
    bench.hear(audio[:half])
    bench.say(turn_detection={"type": "server_vad", "threshold": 0.3, "silence_duration_ms": 900})
    bench.hear(audio[half:])
    bench.hear(audio[:half])
    bench.say(turn_detection=None)
    bench.hear(audio[half : half * 2 + 66])
    bench.link.send(client.InputAudioBufferCommit())
    bench.say(turn_detection={"type": "semantic_vad", "eagerness": "high"})
    bench.hear(audio[half * 2 :] + bytes(3 * RATE) + audio[: half * 2])
    bench.wait(4.0)  # in mid-speech nothing comes any more


SCENES: dict[str, Callable[[Bench], None]] = {
    "hands-free": hands_free,
    "push-to-talk": push_to_talk,
    "interrupted": interrupted,
    "rules": rules_change_in_mid_turn,
}
