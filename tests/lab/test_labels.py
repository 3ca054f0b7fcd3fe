from __future__ import annotations

import pytest

from tui_assistant.errors import UsageError
from tui_assistant.lab.labels import Segment, joined, parse_audacity, parse_rttm, parse_scv


def test_scv() -> None:
    text = "rec-01,0.000,0.403,0,0.403,1.204,1,1.204,1.440,0,1.440,2.470,1\n"
    assert parse_scv(text) == [Segment(0.403, 1.204), Segment(1.440, 2.470)]


def test_scv_joins_speech_that_touches() -> None:
    assert parse_scv("x,0,1,1,1,2,1") == [Segment(0, 2)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "triples"),
        ("name,0,1", "triples"),
        ("name,0,1,2", "segment 1: the label is '2'"),
        ("name,0,1,0,1,x,1", "segment 2: times are numbers"),
        ("name,2,1,1", "segment 1: a segment from 2 to 1 s"),
        ("name,0,nan,1", "cannot be"),
        ("name,0,inf,1", "cannot be"),
    ],
)
def test_scv_says_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_scv(text)


def test_audacity_track() -> None:
    text = "0.5\t1.5\thello\n\\\t100.0\t3000.0\n2.0\t3.0\tNoise\n4.0\t4.0\tmark\n5.0\t6.0\n"
    assert parse_audacity(text) == [Segment(0.5, 1.5), Segment(5.0, 6.0)]


def test_audacity_says_which_line_is_wrong() -> None:
    with pytest.raises(UsageError, match="line 2: times"):
        parse_audacity("0.5\t1.5\tspeech\nhello\n")


def test_rttm_takes_the_speakers_only() -> None:
    text = (
        "SPKR-INFO a 1 <NA> <NA> <NA> unknown s1 <NA>\n"
        "SPEAKER a 1 3.000 1.500 <NA> <NA> s1 <NA> <NA>\n"
        "SPEAKER a 1 0.250 0.500 <NA> <NA> s2 <NA> <NA>\n"
    )
    assert parse_rttm(text) == [Segment(0.25, 0.75), Segment(3.0, 4.5)]


def test_rttm_says_which_line_is_wrong() -> None:
    with pytest.raises(UsageError, match="line 1: a SPEAKER line"):
        parse_rttm("SPEAKER a 1 3.0")


def test_joining_over_gaps_is_by_less_than_the_gap() -> None:
    segments = [Segment(3.5, 4), Segment(0, 1), Segment(1.4, 2), Segment(2.5, 3), Segment(9, 9)]
    assert joined(segments, gap=0.5) == [Segment(0, 2), Segment(2.5, 3), Segment(3.5, 4)]
