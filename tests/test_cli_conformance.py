"""What `conformance` prints, and with which status it ends. The checks themselves: tests/conformance."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from rich.cells import cell_len

from tui_assistant.cli import cli
from tui_assistant.commands.conformance import table
from tui_assistant.conformance import checks
from tui_assistant.conformance.peer import Peer
from tui_assistant.conformance.verdict import Answer, NotOfferedError, Verdict


async def keeps(peer: Peer, speech: bytes) -> tuple[bool, str]:
    return True, f"{peer.wire.name} {peer.length_ms(speech)} ms"


async def fails(peer: Peer, speech: bytes) -> tuple[bool, str]:
    return False, "\x1b]0;mine\x07 and \x1b[31mred"


async def lacks(peer: Peer, speech: bytes) -> tuple[bool, str]:
    raise NotOfferedError("no such thing")


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"one": keeps, "two": lacks, "three": fails}
    monkeypatch.setattr(checks.run, "__kwdefaults__", {"checks": few, "at_once": 3})


def conformance(*arguments: str) -> int:
    status: int = cli.main(["conformance", *arguments], standalone_mode=False)
    return status


@pytest.mark.usefixtures("rows")
def test_a_failed_row_is_status_3_and_foreign_text_is_harmless(
    realtime_server_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert conformance(realtime_server_url) == 3
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "yes          one    ga 1000 ms",
        "not offered  two    no such thing",
        "no           three  \ufffd]0;mine\ufffd and \ufffd[31mred",
    ]
    assert err == ""


@pytest.mark.usefixtures("rows")
def test_json_is_one_list_of_plain_text(realtime_server_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    url = realtime_server_url.replace("/v1/", "/api-ws/v1/")
    assert conformance(url, "--json", "--at-once", "1") == 3
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert json.loads(out) == [
        {"name": "one", "answer": "yes", "seen": "qwen 1000 ms"},
        {"name": "two", "answer": "not offered", "seen": "no such thing"},
        {"name": "three", "answer": "no", "seen": "\x1b]0;mine\x07 and \x1b[31mred"},
    ]


@pytest.mark.parametrize(("dialect", "seen"), [("ga", "ga"), ("beta", "beta"), ("qwen", "qwen"), ("auto", "ga")])
def test_the_dialect_can_be_said(
    realtime_server_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    dialect: str,
    seen: str,
) -> None:
    monkeypatch.setattr(checks.run, "__kwdefaults__", {"checks": {"one": keeps}, "at_once": 1})
    url = realtime_server_url.replace("/v1/", "/api-ws/v1/") if dialect == "qwen" else realtime_server_url
    assert conformance(url, "--dialect", dialect) == 0
    assert capsys.readouterr().out == f"yes          one  {seen} 1000 ms\n"


LONG = [
    Verdict(name, answer, seen)
    for name, answer in zip(checks.CHECKS, list(Answer) * 10, strict=False)
    for seen in ("", "a" * 300, "speech_started speech_stopped committed " * 3, "\u4f60\u597d " * 40, "\u6ca1" * 90)
]


@pytest.mark.parametrize("width", [80, 100, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = table(LONG, width)
    assert max(map(cell_len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)
    assert [line[:11].rstrip() for line in lines if line[0] != " "] == [str(verdict.answer) for verdict in LONG]


def test_a_long_row_goes_on_below_its_column() -> None:
    lines = table([Verdict("row", Answer.YES, "first second third"), Verdict("other row", Answer.NO, "")], 44)
    assert lines == ["yes          row        first second third", "no           other row"]
    lines = table([Verdict("a row", Answer.YES, "first second third fourth")], 20)
    assert lines == ["yes          a row  first second third", " " * 20 + "fourth"]


@pytest.fixture
def web_server() -> Iterator[str]:
    """Answers one request as a page of the web."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def meet() -> None:
            client, _ = server.accept()
            with client:
                client.recv(4096)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

        thread = threading.Thread(target=meet, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{server.getsockname()[1]}/v1/realtime"
        thread.join(5)


def test_no_realtime_server_is_one_line_and_status_3(web_server: str) -> None:
    program = [sys.executable, "-m", "tui_assistant", "conformance", web_server]
    run = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout) == (3, "")
    assert len(run.stderr.splitlines()) == 1
    assert "it answers HTTP 200 and opens no WebSocket" in run.stderr


def test_a_variable_that_is_not_set_is_a_wrong_call() -> None:
    program = [sys.executable, "-m", "tui_assistant", "conformance", "ws://127.0.0.1:1/", "--key-env", "NO_SUCH_KEY"]
    run = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout) == (2, "")
    assert "NO_SUCH_KEY is not set" in run.stderr
