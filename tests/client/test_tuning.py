"""Tuning: to the session's rules and back, presets, undo."""

from __future__ import annotations

from dataclasses import fields, replace

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

    def test_after_a_pause_it_is_another(self) -> None:
        undo = Undo()
        undo.changed(Tuning(), "threshold", 0)
        undo.changed(Tuning(threshold=0.6), "threshold", 1_500)
        assert undo.back(Tuning(threshold=0.7)) == Tuning(threshold=0.6)

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
