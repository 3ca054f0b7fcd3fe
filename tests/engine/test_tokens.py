"""How much a response counts."""

from __future__ import annotations

import pytest

from tui_assistant.engine import tokens
from tui_assistant.protocol.items import InputTokenDetails, OutputTokenDetails, Usage


@pytest.mark.parametrize(("text", "count"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("a" * 400, 100)])
def test_four_characters_are_a_token(text: str, count: int) -> None:
    assert tokens.of_text(text) == count


@pytest.mark.parametrize(("delta", "count"), [("", 0), (" ", 1), ("one", 1), (" one", 1), ("one two\nthree", 3)])
def test_a_delta_counts_as_its_words_and_at_least_as_one(delta: str, count: int) -> None:
    assert tokens.of_delta(delta) == count


@pytest.mark.parametrize(
    ("limit", "beginning"), [(0, ""), (1, "one  "), (2, "one  two "), (3, "one  two three"), (4, "one  two three")]
)
def test_the_beginning_of_a_delta_that_a_limit_leaves(limit: int, beginning: str) -> None:
    assert tokens.first("one  two three", limit) == beginning


def test_a_delta_without_a_word_fits_or_does_not() -> None:
    assert (tokens.first(" ", 1), tokens.first(" one two ", 2)) == (" ", " one two ")
    assert tokens.first(" one", 0) == ""


def test_audio_is_counted_by_its_time_begun_units_in_full() -> None:
    """As the service's price list has it: 100 ms of the user's voice are a token, and 50 ms of the assistant's."""
    assert tokens.usage(read=7, written=3, heard_ms=201, said_ms=101) == Usage(
        total_tokens=16,
        input_tokens=10,
        output_tokens=6,
        input_token_details=InputTokenDetails(text_tokens=7, audio_tokens=3),
        output_token_details=OutputTokenDetails(text_tokens=3, audio_tokens=3),
    )
    exact = tokens.usage(read=0, written=0, heard_ms=60_000, said_ms=60_000)
    assert (exact.input_tokens, exact.output_tokens) == (600, 1_200), "a minute of each"
    assert tokens.usage(read=0, written=0).total_tokens == 0
