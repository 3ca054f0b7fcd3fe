"""Two minutes of frames: their clock, their phases, and the noise floor among them."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.engine.observation import FrameSeen, TurnState
from tui_assistant.runtime.api import Phase, ScopeFrame
from tui_assistant.runtime.scope import KEPT_MS, QUIET_P, NoiseFloor, Scope

MOST = KEPT_MS // 32


def test_the_last_two_minutes_are_kept_on_a_clock_without_jumps() -> None:
    scope = Scope()
    for number in range(6000):
        scope.estimated(0.1, -60.0, Phase.QUIET)
        if number % 2:
            scope.seen(FrameSeen(5, 0.9, -20.0, TurnState.SPEECH), answering=False)
    times = [frame.at_ms for frame in scope.frames]
    assert len(times) == MOST == 3750
    assert times[-1] == scope.now_ms == 9000 * 32
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


def test_a_frame_says_who_decided_and_what_the_judge_thought() -> None:
    scope = Scope()
    scope.seen(FrameSeen(32, 0.1, -50.0, TurnState.WAITING, 320, 500, 0.93), answering=False)
    scope.estimated(0.2, -51.0, Phase.QUIET)
    assert scope.frames == (
        ScopeFrame(32, 0.1, -50.0, Phase.WAITING, judged=0.93, decided=True),
        ScopeFrame(64, 0.2, -51.0, Phase.QUIET, decided=False),
    )


def test_an_empty_scope_takes_marks_without_harm() -> None:
    scope = Scope()
    scope.began(300, 64)
    scope.committed()
    assert scope.frames == ()
    assert scope.noise_floor_dbfs == -120.0


def test_the_noise_floor_is_of_quiet_frames_alone() -> None:
    scope = Scope()
    for number in range(100):
        scope.estimated(0.05, -70.0 + number / 10, Phase.QUIET)
        scope.estimated(0.9, -20.0, Phase.SPEECH)
        scope.estimated(0.05, -90.0, Phase.ANSWER)
        scope.estimated(0.8, -95.0, Phase.QUIET)  # a voice that the server has not told of yet
    assert scope.noise_floor_dbfs == -68.0
    for _ in range(60):
        scope.estimated(0.05, -40.0, Phase.QUIET)
        scope.estimated(0.0, -120.0, Phase.QUIET)  # a file that is over
    scope.began(padding_ms=32 * 118, speech_ms=64)  # they were the beginning of a turn
    assert scope.noise_floor_dbfs == -68.0


def percentile(levels: list[float]) -> float:
    """The 20th, by sorting."""
    return sorted(levels)[max(0, math.ceil(len(levels) * 0.2 - 1e-9) - 1)] if levels else -120.0


@given(
    st.lists(
        st.tuples(st.floats(-130, 5), st.floats(0, 1), st.sampled_from([Phase.QUIET, Phase.QUIET, Phase.SPEECH])),
        max_size=60,
    ),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 640), st.integers(0, 320)), max_size=3),
)
def test_counted_the_floor_is_what_sorting_finds(
    heard: list[tuple[float, float, Phase]], turns: list[tuple[int, int, int]]
) -> None:
    scope = Scope()
    for number, (level, p, phase) in enumerate(heard):
        scope.estimated(p, level, phase)
        for _, padding, speech in (each for each in turns if each[0] == number):
            scope.began(padding, speech)
    levels = [frame.rms_dbfs for frame in scope.frames if frame.phase is Phase.QUIET and frame.p < QUIET_P]
    levels = [level for level in levels if level > -120]
    wanted = min(0.0, max(-120.0, percentile(levels)))
    assert abs(scope.noise_floor_dbfs - wanted) <= 0.25 + 1e-9


def test_levels_that_leave_are_forgotten() -> None:
    floor = NoiseFloor()
    for level in (-80.0, -50.0, -50.0):
        floor.count(level, 1)
    assert floor.dbfs == -80.0
    floor.count(-80.0, -1)
    assert floor.dbfs == -50.0
    scope = Scope()
    scope.estimated(0.0, -80.0, Phase.QUIET)
    for _ in range(MOST):
        scope.estimated(0.0, -50.0, Phase.QUIET)
    assert scope.noise_floor_dbfs == -50.0


def test_a_picture_of_two_minutes_costs_little() -> None:
    scope = Scope()
    for number in range(MOST):
        scope.estimated(0.1, -60.0 - number % 20, Phase.QUIET)
    assert scope.frames is scope.frames  # the same tuple until a frame comes
    begin = time.perf_counter()
    for number in range(100):
        scope.estimated(0.1, -60.0 - number % 20, Phase.QUIET)
        assert len(scope.frames) == MOST
        assert scope.noise_floor_dbfs < -60
    each_ms = (time.perf_counter() - begin) * 10
    assert each_ms < 3  # a tenth of a frame, on a slow machine; measured: 0.05


def test_changed_frames_are_other_objects() -> None:
    """Who keeps a snapshot does not see it change."""
    scope = Scope()
    scope.estimated(0.1, -60.0, Phase.QUIET)
    before = scope.frames
    scope.committed()
    assert before[0] == replace(scope.frames[0], commit=False)
