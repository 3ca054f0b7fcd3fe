"""The whole program with a chat server that calls tools, and a real MCP server: what is asked, done, said and shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from stub_server import DONE, Request, StubServer, chunk, respond, stream_head

DESK = Path(__file__).parent / "mcp_desk.py"
WAIT_S = 60.0  # for workers, the package mcp and the voice, on a loaded machine
QUESTION = "I am about to do this: desk_write with path note.txt, text hello. Shall I?"


def calling(name: str, arguments: dict[str, Any]) -> bytes:
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
    choice = {"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}
    return f"data: {json.dumps({'choices': [choice]})}\n\n".encode()


@pytest.fixture
def server() -> Iterator[StubServer]:
    """Wants a file written, and says what came of it."""
    stub = StubServer()

    def handler(request: Request) -> Any:
        if not request.path.endswith("/chat/completions"):
            return respond(404, b"{}")
        messages = request.json["messages"]
        if messages[-1]["role"] == "tool":
            return iter([stream_head(), chunk(f"The desk says: {messages[-1]['content']}."), DONE])
        end = chunk(finish="tool_calls")
        return iter([stream_head(), calling("desk_write", {"path": "note.txt", "text": "hello"}), end, DONE])

    stub.handler = handler
    yield stub
    stub.close()


class Program:
    """Runs line by line; all that it has printed is in `lines`."""

    def __init__(self, folder: Path, config: str) -> None:
        file = folder / "config.toml"
        file.write_text(config)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TUI_ASSISTANT_")}
        environment |= {"TUI_ASSISTANT_STATE": str(folder / "state"), "TUI_ASSISTANT_CONFIG": str(file)}
        command = [sys.executable, "-m", "tui_assistant", "--plain", "--output", "none"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip())

    def type(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()

    def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < end, self.lines
            time.sleep(0.05)

    def until_said(self, text: str) -> None:
        self.until(lambda: any(text in line for line in self.lines))

    def quit(self) -> None:
        self.type("/quit")
        assert self._process.wait(20) == 0

    def close(self) -> None:
        self._process.kill()
        self._process.wait(10)


def heard(folder: Path) -> str:
    """What a program that remembers has written: of answers only what was heard to the end."""
    file = folder / "state" / "conversation.json"
    return file.read_text() if file.exists() else ""


def test_a_conversation_goes_on_at_the_next_start_where_asked(tmp_path: Path, server: StubServer) -> None:
    def echo(request: Request) -> Any:
        return iter([stream_head(), chunk("Hello Bo."), DONE])

    server.handler = echo
    config = f'[responder]\nchat = "{server.url}/v1"\nmodel = "m"\nremember = true\nkeep_warm = "off"\n'
    program = Program(tmp_path, config)
    try:
        program.type("my name happens to be Bo")
        program.until(lambda: "Hello Bo." in heard(tmp_path))
    finally:
        program.close()  # by SIGKILL: nothing is saved at an end like that
    before = len(server.requests)
    program = Program(tmp_path, config)
    try:
        program.type("guess what they call me")
        program.until(lambda: len(server.requests) > before)
        program.quit()
    finally:
        program.close()
    asked = [(line["role"], line["content"]) for line in server.requests[-1].json["messages"]]
    assert asked[1:] == [
        ("user", "my name happens to be Bo"),
        ("assistant", "Hello Bo."),
        ("user", "guess what they call me"),
    ]
    kept = tmp_path / "state" / "conversation.json"
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_tool_of_a_server_is_used_after_a_yes_and_only_then(tmp_path: Path, server: StubServer) -> None:
    command = json.dumps([sys.executable, str(DESK), "stdio"])
    config = f'[responder]\nchat = "{server.url}/v1"\nmodel = "m"\nremember = true\n'
    config += f"[mcp.desk]\ncommand = {command}\n[voice]\nspeed = 1.5\n"
    program = Program(tmp_path, config)

    def asked() -> bool:
        """The offered tools are looked at at each turn, and the MCP server may come later than the first."""
        before = len(program.lines)
        program.type("kindly put a greeting into a file for me will you")
        program.until(lambda: any(" bot  " in line for line in program.lines[before:]))
        return any(QUESTION in line for line in program.lines)

    try:
        program.until(asked)
        assert not (tmp_path / "note.txt").exists()
        program.until(lambda: QUESTION in heard(tmp_path))  # a yes in the middle of it would be asked again
        assert not (tmp_path / "note.txt").exists()
        program.type("yes")
        program.until_said("The desk says: written.")
        assert (tmp_path / "note.txt").read_text() == "hello"
        program.until_said("used: desk_write with path note.txt, text hello")

        before = len(server.requests)
        program.type("/new")
        program.until_said("a new conversation")
        program.type("kindly tell me what you know of me")
        program.until(lambda: len(server.requests) > before)
        asked = [line["content"] for line in server.requests[before].json["messages"]]
        assert asked[1:] == ["kindly tell me what you know of me"]  # behind the instructions: nothing of before
    finally:
        program.close()
