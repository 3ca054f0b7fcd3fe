"""The transcription recogniser against a server that does what real and broken servers do."""

from __future__ import annotations

import io
import json
import threading
import time
import wave
from collections.abc import Iterator
from typing import Any

import pytest
from stub_server import StubServer, respond, stream_head

from tui_assistant.engine.ports import (
    Answer,
    Cancel,
    Failed,
    Final,
    Partial,
    Transcribe,
    TranscribeAudio,
    TranscribeEnd,
)
from tui_assistant.errors import ConfigError, ModelError
from tui_assistant.host import worker_asks
from tui_assistant.host.inbox import Inbox
from tui_assistant.models import spare
from tui_assistant.models.recognisers import transcriptions
from tui_assistant.models.registry import Port

KEY = "sk-very-secret-0123456789"
PCM = bytes(range(256)) * 125  # one second
DELTAS = ["what ", "time ", "is it"]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No local model takes over: that is for test_spare.py."""
    monkeypatch.setattr(spare, "NEXT_BEST", {Port.RECOGNISER: (), Port.SYNTHESISER: ()})


def event(**value: Any) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def open_stream(server: StubServer, language: str | None = None, **options: Any) -> Any:
    recogniser = transcriptions.create({"base_url": server.url, "model": "m", "timeout": 5, **options})
    return recogniser.open(language)


def heard(server: StubServer, **options: Any) -> list[Partial | Final]:
    stream = open_stream(server, **options)
    assert stream.accept(PCM[:15_000]) is None
    assert stream.accept(PCM[15_000:]) is None
    return list(stream.results())


def fields(body: bytes) -> dict[str, bytes]:
    """The parts of a multipart body, by name."""
    mark = body.partition(b"\r\n")[0]
    found = {}
    for part in body.split(mark)[1:-1]:
        head, _, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        found[head.split(b'name="')[1].partition(b'"')[0].decode()] = value.removesuffix(b"\r\n")
    return found


def test_a_whole_answer_and_what_was_sent(server: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARING_KEY", KEY)
    server.handler = lambda request: respond(200, b'{"text": " What time is it? ", "usage": {"type": "tokens"}}')
    said = heard(server, language="de-AT", prompt="timers", api_key_env="HEARING_KEY")
    assert said == [Final("What time is it?")]
    (sent,) = server.requests
    assert (sent.method, sent.path) == ("POST", "/v1/audio/transcriptions")
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    parts = fields(sent.body)
    audio = parts.pop("file")
    assert parts == {
        "model": b"m",
        "response_format": b"json",
        "stream": b"true",
        "language": b"de",
        "prompt": b"timers",
    }
    with wave.open(io.BytesIO(audio)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        assert file.readframes(file.getnframes()) == PCM


@pytest.mark.parametrize(
    "events",
    [
        [event(type="transcript.text.delta", delta=each) for each in DELTAS]
        + [
            event(type="transcript.text.segment", text="no"),
            event(type="transcript.text.done", text="what time is it"),
        ],
        [event(choices=[{"delta": {"content": each}}]) for each in DELTAS]
        + [event(choices=[{"delta": {}, "finish_reason": "stop"}]), b"data: [DONE]\n\n"],
        [event(text=each) for each in DELTAS],
    ],
    ids=["openai", "vllm", "segments"],
)
def test_words_come_as_they_are_recognised(server: StubServer, events: list[bytes]) -> None:
    shown = threading.Event()

    def handle(_: object) -> Iterator[bytes | float]:
        yield stream_head()
        yield events[0]
        shown.wait(5)
        yield from (byte for each in events[1:] for byte in (each[:9], each[9:]))

    server.handler = handle
    stream = open_stream(server)
    stream.accept(PCM)
    pieces = iter(stream.results())
    first = next(pieces)
    assert first == Partial("what")  # while the server has not said the rest
    shown.set()
    assert [first, *pieces] == [
        Partial("what"),
        Partial("what time"),
        Partial("what time is it"),
        Final("what time is it"),
    ]


def test_a_plain_text_answer(server: StubServer) -> None:
    server.handler = lambda request: respond(200, b"stop\n", "text/plain; charset=utf-8")
    assert heard(server) == [Final("stop")]


def test_what_is_too_short_for_a_word_is_not_sent(server: StubServer) -> None:
    stream = open_stream(server)
    stream.accept(PCM[:3_000])
    assert stream.finish() == Final("")
    assert server.requests == []


def test_a_field_that_the_server_refuses_is_left_out_from_then_on(server: StubServer) -> None:
    def handle(request: Any) -> Iterator[bytes]:
        if b'name="stream"' in request.body:
            return respond(400, b'{"error": {"message": "Unknown parameter: stream"}}')
        return respond(200, b'{"text": "yes"}')

    server.handler = handle
    recogniser = transcriptions.create({"base_url": server.url})
    for _ in range(2):
        stream = recogniser.open("en")
        stream.accept(PCM)
        assert stream.finish() == Final("yes")
    assert ["stream" in fields(request.body) for request in server.requests] == [True, False, False]


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (
            respond(401, b'{"error": {"message": "bad key sk-very-secret-0123456789"}}'),
            r"401: bad key \*\*\* \(check the",
        ),
        (respond(404, b"<html>"), r"refuses with 404 \(check the address"),
        (respond(500, b'{"detail": "no memory"}'), r"refuses with 500: no memory \(try again"),
        (respond(200, b"<html>hello</html>", "text/html"), r"answers with a web page \(check the address"),
        (respond(200, b"{}"), "something that is no transcription"),
        (respond(200, b'{"error": "model not loaded"}'), "says: model not loaded"),
        ([stream_head(), event(type="transcript.text.delta", delta="what ")], "ended early"),
        ([stream_head(), event(error={"message": "out of memory"})], "says: out of memory"),
        ([b"HTTP/1.1 200 OK\r\n", "reset"], "broke the connection"),
    ],
)
def test_what_goes_wrong_is_one_line(
    server: StubServer, monkeypatch: pytest.MonkeyPatch, answer: Any, line: str
) -> None:
    monkeypatch.setenv("HEARING_KEY", KEY)
    steps = list(answer)
    server.handler = lambda request: iter(steps)
    with pytest.raises(ModelError, match=line) as raised:
        heard(server, api_key_env="HEARING_KEY")
    assert KEY not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_no_server_and_a_silent_server(server: StubServer) -> None:
    server.handler = lambda request: iter([5.0])
    with pytest.raises(ModelError, match=r"was silent for 0\.2 s"):
        heard(server, timeout=0.2)
    server.close()
    with pytest.raises(ModelError, match="no transcription server answers at 127"):
        heard(server)


def test_a_key_that_is_not_set(server: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEARING_KEY", raising=False)
    with pytest.raises(ModelError, match="HEARING_KEY is not set"):
        heard(server, api_key_env="HEARING_KEY")
    assert server.requests == []


def test_close_ends_the_request_at_once(server: StubServer) -> None:
    server.handler = lambda request: iter([30.0])
    stream = open_stream(server, timeout=60)
    stream.accept(PCM)

    def close() -> None:
        while not server.requests:
            time.sleep(0.01)
        stream.close()

    threading.Thread(target=close).start()
    assert list(stream.results()) == []
    assert server.gone.wait(20)  # and not after the 30 s that the server takes


def test_words_while_the_user_speaks_when_asked_for(server: StubServer) -> None:
    texts = iter(["what", "what time", "what time is it"])
    server.handler = lambda request: respond(200, json.dumps({"text": next(texts)}).encode())
    stream = open_stream(server, partials_ms=500)
    seen = []
    deadline = time.monotonic() + 10
    for start in range(0, 32_000, 16_000):
        stream.accept(PCM[start : start + 16_000])
        while not (partial := stream.accept(b"")) and time.monotonic() < deadline:
            time.sleep(0.01)
        seen.append(partial)
    assert seen == [Partial("", "what"), Partial("", "what time")]
    assert stream.finish() == Final("what time is it")
    sizes = [len(fields(request.body)["file"]) for request in server.requests]
    assert sizes == [16_044, 32_044, 32_044]


def test_a_look_that_fails_is_not_told_and_a_running_one_is_dropped(server: StubServer) -> None:
    answers: list[Any] = [respond(500, b"no"), iter([30.0]), respond(200, b'{"text": "yes"}')]
    server.handler = lambda request: answers[len(server.requests) - 1]
    stream = open_stream(server, partials_ms=300)
    stream.accept(PCM[:10_000])
    while not stream._look.done:
        time.sleep(0.01)
    assert stream.accept(PCM[10_000:20_000]) is None
    while len(server.requests) < 2:
        time.sleep(0.01)
    assert stream.finish() == Final("yes")
    assert server.gone.wait(5)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"base_url": ""}, "no address of a transcription server"),
        ({"base_url": "ftp://x"}, "must begin with http"),
        ({"base_url": "https://me:secret@x"}, "must not hold a password"),
        ({"base_url": "http://x:y"}, "is not a URL"),
        ({"base_url": "http://x", "timeout": -1}, "timeout must be a number"),
        ({"base_url": "http://x", "partials_ms": 50}, "partials_ms must be 0 or at least 300"),
        ({"base_url": "http://192.0.2.1", "offline": True}, "offline mode is on"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], line: str) -> None:
    with pytest.raises((ConfigError, ModelError), match=line) as raised:
        transcriptions.create(options)
    assert "secret" not in str(raised.value)


def test_an_address_that_was_pasted_whole_is_taken(server: StubServer) -> None:
    for given in ("", "/", "/v1", "/v1/audio/transcriptions"):
        made = transcriptions.create({"base_url": server.url + given, "offline": True})
        assert made.connection.server.base_url == f"{server.url}/v1"


def test_a_waiting_stream_does_not_hold_up_the_others_in_the_worker(server: StubServer) -> None:
    """One session's server is slow; another's answers meanwhile, and a Cancel ends the first one's request."""
    slow = threading.Event()

    def handle(request: Any) -> Iterator[bytes | float]:
        if len(fields(request.body)["file"]) > 20_000:
            slow.set()
            return iter([30.0])
        return respond(200, b'{"text": "quick"}')

    server.handler = handle
    inbox = Inbox()
    answers: dict[str, list[Answer]] = {"a": [], "b": []}
    answered = threading.Event()

    def send(ask_id: str, answer: Answer) -> None:
        answers[ask_id].append(answer)
        answered.set()

    model = transcriptions.create({"base_url": server.url, "timeout": 60})
    worker = threading.Thread(target=worker_asks.recognise, args=(model, inbox, send), daemon=True)
    worker.start()
    for ask_id, pcm in (("a", PCM), ("b", PCM[:8_000])):
        inbox.put(Transcribe(ask_id))
        inbox.put(TranscribeAudio(ask_id, pcm))
        inbox.put(TranscribeEnd(ask_id))
        if ask_id == "a":
            assert slow.wait(5)
    assert answered.wait(5)
    assert answers == {"a": [], "b": [Final("quick")]}
    inbox.put(Cancel("a"))
    assert server.gone.wait(5)
    server.close()
    answered.clear()
    for ask in (Transcribe("b"), TranscribeAudio("b", PCM), TranscribeEnd("b")):
        inbox.put(ask)
    assert answered.wait(5)
    last = answers["b"][-1]
    assert isinstance(last, Failed)
    assert "no transcription server answers" in last.message
    assert answers["a"] == []
    inbox.end()
    worker.join(5)
    assert not worker.is_alive()
