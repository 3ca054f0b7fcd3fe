"""`serve` as a program: its first line, its health, whom it lets in, how it ends, and what its logs never hold."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from recording import blocks, sentence
from serve_program import Program, ask, gone, processes, to_the_end
from serve_program import running as started
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tui_assistant.server import limits

TOKEN, WRONG = "tok-7fK2-right-9sQx", "tok-7fK2-wrong-1aBc"
TEXT = {"type": "realtime", "output_modalities": ["text"]}


@contextmanager
def running(folder: Path, *options: str, **variables: str) -> Iterator[Program]:
    """Its stderr comes at its end."""
    with started(folder, *options, to_file=False, **variables) as program:
        yield program


# ------------------------------------------------------------------------------------------------------ the end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_while_an_answer_runs(tmp_path: Path, number: signal.Signals) -> None:
    """It may run on for DRAIN_S; then its client is told with 1001, and nothing is left over."""
    with running(tmp_path) as program:
        async with connect(program.url, proxy=None) as client:
            await ask(client, "endless")
            workers = program.workers()
            ending = asyncio.create_task(asyncio.to_thread(program.end, number))
            events, code = await to_the_end(client)
            status, rest, errors, took = await ending
    assert (status, rest, errors, code) == (0, "", "", 1001)
    assert len(workers) == 3  # nobody has wanted a judge
    assert all(map(gone, workers))
    assert {event["type"] for event in events} == {"response.output_text.delta"}
    assert limits.DRAIN_S <= took < limits.DRAIN_S + 2 * limits.CLOSE_S + 1.5  # the last: workers, a busy machine


async def test_a_short_answer_is_finished_first(tmp_path: Path) -> None:
    with running(tmp_path) as program:
        async with connect(program.url, proxy=None) as client:
            words = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "slow"}]}
            for _ in range(2):  # the first finds a model that is still loading
                await client.send(json.dumps({"type": "session.update", "session": TEXT}))
                await client.send(json.dumps({"type": "conversation.item.create", "item": words}))
                await client.send('{"type":"response.create"}')
                kind = ""
                while kind != "response.created":
                    kind = json.loads(await asyncio.wait_for(client.recv(), 20))["type"]
                if _ == 0:
                    while kind != "response.done":
                        kind = json.loads(await asyncio.wait_for(client.recv(), 20))["type"]
            ending = asyncio.create_task(asyncio.to_thread(program.end, signal.SIGTERM))
            await asyncio.sleep(0.1)
            with pytest.raises(InvalidStatus) as late:
                await connect(program.url, proxy=None)
            events, code = await to_the_end(client)
            status, *_, took = await ending
    assert late.value.response.status_code == 503
    assert (events[-1]["type"], events[-1]["response"]["status"]) == ("response.done", "completed")
    assert (status, code) == (0, 1001)
    assert took < limits.DRAIN_S


async def test_a_signal_while_nothing_runs(tmp_path: Path) -> None:
    with running(tmp_path) as program:
        async with connect(program.url, proxy=None) as client:
            await client.recv()
            workers = program.workers()
            ending = asyncio.create_task(asyncio.to_thread(program.end, signal.SIGTERM))
            _, code = await to_the_end(client)
            status, *_, took = await ending
    assert (status, code) == (0, 1001)
    assert all(map(gone, workers))
    assert took < limits.DRAIN_S


# ----------------------------------------------------------------------------------------------------- the judge


async def test_the_judge_is_started_when_a_session_switches_to_semantic_vad(tmp_path: Path) -> None:
    """Once for all sessions; its settings are those of any other model."""
    detection: dict[str, Any] = {"type": "semantic_vad", "eagerness": "high"}
    semantic = {"type": "realtime", "audio": {"input": {"turn_detection": detection}}}
    with running(tmp_path, TUI_ASSISTANT_MODELS__JUDGE="words") as program:
        url = program.url + "?explain=1"
        async with connect(url, proxy=None) as one, connect(url, proxy=None) as two, asyncio.timeout(30):
            for client in (one, two):
                await client.recv()
            assert len(program.workers()) == 3
            stopped = []
            for client in (one, two):
                await client.send(json.dumps({"type": "session.update", "session": semantic}))
                for audio in blocks(sentence(silence_s=3)):  # no pause: the first answers are late
                    await client.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
                kind = ""
                while kind != "input_audio_buffer.speech_stopped":
                    event = json.loads(await client.recv())
                    kind = event["type"]
                stopped.append(event["reason"])
            assert len(program.workers()) == 4
    assert [reason["rule"] for reason in stopped] == ["judge", "judge"]
    assert stopped[0]["judge"] in ("late", "words")
    assert stopped[1]["judge"] == "words"


# ------------------------------------------------------------------------------------------------------ the door


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """On all addresses, with a token, another name and a web page that may come."""
    folder = tmp_path_factory.mktemp("locked")
    (folder / "token").write_text(TOKEN + "\n")
    options = ["--host", "0.0.0.0", "--token-file", str(folder / "token")]
    with running(folder, *options, "--allow-host", "Box.lan", "--allow-origin", "https://app.example") as program:
        yield program


def port_of(program: Program) -> int:
    return int(program.url.rsplit(":", 1)[1].split("/")[0])


def shake(program: Program, *headers: str, path: str = "/v1/realtime") -> int:
    """The status that a handshake with these headers gets."""
    lines = [f"GET {path} HTTP/1.1", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    lines += ["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", *headers, "", ""]
    lines = [line.replace("PORT", str(port_of(program))) for line in lines]
    with socket.create_connection(("127.0.0.1", port_of(program)), timeout=10) as client:
        client.sendall("\r\n".join(lines).encode("latin-1"))
        answer = client.recv(4096)
    return int(answer.split(b" ", 2)[1])


GOOD = f"Authorization: Bearer {TOKEN}"
HERE, BOX = "Host: 127.0.0.1:PORT", "Host: box.lan:PORT"
DOOR = [
    ((HERE, GOOD), 101),
    ((HERE, f"authorization: bEARER {TOKEN}"), 101),
    ((HERE, f"Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{TOKEN}"), 101),
    ((HERE, f"Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{WRONG}"), 401),
    ((HERE,), 401),
    ((HERE, f"Authorization: Bearer {WRONG}"), 401),
    ((HERE, f"Authorization: Bearer {TOKEN[:-1]}"), 401),
    ((HERE, f"Authorization: Basic {TOKEN}"), 401),
    ((HERE, "Authorization: Bearer \xff\xfe"), 401),
    ((BOX, GOOD), 101),
    (("Host: localhost", GOOD), 101),
    (("Host: [::1]:PORT", GOOD), 101),
    (("Host: evil.example:PORT", GOOD), 403),
    (("Host: [", GOOD), 403),
    ((GOOD,), 403),
    ((HERE, "Host: box.lan", GOOD), 400),
    ((HERE, "Origin: http://127.0.0.1:PORT", GOOD), 101),
    ((BOX, "Origin: https://box.lan:PORT", GOOD), 101),
    ((HERE, "Origin: https://app.example", GOOD), 101),
    ((HERE, "Origin: http://app.example", GOOD), 403),
    ((HERE, "Origin: http://evil.example", GOOD), 403),
    ((HERE, "Origin: http://127.0.0.1:1", GOOD), 403),
    ((HERE, "Origin: null", GOOD), 403),
    ((HERE, "Origin: https://app.example", "Origin: http://evil.example", GOOD), 400),
]


@pytest.mark.parametrize(("headers", "status"), DOOR)
def test_the_table_of_the_door(locked: Program, headers: tuple[str, ...], status: int) -> None:
    assert shake(locked, *headers) == status


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v1/realtime?model=x", 101), ("/realtime", 101), ("/api-ws/v1/realtime", 101), ("/", 404), ("//[", 404)],
)
def test_its_paths(locked: Program, path: str, status: int) -> None:
    assert shake(locked, HERE, GOOD, path=path) == status


def test_health_needs_no_token(locked: Program) -> None:
    answer = httpx.get(f"http://127.0.0.1:{port_of(locked)}/healthz", trust_env=False)
    assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_the_first_line_is_an_address_that_works(tmp_path: Path) -> None:
    with running(tmp_path, "--host", "::1") as program:
        assert re.fullmatch(r"listening on ws://\[::1\]:[1-9]\d*/v1/realtime\n", program.first_line)
        async with connect(program.url, proxy=None) as client:
            assert json.loads(await client.recv())["type"] == "session.created"


# ------------------------------------------------------------------------------------------------------ the logs

LOUD = """
import logging, sys
logging.basicConfig(level=1, stream=sys.stderr)
"""


@pytest.mark.parametrize("by_file", [True, False])
async def test_a_token_is_in_no_log(tmp_path: Path, by_file: bool) -> None:
    """At the lowest level, with all that libraries have to say; good tokens and wrong ones, sent in every way."""
    (tmp_path / "sitecustomize.py").write_text(LOUD)
    (tmp_path / "token").write_text(TOKEN)
    options = ["--token-file", str(tmp_path / "token")] if by_file else []
    variables = {"PYTHONASYNCIODEBUG": "1"} | ({} if by_file else {"TUI_ASSISTANT_TOKEN": TOKEN})
    with running(tmp_path, *options, **variables) as program:
        arguments = processes("args=")
        workers = program.workers()
        kept = [Path(f"/proc/{pid}/environ") for pid in workers]
        environments = b"".join(path.read_bytes() for path in kept if path.exists())
        for headers, status in DOOR:
            if "box.lan" not in str(headers) and "app.example" not in str(headers):
                assert shake(program, *headers) == status
        offered: Any = ["realtime", f"openai-insecure-api-key.{TOKEN}"]
        async with connect(program.url, subprotocols=offered, proxy=None) as client:
            await ask(client, "hello")
            await client.send("{")
            await client.send(json.dumps({"type": "nonsense", "authorization": TOKEN}))
            await client.send(b"\x00")
            client.transport.write(b"\xff\xff")  # no frame: the library has something to say
        _, rest, errors, _ = program.end(signal.SIGTERM)
    assert "DEBUG" in errors  # the test would see what there is to see
    files = [path for path in program.state.rglob("*") if path.is_file()]
    assert files
    logged = rest + errors + "".join(path.read_text(errors="replace") for path in files)
    for secret in (TOKEN, WRONG, "hello"):
        assert secret not in logged
    assert TOKEN not in arguments
    assert TOKEN.encode() not in environments
