from __future__ import annotations

from dataclasses import replace

import pytest

from tui_assistant.runtime.api import Line, Mode, Snapshot, Speaker
from tui_assistant.tui.drawing.runs import text_of, width_of
from tui_assistant.tui.drawing.transcript import utterance, welcome

SAID = Line("u1", "12:01:03", Speaker.YOU, "set a timer", note="ended: silence 512 ≥ 500 ms")


def drawn(line: Line, width: int = 60) -> list[str]:
    return [text_of(row) for row in utterance(line, width)]


def test_clock_speaker_words_and_below_them_why() -> None:
    assert drawn(SAID) == ["12:01:03 ▌you  set a timer", "         ▌     ended: silence 512 ≥ 500 ms"]


def test_long_text_is_wrapped_under_itself() -> None:
    rows = drawn(replace(SAID, text="one two three four five six seven eight", note=""), 40)
    assert rows == ["12:01:03 ▌you  one two three four five", "         ▌     six seven eight"]


def test_words_that_may_change_are_dim_and_something_is_to_come() -> None:
    rows = utterance(replace(SAID, stash="for fi", final=False, note=""), 60)
    assert text_of(rows[0]).endswith("set a timer for fi …")
    assert ("for fi …", "dim") in rows[0]


def test_an_interruption_says_when() -> None:
    assert drawn(replace(SAID, interrupted_at_s=0.42, note="")) == ["12:01:03 ▌you  set a timer [interrupted at 0.4 s]"]


def test_no_words_typed_and_failed_are_said() -> None:
    assert "(no words)" in drawn(replace(SAID, text=" "))[0]
    assert "(typed)" in drawn(replace(SAID, typed=True))[0]
    assert "[failed]" in drawn(replace(SAID, failed=True))[0]


def test_a_chosen_line_can_be_told_without_colour_and_is_as_wide() -> None:
    for width in (60, 30):
        plain, chosen = utterance(SAID, width), utterance(SAID, width, chosen=True)
        assert "▸" in text_of(chosen[0])
        assert "▸" not in text_of(plain[0])
        assert width_of(chosen[0]) == width_of(plain[0])
        assert chosen[1:] == plain[1:]


def test_a_mark_stands_behind_the_words() -> None:
    assert text_of(utterance(SAID, 60, mark="too slow")[0]).endswith("set a timer [too slow]")


@pytest.mark.parametrize("width", [1, 8, 20, 39, 40, 54, 120])
def test_no_row_is_wider_than_the_pane_unless_that_is_absurdly_narrow(width: int) -> None:
    rows = utterance(replace(SAID, text="漢字 and a_very_long_word_that_must_be_broken_somewhere " * 3), width)
    assert all(width_of(row) <= max(width, 14) for row in rows)


def test_a_newcomer_is_told_what_to_do() -> None:
    def words(snapshot: Snapshot) -> str:
        return " ".join(text_of(row) for row in welcome(snapshot, 60))

    assert "Just speak" in words(Snapshot(microphone="mic"))
    assert "space" in words(Snapshot(microphone="mic", mode=Mode.PUSH_TO_TALK))
    assert "No microphone" in words(Snapshot())
    assert "Just speak" in words(Snapshot(link_state="starting"))
    assert "Try" not in words(Snapshot())
    for key in (" D ", " i ", " ? "):
        assert key in words(Snapshot())


@pytest.mark.parametrize(
    ("width", "expected"), [(48, "── 12:01:04 a new conversation " + "─" * 17), (12, "── 12:01:04 ")]
)
def test_a_divider_is_a_rule_with_words_in_it(width: int, expected: str) -> None:
    line = Line("divider_1", "12:01:04", Speaker.BOT, "a new conversation", divider=True)
    assert [text_of(row) for row in utterance(line, width)] == [expected]
