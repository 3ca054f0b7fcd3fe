"""The shell around an engine session: runs its asks, stamps the answers, ticks, keeps the input log."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, Protocol, cast, get_args

from tui_assistant.engine.observation import Observation
from tui_assistant.engine.outbox import Output
from tui_assistant.engine.ports import Answer, Ask
from tui_assistant.engine.session import Session
from tui_assistant.host.session import Session as NamedSession
from tui_assistant.host.workers import Post
from tui_assistant.protocol.client import ClientEvent
from tui_assistant.protocol.codec import wire
from tui_assistant.protocol.server import ErrorEvent, ServerEvent, SessionCreated, SessionUpdated
from tui_assistant.protocol.session import SemanticVad

_ASKS = get_args(Ask)
_OBSERVATIONS = get_args(Observation)


class InputLog(Protocol):
    """Takes the calls of a session in their order, so that they can be made again."""

    def write(self, call: str, data: dict[str, Any], payload: bytes = b"") -> None:
        """`call` is begin, feed, event, refuse, answer or tick; `data` is JSON; `payload` audio."""
        ...


class SessionHost:
    """Runs one session. All calls, and the callbacks, are on one thread; none blocks."""

    def __init__(
        self,
        session: Session,
        post: Post,
        *,
        on_event: Callable[[ServerEvent], None],
        on_observation: Callable[[Observation], None] = lambda observation: None,
        log: InputLog | None = None,
    ) -> None:
        self._session = session
        self._post = post
        self._on_event = on_event
        self._on_observation = on_observation
        self._log = log
        self._outputs: deque[Output] = deque()
        self._passing_on = False
        self._closed = False

    def begin(self) -> None:
        """Sends session.created."""
        if self._log is not None:
            self._log.write("begin", self._session.made_with if isinstance(self._session, NamedSession) else {})
        self._put_out(self._session.begin())

    def feed(self, data: bytes) -> None:
        """Audio in the session's input format."""
        if self._log is not None:
            self._log.write("feed", {"bytes": len(data)}, data)
        self._put_out(self._session.feed(data))

    def event(self, event: ClientEvent) -> None:
        if self._log is not None:
            self._log.write("event", wire(event))
        self._put_out(self._session.event(event))

    def refuse(self, error: ErrorEvent) -> None:
        """Sends an error for something that was no event at all."""
        if self._log is not None:
            self._log.write("refuse", wire(error))
        self._put_out(self._session.refuse(error))

    def tick(self, now_ms: int) -> None:
        """Real time; call it about ten times a second, it does nothing when nothing waits for time."""
        if self._log is not None:  # each one: also where nothing waits yet, what follows counts from the tick before
            self._log.write("tick", {"now_ms": now_ms})
        self._put_out(self._session.tick(now_ms))

    def close(self) -> None:
        """Cancels all open asks; answers that still come are dropped."""
        if not self._closed:
            self._put_out(self._session.end())
            self._closed = True

    def _answer(self, ask_id: str, answer: Answer) -> None:
        if self._closed:
            return
        if self._log is not None:
            data, payload = _as_data(answer)
            # Stamped with the moment of input that it met: a replay gives it back at the same place.
            stamp = {"ask_id": ask_id, "at_ms": self._session.input_ms, "answer": data}
            self._log.write("answer", stamp, payload)
        self._put_out(self._session.answer(ask_id, answer))

    def _put_out(self, outputs: list[Output]) -> None:
        """Passes outputs on in order. A receiver may call back at once: what that puts out comes behind the rest."""
        self._outputs.extend(outputs)
        if self._passing_on:
            return
        self._passing_on = True
        try:
            while self._outputs:
                self._pass_on(self._outputs.popleft())
        finally:
            self._passing_on = False

    def _pass_on(self, output: Output) -> None:
        if isinstance(output, _OBSERVATIONS):
            self._on_observation(cast("Observation", output))
        elif isinstance(output, _ASKS):
            ask = cast("Ask", output)
            self._post(ask, lambda answer: self._answer(ask.ask_id, answer))
        else:
            self._on_event(cast("ServerEvent", output))


def wants_judge(event: ServerEvent) -> bool:
    """Whether a session that sends this goes by a TurnJudge from now on."""
    if not isinstance(event, SessionCreated | SessionUpdated):
        return False
    return isinstance(event.session.audio.input.turn_detection, SemanticVad)


def _as_data(answer: Answer) -> tuple[dict[str, Any], bytes]:
    """An answer as JSON, its audio apart."""
    assert is_dataclass(answer)
    data: dict[str, Any] = {"type": type(answer).__name__}
    payload = b""
    for field in fields(answer):
        value = getattr(answer, field.name)
        if isinstance(value, bytes):
            payload = value
        else:
            data[field.name] = value
    return data, payload
