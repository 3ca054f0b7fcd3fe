"""The shell around a session: order, answers, the end."""

from __future__ import annotations

from collections.abc import Callable

from fakes import ScriptedDetector

from tui_assistant.engine.ports import Answer, Ask, Cancel, Notify, Respond, Responded, TextDelta
from tui_assistant.engine.session import Session
from tui_assistant.host.session_host import SessionHost
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import ErrorDetail, InputText, UserMessage

HELLO = client.ConversationItemCreate(item=UserMessage(content=(InputText(text="hello"),)))
TEXT = client.SessionUpdate(session={"type": "realtime", "output_modalities": ["text"]})


class Post:
    """Keeps the asks and gives answers when told."""

    def __init__(self) -> None:
        self.asks: list[Ask] = []
        self._callbacks: dict[str, Callable[[Answer], None]] = {}

    def __call__(self, ask: Ask, on_answer: Callable[[Answer], None] | None = None) -> None:
        self.asks.append(ask)
        if on_answer is not None:
            self._callbacks.setdefault(ask.ask_id, on_answer)

    def answer(self, kind: type[Ask], answer: Answer) -> None:  # type: ignore[valid-type]  # a union of classes
        ask = next(ask for ask in reversed(self.asks) if isinstance(ask, kind))
        self._callbacks[ask.ask_id](answer)


def hosted(on_event: Callable[[server.ServerEvent], None]) -> tuple[SessionHost, Post]:
    post = Post()
    host = SessionHost(Session(ScriptedDetector([])), post, on_event=on_event)
    host.begin()
    return host, post


def test_asks_go_out_and_answers_come_back_as_events() -> None:
    seen: list[server.ServerEvent] = []
    host, post = hosted(seen.append)
    assert [type(ask) for ask in post.asks] == [Notify]
    for event in (TEXT, HELLO, client.ResponseCreate()):
        host.event(event)
    post.answer(Respond, TextDelta("Hi."))
    post.answer(Respond, Responded())
    assert [event.type for event in seen][-1] == "response.done"
    assert [event.delta for event in seen if isinstance(event, server.OutputTextDelta)] == ["Hi."]


def test_who_calls_back_from_an_event_is_served_after_it() -> None:
    """A client that answers an event at once must not see what that brings before the rest of the first."""
    seen: list[str] = []

    def react(event: server.ServerEvent) -> None:
        seen.append(event.type)
        if isinstance(event, server.ItemAdded):
            host.event(client.InputAudioBufferClear())

    host, _ = hosted(react)
    host.event(HELLO)
    assert seen[2:] == ["conversation.item.added", "conversation.item.done", "input_audio_buffer.cleared"]


def test_what_is_no_event_is_refused_with_an_id_of_its_own() -> None:
    seen: list[server.ServerEvent] = []
    host, _ = hosted(seen.append)
    host.refuse(server.ErrorEvent(error=ErrorDetail(code="invalid_event", message="no")))
    assert isinstance(seen[-1], server.ErrorEvent)
    assert seen[-1].event_id not in ("", seen[-2].event_id)


def test_after_the_end_nothing_is_answered_and_no_ask_stays_open() -> None:
    seen: list[server.ServerEvent] = []
    host, post = hosted(seen.append)
    for event in (TEXT, HELLO, client.ResponseCreate()):
        host.event(event)
    host.close()
    count = len(seen)
    post.answer(Respond, TextDelta("too late"))
    host.close()
    assert len(seen) == count
    opened = {ask.ask_id for ask in post.asks if not isinstance(ask, Cancel)}
    assert {ask.ask_id for ask in post.asks if isinstance(ask, Cancel)} == opened
