"""The search for local servers, against servers that are what they seem and others that are not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from stub_server import DONE, Request, StubServer, chunk, respond, stream_head

from tui_assistant.engine.ports import ChatMessage, Respond, TextDelta
from tui_assistant.errors import ModelError
from tui_assistant.host.inbox import Flag
from tui_assistant.models.responders import chat, endpoints
from tui_assistant.models.responders.endpoints import CANDIDATES, Candidate, Endpoint, find_local

OLLAMA = {"/api/version": {"version": "0.9.1"}, "/api/tags": {"models": [{"name": "qwen3:4b"}, {"name": "embed-x"}]}}
LLAMA = {"/health": {"status": "ok"}, "/props": {"model_path": "m.gguf"}, "/v1/models": {"data": [{"id": "m.gguf"}]}}


def serve(answers: dict[str, Any]) -> Callable[[Request], Iterator[bytes]]:
    def handle(request: Request) -> Iterator[bytes]:
        if request.path in answers:
            return respond(200, json.dumps(answers[request.path]).encode())
        return respond(404, b"not here", "text/plain")

    return handle


def find(server: StubServer, kind: str) -> list[Endpoint]:
    return find_local([Candidate(kind, server.port)])


@pytest.mark.parametrize(
    ("kind", "answers", "models"),
    [
        ("Ollama", OLLAMA, ("qwen3:4b",)),
        ("Ollama", {"/api/version": {"version": "0.9"}, "/api/tags": {"models": None}}, ()),
        ("llama.cpp", LLAMA, ("m.gguf",)),
        ("LM Studio", {"/v1/models": {"data": [{"id": "a"}, {"id": "text-embedding-b"}]}}, ("a",)),
        ("vLLM", {"/v1/models": {"data": []}}, ()),
    ],
)
def test_a_server_is_known_by_its_answers(
    server: StubServer, kind: str, answers: dict[str, Any], models: tuple[str, ...]
) -> None:
    server.handler = serve(answers)
    assert find(server, kind) == [Endpoint(kind, f"{server.url}/v1", models)]
    assert all(request.method == "GET" and not request.body for request in server.requests)


def test_a_llama_cpp_that_is_still_loading_is_found_without_models(server: StubServer) -> None:
    server.handler = lambda request: respond(503, b'{"error": {"message": "Loading model", "code": 503}}')
    assert find(server, "llama.cpp") == [Endpoint("llama.cpp", f"{server.url}/v1")]


@pytest.mark.parametrize("kind", [candidate.kind for candidate in CANDIDATES])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b'"x"',
        b"{}",
        b'{"version": 5}',
        b'{"data": [{"x": 1}]}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_something_else_on_the_port_is_asked_one_question_and_left_alone(
    server: StubServer, kind: str, body: bytes
) -> None:
    server.handler = lambda request: respond(200, body)
    assert find(server, kind) == []
    assert len(server.requests) <= 2


def test_the_search_is_short_whatever_the_servers_do(server: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, server.url)  # must not be asked
    silent, strange, redirecting, gone = (StubServer() for _ in range(4))
    silent.handler = lambda request: iter([10.0])
    strange.handler = lambda request: iter([b"SSH-2.0\r\n"])
    redirecting.handler = lambda request: respond(302, b"", Location=f"{server.url}/api/version")
    gone.close()
    ports = (gone.port, silent.port, strange.port, redirecting.port)
    began = time.monotonic()
    assert find_local([Candidate("Ollama", port) for port in ports], timeout_s=0.3) == []
    assert time.monotonic() - began < 3.0
    assert server.requests == []
    for stub in (silent, strange, redirecting):
        stub.close()


def test_the_chat_responder_finds_its_server_and_finds_the_next_one(
    server: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def handle(request: Request) -> Iterator[bytes]:
        if request.method == "POST":
            return iter([stream_head(), chunk(f"{request.json['model']} speaking"), DONE])
        return serve(OLLAMA)(request)

    ask = Respond("a", "s", (ChatMessage("user", "hi"),))
    model = chat.create({"base_url": "auto"})
    monkeypatch.setattr(chat, "find_local", list)
    with pytest.raises(ModelError, match=r"no language model runs on this machine \(start Ollama"):
        list(model.respond(ask, Flag()))
    monkeypatch.setattr(chat, "find_local", lambda: [Endpoint("vLLM", "http://127.0.0.1:1/v1")])
    with pytest.raises(ModelError, match="vLLM runs on this machine but has no model loaded"):
        list(model.respond(ask, Flag()))
    server.handler = handle
    monkeypatch.setattr(chat, "find_local", lambda: endpoints.find_local([Candidate("Ollama", server.port)]))
    assert next(iter(model.respond(ask, Flag()))) == TextDelta("qwen3:4b speaking")
    monkeypatch.setattr(chat, "find_local", lambda: [Endpoint("vLLM", "http://127.0.0.1:1/v1", ("other",))])
    assert next(iter(model.respond(ask, Flag()))) == TextDelta("qwen3:4b speaking")  # the search is not repeated
    server.close()
    with pytest.raises(ModelError, match="no chat server answers"):
        list(model.respond(ask, Flag()))
    other = StubServer()
    other.handler = handle
    found = [Endpoint("vLLM", f"{other.url}/v1", ("other",))]
    monkeypatch.setattr(chat, "find_local", lambda: found)
    assert next(iter(model.respond(ask, Flag()))) == TextDelta("other speaking")
    other.close()
