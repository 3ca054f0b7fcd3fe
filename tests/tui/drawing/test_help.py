from __future__ import annotations

import pytest

from tui_assistant.runtime.api import Mode, State
from tui_assistant.tui.bindings import KEYS
from tui_assistant.tui.drawing.help import help_lines
from tui_assistant.tui.drawing.runs import text_of, width_of


def test_every_key_state_and_mode_is_explained() -> None:
    text = "\n".join(text_of(line) for line in help_lines(300))
    for key in KEYS:
        assert key.help in text
    for word in (*State, *Mode, "half-duplex", "toggle", "threshold", "silence_duration_ms", "prefix_padding_ms"):
        assert word in text


@pytest.mark.parametrize("width", [36, 60, 88])
def test_it_fits(width: int) -> None:
    assert max(width_of(line) for line in help_lines(width)) <= width
