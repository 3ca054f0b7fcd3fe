"""Audio formats over the wire: the same speech gives the same turn in each, and answers have the format asked for."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from recording import blocks, sentence
from websockets.asyncio.client import ClientConnection, connect

from tui_assistant import ServerVad, TurnDetector
from tui_assistant.sound import g711
from tui_assistant.testing.models import MS_PER_CHARACTER, TONE_HZ

Samples = NDArray[np.int16]
ANSWER = "It is noon."
FRAME_MS = 32  # what the detector sees at a time; a resampler's delay may move a decision by one
PCM: Callable[[bytes], Samples] = lambda data: np.frombuffer(data, "<i2")  # noqa: E731  # beside the two laws


@pytest.fixture(scope="module")
def expected() -> tuple[int, int]:
    """audio_start_ms and audio_end_ms of the sentence, by the library alone."""
    rules = ServerVad()
    started, stopped = TurnDetector(rules, sample_rate=16_000).feed(speech(16_000))
    return started.at_ms - int(started.reason["held_ms"]) - rules.prefix_padding_ms, stopped.at_ms


def speech(rate: int) -> bytes:
    """The sentence with a second of silence before it, so that its beginning has to be found."""
    return sentence(rate, before_s=1.0)


class Client:
    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, kind: str, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": kind, **fields}))

    async def until(self, kind: str) -> dict[str, dict[str, Any]]:
        """The last event of each type up to this one, and all audio under "audio"."""
        seen: dict[str, Any] = {"audio": b""}
        while kind not in seen:
            event = json.loads(await self._socket.recv())
            assert event["type"] != "error", event
            seen[event["type"]] = event
            if event["type"] in ("response.output_audio.delta", "response.audio.delta"):
                seen["audio"] += base64.b64decode(event["delta"])
        return seen


@asynccontextmanager
async def session(url: str, update: dict[str, Any], **options: Any) -> AsyncIterator[tuple[Client, dict[str, Any]]]:
    """A client and its session object after `update`."""
    async with connect(url, proxy=None, **options) as socket:
        client = Client(socket)
        await client.send("session.update", session=update)
        updated = await client.until("session.updated")
        yield client, updated["session.updated"]["session"]


def is_the_tone(samples: Samples, rate: int) -> bool:
    """Whether the loudest frequency is the scripted voice's."""
    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64)))
    return bool(abs(np.argmax(spectrum) * rate / len(samples) - TONE_HZ) < 20) and int(np.abs(samples).max()) > 3_000


def encoded(name: str, rate: int) -> tuple[bytes, int]:
    """The sentence in a wire format, and its bytes per second."""
    pcm = speech(rate)
    if name in ("audio/pcmu", "g711_ulaw"):
        return g711.encode_mulaw(np.frombuffer(pcm, "<i2")), rate
    if name in ("audio/pcma", "g711_alaw"):
        return g711.encode_alaw(np.frombuffer(pcm, "<i2")), rate
    return pcm, 2 * rate


GA = [("audio/pcm", rate) for rate in (8_000, 16_000, 24_000, 48_000)] + [("audio/pcmu", 8_000), ("audio/pcma", 8_000)]
DECODERS = {"audio/pcm": PCM, "audio/pcmu": g711.decode_mulaw, "audio/pcma": g711.decode_alaw,
            "pcm16": PCM, "pcm": PCM, "g711_ulaw": g711.decode_mulaw, "g711_alaw": g711.decode_alaw}  # fmt: skip


def same_turn(seen: dict[str, dict[str, Any]], expected: tuple[int, int]) -> str:
    """Asserts that the turn is the expected one; returns the item's id."""
    started, stopped = (seen[f"input_audio_buffer.speech_{what}"] for what in ("started", "stopped"))
    assert abs(started["audio_start_ms"] - expected[0]) <= FRAME_MS
    assert abs(stopped["audio_end_ms"] - expected[1]) <= FRAME_MS
    item_id: str = seen["input_audio_buffer.committed"]["item_id"]
    assert {started["item_id"], stopped["item_id"]} == {item_id}
    return item_id


def right_answer(audio: bytes, name: str, rate: int) -> None:
    samples = DECODERS[name](audio)
    assert len(samples) == rate * MS_PER_CHARACTER * len(ANSWER) // 1000
    assert is_the_tone(samples, rate)


