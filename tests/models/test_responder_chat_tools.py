"""Functions of the client, offered to a chat server and called by its model."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from stub_server import DONE, USAGE, StubServer, chunk, respond, stream_head

from tui_assistant.engine.conversation import Conversation
from tui_assistant.engine.ports import ChatMessage, FunctionCallDelta, Respond, Responded, TextDelta, Tool, ToolCall
from tui_assistant.errors import ModelError
from tui_assistant.host.inbox import Flag
from tui_assistant.models.responders import chat, fallback
from tui_assistant.protocol.items import FunctionCall, FunctionCallOutput, InputText, UserMessage

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER, TIME = Tool("weather", "The weather.", SCHEMA), Tool("now")
HELLO = ChatMessage("user", "hello")


@pytest.fixture
def server() -> Iterator[StubServer]:
    stub = StubServer()
    yield stub
    stub.close()


def ask(*messages: ChatMessage, tools: tuple[Tool, ...] = (WEATHER,), **more: Any) -> Respond:
    return Respond("a", "s", messages or (HELLO,), tools=tools, **more)


def answer(server: StubServer, request: Respond | None = None, **options: Any) -> list[Any]:
    model = chat.create({"base_url": server.url, "model": "m", "timeout": 10, **options})
    return list(model.respond(request or ask(), Flag()))


def call(index: int | None = 0, arguments: Any = None, name: str | None = None, given_id: str | None = None) -> bytes:
    """A chunk with a piece of a call."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    piece: dict[str, Any] = {"type": "function", "function": function}
    piece |= {key: value for key, value in (("index", index), ("id", given_id)) if value is not None}
    choice = {"index": 0, "delta": {"content": None, "tool_calls": [piece]}, "finish_reason": None}
    return f"data: {json.dumps({'choices': [choice]})}\n\n".encode()


def script(*steps: bytes | float | str) -> Any:
    return lambda request: iter([stream_head(), *steps])


def calls(pieces: list[Any]) -> list[tuple[str, str, str]]:
    """Id, name and arguments of each call."""
    found: dict[str, tuple[str, str]] = {}
    for piece in pieces:
        if isinstance(piece, FunctionCallDelta):
            _, before = found.get(piece.call_id, ("", ""))
            found[piece.call_id] = (piece.name, before + piece.arguments)
    return [(call_id, name, arguments) for call_id, (name, arguments) in found.items()]


END = (chunk(finish="tool_calls"), USAGE, DONE)


def test_a_call_comes_in_pieces(server: StubServer) -> None:
    server.handler = script(call(0, "", "weather", "call_1"), call(0, '{"ci'), call(0, 'ty": "Bonn"}'), *END)
    assert answer(server) == [
        FunctionCallDelta("call_1", "weather", ""),
        FunctionCallDelta("call_1", "weather", '{"ci'),
        FunctionCallDelta("call_1", "weather", 'ty": "Bonn"}'),
        Responded({"model": "m"}, 7, 3),
    ]


def test_the_first_piece_is_there_before_the_last_is_written(server: StubServer) -> None:
    server.handler = script(call(0, '{"city"', "weather", "call_1"), 30.0, *END)
    pieces = chat.create({"base_url": server.url, "model": "m"}).respond(ask(), Flag())
    assert next(pieces) == FunctionCallDelta("call_1", "weather", "")
    assert next(pieces) == FunctionCallDelta("call_1", "weather", '{"city"')
    pieces.close()  # type: ignore[attr-defined]
    assert server.gone.wait(2.0)


@pytest.mark.parametrize("seed", range(3))
def test_words_and_two_calls_however_the_stream_is_cut(server: StubServer, seed: int) -> None:
    body = b"".join(
        [
            chunk("Let me "),
            chunk("see."),
            call(0, '{"city":', "weather", "c1"),
            call(0, '"Zürich"}'),
            call(1, "", "now", "c2"),
            *END,
        ]
    )
    cut = random.Random(seed)
    steps = []
    while body:
        size = cut.choice((1, 2, 30, 200))
        steps.append(body[:size])
        body = body[size:]
    server.handler = script(*steps)
    pieces = answer(server, ask(tools=(WEATHER, TIME)))
    assert "".join(piece.text for piece in pieces if isinstance(piece, TextDelta)) == "Let me see."
    assert calls(pieces) == [("c1", "weather", '{"city":"Zürich"}'), ("c2", "now", "{}")]


@pytest.mark.parametrize(
    "steps",
    [
        [call(0, {"city": "Bonn"}, "weather", "a"), call(0, {}, "now", "b")],  # always index 0, arguments as objects
        [call(None, '{"city": "Bonn"}', "weather", "a"), call(None, "{}", "now", "b")],  # no index
        [call(0, '{"city": "Bonn"}', "weather"), call(1, "{}", "now")],  # no id
        [call(0, '{"city": "Bonn"}', "weather", "a"), call(1, "{}", "now", "a")],  # the same id twice
        [call(0, '{"city": "Bonn"}', "weather", ""), call(0, None, None, ""), call(1, None, "now", "")],
    ],
)
def test_servers_differ(server: StubServer, steps: list[bytes]) -> None:
    server.handler = script(*steps, *END)
    found = calls(answer(server, ask(tools=(WEATHER, TIME))))
    assert [(name, json.loads(arguments)) for _, name, arguments in found] == [
        ("weather", {"city": "Bonn"}),
        ("now", {}),
    ]
    assert len({call_id for call_id, _, _ in found}) == 2
    assert all(call_id for call_id, _, _ in found)


