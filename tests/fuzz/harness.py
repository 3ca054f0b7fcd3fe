"""A session behind its dialect, as a connection of the server has it, that holds every answer against the documents."""

from __future__ import annotations

import json
from collections import deque
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_assistant.engine.ports import (
    Answer,
    Ask,
    AudioChunk,
    Cancel,
    Failed,
    Final,
    FunctionCallDelta,
    Partial,
    Respond,
    Responded,
    Speak,
    Spoken,
    TextDelta,
    Transcribe,
    TranscribeEnd,
)
from tui_assistant.engine.session import Session
from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol.client import SessionUpdate
from tui_assistant.protocol.codec import client_event_id
from tui_assistant.protocol.dialects.base import Dialect
from tui_assistant.protocol.dialects.flat import Flat
from tui_assistant.protocol.dialects.ga import Ga
from tui_assistant.protocol.dialects.quirks import QWEN
from tui_assistant.protocol.items import ErrorDetail
from tui_assistant.protocol.server import ErrorEvent, ServerEventBase

# What an error may be called: the service's codes, and two for limits that it does not have.
CODES = frozenset(
    {
        "invalid_value",
        "invalid_event",
        "missing_required_parameter",
        "unknown_parameter",
        "input_audio_buffer_commit_empty",
        "conversation_already_has_active_response",
        "response_cancel_not_active",
        "cannot_update_voice",
        "item_not_found",
        "invalid_tool_call_id",
        "rate_limit_exceeded",
        "input_audio_buffer_full",
    }
)
WITHOUT_CODE = ("Only model output audio messages can be truncated.", "is already shorter than")
DEEP = 150  # brackets; fewer are read at any nesting
LONGEST_MESSAGE = 1_000  # an error says what is wrong, and does not send back what came


class Levels:
    """Loud frames are speech."""

    name = "levels"

    def probability(self, frame: NDArray[np.int16]) -> float:
        return 0.9 if int(np.abs(frame.astype(np.int32)).max()) > 1_000 else 0.0

    def reset(self) -> None:
        """Nothing is remembered."""


def dialect(name: str) -> Dialect:
    return Ga() if name == "ga" else Flat(QWEN)


class Door:
    """Takes frames, lets models answer now and then; raises AssertionError when an answer is not as documented."""

    def __init__(self, name: str, random: Random | None = None) -> None:
        self.dialect = dialect(name)
        self.session = Session(Levels(), self.dialect.config)
        self.open: deque[Ask] = deque()
        self.errors = 0
        self._random = random or Random(0)
        self._now_ms = 0
        self._put_out(self.session.begin())

    def receive(self, frame: str) -> list[ErrorDetail]:
        """One text frame. Returns the errors that answered it."""
        try:
            event = self.dialect.decode(frame)
        except RemoteProtocolError as error:
            event_id = client_event_id(frame)
            assert _is_id_of(event_id, frame)
            detail = ErrorDetail(code=error.code, message=error.message, param=error.param, event_id=event_id)
            return self._put_out(self.session.refuse(ErrorEvent(error=detail)))
        errors = self._put_out(self.session.event(event))
        for found in errors:
            if found.type == "invalid_request_error" and found.code != "input_audio_buffer_full":
                assert found.event_id == event.event_id
        if isinstance(event, SessionUpdate):
            assert len(errors) <= 1
        return errors

    def go_on(self) -> None:
        """Time passes, and one model has something to say."""
        self._now_ms += self._random.choice([10, 300, 6_000])
        self._put_out(self.session.tick(self._now_ms))
        if self.open:
            self.open.rotate(-self._random.randrange(len(self.open)))
            ask = self.open.popleft()
            for answer in _answers(ask, self._random):
                self._put_out(self.session.answer(ask.ask_id, answer))

    def settle(self) -> None:
        """All models say all that they have to say."""
        while self.open:
            self.go_on()

    def _put_out(self, outputs: list[Any]) -> list[ErrorDetail]:
        errors = []
        for output in outputs:
            if isinstance(output, ErrorEvent):
                _check(output.error)
                errors.append(output.error)
            if isinstance(output, ServerEventBase):
                for frame in self.dialect.encode(output):  # type: ignore[arg-type]
                    assert json.loads(frame, parse_constant=_refuse_constant)["type"]
            elif isinstance(output, Cancel):
                self.open = deque(ask for ask in self.open if ask.ask_id != output.ask_id)
            elif isinstance(output, Transcribe | TranscribeEnd | Respond | Speak):
                self.open.append(output)
        self.errors += len(errors)
        return errors


def _check(error: ErrorDetail) -> None:
    assert error.type in ("invalid_request_error", "server_error"), error
    assert error.message, error
    assert len(error.message) <= LONGEST_MESSAGE, len(error.message)
    assert error.param is None or len(error.param) <= LONGEST_MESSAGE, len(error.param)
    if error.type == "server_error":
        return
    assert error.code in CODES or (error.code is None and any(text in error.message for text in WITHOUT_CODE)), error


def _is_id_of(event_id: str | None, frame: str) -> bool:
    """Whether a second parser finds the same; ours need not see into deep nesting. Of what is no JSON, anything."""
    try:
        value = json.loads(frame, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return True
    found = value.get("event_id") if isinstance(value, dict) else None
    deep = frame.count("[") + frame.count("{") >= DEEP
    return event_id == (found if isinstance(found, str) else None) or (event_id is None and deep)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _answers(ask: Ask, random: Random) -> list[Answer]:
    if random.random() < 0.05:
        return [Failed("worker", "It died.")]
    match ask:
        case Transcribe():
            return [Partial("so", " far")]
        case TranscribeEnd():
            return [Final(random.choice(["so far so good", ""]))]
        case Speak(text=text):
            return [AudioChunk(bytes(2 * 240 * len(text)), 24_000), Spoken()]
        case _:
            call = FunctionCallDelta(random.choice(["call_1", ""]), "add", "{}")
            return [random.choice([TextDelta("Hello there. And more."), call]), Responded()]
