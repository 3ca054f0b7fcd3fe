"""Lines out of server events."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conversation import answer_begins, answer_ends, failed, response, turn, words

from tui_assistant.client.transcript import LONGEST_MEMORY, NO_WORDS, Transcript, TranscriptLine, ended, heard_text
from tui_assistant.protocol import server
from tui_assistant.protocol.items import AssistantMessage, InputText, JsonObject, UserMessage


def take(transcript: Transcript, *events: server.ServerEvent) -> TranscriptLine:
    """The last line that changed."""
    changed = [line for event in events for line in transcript.take(event, 1000)]
    return changed[-1]


def test_a_spoken_turn_grows_and_becomes_final() -> None:
    transcript = Transcript()
    line = take(transcript, *turn()[:1])
    assert (line.who, line.text, line.final) == ("you", "", False)
    line = take(transcript, server.TranscriptionDelta(item_id="u1", delta="set a", text="set a", stash="timer"))
    assert (line.text, line.stash) == ("set a", "timer")
    line = take(transcript, *turn()[1:3])
    assert line.note == "ended: silence 512 ms ≥ 500 ms"
    line = take(transcript, words("set a timer"))
    assert (line.text, line.stash, line.final) == ("set a timer", "", True)


def test_deltas_without_the_whole_text_are_put_together() -> None:
    transcript = Transcript()
    take(transcript, *turn()[:1])
    take(transcript, server.TranscriptionDelta(item_id="u1", delta="set "))
    assert take(transcript, server.TranscriptionDelta(item_id="u1", delta="a timer")).text == "set a timer"


def test_no_words_and_a_failed_recogniser_are_said() -> None:
    transcript = Transcript()
    assert take(transcript, *turn(), words("")).text == NO_WORDS
    failed = server.TranscriptionFailed(item_id="u1", error=server.TranscriptionError(message="the recogniser died"))
    line = take(transcript, failed)
    assert (line.text, line.failed, line.final) == ("(the recogniser died)", True, True)


def test_clearing_closes_only_lines_whose_audio_was_not_committed() -> None:
    transcript = Transcript()
    take(transcript, *turn("u1"))
    take(transcript, *turn("u2")[:1])
    assert [(line.key, line.note, line.final) for line in transcript.abandon()] == [("u2", "cleared", True)]
    assert not transcript["u1"].final
    assert transcript.abandon() == []


def test_typed_messages_are_final_at_once() -> None:
    item = UserMessage(id="m1", content=(InputText(text="hello"),))
    line = take(Transcript(), server.ItemAdded(item=item))
    assert (line.text, line.typed, line.final) == ("hello", True, True)


def test_an_answer_grows_until_its_item_is_done() -> None:
    transcript = Transcript()
    line = take(transcript, *answer_begins("It is "))
    assert (line.who, line.text, line.final) == ("bot", "It is ", False)
    more = server.OutputAudioTranscriptDelta(response_id="resp_1", item_id="a1", delta="ten.")
    assert take(transcript, more).text == "It is ten."
    assert take(transcript, *answer_ends()).final
    assert transcript.interrupted("a1", 1234, 1500)[0].interrupted_at_s == 1.234


@pytest.mark.parametrize("figures_first", [True, False])
def test_the_tools_of_an_answer_stand_before_its_figures(figures_first: bool) -> None:
    transcript = Transcript()
    take(transcript, *answer_begins("Done."))
    if figures_first:
        transcript.note("a1", "500 ms")
    metadata = {"used": "timer with seconds 10"}
    transcript.take(server.ResponseDone(response=response("completed", item="a1", metadata=metadata)), 5)
    if not figures_first:
        assert transcript["a1"].note == "used: timer with seconds 10"
        transcript.note("a1", "500 ms")
    assert transcript["a1"].note == "used: timer with seconds 10 · 500 ms"


def test_unknown_items_change_nothing() -> None:
    transcript = Transcript()
    assert transcript.take(words("x", "nobody"), 0) == []
    assert transcript.interrupted("nobody", 1, 2) == []


@pytest.mark.parametrize(
    ("heard_ms", "of_ms", "text"),
    [
        (2000, 2000, "It is two minutes past ten."),
        (1000, 2000, "It is two—"),
        (100, 2000, "—"),
        (0, 0, "—"),
        (400, 500, "It is two—"),  # most of its sound was still to come
    ],
)
def test_the_text_of_an_answer_ends_where_it_was_cut(heard_ms: int, of_ms: int, text: str) -> None:
    transcript = Transcript()
    take(transcript, *answer_begins("It is two minutes past ten."))
    assert transcript.interrupted("a1", heard_ms, of_ms)[0].text == text


SPOKEN = TranscriptLine("u1", "you", 1000)
SAID = TranscriptLine("a1", "bot", 1000, "It is ten.")
DONE = AssistantMessage(id="a1", content=())


@pytest.mark.parametrize(
    ("before", "event", "lines"),
    [
        ([], turn()[0], [SPOKEN]),
        (turn()[:1], turn()[0], [SPOKEN]),
        (turn()[:1], turn()[1], [replace(SPOKEN, note="ended: silence 512 ms ≥ 500 ms")]),
        ([], turn()[1], []),
        ([], server.BufferCommitted(item_id="u1"), []),  # known, with nothing to show yet
        (
            [],
            server.BufferCommitted(item_id="u1", reason={"rule": "commit"}),
            [replace(SPOKEN, note="ended: sent by key")],
        ),
        (turn()[:2], server.BufferCommitted(item_id="u1", reason={"rule": "commit"}), []),  # the first reason stays
        (
            [],
            server.TranscriptionDelta(item_id="u1", delta="set", text="", stash="a"),
            [replace(SPOKEN, text="set", stash="a")],
        ),
        (turn()[:1], words("set a timer"), [replace(SPOKEN, text="set a timer", final=True)]),
        (
            [*turn()[:1], server.TranscriptionDelta(item_id="u1", delta="", text="se", stash="t")],
            server.TranscriptionFailed(item_id="u1", error=server.TranscriptionError(message="it died")),
            [replace(SPOKEN, text="(it died)", final=True, failed=True)],
        ),
        (
            [],
            server.ItemAdded(item=UserMessage(id="m1", content=(InputText(text="hi"),))),
            [TranscriptLine("m1", "you", 1000, "hi", final=True, typed=True)],
        ),
        (
            [],
            server.ItemAdded(item=UserMessage(content=(InputText(text="hi"),))),
            [TranscriptLine("", "you", 1000, "hi", final=True, typed=True)],
        ),
        ([], server.ItemAdded(item=UserMessage(id="kept_1", content=(InputText(text="hi"),))), []),  # shown already
        ([], answer_begins("It is ten.")[2], [SAID]),
        ([], server.OutputTextDelta(response_id="r", item_id="a1", delta="It is ten."), [SAID]),
        (
            answer_begins("It is "),
            server.OutputAudioTranscriptDelta(response_id="resp_1", item_id="a1", delta="ten."),
            [SAID],
        ),
        (
            answer_begins("It is ten."),
            server.OutputItemDone(response_id="r", output_index=0, item=DONE),
            [replace(SAID, final=True)],
        ),
        ([], server.OutputItemDone(response_id="r", output_index=0, item=DONE), []),
        ([], failed("no model"), [TranscriptLine("resp_1", "bot", 1000, "(no model)", final=True, failed=True)]),
        ([], failed(""), [TranscriptLine("resp_1", "bot", 1000, "(no answer)", final=True, failed=True)]),
        (
            [],
            server.ResponseDone(response=response("failed")),
            [TranscriptLine("resp_1", "bot", 1000, "(no answer)", final=True, failed=True)],
        ),
        (
            answer_begins("It is ten."),
            server.ResponseDone(response=response("failed", item="a1")),
            [replace(SAID, note="(no answer)", failed=True)],
        ),
        (
            answer_begins("It is ten."),
            server.ResponseDone(response=response("completed", item="a1", metadata={"used": "clock"})),
            [replace(SAID, note="used: clock")],
        ),
        ([], server.ResponseDone(response=response("completed", item="a1", metadata={"used": "clock"})), []),
        (answer_begins("It is ten."), server.ResponseDone(response=response("completed", item="a1")), []),
        (answer_begins("x"), server.ResponseDone(response=response("completed", metadata={"origin": "timer"})), []),
        ([], server.BufferCleared(), []),
    ],
)
def test_what_an_event_makes_of_a_line(
    before: list[server.ServerEvent], event: server.ServerEvent, lines: list[TranscriptLine]
) -> None:
    transcript = Transcript()
    for each in before:
        transcript.take(each, 1000)
    assert transcript.take(event, 2000 if before else 1000) == lines


def test_tools_are_noted_at_the_last_item_that_is_shown() -> None:
    transcript = Transcript()
    for item in ("a1", "a2"):
        transcript.take(answer_begins("Done.", item)[2], 0)
    output = tuple(AssistantMessage(id=item, content=()) for item in ("a1", "a2", "never shown"))
    done = response("completed", metadata={"used": "clock"}).model_copy(update={"output": output})
    (line,) = transcript.take(server.ResponseDone(response=done), 0)
    assert (line.key, line.note) == ("a2", "used: clock")
    assert [each.note for each in transcript.note("a1", "500 ms")] == ["500 ms"]
    assert transcript.note("a1", "500 ms") == []  # nothing has changed


def test_a_forgotten_line_leaves_no_tools_behind() -> None:
    transcript = Transcript()
    transcript.take(answer_begins("Done.")[2], 0)
    transcript.take(server.ResponseDone(response=response("completed", item="a1", metadata={"used": "clock"})), 0)
    for number in range(LONGEST_MEMORY):
        transcript.take(turn(f"u{number}")[0], number)
    transcript.take(answer_begins("Done.")[2], 0)
    assert [line.note for line in transcript.note("a1", "500 ms")] == ["500 ms"]


def test_what_was_dropped_keeps_its_firm_words() -> None:
    transcript = Transcript()
    take(transcript, *turn()[:1], server.TranscriptionDelta(item_id="u1", delta="", text="set", stash="a timer"))
    assert transcript.abandon() == [replace(SPOKEN, text="set", note="cleared", final=True)]


def test_an_answer_that_was_cut_off_is_final() -> None:
    transcript = Transcript()
    take(transcript, *answer_begins("It is ten."))
    cut = replace(SAID, text="It is—", interrupted_at_s=0.3, final=True)
    assert transcript.interrupted("a1", 300, 500) == [cut]


@pytest.mark.parametrize(
    ("text", "heard_ms", "of_ms", "shown"),
    [
        ("one two three", 0, 1_000, "—"),
        ("one two three", 1_000, 1_000, "one two three"),
        ("one two three", 2_000, 1_000, "one two three"),  # more than there was
        ("one two three", 999, 1_000, "one two three"),  # rounded
        ("one two three", 900, 1_000, "one two—"),
        ("one two three", 600, 1_000, "one two—"),
        ("one two three", 300, 1_000, "one—"),
        ("one two three", 500, 500, "one two three"),
        ("one two three", 481, 481, "one two three"),
        ("one two three", 480, 480, "one two—"),  # 25 letters a second: 12 of 13
        ("unbelievable", 500, 1_000, "—"),
        ("x" * 1_001, 40_040, 40_040, "x" * 1_001),
        ("one  two three", 600, 1_000, "one—"),
        ("one two three", 400, 0, "—"),
        ("", 0, 0, ""),
        ("", 100, 100, ""),
    ],
)
def test_about_the_words_that_were_heard(text: str, heard_ms: int, of_ms: int, shown: str) -> None:
    assert heard_text(text, heard_ms, of_ms) == shown


def test_old_lines_are_forgotten() -> None:
    transcript = Transcript()
    for number in range(LONGEST_MEMORY + 10):
        transcript.take(turn(f"u{number}")[0], number)
    assert "u9" not in transcript
    assert "u10" in transcript
    assert f"u{LONGEST_MEMORY + 9}" in transcript


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ({"rule": "silence", "silence_ms": 512, "needed_ms": 500}, "ended: silence 512 ms ≥ 500 ms"),
        (
            {"rule": "judge", "p": 0.5, "wait_ms": 1150, "silence_ms": 1184},
            "ended: P(end) 0.50, silence 1184 ms ≥ 1150 ms",
        ),
        ({"rule": "commit"}, "ended: sent by key"),
        ({"rule": "max_turn", "turn_ms": 120_000, "longest_ms": 120_000}, "ended: the longest turn is 120 s"),
        ({"rule": "no_audio", "quiet_ms": 1500}, "ended: no audio came for 1500 ms"),
        ({"rule": "max_turn", "longest_ms": 1_999}, "ended: the longest turn is 1 s"),
        ({"rule": "idle_timeout"}, ""),
        (None, ""),
    ],
)
def test_the_reason_in_words(reason: JsonObject | None, text: str) -> None:
    assert ended(reason) == text
