"""Records of turns, from the engine's own events and from those of others."""

from __future__ import annotations

import pytest
from conversation import response, turn
from fakes import RATE, Driver, ScriptedDetector, config
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.client.blips import FRAME_MS, Figures
from tui_assistant.client.latency import Waterfall
from tui_assistant.client.ledger import KEPT_FRAMES, LONGEST_MEMORY, Ledger
from tui_assistant.client.tuning import Tuning
from tui_assistant.client.turns import Mark, TurnRecord
from tui_assistant.engine.observation import FrameSeen
from tui_assistant.engine.outbox import Output
from tui_assistant.lab import whatif
from tui_assistant.protocol import server
from tui_assistant.protocol.items import ErrorDetail, JsonObject
from tui_assistant.protocol.server import ServerEventBase

AHEAD_MS = 96_000  # the clock of the frames, of the session's: what was heard while the session got nothing
P = st.lists(st.tuples(st.floats(0, 1).map(lambda p: round(p, 3)), st.integers(1, 12)), min_size=1, max_size=30)


def follow(ledger: Ledger, outputs: list[Output]) -> None:
    """What the runtime does with what comes out of a session."""
    now = 0
    for output in outputs:
        if isinstance(output, FrameSeen):
            now = output.end_ms + AHEAD_MS
            ledger.frame(Figures(now, output.p, output.rms_dbfs))
        elif isinstance(output, ServerEventBase):
            ledger.take(output, now, AHEAD_MS)  # type: ignore[arg-type]


def run(p: list[float], tuning: Tuning) -> tuple[TurnRecord, ...]:
    driver = Driver(ScriptedDetector(p), config(tuning.rules(), rate=RATE))
    driver.frames(len(p))
    ledger = Ledger(tuning)
    follow(ledger, driver.outputs)
    return ledger.records


def quiet(ledger: Ledger, ms: int, p: float = 0.0, level: float = -60.0, *, heard: bool = True) -> int:
    """So many milliseconds of frames; the time at their end."""
    now = ledger._frames[-1].at_ms if ledger._frames else 0
    for at in range(now + 32, now + ms + 1, 32):
        ledger.frame(Figures(at, p, level, heard))
        now = at
    return now


def test_a_turn_has_its_figures() -> None:
    p = [0.1] * 10 + [0.4] + [0.1] * 5 + [0.6, 0.9, 0.95, 0.3, 0.8] + [0.1] * 20
    (record,) = run(p, Tuning())
    assert (record.onset_ms, record.started_ms) == (AHEAD_MS + 16 * 32, AHEAD_MS + 18 * 32)
    assert (record.speech_end_ms, record.stopped_ms) == (AHEAD_MS + 21 * 32, AHEAD_MS + 37 * 32)
    assert (record.onset_p, record.peak_p) == (0.9, 0.95)
    assert record.why_started == {"rule": "threshold", "p": 0.9, "threshold": 0.5, "held_ms": 64}
    assert record.why_stopped == {"rule": "silence", "silence_ms": 512, "needed_ms": 500}
    assert [(blip.at_ms - AHEAD_MS, blip.kept_by) for blip in record.blips] == [
        (11 * 32, "threshold ≤ 0.40 and min_speech_ms ≤ 32")
    ]


