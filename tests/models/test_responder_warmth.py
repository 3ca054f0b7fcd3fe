"""A chat server's model is kept loaded, on this machine or where that was asked for."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from stub_server import DONE, StubServer, chunk, stream_head

from tui_assistant.errors import ModelError
from tui_assistant.models.responders import chat
from tui_assistant.models.responders.warmth import Warmth


class Server:
    def __init__(self, *, fails: bool = False) -> None:
        self.asked: list[float] = []
        self._fails = fails

    async def ask(self) -> None:
        self.asked.append(asyncio.get_running_loop().time())
        if self._fails:
            raise ModelError("nobody there")


@pytest.mark.parametrize("fails", [False, True])
async def test_it_is_asked_at_the_beginning_and_after_each_rest(fails: bool) -> None:
    server = Server(fails=fails)
    warmth = Warmth(server.ask, rest_s=0.1)
    warmth.begin("s")
    async with asyncio.timeout(10):
        while len(server.asked) < 3:  # noqa: ASYNC110 - real time is what is tested
            await asyncio.sleep(0.01)
    warmth.end("s")
    assert all(later - before >= 0.09 for before, later in zip(server.asked, server.asked[1:], strict=False))
    count = len(server.asked)
    await asyncio.sleep(0.25)
    assert len(server.asked) == count, "nobody is there any more"


async def test_questions_of_the_user_keep_it_warm_too() -> None:
    server = Server()
    warmth = Warmth(server.ask, rest_s=0.5)
    warmth.used()
    warmth.begin("s")
    for _ in range(8):
        await asyncio.sleep(0.1)
        warmth.used()
    assert server.asked == []
    warmth.end("s")


async def test_two_conversations_are_one_reason() -> None:
    server = Server()
    warmth = Warmth(server.ask, rest_s=60)
    warmth.begin("a")
    warmth.begin("b")
    await asyncio.sleep(0.05)
    assert len(server.asked) == 1
    warmth.end("a")
    warmth.end("b")
    warmth.end("b")


@pytest.mark.parametrize(("where", "requests"), [("here", 1), ("always", 1), ("off", 0)])
def test_the_request_is_for_one_word(server: StubServer, where: str, requests: int) -> None:
    server.handler = lambda request: iter([stream_head(), chunk("Hi"), DONE])
    model = chat.create({"base_url": server.url, "model": "m", "system": "Be kind.", "keep_warm": where})
    stop = model.notify("s", lambda alarm: None)
    until = time.monotonic() + (10 if requests else 0.3)
    while len(server.requests) < 1 and time.monotonic() < until:
        time.sleep(0.01)
    stop()
    assert len(server.requests) == requests
    for request in server.requests:
        body: Any = request.json
        assert body["max_tokens"] == 1
        assert [line["role"] for line in body["messages"]] == ["system", "user"]
        assert body["messages"][0]["content"].startswith("Be kind."), "what the next question begins with"


def test_a_server_elsewhere_is_left_alone() -> None:
    model = chat.create({"base_url": "https://api.example.com"})
    assert model.notify("s", lambda alarm: None)() is None
