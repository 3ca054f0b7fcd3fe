"""Timers in words."""

from __future__ import annotations

from tui_assistant.runtime.alarms import in_words, running_timers


def test_timers_come_from_metadata_and_run_down() -> None:
    timers = running_timers(
        {
            "timers": '[{"name":"","ends_at":1100.0,"label":"two minute timer"},'
            '{"name":"tea","ends_at":5000,"label":"tea timer"},{"name":"","ends_at":990,"label":"old timer"}]'
        }
    )
    assert timers is not None
    assert in_words(timers, 1000.0) == ("two minute timer 1:40", "tea timer 1:06:40")
    assert running_timers({"timers": "[]"}) == ()


def test_metadata_without_timers_or_with_nonsense_says_nothing() -> None:
    assert running_timers({"skill": "time"}) is None
    assert running_timers({"timers": "nonsense"}) is None
    assert running_timers({"timers": '[{"label": 3}]'}) is None
