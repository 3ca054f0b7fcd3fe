"""What the scripted server is told to hear and to answer."""

from __future__ import annotations

import asyncio

import pytest
from websockets.asyncio.client import connect

from tui_assistant.host.workers import Port
from tui_assistant.testing.models import recogniser
from tui_assistant.testing.server import scripted

CALL = {"call": "weather", "arguments": {"city": "York"}}


@pytest.mark.parametrize(
    ("answers", "lines"), [("It is noon.", ["It is noon."]), (CALL, [CALL]), (["a", CALL], ["a", CALL])]
)
def test_a_line_alone_is_not_taken_apart(answers: object, lines: list[object]) -> None:
    specs = scripted("what time is it", answers)  # type: ignore[arg-type]
    assert specs[Port.RECOGNISER].options["lines"] == ["what time is it"]
    assert specs[Port.RESPONDER].options["lines"] == lines


@pytest.mark.realtime("hello", "It is noon.")
async def test_the_mark_may_leave_out_the_names(realtime_server_url: str) -> None:
    async with connect(realtime_server_url, proxy=None) as socket:
        await socket.send('{"type": "response.create", "response": {"output_modalities": ["text"]}}')
        async with asyncio.timeout(20):
            while "response.output_text.done" not in (text := await socket.recv()):
                pass
        assert "It is noon." in text


def test_an_utterance_that_is_dropped_takes_no_line() -> None:
    model = recogniser({"lines": ["one", "two"]})
    dropped = model.open(None)
    heard = [model.open(None) for _ in range(3)]
    dropped.close()
    assert [stream.finish().text for stream in heard] == ["one", "two", "two"]