@settings(max_examples=60, deadline=None)
@given(P, st.sampled_from([Tuning(), Tuning(threshold=0.3, silence_duration_ms=160), Tuning(kind="semantic_vad")]))
def test_records_are_what_the_lab_finds_in_the_same_frames(runs: list[tuple[float, int]], tuning: Tuning) -> None:
    p = [each for each, count in runs for _ in range(count)]
    found = run(p, tuning)
    expected = whatif.turns(p, tuning.rules(), start_ms=AHEAD_MS)
    assert [(r.onset_ms, r.started_ms, r.speech_end_ms, r.stopped_ms) for r in found] == [
        (t.onset_ms, t.started_ms, t.speech_end_ms, t.stopped_ms) for t in expected
    ]
    assert [(r.why_started, r.why_stopped) for r in found] == [(t.why_started, t.why_stopped) for t in expected]
    for record in found:
        first, last = (record.onset_ms - AHEAD_MS) // 32, ((record.speech_end_ms or 0) - AHEAD_MS) // 32
        assert record.peak_p == max(p[first:last])
        for blip in record.blips:
            assert record.onset_ms - 3_000 <= blip.at_ms - 32 < record.onset_ms
            at = (blip.at_ms - AHEAD_MS) // 32
            turns = [(t.onset_ms - AHEAD_MS) // 32 for t in expected if (t.stopped_ms or 0) >= blip.at_ms > t.onset_ms]
            assert turns == [], at  # a blip belongs to no turn


def test_the_level_is_of_the_frames_of_speech() -> None:
    ledger = Ledger()
    quiet(ledger, 320, level=-70)
    now = quiet(ledger, 64, 0.9, -20)
    ledger.take(server.SpeechStarted(item_id="u1", audio_start_ms=20, at_ms=now, reason={"held_ms": 64}), now, 0)
    quiet(ledger, 320, 0.9, -20)
    (record,) = ledger.records
    assert (record.level_dbfs, record.stopped_ms, record.speech_end_ms) == (-20.0, None, now + 320)
    assert ledger.records is ledger.records  # nothing new, nothing made
    quiet(ledger, 320, 0.1, -70)
    assert ledger.records[0].level_dbfs == -20.0


def test_a_turn_by_key_has_its_press_its_release_and_its_speech() -> None:
    ledger = Ledger()
    press = quiet(ledger, 960, 0.05, heard=False)
    ledger.take_floor(press)
    quiet(ledger, 320, 0.05)
    quiet(ledger, 640, 0.9, -25)
    release = quiet(ledger, 96, 0.05)
    ledger.release_floor(release)
    sent = quiet(ledger, 192, 0.05)
    ledger.send(sent)
    later = quiet(ledger, 640, 0.99, heard=False)
    ledger.take(server.BufferCommitted(item_id="u1", reason={"rule": "commit"}), later, 0)
    (record,) = ledger.records
    assert (record.started_ms, record.onset_ms) == (press, press + 320)
    assert (record.speech_end_ms, record.stopped_ms) == (press + 960, sent)
    assert record.why_started is None
    assert record.why_stopped == {"rule": "commit", "released_ms": release}
    assert (record.peak_p, record.level_dbfs, record.blips) == (0.9, -25.0, ())


def test_speech_before_the_press_counts_unless_the_turn_before_had_it() -> None:
    ledger = Ledger()
    for number, pause_ms in ((1, 480), (2, 96)):
        press = quiet(ledger, pause_ms, 0.8, heard=False)
        ledger.take_floor(press)
        ledger.release_floor(quiet(ledger, 320, 0.8))
        ledger.send(quiet(ledger, 192, 0.8))
        ledger.take(server.BufferCommitted(item_id=f"u{number}"), press + 600, 0)
    first, second = ledger.records
    assert abs(first.started_ms - 300 - first.onset_ms) < 32
    assert second.onset_ms == first.stopped_ms
    assert first.why_stopped == {"rule": "commit", "released_ms": first.started_ms + 320}


def test_a_floor_that_was_dropped_or_refused_is_no_turn() -> None:
    ledger = Ledger()
    ledger.take_floor(quiet(ledger, 320))
    ledger.drop_floor()
    ledger.send(quiet(ledger, 32))
    ledger.take_floor(quiet(ledger, 32))
    ledger.send(quiet(ledger, 32))
    error = ErrorDetail(code="input_audio_buffer_commit_empty", message="too small")
    for _ in range(2):  # the second one is about somebody else's commit
        ledger.take(server.ErrorEvent(error=error), 400, 0)
    ledger.take(server.BufferCommitted(item_id="u1", reason={"rule": "idle_timeout"}), 500, 0)
    assert ledger.records == ()


def test_a_commit_that_nobody_confirmed_is_not_taken_for_a_later_one() -> None:
    ledger = Ledger()
    ledger.take_floor(quiet(ledger, 320))
    ledger.send(quiet(ledger, 320))
    press = quiet(ledger, 40_000)
    ledger.take_floor(press)
    ledger.send(quiet(ledger, 320))
    ledger.take(server.BufferCommitted(item_id="u2"), press + 400, 0)
    assert [record.started_ms for record in ledger.records] == [press]


def test_a_hold_that_goes_on_with_an_open_turn_ends_it() -> None:
    ledger = Ledger()
    now = quiet(ledger, 320, 0.9)
    started = {"rule": "threshold", "p": 0.9, "held_ms": 64}
    ledger.take(server.SpeechStarted(item_id="u1", audio_start_ms=0, at_ms=now, reason=started), now, 0)
    ledger.take_floor(now + 32)
    ledger.release_floor(quiet(ledger, 320, 0.9))
    ledger.keep_floor()
    release = quiet(ledger, 320, 0.9)
    ledger.release_floor(release)
    sent = quiet(ledger, 192, 0.9)
    ledger.send(sent)
    ledger.take(server.BufferCommitted(item_id="u1", reason={"rule": "commit"}), sent, 0)
    (record,) = ledger.records
    assert record.why_started == started
    assert record.why_stopped == {"rule": "commit", "released_ms": release}
    assert record.stopped_ms == sent


def test_somebody_elses_server_says_less() -> None:
    ledger = Ledger()
    now = quiet(ledger, 960, 0.9)
    ledger.take(server.SpeechStarted(item_id="u1", audio_start_ms=200), now, 100)
    now = quiet(ledger, 640, 0.1)
    ledger.take(server.SpeechStopped(item_id="u1", audio_end_ms=1500), now, 100)
    ledger.take(server.BufferCommitted(item_id="u1"), now, 100)
    (record,) = ledger.records
    assert (record.onset_ms, record.started_ms) == (200 + 100 + 300, 960)
    assert (record.speech_end_ms, record.stopped_ms) == (960, 1600)
    assert (record.why_started, record.why_stopped) == (None, None)


def test_a_turn_that_is_never_ended_ends_with_the_next_a_clear_or_the_link() -> None:
    ledger = Ledger()
    started = [server.SpeechStarted(item_id=f"u{n}", audio_start_ms=0) for n in range(3)]
    for event in (started[0], started[1], server.BufferCleared(), started[2]):
        ledger.take(event, quiet(ledger, 320, 0.9), 0)
    ledger.take(server.SessionCreated(session=_session()), quiet(ledger, 320), 0)
    assert [record.why_stopped for record in ledger.records] == [None, {"rule": "clear"}, {"rule": "link_lost"}]
    assert None not in [record.stopped_ms for record in ledger.records]


def test_marks_and_waterfalls_find_their_turn() -> None:
    ledger = Ledger()
    for event in turn("u1"):
        ledger.take(event, quiet(ledger, 320, 0.9), 0)
    figures = Waterfall(512, 6, 2, 1, 40)
    ledger.answered("u1", figures)
    ledger.mark("u1", Mark.CUT_OFF)
    ledger.mark("u9", Mark.TOO_SLOW)
    (record,) = ledger.records
    assert (record.mark, record.waterfall) == (Mark.CUT_OFF, figures)
    ledger.mark("u1", None)
    assert ledger.records[0].mark is None


def test_speech_is_what_reaches_the_release_threshold() -> None:
    ledger = Ledger(Tuning(threshold=0.6, hysteresis=0.2))
    now = quiet(ledger, 64, 0.9)
    ledger.take(server.SpeechStarted(item_id="u1", audio_start_ms=0, at_ms=now, reason={"held_ms": 64}), now, 0)
    last = quiet(ledger, 32, 0.4, -30)
    quiet(ledger, 320, 0.39, 0)
    assert (ledger.records[0].speech_end_ms, ledger.records[0].level_dbfs) == (last, -34.8)  # of -60, -60 and -30 dBFS


@pytest.mark.parametrize(("kept", "why"), [(True, {"rule": "commit"}), (False, {"rule": "commit", "released_ms": 320})])
def test_a_release_that_was_none_is_not_told(kept: bool, why: JsonObject) -> None:
    ledger = Ledger()
    ledger.take_floor(quiet(ledger, 160))
    ledger.release_floor(quiet(ledger, 160))
    if kept:
        ledger.keep_floor()
    ledger.send(quiet(ledger, 160))
    ledger.take(server.BufferCommitted(item_id="u1"), 500, 0)
    assert ledger.records[0].why_stopped == why


def test_without_a_floor_nothing_is_kept_released_or_sent() -> None:
    ledger = Ledger()
    ledger.keep_floor()
    ledger.release_floor(100)
    ledger.take_floor(quiet(ledger, 320))
    ledger.send(quiet(ledger, 320))
    ledger.send(quiet(ledger, 320))  # it is sent already
    for number in (1, 2):
        ledger.take(server.BufferCommitted(item_id=f"u{number}"), 1_000, 0)
    assert [record.item_id for record in ledger.records] == ["u1"]


@pytest.mark.parametrize(
    ("later_ms", "found"), [(1_000, [40_000, 41_000]), (30_000, [40_000, 70_000]), (30_001, [70_001])]
)
def test_commits_are_confirmed_in_order_for_half_a_minute(later_ms: int, found: list[int]) -> None:
    ledger = Ledger()
    for at_ms in (40_000, 40_000 + later_ms):
        ledger.take_floor(at_ms)
        ledger.send(at_ms)
    for number in (1, 2):
        ledger.take(server.BufferCommitted(item_id=f"u{number}"), 80_000, 0)
    assert [record.started_ms for record in ledger.records] == found


def test_a_turn_by_key_in_which_nothing_was_said() -> None:
    ledger = Ledger()
    ledger.take_floor(quiet(ledger, 320))
    ledger.send(quiet(ledger, 320))
    ledger.take(server.BufferCommitted(item_id="u1"), 900, 0)
    (record,) = ledger.records
    assert (record.onset_ms, record.started_ms, record.stopped_ms) == (320, 320, 640)
    assert (record.speech_end_ms, record.peak_p, record.level_dbfs) == (None, 0.0, -120.0)


def test_a_turn_by_key_has_its_last_frame_and_the_threshold_in_force() -> None:
    ledger = Ledger(Tuning(threshold=0.9, hysteresis=0.1))
    ledger.take_floor(quiet(ledger, 320))
    quiet(ledger, 320, 0.79)
    first = quiet(ledger, 32, 0.8)
    sent = quiet(ledger, 320, 0.8)
    ledger.send(sent)
    quiet(ledger, 320, 0.99)
    ledger.take(server.BufferCommitted(item_id="u1"), sent + 500, 0)
    (record,) = ledger.records
    assert (record.onset_ms, record.speech_end_ms, record.stopped_ms, record.peak_p) == (first - 32, sent, sent, 0.8)


def test_times_and_figures_of_the_server_go_before_our_own() -> None:
    ledger = Ledger()
    now = quiet(ledger, 320, 0.9)
    reason = {"rule": "threshold", "p": 0.77, "held_ms": 64}
    ledger.take(server.SpeechStarted(item_id="u1", audio_start_ms=0, at_ms=200, reason=reason), now, 50)
    now = quiet(ledger, 960, 0.9)
    end = {"rule": "silence", "silence_ms": 512, "needed_ms": 500}
    ledger.take(server.SpeechStopped(item_id="u1", audio_end_ms=0, at_ms=1_100, reason=end), now, 50)
    quiet(ledger, 320, 0.99)
    (record,) = ledger.records
    assert (record.onset_ms, record.started_ms, record.onset_p) == (186, 250, 0.77)
    assert (record.speech_end_ms, record.stopped_ms, record.peak_p) == (638, 1_150, 0.9)


def test_where_the_server_says_no_p_it_is_that_of_the_last_frame() -> None:
    ledger = Ledger()
    ledger.take(server.SpeechStarted(item_id="u1", audio_start_ms=0), 10, 0)
    assert ledger.records[0].onset_p == 0.0
    quiet(ledger, 640, 0.8)
    quiet(ledger, 32, 0.6)
    ledger.take(server.SpeechStarted(item_id="u2", audio_start_ms=0), 672, 0)
    assert ledger.records[1].onset_p == 0.6


def test_blips_are_those_of_three_seconds_up_to_the_onset() -> None:
    ledger = Ledger()
    quiet(ledger, 320)
    quiet(ledger, 32, 0.4)  # ends 3040 ms before the onset
    quiet(ledger, 32)
    kept = [quiet(ledger, 32, 0.4)]
    quiet(ledger, 2_912)
    kept.append(quiet(ledger, 32, 0.4))
    onset = quiet(ledger, 32)
    now = quiet(ledger, 64, 0.9)
    ledger.take(server.SpeechStarted(item_id="u1", audio_start_ms=0, at_ms=now, reason={"held_ms": 64}), now, 0)
    assert ledger.records[0].onset_ms == onset
    assert [blip.at_ms for blip in ledger.records[0].blips] == kept


def test_what_belongs_to_the_turn_before_is_no_blip() -> None:
    ledger = Ledger()
    for number in (1, 2):
        now = quiet(ledger, 64, 0.9)
        started = server.SpeechStarted(item_id=f"u{number}", audio_start_ms=0, at_ms=now, reason={"held_ms": 64})
        ledger.take(started, now, 0)
        end = quiet(ledger, 32, 0.4)
        ledger.take(server.SpeechStopped(item_id=f"u{number}", audio_end_ms=end, at_ms=end), end, 0)
        quiet(ledger, 320)
    assert [record.blips for record in ledger.records] == [(), ()]


def test_a_commit_ends_an_open_turn_also_without_a_key() -> None:
    ledger = Ledger()
    for number, reason in ((1, None), (2, {"rule": "max_turn"})):
        now = quiet(ledger, 320, 0.9)
        ledger.take(server.SpeechStarted(item_id=f"u{number}", audio_start_ms=0), now, 0)
        ledger.take(server.BufferCommitted(item_id=f"u{number}", reason=reason), now + 10, 0)
    assert [(record.stopped_ms, record.why_stopped) for record in ledger.records] == [
        (330, {"rule": "commit"}),
        (650, {"rule": "max_turn"}),
    ]


def test_a_commit_by_key_that_is_confirmed_late_ended_when_it_was_sent() -> None:
    ledger = Ledger()
    ledger.take(server.SpeechStarted(item_id="u1", audio_start_ms=0), quiet(ledger, 320, 0.9), 0)
    ledger.take_floor(330)
    ledger.send(700)
    ledger.take(server.BufferCommitted(item_id="u1"), 1_000, 0)
    assert ledger.records[0].stopped_ms == 700


def test_the_newest_two_hundred_are_kept() -> None:
    ledger = Ledger()
    for number in range(LONGEST_MEMORY + 5):
        for event in turn(f"u{number}"):
            ledger.take(event, quiet(ledger, 32, 0.9), 0)
    assert [record.item_id for record in ledger.records] == [f"u{n}" for n in range(5, LONGEST_MEMORY + 5)]


def test_another_error_refuses_no_commit() -> None:
    ledger = Ledger()
    ledger.take_floor(quiet(ledger, 320))
    ledger.send(quiet(ledger, 32))
    ledger.take(server.ErrorEvent(error=ErrorDetail(code="invalid_value", message="no")), 400, 0)
    ledger.take(server.BufferCommitted(item_id="u1"), 500, 0)
    before = ledger.records
    assert [record.item_id for record in before] == ["u1"]
    quiet(ledger, 320, 0.9)
    assert ledger.records is before  # frames without a turn change nothing


def test_no_more_is_kept_than_the_longest_turn() -> None:
    ledger = Ledger()
    quiet(ledger, (KEPT_FRAMES + 10) * FRAME_MS)
    assert len(ledger._frames) == KEPT_FRAMES


def test_other_events_change_nothing() -> None:
    ledger = Ledger()
    for event in (server.ResponseCreated(response=response()), server.SpeechStopped(item_id="u9", audio_end_ms=3)):
        ledger.take(event, 100, 0)
    assert ledger.records == ()


def _session() -> server.SessionObject:
    return server.SessionObject(id="s")
