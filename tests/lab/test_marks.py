from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.errors import UsageError
from tui_assistant.lab.labels import Segment
from tui_assistant.lab.marks import Marked, labels, parse_marks, parse_turns


def marks(*every: tuple[str, int | None, int | None]) -> str:
    return json.dumps(
        {
            "marks": [
                {"item_id": f"item_{number}", "mark": mark, "onset_ms": onset, "end_ms": end, "audio_start_ms": 0}
                for number, (mark, onset, end) in enumerate(every)
            ]
        }
    )


def test_marks_in_order_of_time_without_those_not_seen() -> None:
    text = marks(("too_slow", 5_000, 6_500), ("cut_off", 1_000, 2_000), ("not_speech", None, None))
    assert parse_marks(text) == [Marked("cut_off", Segment(1, 2)), Marked("too_slow", Segment(5, 6.5))]
    assert parse_marks('{"marks": []}') == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "no list"),
        ('{"marks": 3}', "no list"),
        ('{"marks": [3]}', "mark 1: `mark` is one of cut_off, too_slow, not_speech"),
        (marks(("fine", 0, 1)), "mark 1: `mark` is one of"),
        (marks(("cut_off", 0, 1), ("cut_off", 2, 1)), "mark 2: the end is before the onset"),
        (marks(("cut_off", -1, 1)), "mark 1: -1 ms cannot be"),
        ('{"marks": [{"mark": "cut_off", "onset_ms": NaN, "end_ms": 1}]}', "nan ms cannot be"),
        ('{"marks": [{"mark": "cut_off", "onset_ms": "0", "end_ms": 1}]}', "times are numbers"),
        ('{"marks": [{"mark": "cut_off", "onset_ms": true, "end_ms": 1}]}', "times are numbers"),
    ],
)
def test_bad_marks_say_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_marks(text)


def line(at_ms: int, kind: str, item: str, **reason: object) -> str:
    event = {"type": f"input_audio_buffer.{kind}", "item_id": item, **({"reason": reason} if reason else {})}
    return json.dumps({"at_ms": at_ms, "frame": 0, "fed_ms": at_ms, "from": "server", "event": event}) + "\n"


EVENTS = (
    line(0, "cleared", "-")
    + line(1_064, "speech_started", "a", rule="threshold", held_ms=64)
    + line(2_500, "speech_stopped", "a", rule="silence", silence_ms=500)
    + line(2_500, "committed", "a")
    + line(3_064, "speech_started", "b", rule="threshold", held_ms=64)
    + line(4_000, "committed", "b", rule="commit")  # sent by hand in the middle of the turn
    + line(6_000, "committed", "c", rule="commit")  # push-to-talk: nobody has heard where its speech lies
    + line(7_000, "speech_started", "d")  # another server gives no reasons
)


def test_a_sessions_turns_are_their_speech() -> None:
    assert parse_turns(EVENTS) == [Segment(1.0, 2.0), Segment(3.0, 4.0)]


def test_a_line_that_a_kill_cut_off_is_no_line() -> None:
    last = line(8_000, "speech_stopped", "d", silence_ms=500)
    assert parse_turns(EVENTS + last) == [Segment(1.0, 2.0), Segment(3.0, 4.0), Segment(7.0, 7.5)]
    for length in range(len(last)):
        assert len(parse_turns(EVENTS + last[:length])) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello\n", "line 1: is not JSON"),
        ("{}\n", "line 1: is no recorded event"),
        (EVENTS + "[]\n", "line 9: is no recorded event"),
        ('{"event": {"type": "input_audio_buffer.speech_started"}}\n', "line 1: times are numbers"),
    ],
)
def test_bad_events_say_which_line(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_turns(text)


TURNS = [Segment(1, 2), Segment(2.6, 4), Segment(10, 11), Segment(14.5, 15)]


@pytest.mark.parametrize(
    ("marked", "speech"),
    [
        ([], TURNS),
        ([Marked("not_speech", Segment(10, 11))], [TURNS[0], TURNS[1], TURNS[3]]),
        ([Marked("too_slow", Segment(10, 11))], TURNS),
        # the pause of 0.6 s belongs to the turn ...
        ([Marked("cut_off", Segment(1, 2))], [Segment(1, 4), *TURNS[2:]]),
        # ... one of 3.5 s does not
        ([Marked("cut_off", Segment(10, 11))], TURNS),
        # cut off twice
        (
            [Marked("cut_off", Segment(1, 2)), Marked("cut_off", Segment(2.6, 4)), Marked("too_slow", Segment(5, 6))],
            [Segment(1, 6), *TURNS[2:]],
        ),
        # what follows was not speech: nobody went on there
        ([Marked("cut_off", Segment(1, 2)), Marked("not_speech", Segment(2.6, 4))], [TURNS[0], *TURNS[2:]]),
        # a mark tells its turn's own times, a little beside those of the events
        ([Marked("too_slow", Segment(10.1, 11.1))], [*TURNS[:2], Segment(10.1, 11.1), TURNS[3]]),
    ],
)
def test_marks_correct_what_the_session_took_for_turns(marked: list[Marked], speech: list[Segment]) -> None:
    assert labels(marked, TURNS, []) == (speech, None)


def test_without_events_only_the_marked_places_are_judged() -> None:
    marked = [Marked("cut_off", Segment(1, 2)), Marked("not_speech", Segment(10, 11))]
    speech, judged = labels(marked, None, TURNS)
    assert speech == [Segment(1, 4)]
    assert judged == [Segment(1, 4), Segment(10, 11)]


def test_a_turn_that_was_cut_off_and_did_not_go_on_is_judged_alone() -> None:
    alone = [Segment(1, 2)]
    assert labels([Marked("cut_off", Segment(1, 2))], None, [Segment(1, 2), Segment(6, 7)]) == (alone, alone)


spans = st.lists(st.integers(1, 40), max_size=12).map(
    lambda steps: [Segment(sum(steps[:index]) / 10, sum(steps[: index + 1]) / 10) for index in range(1, len(steps), 2)]
)


@given(spans, spans)
def test_labels_are_sorted_and_apart(turns: list[Segment], places: list[Segment]) -> None:
    marked = [Marked(("cut_off", "too_slow", "not_speech")[number % 3], each) for number, each in enumerate(places)]
    speech, judged = labels(marked, turns, [])
    assert judged is None
    assert all(one.end < other.start for one, other in pairwise(speech))
    assert all(
        any(each.start <= mark.speech.start and mark.speech.end <= each.end for each in speech)
        for mark in marked
        if mark.mark != "not_speech"
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["cut_off"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["marks", "mark", "onset_ms", "end_ms", "event", "at_ms", "type"]), inner)
    ),
    max_leaves=12,
)


@given(st.text() | st.builds(json.dumps, json_values))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_marks, parse_turns):
        try:
            result = parse(text + "\n")
        except UsageError:
            continue
        assert isinstance(result, list)
