"""Big appends: whole or not at all, in order, and without keeping the other sessions waiting."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol.client import MAX_APPEND_BYTES, InputAudioBufferAppend
from tui_assistant.protocol.codec import decode_client
from tui_assistant.server.appends import PlainAppend, feed_in_slices, plain_append
from tui_assistant.server.limits import SLICE_CHARS
from tui_assistant.testing.server import realtime_server

MIB_15 = 15 * 2**20


@pytest.mark.parametrize("size", [1, 2, 3, SLICE_CHARS // 4 * 3 + 1, 100_000, 100_002])
async def test_all_of_it_in_order(size: int) -> None:
    pcm = bytes(index * 7 % 256 for index in range(size))
    fed: list[bytes] = []
    await feed_in_slices(base64.b64encode(pcm).decode(), fed.append)
    assert b"".join(fed) == pcm


GOOD = base64.b64encode(bytes(SLICE_CHARS)).decode()


@pytest.mark.parametrize("audio", [GOOD + "!!!!", "AA==" + GOOD, GOOD[:-3], GOOD[: SLICE_CHARS - 4] + "AA==" + GOOD])
async def test_nothing_of_it_when_any_of_it_is_wrong(audio: str) -> None:
    fed: list[bytes] = []
    with pytest.raises(RemoteProtocolError) as error:
        await feed_in_slices(audio, fed.append)
    assert (error.value.code, error.value.param, fed) == ("invalid_value", "audio", [])


async def test_one_byte_too_much() -> None:
    fed: list[bytes] = []
    with pytest.raises(RemoteProtocolError, match=f"{MAX_APPEND_BYTES} bytes, but got {MAX_APPEND_BYTES + 1}"):
        await feed_in_slices(base64.b64encode(bytes(MAX_APPEND_BYTES + 1)).decode(), fed.append)
    assert fed == []


TYPE = '"type":"input_audio_buffer.append"'


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"type": "input_audio_buffer.append", "audio": GOOD}),  # openai
        json.dumps({"type": "input_audio_buffer.append", "audio": GOOD}, separators=(",", ":")),
        json.dumps({"event_id": "event_1", "type": "input_audio_buffer.append", "audio": GOOD}),  # dashscope
        json.dumps({"type": "input_audio_buffer.append", "audio": GOOD, "event_id": "e 2"}),
        f'{{"event_id":"",{TYPE},"audio":""}}',
    ],
)
def test_the_audio_of_a_plain_append_is_found(text: str) -> None:
    event = decode_client(text)
    assert isinstance(event, InputAudioBufferAppend)
    found = plain_append(text)
    assert found is not None
    assert (text[found.begin : found.end], found.event_id) == (event.audio, event.event_id)


@pytest.mark.parametrize(
    "text",
    [
        f'{{{TYPE},"audio":"AAAA"',
        f'{{{TYPE},"audio":"AAAA"}}}}',
        f'{{{TYPE},"audio":"AAAA"}} ',  # JSON, but nobody writes it so: the parser may have it
        f'{{{TYPE},"audio":"AAAA',
        f'{{{TYPE},"audio":7}}',
        f'{{{TYPE},"audio":"AAAA","audio":"BBBB"}}',
        f'{{"event_id":"1",{TYPE},"audio":"AAAA","event_id":"2"}}',
        f'{{"event_id":null,{TYPE},"audio":"AAAA"}}',
        f'{{"event_id":"{"x" * 513}",{TYPE},"audio":"AAAA"}}',
        f'{{"event_id":"a\\"b",{TYPE},"audio":"AAAA"}}',
        f'{{"event_id":"a\nb",{TYPE},"audio":"AAAA"}}',
        f'{{"event_id":"é",{TYPE},"audio":"AAAA"}}',
        f'{{{TYPE},"audio":"AA\\"AA"}}',
        '{"type":"input_audio_buffer.clear"}',
        "",
    ],
)
def test_everything_else_is_for_the_parser(text: str) -> None:
    assert plain_append(text) is None


async def test_an_escaped_slash_is_a_slash() -> None:
    """Some languages write JSON so; the short way does not understand it, and leaves it to the parser."""
    audio = base64.b64encode(bytes([255] * (3 * SLICE_CHARS))).decode()
    assert "/" in audio
    plain = plain_append(text := f'{{{TYPE},"audio":"{audio}"}}'.replace("/", "\\/"))
    assert isinstance(plain, PlainAppend)
    with pytest.raises(RemoteProtocolError):
        await feed_in_slices(text, lambda piece: None, plain.begin, plain.end)
    with realtime_server() as url:
        async with connect(url, proxy=None) as client:
            for _ in range(2):
                await client.recv()
            await client.send(text)
            await client.send('{"type":"input_audio_buffer.commit","event_id":"behind"}')
            assert json.loads(await client.recv())["type"] == "input_audio_buffer.committed"


@pytest.mark.parametrize(
    ("audio", "code", "param"),
    [("\n" + GOOD + GOOD, "invalid_event", None), ("!" + GOOD + GOOD, "invalid_value", "audio")],
)
async def test_what_is_wrong_with_a_big_append_is_told_as_for_a_small_one(
    audio: str, code: str, param: str | None
) -> None:
    with realtime_server() as url:
        async with connect(url, proxy=None) as client:
            for _ in range(2):
                await client.recv()
            await client.send(f'{{{TYPE},"audio":"{audio}","event_id":"bad"}}')
            error = json.loads(await client.recv())["error"]
            assert (error["code"], error["param"]) == (code, param)


async def test_15_mib_do_not_keep_the_servers_loop_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No step of the server's thread takes longer than others may be made to wait, by the clock of its own work."""
    steps: list[float] = []
    run = asyncio.Handle._run  # where every step of a loop begins and ends

    def timed(handle: asyncio.Handle) -> None:
        begin = time.thread_time()
        run(handle)
        if threading.current_thread().name == "realtime-server":
            steps.append(time.thread_time() - begin)

    with realtime_server() as url:
        async with connect(url, proxy=None) as big:
            for _ in range(2):
                await big.recv()
            monkeypatch.setattr(asyncio.Handle, "_run", timed)
            await big.send(append_of(MIB_15))
            await while_awaited(big)
            monkeypatch.undo()
    assert len(steps) > 100  # it was taken in many
    assert max(steps) < max(0.02, 4 * copying(append_of(MIB_15).encode())), sorted(steps)[-5:]


