"""What the words say about whether more is to come."""

from __future__ import annotations

import pytest

from tui_assistant.engine.ports import Judged
from tui_assistant.models.judges.words import COMPLETE_P, FILLER_P, NO_WORDS_P, NUMBER_P, OPEN_P, WORD_P, p_finished
from tui_assistant.models.registry import Port, create


@pytest.mark.parametrize(
    ("text", "p"),
    [
        ("", NO_WORDS_P),
        (" ... ", NO_WORDS_P),
        ("set a timer for five minutes", COMPLETE_P),
        ("What time is it?", COMPLETE_P),
        ("stop", COMPLETE_P),
        ("yes please", COMPLETE_P),
        ("who are you", COMPLETE_P),
        ("what is seven times eight", COMPLETE_P),
        ("set a timer for five minutes uhm", FILLER_P),
        ("uh", FILLER_P),
        ("Set a timer for five minutes, um...", FILLER_P),
        ("set a timer for", OPEN_P),
        ("set a timer for five", OPEN_P),
        ("remind me to call the", OPEN_P),
        ("take a note and", OPEN_P),
        ("convert ten miles to", OPEN_P),
        ("what is", OPEN_P),
        ("what is five plus", OPEN_P),
        ("set a timer,", OPEN_P),
        ("tell me the…", OPEN_P),
        ("set the volume to twenty", NUMBER_P),
        ("seven", NUMBER_P),
        ("timer", WORD_P),
    ],
)
def test_last_words_decide(text: str, p: float) -> None:
    assert p_finished(text) == p


def test_case_and_punctuation_do_not_matter() -> None:
    assert p_finished("SET A TIMER FOR FIVE MINUTES.") == p_finished("set a timer for five minutes")


def test_it_is_found_by_name() -> None:
    judge = create(Port.JUDGE, "words")
    assert judge.judge(b"", "what is the") == Judged(OPEN_P, "words")
