"""Text deltas to pieces that a voice can say."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tui_assistant.engine.sentences import LONGEST_PIECE, SentenceCutter, speakable


def pieces(*deltas: str) -> list[str]:
    cutter = SentenceCutter()
    return [piece for delta in deltas for piece in cutter.push(delta)] + cutter.flush()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("   \n ", []),
        ("Hello", ["Hello"]),
        ("Hello there. How are you? Fine!", ["Hello there.", "How are you?", "Fine!"]),
        ("Wait... what?! Yes", ["Wait...", "what?!", "Yes"]),
        ("So… yes.", ["So…", "yes."]),
        # no end: decimals, versions, addresses, a mark inside a word
        ("It is 3.5 degrees.", ["It is 3.5 degrees."]),
        ("See example.com/a?b=1 now", ["See example.com/a?b=1 now"]),
        # abbreviations
        ("Ask Dr. Smith, e.g. tomorrow at 5 p.m. or so.", ["Ask Dr. Smith, e.g. tomorrow at 5 p.m. or so."]),
        ("Ask (Mr. X) etc. now", ["Ask (Mr. X) etc. now"]),
        ("Ask Dr. Smith. Then go.", ["Ask Dr. Smith.", "Then go."]),
        # quotes and brackets belong to the sentence that they close
        ('He said "go." Then he went.', ['He said "go."', "Then he went."]),
        ("(It is late.) Sleep.", ["(It is late.)", "Sleep."]),
        # CJK marks need no space
        ("你好。你好吗？好！", ["你好。", "你好吗？", "好！"]),
        # lines
        ("One\nTwo\n\n\nThree", ["One", "Two", "Three"]),
        # markdown is for the eye
        ("**Bold** and `code` here", ["Bold and code here"]),
        ("# Title\n> quoted\n", ["Title", "quoted"]),
        ("See [the page](https://example.com/x) now.", ["See the page now."]),
        ("Do this: ```python\nprint('hi. you')\nx = 1\n``` That was it.", ["Do this: That was it."]),
        ("First. ```a. b``` Second. ```never closed. at all", ["First.", "Second."]),
        ("```a. b\n``` Only this.", ["Only this."]),
        ("So **```x = 1```** done.", ["So done."]),
        ("First ```a. b``` and ```c. d``` so.", ["First and so."]),
        ("***", []),
    ],
)
def test_text_is_cut_at_sentences(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected
    assert pieces(*text) == expected, "character by character"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "The moon is far away, and the sun is farther, too.",
            ["The moon is far away,", "and the sun is farther, too."],
        ),
        ("Well, yes, it is so, I think.", ["Well, yes, it is so,", "I think."]),  # "Well," is over too soon
        ("The moon is far, and so are we.", ["The moon is far,", "and so are we."]),
        ("The far moon, the sun and we.", ["The far moon, the sun and we."]),
        ("There are three of them: one, two, three.", ["There are three of them:", "one, two, three."]),
        ('He said "the moon is far," and left.', ['He said "the moon is far,"', "and left."]),
        ("It costs about 1,000 or 2,500 euros.", ["It costs about 1,000 or 2,500 euros."]),
        ("It is noon. The moon is far away, they say.", ["It is noon.", "The moon is far away, they say."]),
    ],
)
def test_the_first_piece_may_end_with_a_clause(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected
    assert pieces(*text) == expected, "character by character"


def test_a_sentence_is_given_as_soon_as_its_end_is_sure() -> None:
    cutter = SentenceCutter()
    assert cutter.push("It is 3") == []
    assert cutter.push(".") == []
    assert cutter.push("5.") == []
    assert cutter.push(" So") == ["It is 3.5."]
    assert cutter.push("好。") == ["So好。"]
    assert cutter.flush() == []
    assert cutter.push("rest") == []
    assert [cutter.flush(), cutter.flush()] == [["rest"], []]


def test_the_end_of_long_code_is_waited_for() -> None:
    cutter = SentenceCutter()
    assert cutter.push("```" + "x = 1. y " * 40) == []
    assert cutter.push("z``` Done. ") == ["Done."]
    assert pieces("a" * (LONGEST_PIECE - 2) + "```x = 1``` b") == ["a" * (LONGEST_PIECE - 2), "b"]
    assert SentenceCutter().push("a" * (LONGEST_PIECE - 2) + "```x = 1") == [], "it begins in what would be cut off"


@pytest.mark.parametrize("mark", [", ", "; ", ": ", " "])
def test_a_long_sentence_is_cut_where_one_can_breathe(mark: str) -> None:
    text = "a" * 100 + mark + "b" * 300
    first, *rest = pieces(text)
    assert first == ("a" * 100 + mark).strip()
    assert [len(piece) for piece in rest] == [LONGEST_PIECE, 300 - LONGEST_PIECE]


@pytest.mark.parametrize(("better", "later"), [(",", ";"), (";", ":"), (":", ""), (",", "")])
def test_a_comma_is_better_than_a_later_space(better: str, later: str) -> None:
    assert pieces("a" * 50 + better + " " + "b" * 50 + later + " " + "c" * 200)[0] == "a" * 50 + better


def test_a_piece_has_words() -> None:
    assert SentenceCutter().push(" " + "x" * 300) == ["x" * (LONGEST_PIECE - 1)], "no cut in front of the first"


def test_the_longest_sentence_that_is_not_cut() -> None:
    sentence = "a " * (LONGEST_PIECE // 2 - 1) + "b."
    assert pieces(sentence + " So.") == [sentence, "So."]
    assert SentenceCutter().push(sentence) == [], "it may still go on"
    assert pieces(f"a{sentence} So.") == [f"a{sentence}".rpartition(" ")[0], "b.", "So."]


WORDS = st.sampled_from(
    ["word", "a", "Dr.", "e.g.", "3.5", "end.", "end!", 'end."', "…", "。", "？", "\n", "\n\n", " ", "  ", ", ", "; ",
     "**", "`", "``", "```", "x" * 60, "y" * 239, "z" * 240, "_", "#"]
)  # fmt: skip


@given(text=st.lists(WORDS, max_size=20).map("".join), data=st.data())
@example("x" * 230 + ", " + "y" * 60 + ". End", None)
@example("x" * 239 + "```a```", None)
@settings(max_examples=400, deadline=None)
def test_deltas_cut_anywhere_give_the_same_pieces(text: str, data: st.DataObject | None) -> None:
    whole = pieces(text)
    assert pieces(*text) == whole
    if data is not None:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
        assert pieces(*(text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True))) == whole
    assert all(0 < len(piece) <= LONGEST_PIECE for piece in whole)


@given(st.lists(st.sampled_from(["word ", "Dr. ", "end. ", "。", "\n", ", ", "**", "_", "x" * 100 + " "]), max_size=30))
@settings(max_examples=150, deadline=None)
def test_nothing_but_markdown_is_lost(words: list[str]) -> None:
    text = "".join(words)
    assert "".join(pieces(text)).replace(" ", "") == speakable(text).replace(" ", "")
