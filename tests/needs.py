"""Programs and packages that some tests cannot do without: what is missing is named, and CI has it all."""

from __future__ import annotations

import ctypes.util
import importlib
import os
import shutil
from types import ModuleType

import pytest

PACKAGES = {
    "flite": "flite",
    "espeak-ng": "espeak-ng",
    "tmux": "tmux",
    "pulseaudio": "pulseaudio",
    "pactl": "pulseaudio-utils",
    "portaudio": "libportaudio2 libasound2-plugins",
    "Xvfb": "xvfb",
    "xdotool": "xdotool",
    "kitty": "kitty libgl1-mesa-dri",
    "xterm": "xterm",
    "foot": "foot",
    "weston": "weston",
}


def needs(*names: str) -> None:
    """Skips the running test when a program, or the library portaudio, is not installed; under CI it fails."""
    missing = [name for name in names if not _there(name)]
    if not missing:
        return
    text = f"needs {', '.join(missing)}: apt install {' '.join(PACKAGES[name] for name in missing)}"
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)


def package(name: str) -> ModuleType:
    """A package of the extra `test`, which an environment made earlier may lack: skips, or fails under CI."""
    try:
        return importlib.import_module(name)
    except ImportError:
        text = f"needs {name}: pip install '.[test]'"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text, allow_module_level=True)


def _there(name: str) -> bool:
    return bool(ctypes.util.find_library(name)) if name == "portaudio" else shutil.which(name) is not None
