"""Words of who listens."""

from __future__ import annotations

import pytest

from tui_assistant.client.backchannels import BACKCHANNELS, is_backchannel, is_floor


@pytest.mark.parametrize(
    "words",
    [
        "mhm",
        "Yes.",
        "OKAY!",
        "uh-huh",
        "Mm-hmm.",
        "I see",
        "yeah, right, okay",
        "oh of course",
        "right… sure",
        *sorted(BACKCHANNELS),
    ],
)
def test_nothing_but_backchannels(words: str) -> None:
    assert is_backchannel(words)
    assert not is_floor(words)


@pytest.mark.parametrize(
    "words",
    ["stop", "no", "wait", "yes but", "right turn", "I", "of", "okay google", "uh what", "go on", "halt", "是的"],
)
def test_who_says_something_wants_the_floor(words: str) -> None:
    assert not is_backchannel(words)
    assert is_floor(words)


@pytest.mark.parametrize("words", ["", "  ", "…", "?!", "_"])
def test_silence_is_neither(words: str) -> None:
    assert not is_backchannel(words)
    assert not is_floor(words)
