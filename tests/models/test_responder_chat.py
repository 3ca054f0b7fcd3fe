"""The chat responder against a server that does what real and broken servers do."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from stub_server import DONE, USAGE, StubServer, chunk, respond, stream_head

from tui_assistant.engine.ports import ChatMessage, Respond, Responded, TextDelta
from tui_assistant.errors import ConfigError, ModelError
from tui_assistant.host.inbox import Flag
from tui_assistant.models.responders import chat

KEY = "sk-very-secret-0123456789"
TEXT = "Grüß Gott, 今日は — that is 21 °C 👋\u2028"


def ask(text: str = "hello", **more: Any) -> Respond:
    return Respond("a", "s", (ChatMessage("user", text),), **more)


def answer(server: StubServer, flag: Flag | None = None, request: Respond | None = None, **options: Any) -> Any:
    model = chat.create({"base_url": server.url, "model": "m", "timeout": 10, **options})
    pieces = list(model.respond(request or ask(), flag or Flag()))
    deltas = [piece.text for piece in pieces if isinstance(piece, TextDelta)]
    ends = [piece for piece in pieces if isinstance(piece, Responded)]
    assert len(ends) == 1
    assert ends == pieces[-1:]
    return "".join(deltas), ends[0]


def script(*steps: bytes | float | str) -> Any:
    return lambda request: iter([stream_head(), *steps])


def test_a_streamed_answer(server: StubServer) -> None:
    server.handler = script(chunk("Timer "), chunk("set."), chunk(finish="stop"), USAGE, DONE)
    assert answer(server) == ("Timer set.", Responded({"model": "m"}, 7, 3))
    sent = server.requests[0]
    assert (sent.method, sent.path) == ("POST", "/v1/chat/completions")
    assert sent.json["stream"] is True
    assert sent.json["model"] == "m"
    assert [line["role"] for line in sent.json["messages"]] == ["system", "user"]
    assert "authorization" not in sent.headers


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_the_stream_may_be_cut_anywhere(server: StubServer, seed: int, line_end: bytes) -> None:
    body = b": ping\n\nevent: x\nid: 1\n" + b"".join(chunk(letter) for letter in TEXT) + b"retry: 5\n\n" + USAGE + DONE
    body = body.replace(b"\n", line_end)
    cut = random.Random(seed)
    steps: list[bytes | float] = []
    while body:
        size = 1 if seed == 0 else cut.choice((1, 2, 3, 50, 501))
        steps += [body[:size]]
        if len(steps) % 50 == 0:
            steps.append(0.001)
        body = body[size:]
    server.handler = script(*steps)
    text, end = answer(server)
    assert text == TEXT
    assert (end.input_tokens, end.output_tokens) == (7, 3)


@pytest.mark.parametrize(
    "ending",
    [
        (),
        (b"data: [DONE]",),
        ("reset",),
        (b'data: {"choices": [{"delta": {"con',),
        (b'data: {"error": {"message": "out of memory"}}\n\n',),
        (b"data: nonsense\n\n", b'data: ["x"]\n\n', b"data: {}\n\n", b"<html>\n\n", chunk(None), b"data: null\n\n"),
    ],
)
def test_what_was_said_before_a_bad_end_stays(server: StubServer, ending: tuple[Any, ...]) -> None:
    server.handler = script(chunk("It is two "), chunk("min"), 0.05, *ending)
    text, end = answer(server)
    assert text == "It is two min"
    assert end.metadata.get("incomplete") or ending == (b"data: [DONE]",)


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        (["reset"], "broke the connection (ask again)"),
        ([stream_head(), "reset"], "broke the connection (ask again)"),
        ([stream_head(), b'data: {"error": {"message": "CUDA out\\nof memory"}}\n\n'], "says: CUDA out of memory"),
        ([stream_head(), b'data: {"error": "model missing"}\n\n'], "says: model missing"),
        ([stream_head("text/html"), b"<!doctype html><p>Welcome"], "answers with a web page (check the address"),
        ([stream_head("text/plain"), b"hi there\n"], "something that is no chat completion"),
        ([stream_head(), b"data: nonsense\n\n" * 3], "something that is no chat completion"),
        ([stream_head(), b"[" * 200_000], "something that is no chat completion"),
        ([stream_head()], "answers with nothing"),
        ([stream_head(), chunk(finish="stop"), DONE], "the model gave an empty answer"),
        ([stream_head(), chunk("<think>on and on"), chunk(finish="length"), DONE], "thought but did not answer"),
        ([b"SSH-2.0-OpenSSH\r\n"], "broke the connection"),
        ([stream_head(), b"x" * (2**20 + 10)], "something endless"),
        (list(respond(500, b"<html>oops</html>", "text/html")), "refuses with 500 (try again"),
        (list(respond(404, b'{"error": {"message": "model m not found"}}')), "404: model m not found (check the addr"),
        (
            list(respond(401, f'{{"error": {{"message": "bad key {KEY}"}}}}'.encode())),
            "401: bad key *** (check the key",
        ),
        (list(respond(302, Location="http://example.com/")), "refuses with 302 (it has moved"),
        (list(respond(429, b'{"detail": [{"msg": "slow down"}]}')), "429: slow down"),
        (list(respond(503, b"Loading\x1b[31m model\n")), "503: Loading"),
    ],
)
def test_when_nothing_was_said_one_line_tells_why(
    server: StubServer, steps: list[Any], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUB_KEY", KEY)
    server.handler = lambda request: iter(steps)
    with pytest.raises(ModelError) as error:
        answer(server, api_key_env="STUB_KEY")
    assert line in str(error.value)
    assert "\n" not in str(error.value)
    assert KEY not in str(error.value)
    assert all(request.path == "/v1/chat/completions" for request in server.requests)  # no redirect is followed


def test_a_whole_json_answer_is_taken_too(server: StubServer) -> None:
    whole = {"choices": [{"message": {"content": "All at once."}, "finish_reason": "stop"}], "usage": {"x": "y"}}
    server.handler = lambda request: respond(200, json.dumps(whole).encode())
    assert answer(server) == ("All at once.", Responded({"model": "m"}))


def test_thinking_is_not_spoken(server: StubServer) -> None:
    reasoning = b'data: {"choices": [{"delta": {"reasoning_content": "let me see", "content": null}}]}\n\n'
    tokens = ["<th", "ink>", "hmm </thin", "k>\n", "\n", "Two", " < three <think> is a tag."]
    server.handler = script(reasoning, *map(chunk, tokens), DONE)
    assert answer(server)[0] == "Two < three <think> is a tag."


def test_the_key_comes_from_the_environment_and_a_missing_one_is_said(
    server: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STUB_KEY", raising=False)
    with pytest.raises(ModelError, match="the environment variable STUB_KEY is not set"):
        answer(server, api_key_env="STUB_KEY")
    assert server.requests == []
    monkeypatch.setenv("STUB_KEY", KEY)
    server.handler = script(chunk("ok"), DONE)
    assert answer(server, api_key_env="STUB_KEY")[0] == "ok"
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_proxy_of_the_environment_is_not_for_loopback(server: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.handler = script(chunk("direct"), DONE)
    assert answer(server)[0] == "direct"


@pytest.mark.parametrize("head", [[], [stream_head()], [stream_head(), chunk("so ")]])
def test_cancel_closes_the_stream_at_once(server: StubServer, head: list[bytes]) -> None:
    """Before the head of the answer, before its first word, in the middle."""
    server.handler = lambda request: iter([*head, 30.0, chunk("never")])
    model = chat.create({"base_url": server.url, "model": "m"})
    flag = Flag()
    seen: list[Any] = []
    thread = threading.Thread(target=lambda: seen.extend(model.respond(ask(), flag)))
    thread.start()
    while not server.requests or len(seen) < len(head) - 1:
        time.sleep(0.01)
    time.sleep(0.1)
    flag.cancel()
    thread.join(1.0)
    assert not thread.is_alive()
    assert server.gone.wait(1.0)
    assert seen == [TextDelta("so ")][: max(0, len(head) - 1)]


def test_whoever_stops_reading_closes_the_stream_too(server: StubServer) -> None:
    server.handler = script(chunk("one"), 30.0)
    pieces = chat.create({"base_url": server.url, "model": "m"}).respond(ask(), Flag())
    assert next(pieces) == TextDelta("one")
    pieces.close()  # type: ignore[attr-defined]
    assert server.gone.wait(1.0)


def test_a_slow_first_word_is_waited_for_but_not_for_ever(server: StubServer) -> None:
    server.handler = script(0.4, chunk("late"), DONE)
    assert answer(server, timeout=5)[0] == "late"
    server.handler = script(10.0, chunk("too late"), DONE)
    with pytest.raises(ModelError, match=r"was silent for 0.3 s"):
        answer(server, timeout=0.3)


def test_nobody_listens() -> None:
    stub = StubServer()
    stub.close()
    time.sleep(0.05)
    with pytest.raises(ModelError, match="no chat server answers at"):
        answer(stub)


def test_parameters_that_a_server_does_not_know_are_left_out(server: StubServer) -> None:
    def picky(request: Any) -> Iterator[bytes]:
        if "stream_options" in request.json:
            return respond(400, b'{"error": {"message": "unknown field stream_options"}}')
        if "max_tokens" in request.json:
            return respond(400, b'{"error": {"message": "Unsupported: use max_completion_tokens"}}')
        return iter([stream_head(), chunk("fine"), DONE])

    server.handler = picky
    assert answer(server, request=ask(max_output_tokens=50))[0] == "fine"
    assert len(server.requests) == 3
    assert server.requests[-1].json["max_completion_tokens"] == 50


def test_the_first_model_of_the_server_is_used_when_none_is_named(server: StubServer) -> None:
    def serve(request: Any) -> Iterator[bytes]:
        if request.path == "/v1/models":
            return respond(200, b'{"data": [{"id": "text-embedding-x"}, {"id": "small-chat"}]}')
        return iter([stream_head(), chunk("hi"), DONE])

    server.handler = serve
    assert answer(server, model="") == ("hi", Responded({"model": "small-chat"}))
    assert server.requests[-1].json["model"] == "small-chat"


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "/v1/chat/completions"])
def test_the_address_is_taken_as_people_paste_it(server: StubServer, path: str) -> None:
    server.handler = script(chunk("ok"), DONE)
    assert answer(server, base_url=server.url + path)[0] == "ok"
    assert server.requests[0].path == "/v1/chat/completions"


def test_offline_mode_asks_this_machine_only(server: StubServer) -> None:
    server.handler = script(chunk("ok"), DONE)
    assert answer(server, offline=True)[0] == "ok"
    model = chat.create({"base_url": "https://192.0.2.1/v1", "model": "m", "offline": True})
    with pytest.raises(ModelError, match="offline mode is on: the chat server is not asked"):
        list(model.respond(ask(), Flag()))


@pytest.mark.parametrize(
    "url", ["localhost:8080", "ftp://x", "http:///v1", "http://me:pw@host/v1", "http://[", "http://h:x"]
)
def test_an_address_that_cannot_work_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError) as error:
        chat.create({"base_url": url})
    assert url not in str(error.value)


def test_history_is_cut_at_the_old_end_and_roles_alternate(server: StubServer) -> None:
    server.handler = script(chunk("ok"), DONE)
    lines = [("user", f"question {n} " + "x" * 80) for n in range(40)]
    messages = [ChatMessage("assistant", "greeting"), ChatMessage("system", "be kind")]
    for role, text in lines:
        messages += [ChatMessage(role, text), ChatMessage("assistant", "answer"), ChatMessage("assistant", "more")]  # type: ignore[arg-type]
    messages += [ChatMessage("user", "first half"), ChatMessage("user", "second \ud800 half")]
    answer(server, request=Respond("a", "s", tuple(messages), "speak slowly"), history=500, system="You are Bo.")
    sent = server.requests[0].json["messages"]
    assert sent[0] == {"role": "system", "content": "You are Bo.\n\nspeak slowly\n\nbe kind"}
    assert [line["role"] for line in sent[1:]] == ["user", "assistant"] * 4 + ["user"]
    assert sent[-1]["content"] == "first half\nsecond ? half"
    assert sent[-2]["content"] == "answer\nmore"
    assert sum(len(line["content"]) for line in sent[1:]) <= 500
    answer(server, request=ask("y" * 2000 + "end"), history=500)
    assert server.requests[1].json["messages"][-1]["content"] == "y" * 497 + "end"