def test_a_whole_json_answer_may_call_too(server: StubServer) -> None:
    made = [{"id": "c1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]
    choice = {"message": {"content": None, "tool_calls": made}, "finish_reason": "tool_calls"}
    server.handler = lambda request: respond(200, json.dumps({"choices": [choice]}).encode())
    assert calls(answer(server)) == [("c1", "now", "{}")]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([call(0, '{"ci', "weather", "c1")], "in the middle of a function call"),
        ([call(0, '{"ci', "weather", "c1"), 0.05, "reset"], "broke the connection"),
        ([call(0, "{}", "weather", "a"), call(1, "{}", "now", "b"), call(0, "more")], "mixes the arguments"),
        ([call(n, "{}", "weather", f"c{n}") for n in range(70)], "more than 64 functions"),
    ],
)
def test_half_a_call_is_a_failure_and_is_never_carried_out(server: StubServer, steps: list[Any], said: str) -> None:
    server.handler = script(*steps)
    with pytest.raises(ModelError, match=said):
        answer(server)


@pytest.mark.parametrize("nonsense", [3, "x", [3], [{}], [{"function": 3}], [{"function": {"arguments": "{}"}}], {}])
def test_nonsense_instead_of_calls_is_nothing(server: StubServer, nonsense: Any) -> None:
    choice = {"index": 0, "delta": {"content": "Hi.", "tool_calls": nonsense}, "finish_reason": "stop"}
    server.handler = script(f"data: {json.dumps({'choices': [choice]})}\n\n".encode(), DONE)
    assert answer(server) == [TextDelta("Hi."), Responded({"model": "m"})]


def test_a_call_that_was_cut_off_by_its_length_is_incomplete(server: StubServer) -> None:
    server.handler = script(call(0, '{"ci', "weather", "c1"), chunk(finish="length"), DONE)
    assert answer(server)[-1] == Responded({"model": "m", "incomplete": "length"})


# --------------------------------------------------------------------------------------------- what is asked


def sent(server: StubServer, request: Respond, **options: Any) -> dict[str, Any]:
    server.handler = script(chunk("ok"), DONE)
    answer(server, request, **options)
    body: dict[str, Any] = server.requests[-1].json
    return body


@pytest.mark.parametrize(
    ("fields", "choice"),
    [
        ({}, None),
        ({"tool_choice": "none"}, "none"),
        ({"tool_choice": "required"}, "required"),
        (
            {"tool_choice": "required", "tool_name": "now"},
            {"type": "function", "function": {"name": "now"}},
        ),
    ],
)
def test_tools_and_the_choice_are_passed_on(server: StubServer, fields: dict[str, Any], choice: Any) -> None:
    body = sent(server, ask(tools=(WEATHER, TIME), **fields))
    assert body["tools"] == [
        {"type": "function", "function": {"name": "weather", "description": "The weather.", "parameters": SCHEMA}},
        {"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}},
    ]
    assert body.get("tool_choice") == choice


def test_without_tools_the_request_is_as_ever(server: StubServer) -> None:
    body = sent(server, ask(tools=()))
    assert "tools" not in body
    assert "tool_choice" not in body


def made(call_id: str, name: str = "weather", arguments: str = "{}") -> ChatMessage:
    return ChatMessage("system", f"{name} was called with {arguments}", call=ToolCall(call_id, name, arguments))


def returned(call_id: str, output: str) -> ChatMessage:
    return ChatMessage("system", f"The function returned {output}", output_of=call_id)


def native(call_id: str, name: str = "weather", arguments: str = "{}") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_calls_and_their_outputs_are_messages_of_their_own(server: StubServer) -> None:
    """As the engine's conversation gives them, word for word."""
    conversation = Conversation()
    conversation.add(UserMessage(id="1", content=(InputText(text="what is the weather in Bonn"),)))
    conversation.add(
        FunctionCall(id="2", call_id="c1", name="weather", arguments='{"city": "Bonn"}', status="completed")
    )
    conversation.add(FunctionCallOutput(id="3", call_id="c1", output='{"sky": "grey"}'))
    body = sent(server, ask(*conversation.messages()))
    assert body["messages"][1:] == [
        {"role": "user", "content": "what is the weather in Bonn"},
        {"role": "assistant", "content": None, "tool_calls": [native("c1", arguments='{"city": "Bonn"}')]},
        {"role": "tool", "tool_call_id": "c1", "content": '{"sky": "grey"}'},
    ]


def test_every_call_has_its_output_right_behind_it(server: StubServer) -> None:
    """What servers insist on. A call without an output, or an output without its call, is told in words."""
    said = ChatMessage("assistant", "Let me see.")
    lines = (HELLO, said, made("a"), made("b", "now"), ChatMessage("user", "quick"), returned("b", "noon"),
             returned("a", ""), made("open"), returned("nobody", "x"), returned("a", "again"))  # fmt: skip
    system, *rest = sent(server, ask(*lines))["messages"]
    assert rest == [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "Let me see.", "tool_calls": [native("a"), native("b", "now")]},
        {"role": "tool", "tool_call_id": "a", "content": ""},
        {"role": "tool", "tool_call_id": "b", "content": "noon"},
        {"role": "user", "content": "quick"},
    ]
    assert system["content"].endswith("weather was called with {}\n\nThe function returned x")


