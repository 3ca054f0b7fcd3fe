"""Ten spoken sentences, each plain and with "uhm" at the end, through recogniser, words and waiting."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from spoken_turns import FILLER, SENTENCES, Room, flite

from tui_assistant.models.judges import words
from tui_assistant.models.recognisers import pocketsphinx


def test_a_filler_at_the_end_doubles_the_wait_at_least(tmp_path: Path) -> None:
    """The offline recogniser seldom writes "uhm"; what it hears instead ("in", "and") ends no sentence either."""
    recogniser, judge = pocketsphinx.create({}), words.create({})
    plain = [Room(recogniser, judge).hear(flite(text, tmp_path)) for text in SENTENCES]
    filled = [Room(recogniser, judge).hear(flite(f"{text} {FILLER}", tmp_path)) for text in SENTENCES]
    assert {end.judge for end in plain + filled} == {"words"}
    assert median(end.wait_ms for end in plain) <= 544
    assert median(end.wait_ms for end in filled) >= 2 * median(end.wait_ms for end in plain)
