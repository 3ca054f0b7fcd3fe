"""Evidence: what counts as an error on which frames, and the figures by the minute."""

from __future__ import annotations

import math

import pytest
from spoken_frames import Sound, stretch

from tui_assistant.lab.evidence import Evidence, Figures, Heard, figures, pauses_ms, power_mean, spoken_ms
from tui_assistant.protocol.session import ServerVad

RULES = ServerVad()


def heard(*parts: tuple[float, float, int]) -> Heard:
    return Heard.of(stretch(*parts))


def test_impossible_figures_become_possible_ones() -> None:
    odd = Heard.of([Sound(math.nan, math.nan), Sound(2.0, 30.0), Sound(-1.0, -math.inf)])
    assert odd == Heard((0.0, 1.0, 0.0), (-120.0, 0.0, -120.0))
    assert odd.ms == 96


def test_levels_are_taken_together_by_their_power() -> None:
    assert power_mean([]) == -120.0
    assert power_mean([-30.0, -30.0]) == pytest.approx(-30.0)
    assert power_mean([-30.0, -120.0]) == pytest.approx(-33.01, abs=0.01)


def test_a_turn_in_silence_is_a_false_start_by_the_minute() -> None:
    noise = heard((0.0, -60, 992), (0.9, -40, 96), (0.0, -60, 1_920))
    found = figures(Evidence(quiet=(noise, noise)), RULES)
    assert (found.false_starts, found.cut_offs, found.missed, found.errors) == (2, 0, 0, 2)
    assert found.false_starts_a_minute == pytest.approx(2 * 60_000 / noise.ms / 2)
    assert found.cut_offs_a_minute == 0.0


def test_each_turn_beyond_the_first_is_a_cut_off_of_the_sentence() -> None:
    parts = ((0.9, -26, 960), (0.0, -60, 640), (0.9, -26, 960), (0.0, -60, 640), (0.9, -26, 960), (0.0, -60, 960))
    found = figures(Evidence(sentence=heard(*parts)), RULES)
    assert (found.false_starts, found.cut_offs, found.missed) == (0, 2, 0)
    assert figures(Evidence(sentence=heard(*parts)), ServerVad(silence_duration_ms=700)).errors == 0


def test_a_sentence_of_which_less_than_half_is_heard_is_missed() -> None:
    parts = ((0.7, -26, 2_016), (0.0, -60, 960), (0.95, -26, 960), (0.0, -60, 960))
    found = figures(Evidence(sentence=heard(*parts)), ServerVad(threshold=0.9))
    assert (found.cut_offs, found.missed) == (0, 1)
    assert figures(Evidence(sentence=heard((0.1, -60, 3_008))), RULES).missed == 0  # nobody spoke


def test_history_counts_short_faint_turns_and_voices_that_are_back_at_once() -> None:
    click = ((0.0, -60, 2_016), (0.9, -50, 128), (0.0, -60, 2_016))
    resumed = ((0.9, -26, 960), (0.0, -60, 800), (0.9, -26, 960), (0.0, -60, 2_016))
    evidence = Evidence(history=heard(*click, *resumed, *resumed), noise_dbfs=-60.0, voice_dbfs=-26.0)
    assert figures(evidence, RULES) == Figures(1, 2, 0, evidence.history.ms, evidence.history.ms)
    loud = Evidence(history=heard((0.0, -60, 2_016), (0.9, -30, 128), (0.0, -60, 992)), noise_dbfs=-60, voice_dbfs=-26)
    assert figures(loud, RULES).errors == 0  # short, but as loud as the voice: a word


def test_nothing_is_evidence_of_nothing() -> None:
    none = figures(Evidence(), RULES)
    assert none == Figures()
    assert (none.false_starts_a_minute, none.cut_offs_a_minute) == (0.0, 0.0)


def test_pauses_lie_between_speech() -> None:
    p = heard((0.0, 0, 320), (0.9, 0, 96), (0.2, 0, 160), (0.4, 0, 32), (0.0, 0, 64), (0.9, 0, 96), (0.0, 0, 640)).p
    assert pauses_ms(p, 0.35) == (160, 64)
    assert pauses_ms(p, 0.5) == (256,)
    assert pauses_ms((), 0.5) == ()
    assert spoken_ms(p) == 192
