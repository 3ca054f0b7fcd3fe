"""What the server logs: lines that a program can read, and nothing of what clients say or send."""

from __future__ import annotations

import atexit
import json
import logging
import re
import signal
from pathlib import Path

import pytest
from recording import blocks, sentence
from serve_program import ask, running
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tui_assistant.server.logs import configure, fields

CANARY, TOKEN = "a canary sings of 4711", "tok-9sLw-canary"
LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (info|warning|error) tui_assistant[\w.]* [a-z][\w ,-]+( \w+=\S+)*"
)


@pytest.mark.parametrize(("form", "workers"), [("json", "2"), ("text", "1")])
async def test_a_whole_life_in_lines(tmp_path: Path, form: str, workers: str) -> None:
    """A conversation, errors, refusals, and the end, with a canary in each of them."""
    (tmp_path / "token").write_text(TOKEN)
    options = ("--log-format", form, "--workers", workers, "--token-file", str(tmp_path / "token"))
    quick = {"TUI_ASSISTANT_MODELS__RECOGNISER": "tui_assistant.testing.models:recogniser"}
    with running(tmp_path, *options, **quick) as program:
        good = {"Authorization": f"Bearer {TOKEN}"}
        async with connect(
            f"{program.url}?model={CANARY.replace(' ', '+')}", additional_headers=good, proxy=None
        ) as one:
            audio = blocks(sentence())
            for block in audio:
                await one.send(json.dumps({"type": "input_audio_buffer.append", "audio": block}))
            await ask(one, CANARY)
            await one.send(json.dumps({"type": CANARY, CANARY: CANARY}))
            await one.send(CANARY)
            await one.recv()
        for headers in ({"Authorization": f"Bearer {CANARY}"}, {**good, "Origin": f"http://{CANARY}"}):
            with pytest.raises(InvalidStatus):
                await connect(program.url, additional_headers=headers, proxy=None)
        status, rest, *_ = program.end(signal.SIGTERM)
    said = program.errors.read_text()
    assert (status, rest) == (0, "")
    for secret in ("canary", "4711", audio[0][:40], audio[20][:40]):
        assert secret not in said
    if form == "json":
        lines = [json.loads(line) for line in said.splitlines()]
        assert all({"time", "level", "logger", "message", "worker"} <= set(line) for line in lines)
        refused = [(line["reason"], line["status"]) for line in lines if line["message"] == "a connection was refused"]
        assert sorted(refused) == [("origin", 403), ("token", 401)]
        messages = [line["message"] for line in lines]
    else:
        assert [line for line in said.splitlines() if not LINE.fullmatch(line)] == []
        messages = [part for part in ("a session has begun", "a session has ended", "draining") if part in said]
        assert 'reason="token" status=401' in said
    assert {"a session has begun", "a session has ended", "draining"} <= set(messages)


@pytest.fixture
def fresh_logging() -> object:
    """The loggers as they were, afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("tui_assistant")
    handlers, levels = list(root.handlers), (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def failure() -> Exception:
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        return error


@pytest.mark.usefixtures("fresh_logging")
@pytest.mark.parametrize("form", ["json", "text", None])
def test_what_libraries_say_is_not_repeated(capsys: pytest.CaptureFixture[str], form: str | None) -> None:
    listener = configure(form, 3)  # type: ignore[arg-type]  # a parameter of the test
    atexit.unregister(listener.stop)
    logging.getLogger("asyncio").error("Task failed: %s", CANARY, exc_info=failure())
    logging.getLogger("asyncio").warning(f"also {CANARY}")
    logging.getLogger("tui_assistant.server.x").warning(
        "a message %s", CANARY, extra=fields(bad="\x1b[31m\nx", no=None)
    )
    logging.getLogger("tui_assistant.server.x").info("for who wants it")
    listener.stop()
    said = capsys.readouterr().err
    assert "canary" not in said
    assert "\x1b" not in said
    lines = said.splitlines()
    assert len(lines) == (3 if form is None else 4)
    if form == "json":
        first, second, third, fourth = map(json.loads, lines)
        assert (first["logger"], first["level"], first["error"], first["worker"]) == (
            "asyncio",
            "error",
            "ValueError",
            3,
        )
        assert first["where"].startswith("test_logs.py:")
        assert first["message"] == second["message"] == "a library has reported something"
        assert (third["message"], third["bad"], "no" in third) == ("a message %s", "\x1b[31m\nx", False)
        assert fourth["message"] == "for who wants it"
    else:
        assert r'worker=3 bad="\u001b[31m\nx"' in lines[2]
