"""The speech synthesiser against a server that does what real and broken servers do."""

from __future__ import annotations

import io
import random
import struct
import threading
import time
import wave
from collections.abc import Iterator
from typing import Any

import pytest
from stub_server import StubServer, respond, stream_head

from tui_assistant.engine.ports import AudioChunk, Speak
from tui_assistant.errors import ConfigError, ModelError
from tui_assistant.host.inbox import Flag
from tui_assistant.models import spare
from tui_assistant.models.registry import Port
from tui_assistant.models.synthesisers import speech

KEY = "sk-very-secret-0123456789"
PCM = random.Random(1).randbytes(24_000)  # half a second


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No local model takes over: that is for test_spare.py."""
    monkeypatch.setattr(spare, "NEXT_BEST", {Port.RECOGNISER: (), Port.SYNTHESISER: ()})


def wav(rate: int = 22_050, channels: int = 1, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(PCM)
    return file.getvalue()


def say(server: StubServer, request: Speak | None = None, **options: Any) -> list[AudioChunk]:
    model = speech.create({"base_url": server.url, "model": "tts", "timeout": 5, **options})
    return list(model.speak(request or Speak("a", "It is noon."), Flag()))


def joined(chunks: list[AudioChunk]) -> tuple[bytes, set[int]]:
    assert all(len(chunk.pcm) <= chunk.rate * 2 // 10 and len(chunk.pcm) % 2 == 0 for chunk in chunks)
    return b"".join(chunk.pcm for chunk in chunks), {chunk.rate for chunk in chunks}


def test_raw_samples_and_what_was_sent(server: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICE_KEY", KEY)
    server.handler = lambda request: respond(200, PCM, "audio/pcm")
    asked = Speak("a", "It is noon.", speed=1.25)
    assert joined(say(server, asked, api_key_env="VOICE_KEY", voice="nova")) == (PCM, {24_000})
    (sent,) = server.requests
    assert (sent.method, sent.path, sent.headers["authorization"]) == ("POST", "/v1/audio/speech", f"Bearer {KEY}")
    assert sent.json == {
        "input": "It is noon.",
        "voice": "nova",
        "model": "tts",
        "response_format": "pcm",
        "speed": 1.25,
    }


@pytest.mark.parametrize("kind", ["audio/L16; rate=16000; channels=1", 'audio/pcm;rate="16000"'])
def test_the_rate_of_the_header_counts(server: StubServer, kind: str) -> None:
    server.handler = lambda request: respond(200, PCM, kind)
    assert joined(say(server)) == (PCM, {16_000})


@pytest.mark.parametrize("seed", range(5))
def test_a_wav_may_be_cut_anywhere(server: StubServer, seed: int) -> None:
    body = bytearray(wav())
    struct.pack_into("<I", body, 40, 0xFFFFFFFF)  # written while it is sent: its length is not known yet
    body[12:12] = b"LIST" + struct.pack("<I", 5) + b"hello\0"
    cut = random.Random(seed)
    pieces: list[bytes | float] = [stream_head("audio/wav")]
    while body:
        size = cut.choice([1, 3, 40, 5_000])
        pieces.append(bytes(body[:size]))
        del body[:size]
    server.handler = lambda request: iter(pieces)
    assert joined(say(server, format="wav")) == (PCM, {22_050})
    assert server.requests[0].json["response_format"] == "wav"


@pytest.mark.parametrize("length", [0, 0x7FFFFFFF - 36, 0xFFFFFFFF])
def test_a_length_that_is_not_known_yet_and_what_follows_the_samples(server: StubServer, length: int) -> None:
    body = bytearray(wav())
    server.handler = lambda request: respond(200, bytes(body) + b"LIST\4\0\0\0no s", "audio/wav")
    assert joined(say(server)) == (PCM, {22_050})
    struct.pack_into("<I", body, 40, length)
    server.handler = lambda request: respond(200, bytes(body), "audio/wav")
    assert joined(say(server)) == (PCM, {22_050})


def test_two_channels_become_one(server: StubServer) -> None:
    server.handler = lambda request: respond(200, wav(48_000, channels=2), "audio/wav")
    pcm, rates = joined(say(server))
    left_right = struct.unpack(f"<{len(PCM) // 2}h", PCM)
    assert rates == {48_000}
    assert struct.unpack(f"<{len(pcm) // 2}h", pcm) == tuple(
        (left + right) // 2 for left, right in zip(left_right[::2], left_right[1::2], strict=True)
    )


def test_sound_is_given_out_as_it_arrives(server: StubServer) -> None:
    heard = threading.Event()

    def handle(_: object) -> Iterator[bytes | float]:
        yield stream_head("audio/pcm")
        yield PCM[:4_801]
        heard.wait(5)
        yield PCM[4_801:]

    server.handler = handle
    pieces = speech.create({"base_url": server.url}).speak(Speak("a", "Hello."), Flag())
    first = next(pieces)
    assert first == AudioChunk(PCM[:2_400], 24_000)
    heard.set()
    assert joined([first, *pieces]) == (PCM, {24_000})


def test_a_cancellation_closes_the_connection_at_once(server: StubServer) -> None:
    server.handler = lambda request: iter([stream_head("audio/pcm"), PCM[:4_800], 30.0])
    flag = Flag()
    pieces = speech.create({"base_url": server.url, "timeout": 60}).speak(Speak("a", "Hello."), flag)
    assert len(next(pieces).pcm) == 2_400
    threading.Timer(0.3, flag.cancel).start()
    began = time.monotonic()
    assert len(list(pieces)) <= 1
    assert time.monotonic() - began < 5
    assert server.gone.wait(5)


def test_nothing_to_say_asks_nobody(server: StubServer) -> None:
    assert say(server, Speak("a", " \n")) == []
    cancelled = Flag()
    cancelled.cancel()
    assert list(speech.create({"base_url": server.url}).speak(Speak("a", "Hello."), cancelled)) == []
    assert server.requests == []


def test_what_a_server_does_not_know_is_left_out_from_then_on(server: StubServer) -> None:
    def handle(request: Any) -> Iterator[bytes]:
        sent = request.json
        if sent["response_format"] == "pcm":
            return respond(422, b'{"detail": [{"loc": ["response_format"], "msg": "response_format must be wav"}]}')
        if "speed" in sent:
            return respond(400, b'{"error": {"message": "speed is not supported"}}')
        if sent["voice"] == "marin":
            return respond(404, b'{"error": {"message": "Voice not found"}}')
        return respond(200, wav(), "audio/wav")

    server.handler = handle
    model = speech.create({"base_url": server.url, "voice": "amy"})
    asked = Speak("a", "Hello.", voice="marin", speed=0.8)
    for requests in (4, 5):
        assert joined(list(model.speak(asked, Flag()))) == (PCM, {22_050})
        assert len(server.requests) == requests
    assert server.requests[-1].json == {"input": "Hello.", "voice": "amy", "response_format": "wav"}


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (
            respond(401, b'{"error": {"message": "bad key sk-very-secret-0123456789"}}'),
            r"401: bad key \*\*\* \(check the",
        ),
        (respond(400, b'{"error": {"message": "input is too long"}}'), "refuses with 400: input is too long"),
        (respond(200, PCM, "audio/mpeg"), r"sends audio/mpeg \(set speech.format to wav"),
        (respond(200, b"<html>", "text/html"), "answers with text instead of sound"),
        (respond(200, b"", "audio/pcm"), "sent no sound"),
        (respond(200, wav(width=1), "audio/wav"), "a WAV of 8 bits at 22050 Hz"),
        (respond(200, b"RIFF\0\0\0\0WAVE" + b"junk\1\0\0\0xx" * 7_000, "audio/wav"), "a WAV without samples"),
        ([b"HTTP/1.1 200 OK\r\n", "reset"], "broke the connection"),
    ],
)
def test_what_goes_wrong_is_one_line(
    server: StubServer, monkeypatch: pytest.MonkeyPatch, answer: Any, line: str
) -> None:
    monkeypatch.setenv("VOICE_KEY", KEY)
    steps = list(answer)
    server.handler = lambda request: iter(steps)
    with pytest.raises(ModelError, match=line) as raised:
        say(server, api_key_env="VOICE_KEY")
    assert KEY not in str(raised.value)


def test_no_server_and_options_that_cannot_work(server: StubServer) -> None:
    server.close()
    with pytest.raises(ModelError, match="no speech server answers at 127"):
        say(server)
    with pytest.raises(ConfigError, match=r"no address of a speech server .*config set speech\.url"):
        speech.create({})
    with pytest.raises(ConfigError, match="must be pcm or wav"):
        speech.create({"base_url": server.url, "format": "mp3"})
    with pytest.raises(ModelError, match=r"offline mode is on: the speech server api\.example\.com is not asked"):
        speech.create({"base_url": "https://api.example.com/v1", "offline": True})