def copying(frame: bytes) -> float:
    """CPU seconds for what cannot be done in pieces: the frame in one piece, and as text. The least of five."""
    took = []
    for _ in range(5):
        begin = time.thread_time()
        assert len(bytes(bytearray(frame)).decode()) == len(frame)
        took.append(time.thread_time() - begin)
    return min(took)


def append_of(size: int) -> str:
    audio = base64.b64encode(bytes(size)).decode()
    return json.dumps({"type": "input_audio_buffer.append", "audio": audio})


TRIES = 6  # something else may keep the machine busy; a server that blocks does so each time


@pytest.mark.soak
async def test_other_sessions_do_not_wait_for_15_mib() -> None:
    """By the clock on the wall, for a quiet machine. The server is on a thread: its loop and the lock both share."""
    text = append_of(MIB_15)
    added: list[float] = []
    with realtime_server() as url:
        async with connect(url, proxy=None) as big, connect(url, proxy=None) as small:
            for client in (big, small):
                for _ in range(2):
                    await client.recv()
            while len(added) < TRIES and (not added or added[-1] >= 0.02):
                await big.send(text)  # all of it is on its way now
                beside = await echoes(small, while_awaited(big))
                assert len(beside) > 20
                alone = await echoes(small, asyncio.ensure_future(asyncio.sleep(len(beside) / 100)))
                added.append(sorted(beside)[-2] - sorted(alone)[-2])  # the longest but one of each
    assert min(added) < 0.02, added


def while_awaited(client: ClientConnection) -> asyncio.Future[Any]:
    """Until the server has taken all that this client has sent."""

    async def clear() -> None:
        await client.send('{"type":"input_audio_buffer.clear"}')
        assert json.loads(await client.recv())["type"] == "input_audio_buffer.cleared"

    return asyncio.ensure_future(clear())


async def echoes(client: ClientConnection, during: asyncio.Future[Any]) -> list[float]:
    """How long the client waits for its answers, in seconds, one after the other."""
    delays = []
    while not during.done():
        begin = time.perf_counter()
        await client.send('{"type":"input_audio_buffer.clear"}')
        assert json.loads(await client.recv())["type"] == "input_audio_buffer.cleared"
        delays.append(time.perf_counter() - begin)
        await asyncio.sleep(0.005)
    await during
    return delays
