"""A server that fails: a local model takes over for the sentence, the user hears why, and when it is over."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from stub_server import StubServer, respond

from tui_assistant.engine.ports import AudioChunk, Final, Partial, Speak
from tui_assistant.errors import ModelError
from tui_assistant.host.inbox import Flag
from tui_assistant.models import registry, remote, spare
from tui_assistant.models.recognisers import transcriptions
from tui_assistant.models.registry import Port
from tui_assistant.models.remote import Connection, Server
from tui_assistant.models.synthesisers import speech

PCM = bytes(range(256)) * 250  # two seconds
SOUND = AudioChunk(b"\1\0" * 100, 22_050)


class Local:
    """A recogniser and a voice of this machine."""

    name = "local"

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.closed = 0

    def open(self, language: str | None) -> Local:
        self.heard.append(b"")
        return self

    def accept(self, pcm: bytes) -> Partial | None:
        self.heard[-1] += pcm
        return Partial("", "loc")

    def finish(self) -> Final:
        return Final("locally heard")

    def close(self) -> None:
        self.closed += 1

    def speak(self, request: Speak, cancellation: Any) -> list[AudioChunk]:
        return [SOUND]


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Local:
    """What is made when a local model is needed; only then."""
    made: list[Local] = []
    model = Local()

    def create(port: Port, name: str, options: Any = None) -> Local:
        assert made == []
        made.append(model)
        return model

    monkeypatch.setattr(registry, "create", create)
    return model


def hear(recogniser: transcriptions.Transcriptions, language: str | None = None) -> list[Partial | Final]:
    stream = recogniser.open(language)
    stream.accept(PCM)
    found = list(stream.results())
    stream.close()
    return found


def test_an_utterance_is_heard_locally_and_said_once(server: StubServer, local: Local) -> None:
    recogniser = transcriptions.create({"base_url": server.url})
    told: list[str] = []
    recogniser.spare.tell = told.append
    server.handler = lambda request: respond(500, b"")
    assert hear(recogniser) == hear(recogniser, "en-GB") == [Final("locally heard")]
    assert local.heard == [PCM, PCM]
    assert local.closed == 2
    place = server.url.removeprefix("http://")
    assert told == [
        f"the transcription server {place} refuses with 500 (try again; its own log says more); "
        "local takes the place of transcriptions until it works again"
    ]
    server.handler = lambda request: respond(200, b'{"text": "from the server"}')
    assert hear(recogniser) == hear(recogniser) == [Final("from the server")]
    assert told[1:] == ["the recogniser is transcriptions again"]
    server.close()
    assert hear(recogniser) == [Final("locally heard")]
    assert told[2].startswith("no transcription server answers at ")


def test_another_language_is_not_heard_by_who_knows_english_only(server: StubServer, local: Local) -> None:
    server.handler = lambda request: respond(500, b"")
    for recogniser, language in (
        (transcriptions.create({"base_url": server.url}), "de"),
        (transcriptions.create({"base_url": server.url, "language": "de"}), None),
    ):
        with pytest.raises(ModelError, match="refuses with 500"):
            hear(recogniser, language)
    assert local.heard == []


def test_a_sentence_is_said_locally(server: StubServer, local: Local) -> None:
    model = speech.create({"base_url": server.url})
    told: list[str] = []
    model.spare.tell = told.append
    server.handler = lambda request: respond(401, b"")
    assert list(model.speak(Speak("a", "Hello."), Flag())) == [SOUND]
    server.handler = lambda request: respond(200, b"\2\0" * 100, "audio/pcm")
    assert list(model.speak(Speak("a", "Hello."), Flag())) == [AudioChunk(b"\2\0" * 100, 24_000)]
    assert [line.partition(" (")[0].rpartition(":")[0] for line in told[:1]] == ["the speech server 127.0.0.1"]
    assert told[1] == "the synthesiser is speech again"


def test_half_a_sentence_is_not_begun_again(server: StubServer, local: Local) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\nContent-Length: 99999\r\n\r\n"
    server.handler = lambda request: iter([head, bytes(9_600)])
    pieces = speech.create({"base_url": server.url}).speak(Speak("a", "Hello."), Flag())
    assert len(next(pieces).pcm) == 2_400
    with pytest.raises(ModelError, match="broke the connection"):
        list(pieces)


def test_where_there_is_no_local_model_the_servers_failure_is_said(
    server: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spare, "NEXT_BEST", {Port.RECOGNISER: ()})
    server.handler = lambda request: respond(500, b"")
    recogniser = transcriptions.create({"base_url": server.url})
    for _ in range(2):
        with pytest.raises(ModelError, match="refuses with 500"):
            hear(recogniser)


def test_a_connection_is_made_before_it_is_needed_where_that_takes_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Client:
        async def get(self, url: str, headers: dict[str, str]) -> None:
            asked.append(url)
            raise OSError("nobody is there")  # which only the request itself would tell

    monkeypatch.setattr(remote.Connection, "client", lambda self: Client())
    connection = Connection(Server("speech", "https://speech.example.com/v1"))
    for _ in range(3):
        connection.warm()
    settle(connection)
    assert asked == ["https://speech.example.com/v1/models"]
    connection._warmed -= 60  # a minute later
    connection.warm()
    settle(connection)
    assert len(asked) == 2
    near = Connection(Server("speech", "http://127.0.0.1:9/v1"))
    near.warm()
    settle(near)
    assert len(asked) == 2


def settle(connection: Connection) -> None:
    """Waits until the loop has done what it was given."""
    for _ in range(3):
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), connection._loop).result(5)
    time.sleep(0.01)
