"""How long the answers of a session took, over all of them."""

from __future__ import annotations

import pytest
from conversation import response, sound, words
from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.client.latency import KEPT_REPLIES, Latency, ReplyLatency, ReplyTimes, Waterfall, percentile
from tui_assistant.protocol import server
from tui_assistant.protocol.items import InputAudio, InputText, UserMessage


def waterfall(total: int) -> Waterfall:
    return Waterfall(vad=total, asr=0, think=0, voice=0, out=0)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([7], 50, 7),
        ([7], 95, 7),
        ([1, 2, 3, 4], 50, 2),
        ([3, 1, 2], 50, 2),
        (range(1, 21), 95, 19),
        ([1, 2], 100, 2),
        (range(1, 201), 100, 200),
    ],
)
def test_percentiles(values: list[int], share: float, expected: int) -> None:
    assert percentile(values, share) == expected


@given(st.lists(st.integers(0, 9_000), min_size=1), st.floats(1, 100))
def test_so_many_are_not_longer(values: list[int], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= len(values) * share / 100 - 1e-9
    assert sum(value < found for value in values) < len(values) * share / 100 + 1e-9


def test_a_session_in_figures_and_in_words() -> None:
    times = ReplyTimes()
    assert times.replies == ReplyLatency(0, 0, 0)
    for total in (800, 550, 560):
        times.add(waterfall(total))
    assert times.replies == ReplyLatency(3, 560, 800)
    assert times.replies.in_short == "p50 0.56 p95 0.80 s"
    assert str(times.replies) == "3 answers, end of speech to first sound: p50 0.56 p95 0.80 s"
    assert str(ReplyLatency(1, 500, 500)).startswith("1 answer, ")


def test_half_and_nineteen_of_twenty() -> None:
    times = ReplyTimes()
    for total in range(1, 101):
        times.add(waterfall(total))
    assert times.replies == ReplyLatency(100, 50, 95)


STOPPED = server.SpeechStopped(item_id="u1", audio_end_ms=0, reason={"silence_ms": 512})
WORDS = words("hello")
TEXT = server.OutputAudioTranscriptDelta(response_id="r", item_id="a1", delta="hi")
AUDIO = sound(1)
Said = list[tuple[int, server.ServerEvent]]


def figures(said: Said, item_id: str = "a1", heard_ms: int = 1_300) -> Waterfall | None:
    latency = Latency()
    for now_ms, event in said:
        latency.take(event, now_ms)
    return latency.heard(item_id, heard_ms)


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ([(1_000, STOPPED), (1_006, WORDS), (1_100, TEXT), (1_250, AUDIO)], (512, 6, 94, 150, 50)),
        ([(1_000, STOPPED), (1_100, TEXT), (1_250, AUDIO)], (512, 0, 100, 150, 50)),  # no words were told
        ([(900, WORDS), (1_000, STOPPED), (1_100, TEXT), (1_250, AUDIO)], (512, 0, 100, 150, 50)),
        ([(1_000, STOPPED), (1_100, TEXT), (1_200, WORDS), (1_250, AUDIO)], (512, 100, 0, 150, 50)),  # late ones
        (
            [(1_000, STOPPED), (1_006, WORDS), (1_050, words("more")), (1_100, TEXT), (1_250, AUDIO)],
            (512, 6, 94, 150, 50),
        ),
        ([(1_000, STOPPED), (1_100, TEXT), (1_110, TEXT), (1_250, AUDIO), (1_260, AUDIO)], (512, 0, 100, 150, 50)),
        ([(1_000, STOPPED), (1_100, TEXT), (1_310, AUDIO)], (512, 0, 100, 210, 0)),  # the speaker's clock is behind
        (
            [(1_000, server.SpeechStopped(item_id="u1", audio_end_ms=0)), (1_100, TEXT), (1_250, AUDIO)],
            (0, 0, 100, 150, 50),
        ),
        (
            [(900, STOPPED), (1_000, server.BufferCommitted(item_id="u1")), (1_100, TEXT), (1_250, AUDIO)],
            (512, 0, 200, 150, 50),  # the commit of that turn begins nothing
        ),
        (
            [(900, STOPPED), (1_000, server.BufferCommitted(item_id="u2")), (1_100, TEXT), (1_250, AUDIO)],
            (0, 0, 100, 150, 50),  # another one, by key
        ),
    ],
)
def test_where_the_time_went(said: Said, parts: tuple[int, ...]) -> None:
    assert figures(said) == Waterfall(*parts)


def test_the_figures_say_whose_they_are() -> None:
    found = figures([(1_000, STOPPED), (1_100, TEXT), (1_250, AUDIO)])
    assert found is not None
    assert (found.turn_id, found.total) == ("u1", 812)
    assert str(found) == "812 ms: vad 512 asr 0 think 100 voice 150 out 50"
    found = figures([(1_000, server.BufferCommitted(item_id="u2")), (1_100, TEXT), (1_250, AUDIO)])
    assert found is not None
    assert found.turn_id == "u2"


def test_the_first_item_of_an_answer_is_measured_once() -> None:
    other = server.OutputAudioTranscriptDelta(response_id="r", item_id="a2", delta="hi")
    said: Said = [(1_000, STOPPED), (1_100, TEXT), (1_200, other), (1_250, AUDIO)]
    assert figures(said, "a2") is None
    latency = Latency()
    for now_ms, event in said:
        latency.take(event, now_ms)
    assert latency.heard("a1", 1_300) is not None
    assert latency.heard("a1", 1_400) is None


@pytest.mark.parametrize("missing", [STOPPED, TEXT, AUDIO])
def test_what_is_not_known_has_no_figures(missing: server.ServerEvent) -> None:
    said: Said = [(1_000, STOPPED), (1_100, TEXT), (1_250, AUDIO)]
    assert figures([each for each in said if each[1] is not missing]) is None


@pytest.mark.parametrize(
    ("event", "waits"),
    [
        (server.ItemAdded(item=UserMessage(id="m1", content=(InputText(text="hello"),))), False),
        (server.ItemAdded(item=UserMessage(id="u1", content=(InputAudio(),))), True),
        (server.ResponseDone(response=response("completed")), False),
        (server.ResponseDone(response=response("completed", item="a0")), True),
    ],
)
def test_a_typed_message_or_an_empty_answer_ends_the_waiting(event: server.ServerEvent, waits: bool) -> None:
    found = figures([(1_000, STOPPED), (1_050, event), (1_100, TEXT), (1_250, AUDIO)])
    assert (found is not None) is waits


def test_a_long_session_tells_of_its_last_answers() -> None:
    times = ReplyTimes()
    for total in [9_000] * 50 + [500] * KEPT_REPLIES:
        times.add(waterfall(total))
    assert times.replies == ReplyLatency(KEPT_REPLIES, 500, 500)
