"""`tui-assistant key` with a keyring of the test's own, and links that take their key from it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from needs import package
from test_cli import home, lines, program, write_wav

from tui_assistant.testing.server import realtime_server

__all__ = ["home"]  # a fixture
CANARY = "sk-canary-5c1e0123456789abcdef"
TESTS = Path(__file__).parent


@pytest.fixture(autouse=True)
def ring(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file behind the keyring; no key of whoever runs the tests."""
    package("keyring")
    for name in ("OPENAI_API_KEY", "DASHSCOPE_API_KEY", "AZURE_OPENAI_API_KEY", "XAI_API_KEY", "TUI_ASSISTANT_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "fake_keyring.FileRing")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), str(TESTS.parent)]))
    monkeypatch.setenv("FAKE_KEYRING", str(home / "ring.json"))
    return home / "ring.json"


def kept(ring: Path) -> dict[str, str]:
    return json.loads(ring.read_text()) if ring.exists() else {}


def shown(result: subprocess.CompletedProcess[bytes]) -> str:
    return (result.stdout + result.stderr).decode()


def put(name: str, key: str = CANARY, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return program("key", "set", name, stdin=f"{key}\n".encode(), **environment)


def test_a_key_is_kept_listed_and_removed_and_never_shown(ring: Path) -> None:
    for name in ("openai", "voice.example:8443"):
        result = put(name)
        assert (result.returncode, result.stdout) == (0, b"")
        assert lines(result.stderr) == [f"tui-assistant: the key of {name} is kept in the test's ring"]
    assert kept(ring)["tui-assistant/openai"] == CANARY
    listed = program("key", "list", XAI_API_KEY=CANARY)
    found = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines(listed.stdout)}
    assert found["openai"] == "the test's ring"
    assert found["voice.example:8443"] == "the test's ring"
    assert found["xai"] == "the variable XAI_API_KEY"
    assert found["qwen-intl"] == "no key"
    assert "speaches" not in found, "it needs none"
    assert CANARY not in shown(listed)
    assert program("key", "remove", "openai").returncode == 0
    assert "tui-assistant/openai" not in kept(ring)
    gone = program("key", "remove", "openai")
    assert gone.returncode == 1
    assert "there is no key of openai" in shown(gone)


def test_it_is_asked_for_without_echo(ring: Path) -> None:
    """On a terminal, whose echo is looked at."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tui_assistant", "key", "set", "openai"]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    seen = b""
    while b"Key of openai" not in seen:
        seen += os.read(ours, 1_000)
    os.write(ours, f"{CANARY}\n".encode())
    while b"is kept" not in seen:
        seen += os.read(ours, 1_000)
    assert process.wait(60) == 0
    os.close(ours)
    assert CANARY.encode() not in seen
    assert kept(ring)["tui-assistant/openai"] == CANARY


@pytest.mark.parametrize(
    ("name", "key", "said"),
    [
        ("openai", "", "nothing is kept"),
        ("openai", f"{CANARY} and more", "is no key"),
        ("openai", "x" * 3_000, "is no key"),
        (CANARY, CANARY, "a key is no argument"),
        ("(names)", CANARY, "NAME is a service"),
    ],
)
def test_what_cannot_be_kept_is_one_line(ring: Path, name: str, key: str, said: str) -> None:
    result = put(name, key)
    assert result.returncode == 2
    assert len(lines(result.stderr)) == 1
    assert said in shown(result)
    assert CANARY not in shown(result)
    assert kept(ring) == {}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("locked", "the system's keyring is locked"),
        ("broken", "does not work: OSError"),
        ("forgetful", "does not keep what it is given"),
    ],
)
def test_a_keyring_that_fails_is_one_line_without_the_key(fault: str, said: str) -> None:
    result = put("openai", FAKE_KEYRING_FAULT=fault, TUI_ASSISTANT_DEBUG="1")
    assert result.returncode == 1
    assert len(lines(result.stderr)) == 1
    assert said in shown(result)
    assert CANARY not in shown(result)


def test_without_a_keyring_each_line_says_what_to_do(home: Path) -> None:
    none = "keyring.backends.fail.Keyring"
    result = put("openai", PYTHON_KEYRING_BACKEND=none)
    assert result.returncode == 1
    assert "no keyring that can be used (keep the key in an environment variable)" in shown(result)
    listed = program("key", "list", PYTHON_KEYRING_BACKEND=none, OPENAI_API_KEY=CANARY)
    assert listed.returncode == 0
    assert any(line.split(maxsplit=1) == ["openai", "the variable OPENAI_API_KEY"] for line in lines(listed.stdout))
    assert CANARY not in shown(listed)
    link = program("--link", "openai", "--plain", PYTHON_KEYRING_BACKEND=none)
    assert link.returncode == 2
    (line,) = lines(link.stderr)
    assert "no key in OPENAI_API_KEY, and this system has no keyring that can be used" in line
    assert "export OPENAI_API_KEY=..., or `tui-assistant key set openai`" in line


def test_where_the_package_is_missing_the_extra_is_named(home: Path) -> None:
    """A module of that name that cannot be imported stands before it."""
    (home / "keyring.py").write_text("raise ImportError('not here')\n")
    result = put("openai", PYTHONPATH=os.pathsep.join([str(home), str(TESTS.parent)]))
    assert result.returncode == 1
    assert "not installed (pip install 'tui-assistant[keyring]')" in shown(result)


def test_the_help_names_the_commands() -> None:
    told = program("key", "--help").stdout.decode()
    assert [word for word in ("set", "remove", "list") if f"\n  {word} " not in told] == []


def test_a_link_takes_its_key_from_the_keyring_and_leaves_it_nowhere(home: Path, ring: Path) -> None:
    """A conversation with the key, recorded: it reached the server, and is in no output and no file but the ring."""
    put("openai")
    recording = write_wav(home / "quiet.wav", np.zeros(4_000, np.int16))
    shown_by: list[str] = []
    with realtime_server() as url, key_reader(url, shown_by) as door:
        options = [
            "--plain",
            "--input",
            recording,
            "--output",
            "none",
            "--exit-after-input",
            "--record",
            home / "taken",
        ]
        result = program("--link", f"openai+{door}/v1/realtime", *options, TUI_ASSISTANT_DEBUG="1")
    assert result.returncode == 1, "no turn was found"
    assert shown_by == [f"Bearer {CANARY}"]
    assert "↑" in lines(result.stderr)[-1]
    assert CANARY not in shown(result)
    holding = [path for path in home.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert holding == [ring]


@contextlib.contextmanager
def key_reader(upstream: str, seen: list[str]) -> Iterator[str]:
    """A door before the server that notes the Authorization of whoever comes."""
    server = socket.create_server(("127.0.0.1", 0))

    def carry(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)

    def answer() -> None:
        with contextlib.suppress(OSError):
            client, _ = server.accept()
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(65_536)
            fields = (line.partition(": ") for line in head.decode().splitlines())
            seen.extend(value for name, _, value in fields if name.lower() == "authorization")
            parts = urlsplit(upstream)
            ours = socket.create_connection((parts.hostname or "", parts.port or 0))
            ours.sendall(head)
            back = threading.Thread(target=carry, args=(ours, client), daemon=True)
            back.start()
            carry(client, ours)
            back.join(10)

    threading.Thread(target=answer, daemon=True).start()
    try:
        yield f"ws://127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.close()
