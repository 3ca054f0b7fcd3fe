from __future__ import annotations

import pytest

from tui_assistant.models.skills.words import MAX_TOKENS, similarity, strip_fillers, tokenise


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("What\u2019s the time?", "what is the time"),
        ("12*3+4", "12 * 3 + 4"),
        ("15% of 1,250.5", "15 % of 1250.5"),
        ("twenty-five", "twenty five"),
        ("5min", "5 min"),
        ("100 °C", "100 °c"),
        ("Ten METRES!", "ten meters"),
        ("mom's birthday", "mom birthday"),
        ("\x1b[31m", "31 m"),
        ("", ""),
    ],
)
def test_tokens(text: str, tokens: str) -> None:
    assert tokenise(text) == tokens.split()


def test_length_is_bounded() -> None:
    assert len(tokenise("word " * 100_000)) == MAX_TOKENS + 1


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("um could you please set uh a timer", "set a timer"),
        ("hey so can you tell me the time please", "tell me the time"),
        ("what can you do", "what can you do"),
        ("set a timer for me", "set a timer"),
        ("can much is two times three", "how much is two times three"),
        ("um uh", ""),
    ],
)
def test_fillers_and_openings_go(text: str, left: str) -> None:
    assert strip_fillers(tokenise(text)) == left.split()


def test_similarity_counts_edits() -> None:
    assert similarity("timer", "timer") == 1.0
    assert similarity("timer", "timers") == pytest.approx(5 / 6)
    assert similarity("time", "tame") == pytest.approx(3 / 4)
    assert similarity("at", "on") == 0.0
    assert similarity("calculate", "cat") == 0.0
