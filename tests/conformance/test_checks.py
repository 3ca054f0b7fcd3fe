"""Our own server passes every check; a server that breaks the contract fails the row that says so."""

from __future__ import annotations

import asyncio
import json
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from tui_assistant.conformance.checks import CHECKS, run
from tui_assistant.conformance.peer import RATE
from tui_assistant.errors import LinkError
from tui_assistant.sound.resample import resample

SPEECH = Path(__file__).parents[1] / "data" / "speech" / "lj_0002.wav"


@pytest.fixture(scope="module")
def speech() -> bytes:
    with wave.open(str(SPEECH)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return resample(samples, file.getframerate(), RATE).tobytes()


async def test_our_own_server_passes(realtime_server_url: str, speech: bytes) -> None:
    verdicts = await run(realtime_server_url, speech)
    assert len(verdicts) == len(CHECKS)
    assert [verdict for verdict in verdicts if not verdict.passed] == []


@asynccontextmanager
async def faulty(upstream: str, drop: str) -> AsyncIterator[str]:
    """Our server behind a proxy that swallows one kind of event."""

    async def pass_on(client: ServerConnection) -> None:
        async with connect(upstream, proxy=None, max_size=None) as server:

            async def down() -> None:
                async for frame in server:
                    if json.loads(frame)["type"] != drop:
                        await client.send(frame)

            task = asyncio.create_task(down())
            async for frame in client:
                await server.send(frame)
            task.cancel()

    async with serve(pass_on, "127.0.0.1", 0, max_size=None) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"


@pytest.mark.parametrize(
    ("drop", "failing"),
    [
        ("input_audio_buffer.speech_stopped", {"order in server_vad mode", "one speech_stopped per item",
                                               "silence_duration_ms"}),
        ("error", {"commit of an empty buffer"}),
    ],
)  # fmt: skip
async def test_a_fault_turns_its_rows(realtime_server_url: str, speech: bytes, drop: str, failing: set[str]) -> None:
    async with faulty(realtime_server_url, drop) as url:
        verdicts = await run(url, speech)
    assert {verdict.name for verdict in verdicts if not verdict.passed} == failing


async def test_a_server_that_is_not_there_is_one_clear_line() -> None:
    with pytest.raises(LinkError, match=r"cannot open ws://127\.0\.0\.1:1/v1/realtime"):
        await run("ws://127.0.0.1:1/v1/realtime", b"")
