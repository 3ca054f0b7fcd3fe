"""Tuning: to the session's rules and back, presets, undo."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Literal

import pytest

from tui_assistant.client.tuning import PRESETS, UNDO_STEPS, Tuning, Undo
from tui_assistant.protocol.session import SemanticVad, ServerVad

NAMES = {each.name for each in fields(Tuning)}


def test_values_become_rules_and_the_echo_gives_them_back() -> None:
    tuning = Tuning(threshold=0.6, prefix_padding_ms=200, silence_duration_ms=700, hysteresis=0.2, min_speech_ms=96)
    rules = tuning.rules(ServerVad(idle_timeout_ms=6_000, create_response=False))
    assert rules == ServerVad(
        threshold=0.6,
        prefix_padding_ms=200,
        silence_duration_ms=700,
        hysteresis=0.2,
        min_speech_ms=96,
        idle_timeout_ms=6_000,
        create_response=False,
    )
    assert Tuning().follow(rules) == tuning


def test_the_engine_s_own_values_are_not_sent() -> None:
    """So that a server that does not know them is not asked to."""
    assert Tuning().rules() == ServerVad()
    assert Tuning(hysteresis=0.3, min_speech_ms=96).rules(fine=False) == ServerVad()


def test_semantic_rules_keep_what_server_vad_had() -> None:
    tuning = Tuning(silence_duration_ms=700).follow(SemanticVad(eagerness="high"))
    assert (tuning.kind, tuning.eagerness, tuning.silence_duration_ms) == ("semantic_vad", "high", 700)
    assert tuning.rules() == SemanticVad(eagerness="high")


@pytest.mark.parametrize("kind", ["server_vad", "semantic_vad"])
def test_who_answers_and_who_interrupts_is_not_tuned(kind: Literal["server_vad", "semantic_vad"]) -> None:
    tuning = Tuning(kind=kind, hysteresis=0.3, min_speech_ms=96)
    rules = tuning.rules(ServerVad(create_response=False, interrupt_response=False, idle_timeout_ms=6_000))
    assert (rules.type, rules.create_response, rules.interrupt_response) == (kind, False, False)
    assert (rules.hysteresis, rules.min_speech_ms) == (0.3, 96)
    assert getattr(rules, "idle_timeout_ms", None) == (6_000 if kind == "server_vad" else None)
    rules = tuning.rules(SemanticVad(create_response=False, interrupt_response=True), fine=False)
    assert (rules.create_response, rules.interrupt_response) == (False, True)
    assert (rules.hysteresis, rules.min_speech_ms) == (None, None)
    assert getattr(rules, "idle_timeout_ms", None) is None


def test_what_an_echo_does_not_say_is_the_engine_s_or_stays() -> None:
    tuning = Tuning(hysteresis=0.3, min_speech_ms=96, threshold=0.7, eagerness="low", tail_ms=300, gain_db=6.0)
    assert tuning.follow(SemanticVad(hysteresis=0.2, min_speech_ms=128)) == replace(
        tuning, kind="semantic_vad", hysteresis=0.2, min_speech_ms=128, eagerness="auto"
    )
    assert tuning.follow(ServerVad(threshold=0.4)) == replace(
        tuning, hysteresis=0.15, min_speech_ms=64, threshold=0.4, prefix_padding_ms=300, silence_duration_ms=500
    )


def test_what_differs_is_said_by_name() -> None:
    assert Tuning().changes(Tuning(threshold=0.7)) == {"threshold": (0.5, 0.7)}


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_presets_name_values_that_exist_and_are_allowed(preset: object) -> None:
    assert set(preset.values) <= NAMES  # type: ignore[attr-defined]
    for kind in ("server_vad", "semantic_vad"):
        preset.on(Tuning(kind=kind)).rules()  # type: ignore[attr-defined]  # raises when a value is out of range


def test_a_preset_leaves_the_rest_alone() -> None:
    patient = next(preset for preset in PRESETS if preset.name == "patient")
    assert patient.on(Tuning(threshold=0.8, gain_db=6)).changes(Tuning(threshold=0.8, gain_db=6)) == {
        "silence_duration_ms": (1_000, 500),
        "eagerness": ("low", "auto"),
    }


class TestUndo:
    def test_back_and_forth(self) -> None:
        undo, first = Undo(), Tuning()
        second, third = replace(first, threshold=0.6), replace(first, threshold=0.6, silence_duration_ms=300)
        undo.changed(first, "threshold", 0)
        undo.changed(second, "silence_duration_ms", 100)
        assert undo.back(third) == second
        assert undo.back(second) == first
        assert undo.back(first) is None
        assert undo.forth(first) == second
        assert undo.forth(second) == third
        assert undo.forth(third) is None

    def test_one_movement_is_one_step(self) -> None:
        undo = Undo()
        for step in range(5):
            undo.changed(Tuning(threshold=0.5 + step / 100), "threshold", step * 300)
        assert undo.back(Tuning(threshold=0.55)) == Tuning()

    @pytest.mark.parametrize(("pause_ms", "before"), [(999, 0.5), (1_000, 0.6)])
    def test_after_a_pause_it_is_another(self, pause_ms: float, before: float) -> None:
        undo = Undo()
        undo.changed(Tuning(), "threshold", 0)
        undo.changed(Tuning(threshold=0.6), "threshold", pause_ms)
        assert undo.back(Tuning(threshold=0.7)) == Tuning(threshold=before)

    def test_another_value_is_another_step_also_without_a_pause(self) -> None:
        undo = Undo()
        undo.changed(Tuning(), "threshold", 0)
        undo.changed(Tuning(threshold=0.6), "hysteresis", 10)
        assert undo.back(Tuning(threshold=0.6, hysteresis=0.3)) == Tuning(threshold=0.6)

    def test_what_was_brought_forth_can_be_taken_back_and_moved_on_from(self) -> None:
        undo, first, second, third = Undo(), Tuning(), Tuning(threshold=0.6), Tuning(threshold=0.7)
        undo.changed(first, "threshold", 0)
        assert undo.back(second) == first
        assert undo.forth(first) == second
        assert undo.back(second) == first
        undo.forth(first)
        undo.changed(second, "threshold", 10)
        assert undo.back(third) == second
        assert undo.back(second) == first

    def test_a_new_change_forgets_what_was_undone(self) -> None:
        undo = Undo()
        undo.changed(Tuning(), "threshold", 0)
        undo.back(Tuning(threshold=0.6))
        undo.changed(Tuning(), "threshold", 100)
        assert undo.forth(Tuning(threshold=0.7)) is None
        assert undo.back(Tuning(threshold=0.7)) == Tuning()

    def test_it_is_bounded(self) -> None:
        undo = Undo()
        for step in range(2 * UNDO_STEPS):
            undo.changed(Tuning(silence_duration_ms=step), "x", step * 2_000)
        count, now = 0, Tuning()
        while (before := undo.back(now)) is not None:
            count, now = count + 1, before
        assert count == UNDO_STEPS