def test_a_session_without_tools_tells_of_old_calls_in_words(server: StubServer) -> None:
    system, *rest = sent(server, ask(HELLO, made("a"), returned("a", "grey"), tools=()))["messages"]
    assert rest == [{"role": "user", "content": "hello"}]
    assert system["content"].endswith("weather was called with {}\n\nThe function returned grey")


def test_history_never_separates_a_call_from_its_output(server: StubServer) -> None:
    lines = [ChatMessage("user", "old " * 50)]
    for number in range(5):
        lines += [ChatMessage("user", f"q{number}"), made(f"c{number}"), returned(f"c{number}", "o" * 90)]
    _, *rest = sent(server, ask(*lines), history=250)["messages"]
    assert [message["role"] for message in rest] == ["user", "assistant", "tool"] * 2
    assert [rest[1]["tool_calls"][0]["id"], rest[2]["tool_call_id"]] == ["c3", "c3"]
    _, *rest = sent(server, ask(HELLO, made("a"), returned("a", "o" * 9_000)), history=500)["messages"]
    assert [message["role"] for message in rest] == ["user", "assistant", "tool"]
    assert len(rest[2]["content"]) == 250


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (400, b'{"error": {"message": "registry.ollama.ai/library/gemma:2b does not support tools"}}'),
        (500, b'{"error": {"message": "tools param requires --jinja flag"}}'),
        (400, b'{"object": "error", "message": "\\"auto\\" tool choice requires --enable-auto-tool-choice"}'),
    ],
)
def test_a_server_without_tools_answers_without_them(server: StubServer, status: int, refusal: bytes) -> None:
    def simple(request: Any) -> Iterator[bytes]:
        return respond(status, refusal) if "tools" in request.json else iter([stream_head(), chunk("Hi."), DONE])

    server.handler = simple
    model = chat.create({"base_url": server.url, "model": "m", "timeout": 10})
    for _ in range(2):
        pieces = list(model.respond(ask(HELLO, made("a"), returned("a", "grey"), HELLO), Flag()))
        assert pieces[0] == TextDelta("Hi.")
    assert ["tools" in request.json for request in server.requests] == [True, False, False]
    assert "tool" not in [message["role"] for message in server.requests[1].json["messages"]]


def test_who_needs_a_call_hears_that_there_are_none(server: StubServer) -> None:
    server.handler = lambda request: respond(400, b'{"error": {"message": "m does not support tools"}}')
    with pytest.raises(ModelError, match="does not support tools"):
        answer(server, ask(tool_choice="required"))


def test_a_wrong_schema_is_the_clients_to_mend(server: StubServer) -> None:
    server.handler = lambda request: respond(400, b'{"error": {"message": "Invalid schema for tools[0].function"}}')
    with pytest.raises(ModelError, match="Invalid schema"):
        answer(server)
    assert len(server.requests) == 1


# ---------------------------------------------------------------------------------------- behind the skills


def behind_skills(server: StubServer, request: Respond, *, optional: bool = False) -> list[Any]:
    options = {"then_options": {"base_url": server.url, "model": "m"}, "optional": optional}
    return list(fallback.create(options).respond(request, Flag()))


def test_skills_leave_a_function_that_has_to_be_called_to_the_model(server: StubServer) -> None:
    server.handler = script(call(0, "{}", "now", "c1"), *END)
    two = ChatMessage("user", "what is two plus two")
    assert calls(behind_skills(server, ask(two, tools=(TIME,), tool_choice="required"))) == [("c1", "now", "{}")]
    pieces = behind_skills(server, ask(two, tools=(TIME,)))
    assert calls(pieces) == []
    assert "4" in pieces[0].text or "four" in pieces[0].text.lower()
    server.handler = script(chunk("It is grey."), DONE)
    pieces = behind_skills(server, ask(two, made("a"), returned("a", "grey")))
    assert pieces[0] == TextDelta("It is grey.")


def test_skills_answer_where_the_model_is_only_hoped_for(server: StubServer) -> None:
    server.close()
    two = ask(ChatMessage("user", "what is two plus two"), tool_choice="required")
    assert isinstance(behind_skills(server, two, optional=True)[0], TextDelta)
    with pytest.raises(ModelError, match="no chat server answers"):
        behind_skills(server, two)
