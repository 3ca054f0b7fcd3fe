"""Frames for the scope; timers in words."""

from __future__ import annotations

import itertools

from tui_assistant.engine.observation import FrameSeen, TurnState
from tui_assistant.runtime.alarms import in_words, running_timers
from tui_assistant.runtime.api import Phase
from tui_assistant.runtime.scope import KEPT_MS, Scope


def test_the_last_two_minutes_are_kept_on_a_clock_without_jumps() -> None:
    scope = Scope()
    for number in range(6000):
        scope.estimated(0.1, -60.0, Phase.QUIET)
        if number % 2:
            scope.seen(FrameSeen(5, 0.9, -20.0, TurnState.SPEECH), answering=False)
    times = [frame.at_ms for frame in scope.frames]
    assert len(times) == KEPT_MS // 32
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {32}


def test_a_turn_marks_its_onset_and_padding_backwards() -> None:
    scope = Scope()
    for _ in range(20):
        scope.estimated(0.1, -60.0, Phase.QUIET)
    scope.began(padding_ms=300, speech_ms=64)
    phases = [frame.phase for frame in scope.frames]
    assert phases == [Phase.QUIET] * 9 + [Phase.PADDING] * 9 + [Phase.SPEECH] * 2
    scope.committed()
    assert [frame.commit for frame in scope.frames] == [False] * 19 + [True]


def test_phases_follow_the_engine_and_the_answer() -> None:
    scope = Scope()
    for state in (TurnState.IDLE, TurnState.SPEECH, TurnState.WAITING):
        scope.seen(FrameSeen(0, 0.5, -20.0, state), answering=state is TurnState.IDLE)
    assert [frame.phase for frame in scope.frames] == [Phase.ANSWER, Phase.SPEECH, Phase.WAITING]


def test_an_empty_scope_takes_marks_without_harm() -> None:
    scope = Scope()
    scope.began(300, 64)
    scope.committed()
    assert scope.frames == ()


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
