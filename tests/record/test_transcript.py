"""A conversation as text, in each format; foreign text stays text."""

from __future__ import annotations

import json
import re
from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.errors import UsageError
from tui_assistant.record.transcript import FORMATS, Utterance, formatted

SAID = [
    Utterance("you", "12:01:03", 0, 1_700, "set a timer"),
    Utterance("bot", "12:01:05", 2_000, 2_400, "Timer set for five minutes, and it runs."),
    Utterance("you", "12:01:07", 4_000, 4_100, ""),
    Utterance("bot", "12:02:11", 68_000, 68_100, "It is two", interrupted_at_s=0.42),
    Utterance("you", "12:02:12", 69_000, 69_000, "why?", typed=True),
]


def test_plain_text_is_what_plain_prints() -> None:
    assert formatted(SAID, PurePath("a.TXT")).splitlines() == [
        "12:01:03 you  set a timer",
        "12:01:05 bot  Timer set for five minutes, and it runs.",
        "12:02:11 bot  It is two (interrupted at 0.4 s)",
        "12:02:12 you  why? (typed)",
    ]


def test_markdown() -> None:
    text = formatted(SAID[:2], PurePath("a.md"), "Talk")
    assert text == (
        "# Talk\n\n**you** 12:01:03\n\nset a timer\n\n**bot** 12:01:05\n\nTimer set for five minutes, and it runs.\n"
    )


def test_words_that_look_like_markdown_stay_words() -> None:
    said = [Utterance("bot", "12:00:00", 0, 0, "# no heading\n- no list\n1. nor here\n[link](x) *s* `c` <b>")]
    assert formatted(said, PurePath("a.md")).splitlines()[4:] == [
        r"\# no heading  ", r"\- no list  ", r"1\. nor here  ", r"\[link\](x) \*s\* \`c\` \<b\>",
    ]  # fmt: skip


def test_subtitles_do_not_overlap() -> None:
    assert formatted(SAID, PurePath("a.srt")).split("\n\n") == [
        "1\n00:00:00,000 --> 00:00:01,700\nyou: set a timer",
        "2\n00:00:02,000 --> 00:00:04,400\nbot: Timer set for five minutes, and it runs.",
        "3\n00:01:08,000 --> 00:01:09,000\nbot: It is two",
        "4\n00:01:09,000 --> 00:01:10,000\nyou: why?\n",
    ]


def test_json_has_everything() -> None:
    data = json.loads(formatted(SAID, PurePath("a.json"), "Talk"))
    assert data["title"] == "Talk"
    assert [each["text"] for each in data["utterances"]] == [each.text for each in SAID if each.text]
    assert data["utterances"][2] == {
        "who": "bot", "clock": "12:02:11", "at_ms": 68_000, "until_ms": 68_100, "text": "It is two",
        "interrupted_at_s": 0.42, "typed": False, "failed": False,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["a", "a.doc", ".md", "a.md.bak"])
def test_another_suffix_is_one_clear_line(name: str) -> None:
    with pytest.raises(UsageError, match=r"allowed are \.md, \.txt, \.srt, \.json"):
        formatted(SAID, PurePath(name))


@given(st.lists(st.text(), min_size=1, max_size=4), st.sampled_from(sorted(FORMATS)))
def test_whatever_was_said_no_control_reaches_the_file(texts: list[str], suffix: str) -> None:
    said = [Utterance("you", "12:00:00", 1000 * n, 1000 * n, text) for n, text in enumerate(texts)]
    text = formatted(said, PurePath(f"a{suffix}"))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    if suffix == ".srt":
        numbers = [line for line in text.splitlines() if " --> " in line]
        assert len(numbers) == len([each for each in texts if any(c.isprintable() and not c.isspace() for c in each)])
    if suffix == ".json":
        assert isinstance(json.loads(text)["utterances"], list)
