"""Importing any module of the room loads no audio library: machines without sound must be able to."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import tui_assistant.audio


def test_no_module_loads_an_audio_library() -> None:
    names = [module.name for module in pkgutil.iter_modules(tui_assistant.audio.__path__, "tui_assistant.audio.")]
    assert "tui_assistant.audio.devices" in names
    program = f"import sys, {', '.join(names)}\nprint([m for m in {FORBIDDEN!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "[]\n", done.stderr


FORBIDDEN = ("sounddevice", "_sounddevice", "miniaudio", "_miniaudio", "textual", "websockets")
