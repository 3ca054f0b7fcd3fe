"""A recorded session that prepared answers runs again to the same output."""

from __future__ import annotations

from typing import Any

from fakes import FRAME_BYTES, tone

from tui_assistant.engine.ports import (
    Answer,
    Ask,
    Cancel,
    Final,
    Partial,
    Release,
    Respond,
    Responded,
    Speak,
    Spoken,
    TextDelta,
    Transcribe,
    TranscribeEnd,
)
from tui_assistant.host.replay import rerun
from tui_assistant.host.session import Session
from tui_assistant.host.session_host import SessionHost
from tui_assistant.protocol.server import ServerEvent
from tui_assistant.protocol.session import Audio, AudioInput, PcmFormat, ServerVad, SessionConfig
from tui_assistant.record.format import Call


class Room:
    """A host whose asks are answered by hand, and its input log."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.asks: list[Ask] = []
        self.events: list[ServerEvent] = []
        self._callbacks: dict[str, Any] = {}
        audio = Audio(input=AudioInput(format=PcmFormat(rate=16_000), turn_detection=ServerVad()))
        session = Session(SessionConfig(audio=audio), vad="energy", speculate="always")
        self.host = SessionHost(session, self._post, on_event=self.events.append, log=self)
        self.host.begin()

    def write(self, call: str, data: dict[str, Any], payload: bytes = b"") -> None:
        self.calls.append(Call(call, data, payload))

    def _post(self, ask: Ask, on_answer: Any = None) -> None:
        self.asks.append(ask)
        if not isinstance(ask, Cancel | Release | TranscribeEnd):
            self._callbacks.setdefault(ask.ask_id, on_answer)

    def answer(self, kind: type, *answers: Answer) -> None:
        """To the newest ask of that kind."""
        ask = next(ask for ask in reversed(self.asks) if isinstance(ask, kind))
        for each in answers:
            self._callbacks[ask.ask_id](each)

    def hear(self, pcm: bytes) -> None:
        for begin in range(0, len(pcm), FRAME_BYTES):
            self.host.feed(pcm[begin : begin + FRAME_BYTES])


def test_a_replay_prepares_releases_and_cancels_alike() -> None:
    room = Room()
    for final in ("set a timer", "set a timer for one minute"):
        room.hear(bytes(16_000) + tone(500))
        room.answer(Transcribe, Partial("set", "a timer"))
        room.hear(bytes(2 * 16_000 * 450 // 1000))
        room.answer(Respond, TextDelta("For how long?"))
        room.hear(bytes(16_000))
        room.answer(Transcribe, Final(final))
        room.answer(Respond, Responded() if final == "set a timer" else TextDelta("Timer set."))
        room.answer(Speak, Spoken())
    assert sum(isinstance(ask, Release) for ask in room.asks) == 1
    assert [ask.speculative for ask in room.asks if isinstance(ask, Respond)] == [True, True, False]
    outputs = [output for _, outputs in rerun(room.calls) for output in outputs]
    kinds = tuple({type(ask) for ask in room.asks})
    assert [output for output in outputs if isinstance(output, kinds)] == room.asks
    sent = [output for output in outputs if hasattr(output, "event_id")]
    assert [event.model_dump_json() for event in sent] == [event.model_dump_json() for event in room.events]  # type: ignore[union-attr]
