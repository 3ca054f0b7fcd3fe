"""What a room must not load, itself or by way of others: each is imported whole in a fresh interpreter.

What it may import directly is checked by import-linter (pyproject.toml).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numpy", "textual", "websockets", "sounddevice", "asyncio")
DEVICES = ("textual", "sounddevice")
MUST_NOT_LOAD: dict[str, tuple[str, ...]] = {
    "errors": (*HEAVY, "pydantic"),
    "privatefile": (*HEAVY, "pydantic"),
    "clock": (*HEAVY, "pydantic"),
    "safetext": (*HEAVY, "pydantic"),
    "protocol": HEAVY,
    "sound": HEAVY[1:],
    "engine": HEAVY[1:],
    "lab": HEAVY[1:],
    "client": HEAVY,
    "models": DEVICES,
    "audio": ("textual", "websockets", "sounddevice", "miniaudio"),
    "record": ("textual", "websockets", "sounddevice"),
    "host": DEVICES,
    "links": DEVICES,
    "server": DEVICES,
    "conformance": DEVICES,
    "testing": DEVICES,
    "runtime": ("textual",),
    "tui": ("onnxruntime", "pocketsphinx"),
    "config": ("numpy", *DEVICES),
    "config_sections": ("numpy", *DEVICES),
    "config_secrets": ("numpy", *DEVICES),
    "config_file": ("numpy", *DEVICES),
    "state": ("numpy", *DEVICES),
    "cli": HEAVY,
    "commands": ("numpy", *DEVICES),
}
PACKAGE = Path(__file__).parents[1] / "tui_assistant"
ROOMS = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} | {path.stem for path in PACKAGE.glob("*.py")}
ROOMS -= {"__init__", "__main__"}

WALK = """
import importlib, pkgutil, sys
name, *heavy = sys.argv[1:]
room = importlib.import_module(name)
count = 1
for module in pkgutil.walk_packages(getattr(room, "__path__", []), name + "."):
    importlib.import_module(module.name)
    count += 1
print(count, *[module for module in heavy if module in sys.modules])
"""


@pytest.mark.parametrize("room", [room for room in MUST_NOT_LOAD if room in ROOMS])
def test_a_room_loads_nothing_that_it_must_not(room: str) -> None:
    command = [sys.executable, "-c", WALK, f"tui_assistant.{room}", *MUST_NOT_LOAD[room]]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    count, *loaded = result.stdout.split()
    assert int(count) >= 1
    assert loaded == []


def test_no_room_is_left_out() -> None:
    assert sorted(ROOMS - set(MUST_NOT_LOAD)) == []


def test_the_package_alone_loads_nothing() -> None:
    code = (
        "import sys; before = set(sys.modules); import tui_assistant\n"
        "assert 'TurnDetector' in dir(tui_assistant)\n"
        "print(*sorted(name for name in set(sys.modules) - before if name.startswith('tui_assistant')))\n"
        "print(*[name for name in ('numpy', 'pydantic', 'textual', 'click') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout == "tui_assistant\n\n"


def test_public_names_resolve() -> None:
    import tui_assistant

    for name in tui_assistant.__all__:
        assert getattr(tui_assistant, name) is not None
    with pytest.raises(AttributeError, match="TurnDetecter"):
        _ = tui_assistant.TurnDetecter


def test_the_version_is_that_of_the_project() -> None:
    import tomllib

    import tui_assistant

    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == tui_assistant.__version__
