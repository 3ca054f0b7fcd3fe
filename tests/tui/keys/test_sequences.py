from __future__ import annotations

import pytest

from tui_assistant.client.hold import Edge
from tui_assistant.tui.keys.sequences import flags_answer, reports_release, split, tokens


@pytest.mark.parametrize(
    ("sent", "code", "edge", "plain"),
    [
        ("\x1b[32;;32u", "32u", None, "\x1b[32;;32u"),  # kitty: a press has no event
        ("\x1b[32;1:1;32u", "32u", Edge.PRESS, "\x1b[32;;32u"),  # foot: it has
        ("\x1b[32;1:2;32u", "32u", Edge.REPEAT, "\x1b[32;;32u"),
        ("\x1b[32;1:3u", "32u", Edge.RELEASE, "\x1b[32u"),
        ("\x1b[32;2:3u", "32u", Edge.RELEASE, "\x1b[32;2u"),
        ("\x1b[A", "1A", None, "\x1b[A"),
        ("\x1b[1;1:2A", "1A", Edge.REPEAT, "\x1b[A"),
        ("\x1b[1;5:2A", "1A", Edge.REPEAT, "\x1b[1;5A"),
        ("\x1b[3;1:2~", "3~", Edge.REPEAT, "\x1b[3~"),
        ("\x1b[1;1:3S", "1S", Edge.RELEASE, "\x1b[S"),
        ("\x1b[0;;233:8364u", "0u", None, "\x1b[0;;233:8364u"),  # text of an input method
    ],
)
def test_a_key_is_taken_apart(sent: str, code: str, edge: Edge | None, plain: str) -> None:
    parts = split(sent)
    assert parts is not None
    assert (parts.code, parts.edge, parts.plain) == (code, edge, plain)


@pytest.mark.parametrize("sent", ["\x1b", "\x1b[", "\x1b[32;1:", "a", " ", "\x1b[<0;1;1M", "\x1b[?27u", "\x1b[32;1:4u"])
def test_what_is_no_key_is_left_alone(sent: str) -> None:
    assert split(sent) is None


def test_the_flags_in_force() -> None:
    assert flags_answer("\x1b[?27u") == 27
    assert flags_answer("\x1b[?u") is None
    assert flags_answer("\x1b[27u") is None


@pytest.mark.parametrize(
    ("flags", "text", "function"),
    [(27, True, True), (25, False, False), (3, False, True), (0, False, False)],
)
def test_a_letter_has_a_release_only_with_all_keys_reported(flags: int, text: bool, function: bool) -> None:
    assert reports_release(flags, types_text=True) is text
    assert reports_release(flags, types_text=False) is function


def test_raw_input_is_cut_into_keys() -> None:
    sent = "a \x1b[32;1:2;32u\x1bOP\x1b[?27u\x1b[<0;5;5Mé\x1b[32;1"
    assert tokens(sent) == (["a", " ", "\x1b[32;1:2;32u", "\x1bOP", "\x1b[?27u", "\x1b[<0;5;5M", "é"], "\x1b[32;1")
    assert tokens("x\x1b") == (["x"], "\x1b")
