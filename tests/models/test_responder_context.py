"""What of a conversation a model is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_server import DONE, StubServer, chunk, respond, stream_head

from tui_assistant.engine.ports import ChatMessage, Respond, TextDelta, Tool, ToolCall
from tui_assistant.host.inbox import Flag
from tui_assistant.models.responders import chat
from tui_assistant.models.responders.chat_budget import Block, Density, newest, size
from tui_assistant.models.responders.chat_messages import messages_for
from tui_assistant.models.responders.chat_settings import ChatSettings

TEXTS = st.text("abc ", min_size=1, max_size=120)


def message(role: str, text: str) -> Block:
    return [{"role": role, "content": text}]


@st.composite
def call_blocks(draw: st.DrawFn) -> Block:
    number = draw(st.integers(1, 3))
    ids = [f"c{draw(st.integers(0, 10**9))}" for _ in range(number)]
    calls = [
        {"id": each, "type": "function", "function": {"name": "tool", "arguments": draw(st.text("x", max_size=60))}}
        for each in ids
    ]
    said: dict[str, Any] = {"role": "assistant", "content": draw(st.none() | TEXTS), "tool_calls": calls}
    return [said, *({"role": "tool", "tool_call_id": each, "content": draw(TEXTS)} for each in ids)]


BLOCKS = st.lists(
    st.builds(message, st.just("user"), TEXTS) | st.builds(message, st.just("assistant"), TEXTS) | call_blocks(),
    max_size=20,
)


@given(blocks=BLOCKS, room=st.integers(0, 1500))
def test_the_budget_holds_pairs_are_whole_and_the_newest_are_kept(blocks: list[Block], room: int) -> None:
    before = json.dumps(blocks)
    kept = newest(blocks, room)
    assert sum(map(size, kept)) <= room
    assert json.dumps(blocks) == before
    for block in kept:
        calls = [call["id"] for call in block[0].get("tool_calls", ())]
        assert [line["tool_call_id"] for line in block[1:]] == calls
    if sum(map(size, blocks)) <= room and blocks and blocks[0][0]["role"] == "user":
        assert kept == blocks
    users = [place for place, block in enumerate(blocks) if block[0]["role"] == "user"]
    turn = blocks[users[-1] :] if users else blocks
    if turn and sum(map(size, turn)) <= room:
        assert kept[len(kept) - len(turn) :] == turn  # what is being answered is there, whole
        older = kept[: len(kept) - len(turn)]
        assert older == blocks[len(blocks) - len(turn) - len(older) : len(blocks) - len(turn)]  # none is left out
        assert not older or older[0][0]["role"] == "user"
    elif users and room >= 4:
        assert kept[0][0]["role"] == "user"
        assert turn[0][0]["content"].endswith(kept[0][0]["content"])


@given(
    texts=st.lists(st.tuples(st.sampled_from(["user", "assistant"]), TEXTS), max_size=40),
    called=st.integers(0, 6),
    tokens=st.integers(256, 600),
    native=st.booleans(),
    tools=st.integers(0, 3000),
)
def test_a_request_is_never_longer_than_the_context(
    texts: list[tuple[Any, str]], called: int, tokens: int, native: bool, tools: int
) -> None:
    lines = [ChatMessage(role, text) for role, text in texts]
    for number in range(called):
        lines.append(ChatMessage("system", "tool was called with {}", call=ToolCall(f"c{number}", "tool", "{}")))
        lines.append(ChatMessage("system", "The function returned " + "y" * 300, output_of=f"c{number}"))
    settings = ChatSettings(system="You are Bo.", language="German", context_tokens=tokens)
    request = Respond("a", "s", tuple(lines), "speak slowly")
    sent = messages_for(request, settings, native=native, tools=tools)
    head = "You are Bo.\n\nspeak slowly\n\nAnswer in German."
    assert sent[0]["content"].startswith(head)  # instructions stay
    total = sum(size([line]) for line in sent) + tools
    fixed = len(head) + 6 + tools
    joints = 2 * len(lines)  # the empty lines between parts of the instructions
    assert total <= max(4 * tokens, fixed + tokens) + joints


def test_the_servers_own_counting_corrects_the_estimate() -> None:
    density = Density()
    assert density.room(1000, 1000) == 3000
    density.measured(4000, 2000)
    assert density.room(1000, 1000) == 1000
    density.measured(100, 100)  # too short to tell
    density.measured(4000, 0)  # a server that reports nothing
    assert density.room(1000, 1000) == 1000
    density.measured(9000, 1000)  # never more than four: a longer request must not fail for an easy one before it
    assert density.room(1000, 1000) == 3000
    assert density.room(1000, 5000) == 1000  # instructions take all: a quarter is left for the conversation


@pytest.mark.parametrize(
    ("refusal", "room"),
    [
        (b"request (20000 tokens) exceeds the available context size (2000 tokens), try increasing it", 3000),
        (b"maximum context length is 2000 tokens. However, your messages resulted in 20000 tokens", 3000),
        (b"Requested tokens (20000) exceed context window of 2000", 3000),
        (b"input length exceeds the context length", 20_000),
        (b"maximum context length is 2000 tokens", 20_000),
    ],
)
def test_what_a_server_counts_says_how_much_shorter_the_next_request_is(refusal: bytes, room: int) -> None:
    density = Density()
    assert density.too_long(400, refusal, 40_000)
    assert density.room(100_000, 0) == room
    assert density.room(100, 0) == 400  # never more than was set
    assert density.too_long(400, refusal, room)
    assert density.room(100_000, 0) <= room // 2  # it is shorter every time
    assert not density.too_long(400, refusal, 500)
    assert not density.too_long(401, refusal, 40_000)
    assert not density.too_long(400, b"no such model", 40_000)


@pytest.fixture
def server() -> Iterator[StubServer]:
    stub = StubServer()
    yield stub
    stub.close()


def long_conversation() -> tuple[ChatMessage, ...]:
    return tuple(
        line
        for number in range(60)
        for line in (ChatMessage("user", f"question {number} " + "x" * 80), ChatMessage("assistant", "yes " * 20))
    )


@pytest.mark.parametrize(
    "refusal",
    [
        b'{"error": {"code": 400, "message": "the request exceeds the available context size"}}',
        b'{"error": {"message": "The maximum context length is 2048 tokens.", "code": "context_length_exceeded"}}',
    ],
)
def test_a_server_with_less_room_gets_less(server: StubServer, refusal: bytes) -> None:
    def small(request: Any) -> Iterator[bytes]:
        if len(request.body) > 6000:
            return respond(400, refusal)
        return iter([stream_head(), chunk("Yes."), DONE])

    server.handler = small
    model = chat.create({"base_url": server.url, "model": "m", "timeout": 10})
    request = Respond("a", "s", (*long_conversation(), ChatMessage("user", "the last one")))
    assert next(iter(model.respond(request, Flag()))) == TextDelta("Yes.")
    tried = len(server.requests)
    assert tried > 1
    assert server.requests[-1].json["messages"][-1]["content"] == "the last one"
    assert next(iter(model.respond(request, Flag()))) == TextDelta("Yes.")
    assert len(server.requests) == tried + 1  # it has been learned


def test_tools_and_language_take_their_part(server: StubServer) -> None:
    server.handler = lambda request: iter([stream_head(), chunk("Ja."), DONE])
    model = chat.create({"base_url": server.url, "model": "m", "language": "German", "context_tokens": 1000})
    tool = Tool("t", "d" * 2000)
    for tools in ((), (tool,)):
        list(model.respond(Respond("a", "s", long_conversation()[:-1], tools=tools), Flag()))
    without, with_tool = (request.json for request in server.requests)
    assert without["messages"][0]["content"].endswith("Answer in German.")
    assert len(with_tool["messages"]) < len(without["messages"]) - 10
    assert len(json.dumps(with_tool)) < 4_000 * 1.5  # JSON's own signs come on top
