from __future__ import annotations

import pytest

from tui_assistant.client.hold import Method
from tui_assistant.runtime.api import Keyboard, Mode, State
from tui_assistant.tui.bindings import KEYS
from tui_assistant.tui.drawing.help import help_lines
from tui_assistant.tui.drawing.runs import text_of, width_of
from tui_assistant.tui.keys.names import TalkKeys


def test_every_key_state_and_mode_is_explained() -> None:
    text = "\n".join(text_of(line) for line in help_lines(300))
    for key in KEYS:
        assert key.help in text
    for word in (*State, *Mode, "half-duplex", "toggle", "threshold", "silence_duration_ms", "prefix_padding_ms"):
        assert word in text


def test_talking_is_explained_for_this_terminal_and_these_keys() -> None:
    keyboard = Keyboard(Method.INFERRED, "xterm", "xterm doesn't report key releases: holding works.")
    text = "\n".join(text_of(line) for line in help_lines(300, keyboard, TalkKeys("f4", "ctrl+t")))
    assert keyboard.why in text
    assert "Holding F4 to talk" in text
    assert " ctrl+t " in text
    for word in (*Method, "latched", "on-press", "0.1 to 0.5 s"):
        assert word in text


@pytest.mark.parametrize("width", [36, 60, 88])
def test_it_fits(width: int) -> None:
    assert max(width_of(line) for line in help_lines(width)) <= width
