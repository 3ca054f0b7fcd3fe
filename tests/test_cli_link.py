"""The whole program on a link that breaks: what it says, when, and that the key stands nowhere."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from canary import CANARY, files_with
from services import Quirks, Service
from test_cli import home

__all__ = ["home"]  # a fixture

SAYS_S = 1.0  # after the break was noticed the screen says so
NOTICES_S = 0.1
BUSY_S = 1.5  # what a machine with other work may take, between three processes
ECHOED = {"code": "invalid_api_key", "message": f"Incorrect API key provided: {CANARY}. Look at your account."}


@pytest.mark.usefixtures("home")
async def test_a_break_is_said_at_once_and_a_refused_key_ends_the_tries(tmp_path: Path) -> None:
    service, loop = Service(Quirks(), Quirks(parting=ECHOED, created="never")), asyncio.get_running_loop()
    silence = tmp_path / "silence.raw"
    silence.write_bytes(bytes(16_000 * 2 * 60))
    async with service.listening() as url:
        with silence.open("rb") as microphone:
            program = await asyncio.create_subprocess_exec(
                *[sys.executable, "-m", "tui_assistant", "--plain", "--link", f"openai+{url}"],
                *["--input", "-", "--input-rate", "16000", "--output", "none", "--record", str(tmp_path / "recorded")],
                env={**os.environ, "OPENAI_API_KEY": CANARY},
                stdin=microphone,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        assert program.stdout is not None
        assert program.stderr is not None
        said: list[str] = []

        async def until(words: str) -> float:
            async with asyncio.timeout(60):
                while words not in (line := (await program.stdout.readline()).decode()):
                    assert line, (said, await program.stderr.read())
                    said.append(line)
            said.append(line)
            return loop.time()

        async with asyncio.timeout(60):
            while not (service.sessions and "input_audio_buffer.append" in service.sessions[0].types):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        began = loop.time()
        service.reset()
        took = await until("The link broke") - began
        await until("the key is refused")
        program.send_signal(signal.SIGTERM)
        out, problems = await program.communicate()
    text = "".join(said) + out.decode() + problems.decode()
    print(f"said {took:.2f} s after the reset")
    assert took < NOTICES_S + SAYS_S + BUSY_S
    assert CANARY not in text
    assert set(service.keys) == {f"Bearer {CANARY}"}, "the server got it"
    assert (tmp_path / "recorded" / "events.jsonl").stat().st_size > 0
    assert not list(files_with(CANARY.encode(), tmp_path))
