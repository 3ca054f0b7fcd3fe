"""A `serve` that runs as a program, for tests, with models that tests have written."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

TESTS = Path(__file__).parent
TEXT = {"type": "realtime", "output_modalities": ["text"]}


class Program:
    """A running `serve`. With `errors` its stderr goes to a file that may be read meanwhile."""

    def __init__(self, folder: Path, *options: str, to_file: bool, **variables: str) -> None:
        self.state = folder / "state"
        self.errors = folder / "stderr"
        environment = {
            **os.environ,
            "TUI_ASSISTANT_STATE": str(self.state),
            "TUI_ASSISTANT_CONFIG": str(folder / "none.toml"),
            "TUI_ASSISTANT_MODELS__RESPONDER": "worker_models:responder",
            "TUI_ASSISTANT_MODELS__SYNTHESISER": "tui_assistant.testing.models:synthesiser",
            "PYTHONPATH": os.pathsep.join([str(folder), str(TESTS), os.environ.get("PYTHONPATH", "")]),
            **variables,
        }
        port = () if "--port" in options else ("--port", "0")
        command = [sys.executable, "-m", "tui_assistant", "serve", *port, *options]
        pipe = subprocess.PIPE
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                command, stdout=pipe, stderr=errors if to_file else pipe, text=True, env=environment
            )
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline()
        self.url = self.first_line.removeprefix("listening on ").strip()

    def http(self, path: str) -> str:
        return self.url.replace("ws://", "http://").replace("/v1/realtime", path)

    def workers(self) -> list[int]:
        """The processes that it has started, in the order of their numbers."""
        return _children(self.process.pid)

    def everybody(self) -> list[int]:
        """Those, and the ones that they have started."""
        return [pid for worker in self.workers() for pid in (worker, *_children(worker))]

    def end(self, number: signal.Signals) -> tuple[int, str, str, float]:
        """Exit status, what else it wrote, and how long it took after the signal."""
        began = time.monotonic()
        self.process.send_signal(number)
        rest, errors = self.process.communicate(timeout=60)
        return self.process.returncode, rest, errors, time.monotonic() - began


@contextmanager
def running(folder: Path, *options: str, to_file: bool = True, **variables: str) -> Iterator[Program]:
    program = Program(folder, *options, to_file=to_file, **variables)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.process.terminate()  # so that nobody whom it has started is left
        program.process.communicate(timeout=60)


def processes(columns: str) -> str:
    """All of this machine's."""
    return subprocess.run(["ps", "-A", "-ww", "-o", columns], capture_output=True, text=True, check=True).stdout


def _children(pid: int) -> list[int]:
    pairs = [tuple(map(int, line.split())) for line in processes("pid=,ppid=").splitlines()]
    return sorted(child for child, parent in pairs if parent == pid)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def ask(client: ClientConnection, text: str) -> None:
    """A response that runs, in a session that has just begun."""
    words = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    async with asyncio.timeout(60):
        # The model rings an alarm as soon as it knows of the session: that is a response, and the last words then.
        while json.loads(await client.recv())["type"] != "response.done":
            pass
        for event in (
            {"type": "session.update", "session": TEXT},
            {"type": "conversation.item.create", "item": words},
            {"type": "response.create"},
        ):
            await client.send(json.dumps(event))
        refused = False  # an answer to what was said to it runs still
        while not str((event := json.loads(await client.recv())).get("delta")).endswith((".", text)):
            refused |= event["type"] == "error" and "active_response" in str(event["error"]["code"])
            if refused and event["type"] == "response.done":
                await client.send(json.dumps({"type": "response.create"}))
                refused = False


async def to_the_end(client: ClientConnection) -> tuple[list[dict[str, Any]], int]:
    """The events until the server closes, and its code."""
    events = []
    try:
        async with asyncio.timeout(60):
            while True:
                events.append(json.loads(await client.recv()))
    except ConnectionClosed as error:
        assert error.rcvd is not None  # noqa: PT017  # how many events come before the close is open
        return events, error.rcvd.code
