"""Calibration: what is proposed and why, and what is said when the measurement was none."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spoken_frames import Sound, detected, noisy, stretch

from tui_assistant.lab.calibration import (
    LEAST_GAIN_DB,
    MOST_GAIN_DB,
    MOST_SILENCE_MS,
    Problem,
    Proposal,
    calibrate,
    silence_problem,
)
from tui_assistant.lab.evidence import Evidence, Heard, figures
from tui_assistant.protocol.session import SemanticVad, ServerVad

QUIET = stretch((0.02, -60.0, 3_008))
VOICE = (0.97, -26.0)
PRESENT = ServerVad()


def read(*pauses_ms: int, p: float = 0.97, level: float = -26.0) -> list[Sound]:
    """A sentence of parts of 960 ms with these pauses in between, and silence around it."""
    parts = [(0.02, -60.0, 640)]
    for pause in pauses_ms:
        parts += [(p, level, 960), (0.02, -60.0, pause)]
    return stretch(*parts, (p, level, 960), (0.02, -60.0, 1_600))


def proposed(silence: list[Sound], sentence: list[Sound], rules: ServerVad = PRESENT, **options: object) -> Proposal:
    result = calibrate(silence, sentence, rules, **options)  # type: ignore[arg-type]  # named by the tests
    assert isinstance(result, Proposal), result
    return result


def refused(silence: list[Sound], sentence: list[Sound], **options: object) -> Problem:
    result = calibrate(silence, sentence, PRESENT, **options)  # type: ignore[arg-type]
    assert isinstance(result, Problem), result
    return result


def test_good_values_stay() -> None:
    result = proposed(QUIET, read(160))
    assert (result.gain_db, result.threshold, result.silence_duration_ms) == (0.0, 0.5, 500)
    assert result.before == result.after
    assert result.after.errors == 0
    assert not result.again
    assert result.cautions == ()
    assert result.reasons == (
        "your voice stands at -26 dBFS: the gain stays at +0 dB",
        "the noise reaches p 0.02, your voice 0.97: the threshold of 0.50 lies well between",
        "your pauses inside the sentence reach 160 ms: 500 ms of silence stay",
    )


def test_pauses_inside_the_sentence_ask_for_more_silence() -> None:
    result = proposed(QUIET, read(416, 608))
    assert result.before.cut_offs == 1
    assert result.after.cut_offs == 0
    assert result.silence_duration_ms == 900  # 608 * 1.4 = 851, in steps of 50
    words = "your pauses inside the sentence reach 608 ms: 900 ms of silence keep it whole, answers come 400 ms later"
    assert words in result.reasons
    assert result.cautions == ()
    assert result.before.cut_offs_a_minute == pytest.approx(60_000 / result.before.spoken_ms)


def test_a_silence_that_is_felt_says_what_waits_more_wisely() -> None:
    result = proposed(QUIET, read(896))
    assert (result.silence_duration_ms, result.threshold) == (1_300, 0.5)
    assert result.cautions == ("every answer waits that long: semantic_vad waits only where you sound unfinished",)


def test_the_example_of_the_plan() -> None:
    result = proposed(QUIET, read(416))
    assert result.silence_duration_ms == 600
    assert "reach 416 ms: 600 ms of silence keep it whole" in result.reasons[-1]


def test_patience_that_nobody_needs_is_taken_back_to_the_default_and_no_further() -> None:
    result = proposed(QUIET, read(128), ServerVad(silence_duration_ms=1_200))
    assert result.silence_duration_ms == 500
    assert "answers come 700 ms sooner" in result.reasons[-1]
    assert proposed(QUIET, read(128), ServerVad(silence_duration_ms=300)).silence_duration_ms == 300


def test_a_silence_that_the_history_needed_is_not_taken_away() -> None:
    result = proposed(QUIET, read(128), ServerVad(silence_duration_ms=1_200), history=[*read(704), *read(704)])
    assert result.silence_duration_ms == 1_200
    assert result.after == result.before
    assert "nothing else does better on what was heard: threshold and silence stay" in result.reasons


def test_a_pause_that_no_silence_should_bridge_is_left_alone() -> None:
    result = proposed(QUIET, read(2_560))
    assert result.silence_duration_ms == 500
    assert result.before.cut_offs == result.after.cut_offs == 1


def test_noise_that_starts_turns_asks_for_a_higher_threshold() -> None:
    noise = stretch((0.05, -45.0, 1_024), (0.62, -40.0, 128), (0.05, -45.0, 1_856))
    result = proposed(noise, read(160))
    assert result.before.false_starts == 1
    assert result.before.false_starts_a_minute == pytest.approx(60_000 / 3_008, rel=0.01)
    assert result.after.false_starts == 0
    assert result.threshold == 0.75  # the first that noise a MARGIN louder does not reach either
    assert "the noise reaches p 0.62, your voice 0.97: a threshold of 0.75 lets less noise through" in result.reasons


def test_a_voice_that_the_threshold_does_not_hear_asks_for_a_lower_one() -> None:
    result = proposed(QUIET, read(160, p=0.7), ServerVad(threshold=0.85))
    assert result.before.missed == 1
    assert result.after.errors == 0
    assert result.threshold == 0.6


def test_the_assistants_own_voice_counts_as_noise() -> None:
    own = stretch((0.02, -60.0, 320), (0.6, -40.0, 960), (0.02, -60.0, 320))
    assert proposed(QUIET, read(160), assistant=own).threshold == 0.75
    loud = stretch((0.02, -60.0, 320), (0.99, -30.0, 960), (0.02, -60.0, 320))
    result = proposed(QUIET, read(160), assistant=loud)
    assert result.after.false_starts == 1
    assert "the assistant's own voice starts turns: headphones, or stay half-duplex" in result.cautions


def test_the_history_counts_turns_that_were_cut_and_clicks_that_began_one() -> None:
    thinking = [*read(704), *read(704)]
    result = proposed(QUIET, read(160), history=thinking)
    assert result.before.cut_offs == 2
    clicks = stretch((0.02, -60.0, 2_048), (0.6, -50.0, 96), (0.02, -60.0, 2_048))
    result = proposed(QUIET, read(160), history=clicks)
    assert (result.before.false_starts, result.after.false_starts) == (1, 0)
    words = stretch((0.02, -60.0, 2_048), (0.97, -28.0, 192), (0.02, -60.0, 2_048))
    assert proposed(QUIET, read(160), history=words).before.false_starts == 0


@pytest.mark.parametrize(
    ("level", "gain", "options", "expected", "again"),
    [
        (-46.0, 0.0, {}, 20.0, True),
        (-28.0, 6.0, {}, 6.0, False),  # two dB are nothing
        (-16.0, 12.0, {}, 2.0, True),
        (-12.0, 0.0, {}, 0.0, False),  # loud is no reason to go below 0 dB
        (-46.0, 0.0, {"peak_dbfs": -20.0}, 17.0, True),
        (-46.0, 0.0, {"clipped": True}, 0.0, False),
        (-49.0, 20.0, {}, 30.0, True),
    ],
)
def test_gain(level: float, gain: float, options: dict[str, object], expected: float, again: bool) -> None:
    result = proposed(QUIET, read(160, level=level), gain_db=gain, **options)
    assert (result.gain_db, result.again) == (expected, again)


def test_semantic_vad_gets_a_gain_only() -> None:
    result = calibrate(QUIET, read(160, level=-40.0), SemanticVad())
    assert isinstance(result, Proposal)
    assert result.gain_db == 14.0
    assert result.before == result.after
    assert "semantic_vad decides by itself how long it waits: only the gain is proposed" in result.reasons


@pytest.mark.parametrize(
    ("silence", "sentence", "options", "words", "again"),
    [
        ([], read(0), {}, "too short", "silence"),
        (stretch((0.0, -120.0, 3_008)), read(0), {}, "no sound at all", "silence"),
        (stretch((0.02, -50, 992), (0.9, -30, 640), (0.02, -50, 992)), read(0), {}, "after 1.0 s (p 0.90)", "silence"),
        (QUIET, stretch((0.02, -60.0, 5_024)), {}, "No voice was heard", "sentence"),
        (QUIET, [], {}, "No voice was heard", "sentence"),
        (QUIET, stretch((0.02, -60.0, 992), (0.9, -26.0, 320)), {}, "Only 0.3 s of speech", "sentence"),
        (QUIET, stretch((0.02, -60.0, 992), (0.3, -51.0, 2_016)), {}, "With +25 dB of gain", "sentence"),
        (QUIET, stretch((0.02, -60.0, 992), (0.3, -20.0, 2_016)), {}, "does not take it for speech", "sentence"),
        (QUIET, stretch((0.02, -60.0, 992), (0.3, -3.0, 2_016)), {"clipped": True}, "clipped", "sentence"),
    ],
)
def test_bad_measurements_are_refused_with_what_to_do(
    silence: list[Sound], sentence: list[Sound], options: dict[str, object], words: str, again: str
) -> None:
    problem = refused(silence, sentence, **options)
    assert words in problem.words
    assert problem.again == again
    assert problem.words.endswith(".")


def test_a_quiet_voice_gets_the_gain_for_the_next_try() -> None:
    assert refused(QUIET, stretch((0.02, -75.0, 992), (0.3, -51.0, 2_016))).gain_db == 25.0


def test_cautions_say_what_no_value_mends() -> None:
    loud = stretch((0.02, -32.0, 3_008))
    result = proposed(loud, read(160), clipped=True)
    assert [caution.split(":")[0] for caution in result.cautions] == [
        "it clipped",
        "the noise is loud, -32 dBFS",
        "your voice is only 6 dB above the noise",
    ]


PIECES = st.tuples(
    st.sampled_from([0.0, 0.03, 0.31, 0.45, 0.52, 0.66, 0.8, 0.97, 1.0, float("nan"), 7.0]),
    st.floats(-130, 10),
    st.integers(32, 1_200),
)
FRAMES = st.lists(PIECES, max_size=8).map(lambda parts: stretch(*parts))
RULES = st.builds(
    ServerVad,
    threshold=st.sampled_from([0.0, 0.2, 0.5, 0.57, 0.9, 1.0]),
    silence_duration_ms=st.sampled_from([0, 200, 500, 730, 2_000, 10_000]),
    hysteresis=st.sampled_from([None, 0.05, 0.3]),
    min_speech_ms=st.sampled_from([None, 32, 160]),
)


@settings(max_examples=100, deadline=None)
@given(FRAMES, FRAMES, FRAMES, RULES, st.floats(-40, 40), st.booleans())
def test_a_proposal_is_in_range_the_same_again_and_never_worse(
    silence: list[Sound], sentence: list[Sound], history: list[Sound], rules: ServerVad, gain: float, clipped: bool
) -> None:
    quiet, spoken = [*QUIET, *silence], [*read(320), *sentence]
    result = calibrate(quiet, spoken, rules, gain_db=gain, history=history, clipped=clipped)
    assert repr(result) == repr(calibrate(quiet, spoken, rules, gain_db=gain, history=history, clipped=clipped))
    if isinstance(result, Problem):
        assert silence_problem(quiet) is not None
        return
    assert result.after.errors <= result.before.errors
    assert LEAST_GAIN_DB <= result.gain_db <= MOST_GAIN_DB
    kept = (rules.threshold, rules.silence_duration_ms) == (result.threshold, result.silence_duration_ms)
    assert kept or 0.05 <= result.threshold <= 1.0
    assert kept or 200 <= result.silence_duration_ms <= max(MOST_SILENCE_MS, 500)
    assert all(reason and math.isfinite(result.noise_dbfs) for reason in result.reasons)
    evidence = Evidence((Heard.of(quiet),), Heard.of(spoken), Heard.of(history), result.noise_dbfs, result.voice_dbfs)
    chosen = rules.model_copy(update={"threshold": result.threshold, "silence_duration_ms": result.silence_duration_ms})
    assert figures(evidence, chosen) == result.after  # what is promised is what the engine's code does


@pytest.mark.parametrize("snr_db", [30, 15, 5])
@pytest.mark.parametrize("name", ["jfk.wav", "librivox_0870.wav", "lj_0013.wav"])
def test_real_speech_in_noise(name: str, snr_db: int) -> None:
    silence, sentence = (detected(samples) for samples in noisy(name, snr_db))
    result = proposed(silence, sentence)
    assert result.after.errors <= result.before.errors
    assert result.after.false_starts == 0
    assert result.after.missed == 0
    assert 0.3 <= result.threshold <= 0.85
    assert result.voice_dbfs - result.noise_dbfs == pytest.approx(snr_db, abs=6.0)


def test_real_speech_much_too_quiet_is_given_its_gain() -> None:
    silence, sentence = (detected(samples) for samples in noisy("jfk.wav", 25, gain_db=-30))
    result = calibrate(silence, sentence, PRESENT)
    assert result.gain_db is not None
    assert 20 <= result.gain_db <= 30


def test_two_minutes_of_history_cost_less_than_a_second() -> None:
    begun = time.perf_counter()
    proposed(QUIET, read(160), history=(read(416, 200) * 30)[:3_750])
    assert time.perf_counter() - begun < 3.0  # measured: about 0.4 s; on a busy machine more
