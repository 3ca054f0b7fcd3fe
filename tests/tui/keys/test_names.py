from __future__ import annotations

import pytest

from tui_assistant.tui.keys.names import TalkKeys, label


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("space", "space"),
        ("f2", "F2"),
        ("ctrl+t", "ctrl+t"),
        ("shift+f5", "shift+F5"),
        ("question_mark", "?"),
        ("full_stop", "."),
        ("escape", "esc"),
        ("pageup", "pgup"),
        ("enter", "enter"),
        ("+", "+"),
        ("z", "z"),
    ],
)
def test_keys_are_called_as_people_call_them(key: str, shown: str) -> None:
    assert label(key) == shown


def test_the_usual_talk_keys() -> None:
    assert (TalkKeys().talk_label, TalkKeys().toggle_label) == ("space", "F2")
