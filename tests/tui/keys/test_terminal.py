from __future__ import annotations

import pytest

from tui_assistant.client.hold import Method
from tui_assistant.tui.keys.terminal import help_line, normal, terminal_name, types_text


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"TERM": "xterm-256color"}, "xterm"),
        ({"TERM": "foot"}, "foot"),
        ({"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, "apple_terminal"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7000"}, "vte"),
        ({"TERM": "tmux-256color", "TMUX": "/x,1,0", "TERM_PROGRAM": "tmux", "KITTY_WINDOW_ID": "1"}, "xterm+tmux"),
        ({"TERM": "screen.xterm-256color", "STY": "1.pts"}, "xterm+screen"),
        ({"TERM": "xterm-256color", "SSH_CONNECTION": "1 2 3 4"}, "xterm+ssh"),
        ({}, "terminal"),
        ({"TERM": "../../etc/\x1b[2J pass wd"}, "etc-2j-pass-wd"),
        ({"TERM": "x" * 500}, "x" * 40),
    ],
)
def test_the_name_says_what_stands_between_the_keyboard_and_us(environment: dict[str, str], name: str) -> None:
    assert terminal_name(environment, ask_tmux=lambda: "xterm-256color\n") == name


def test_tmux_that_does_not_answer() -> None:
    assert terminal_name({"TMUX": "/x,1,0", "TERM": "screen"}, ask_tmux=lambda: "") == "terminal+tmux"


def test_key_names_are_written_as_textual_does() -> None:
    assert [normal(key) for key in ("space", "F4", "Shift+CTRL+t", "D", "+", "ctrl+D")] == [
        "space", "f4", "ctrl+shift+t", "D", "+", "ctrl+d",
    ]  # fmt: skip


def test_which_keys_type() -> None:
    assert [key for key in ("space", "t", "enter", "f4", "ctrl+t", "insert", "left_control") if types_text(key)] == [
        "space", "t", "enter", "left_control",
    ]  # fmt: skip


def test_one_line_of_help_where_it_is_needed() -> None:
    def line(method: Method, terminal: str = "xterm", *, reports: bool = False, misfit: str = "") -> str:
        return help_line(method, terminal, toggle="f2", reports=reports, misfit=misfit)

    assert line(Method.RELEASED, "kitty", reports=True) == ""
    assert line(Method.INFERRED, "xterm+tmux") == (
        "tmux hides key releases: holding works, it ends when auto-repeat does; or press F2 to begin and to send."
    )
    assert line(Method.INFERRED, "xterm+ssh").startswith("xterm doesn't report key releases: ")
    assert line(Method.INFERRED, "kitty", reports=True).startswith("The settings say so (keys.method): ")
    assert "(Textual has changed)" in line(Method.INFERRED, misfit="Textual has changed")
    assert "F2" in line(Method.TOGGLE)