@pytest.mark.realtime(heard=["what time is it"], answers=[ANSWER])
@pytest.mark.parametrize(("name", "rate"), GA)
async def test_each_format_in_and_out(
    realtime_server_url: str, expected: tuple[int, int], name: str, rate: int
) -> None:
    form = {"type": name} if name != "audio/pcm" else {"type": name, "rate": rate}
    audio = {"input": {"format": form, "transcription": {"model": "local"}}, "output": {"format": form}}
    async with session(realtime_server_url, {"type": "realtime", "audio": audio}) as (client, told):
        assert (told["audio"]["input"]["format"], told["audio"]["output"]["format"]) == (form, form)
        data, per_second = encoded(name, rate)
        for block in blocks(data, per_second):
            await client.send("input_audio_buffer.append", audio=block)
        seen = await client.until("response.done")
        item_id = same_turn(seen, expected)
        right_answer(seen["audio"], name, rate)
        await client.send("conversation.item.retrieve", item_id=item_id)
        item = (await client.until("conversation.item.retrieved"))["conversation.item.retrieved"]["item"]
        await client.send("conversation.item.retrieve", item_id=seen["response.done"]["response"]["output"][0]["id"])
        answer = (await client.until("conversation.item.retrieved"))["conversation.item.retrieved"]["item"]
    assert base64.b64decode(answer["content"][0]["audio"]) == seen["audio"]
    assert (item["role"], item["status"], len(item["content"])) == ("user", "completed", 1)
    (part,) = item["content"]
    assert (part["type"], part["transcript"]) == ("input_audio", "what time is it")
    taken = DECODERS[name](base64.b64decode(part["audio"]))
    begin = seen["input_audio_buffer.speech_started"]["audio_start_ms"] * rate // 1000
    assert abs(len(taken) - (expected[1] - expected[0]) * rate // 1000) <= 2 * FRAME_MS * rate // 1000
    assert np.array_equal(taken, DECODERS[name](data)[begin : begin + len(taken)])  # the very samples that were sent


@pytest.mark.realtime(answers=[ANSWER])
@pytest.mark.parametrize(("name", "rate"), GA)
async def test_in_and_out_are_independent(
    realtime_server_url: str, expected: tuple[int, int], name: str, rate: int
) -> None:
    """Telephone in, anything out: the rates do not get mixed up."""
    form = {"type": name} if name != "audio/pcm" else {"type": name, "rate": rate}
    audio = {"input": {"format": {"type": "audio/pcmu"}}, "output": {"format": form}}
    async with session(realtime_server_url, {"type": "realtime", "audio": audio}) as (client, _):
        for block in blocks(*encoded("audio/pcmu", 8_000)):
            await client.send("input_audio_buffer.append", audio=block)
        seen = await client.until("response.done")
    same_turn(seen, expected)
    right_answer(seen["audio"], name, rate)


@pytest.mark.realtime(answers=[ANSWER])
@pytest.mark.parametrize(("name", "rate"), [("pcm16", 24_000), ("g711_ulaw", 8_000), ("g711_alaw", 8_000)])
async def test_betas_formats(realtime_server_url: str, expected: tuple[int, int], name: str, rate: int) -> None:
    update = {"input_audio_format": name, "output_audio_format": name}
    beta = {"additional_headers": {"OpenAI-Beta": "realtime=v1"}}
    async with session(realtime_server_url, update, **beta) as (client, told):
        assert (told["input_audio_format"], told["output_audio_format"]) == (name, name)
        for block in blocks(*encoded(name, rate)):
            await client.send("input_audio_buffer.append", audio=block)
        seen = await client.until("response.done")
    same_turn(seen, expected)
    right_answer(seen["audio"], name, rate)
    assert seen["response.done"]["response"]["output_audio_format"] == name


@pytest.mark.realtime(answers=[ANSWER])
@pytest.mark.parametrize("name", ["pcm", "pcm16"])
async def test_qwen_hears_16_khz_and_speaks_24(realtime_server_url: str, expected: tuple[int, int], name: str) -> None:
    """Whatever the SDK calls the formats."""
    url = realtime_server_url.replace("/v1/realtime", "/api-ws/v1/realtime")
    update = {"input_audio_format": name, "output_audio_format": name, "turn_detection": {"silence_duration_ms": 500}}
    async with session(url, update) as (client, _):
        for block in blocks(speech(16_000), 32_000):
            await client.send("input_audio_buffer.append", audio=block)
        seen = await client.until("response.done")
    same_turn(seen, expected)
    right_answer(seen["audio"], "pcm", 24_000)


@pytest.mark.realtime(answers=[ANSWER])
@pytest.mark.parametrize(("heard", "spoken"), [(8_000, 16_000), (48_000, 8_000), (16_000, 48_000)])
async def test_qwens_newer_form_names_rates(
    realtime_server_url: str, expected: tuple[int, int], heard: int, spoken: int
) -> None:
    url = realtime_server_url.replace("/v1/realtime", "/api-ws/v1/realtime")
    audio = {
        "input": {"format": {"type": "pcm", "sample_rate": heard}, "turn_detection": {"silence_duration_ms": 500}},
        "output": {"format": {"type": "pcm", "sample_rate": spoken}},
    }
    async with session(url, {"audio": audio}) as (client, told):
        assert told["audio"] == audio
        for block in blocks(speech(heard), 2 * heard):
            await client.send("input_audio_buffer.append", audio=block)
        seen = await client.until("response.done")
    same_turn(seen, expected)
    right_answer(seen["audio"], "pcm", spoken)
