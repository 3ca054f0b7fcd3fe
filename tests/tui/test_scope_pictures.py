"""Pictures of the scope in each state, of real speech. After a wanted change: --snapshot-update, and look at each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from fake_talk import FakeTalk, scene, talked
from heard import frames_of, spoken
from textual.pilot import Pilot

from tui_assistant.client.hold import HoldPhase
from tui_assistant.client.tuning import Tuning
from tui_assistant.runtime.api import HoldView, Level, Mode, Phase, ScopeFrame, Snapshot, State
from tui_assistant.tui.app import AssistantApp

Compare = Callable[..., bool]
SIZES = pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=["wide", "small"])
FRAMES = frames_of(spoken())
PAUSE = next(at for at, frame in enumerate(FRAMES) if frame.commit and at > 300)  # a turn has just ended


def at(frames: tuple[ScopeFrame, ...], state: State, **changes: object) -> Snapshot:
    """The conversation when the last of the frames has been heard."""
    rms = frames[-1].rms_dbfs
    silence = next((n for n, frame in enumerate(reversed(frames)) if frame.phase is not Phase.WAITING), 0) * 32
    shown = replace(
        scene(7_000),
        frames=frames,
        state=state,
        state_ms=silence or 1_240,
        silence_ms=silence,
        needed_ms=500,
        level=Level(rms, rms + 7, -14.0),
        noise_floor_dbfs=-52.5,
        tuning=Tuning(gain_db=4.5),
    )
    return replace(shown, **changes)  # type: ignore[arg-type]  # the tests name the fields


def answered(frames: tuple[ScopeFrame, ...], since: int) -> tuple[ScopeFrame, ...]:
    """The same with the assistant heard from that frame on."""
    return frames[:since] + tuple(replace(frame, phase=Phase.ANSWER, decided=False) for frame in frames[since:])


def held() -> tuple[ScopeFrame, ...]:
    """A turn of push-to-talk: nothing decided by rules, the commit after a tail of 200 ms."""
    by_hand = tuple(replace(frame, phase=Phase.QUIET, commit=False, decided=False) for frame in FRAMES[:330])
    turn = tuple(replace(frame, phase=Phase.SPEECH) for frame in by_hand[150:310])
    return (*by_hand[:150], *turn[:-1], replace(turn[-1], commit=True), *by_hand[310:])


SCENES = {
    State.IDLE: at(FRAMES[: PAUSE + 25], State.IDLE),
    State.SPEECH: at(FRAMES[: PAUSE - 40], State.SPEECH),
    State.ENDING: at(FRAMES[: PAUSE - 4], State.ENDING),
    State.THINKING: at(FRAMES[: PAUSE + 1], State.THINKING),
    State.SPEAKING: at(answered(FRAMES[: PAUSE + 60], PAUSE + 15), State.SPEAKING),
    State.MUTED: at(
        tuple(replace(frame, phase=Phase.QUIET, commit=False, decided=False) for frame in FRAMES[:200]),
        State.MUTED,
        muted=True,
    ),
}


def app_of(snapshot: Snapshot, theme: str = "dark") -> tuple[AssistantApp, FakeTalk]:
    talk = FakeTalk(snapshot)
    talk.first = talked()
    return AssistantApp(talk, theme=theme, clock=lambda: 0.0), talk


def pressing(*steps: str | Callable[[], None]) -> Callable[[Pilot[None]], object]:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.pause(0.2)
        for step in steps:
            if isinstance(step, str):
                await pilot.press(step)
            else:
                step()
            await pilot.pause(0.1)

    return before


def tuned(talk: FakeTalk, **values: object) -> Callable[[], None]:
    def change() -> None:
        talk.apply(replace(talk.snap.tuning, **values))  # type: ignore[arg-type]  # the tests name the fields

    return change


@SIZES
@pytest.mark.parametrize("state", list(SCENES))
def test_in_each_state(snap_compare: Compare, state: State, size: tuple[int, int]) -> None:
    app, _ = app_of(SCENES[state])
    keys = ("p", "end") if size == (80, 24) else ()
    assert snap_compare(app, terminal_size=size, run_before=pressing(*keys))


@SIZES
def test_what_a_longer_silence_would_have_made_of_it(snap_compare: Compare, size: tuple[int, int]) -> None:
    app, talk = app_of(at(FRAMES[:600], State.SPEECH))
    steps = pressing("t", tuned(talk, silence_duration_ms=800))
    assert snap_compare(app, terminal_size=size, run_before=steps)


@SIZES
def test_paused_on_a_turn_with_two_values_tried(snap_compare: Compare, size: tuple[int, int]) -> None:
    app, talk = app_of(at(FRAMES, State.IDLE))
    steps = pressing("minus", "p", "up", "up", "t", tuned(talk, silence_duration_ms=300, threshold=0.6))
    assert snap_compare(app, terminal_size=size, run_before=steps)


def test_nothing_is_compared_yet_in_the_light_theme(snap_compare: Compare) -> None:
    app, _ = app_of(at(FRAMES[:300], State.SPEECH), "light")
    assert snap_compare(app, terminal_size=(120, 40), run_before=pressing("t"))


def test_push_to_talk_has_its_tail(snap_compare: Compare) -> None:
    hold = HoldView(HoldPhase.FREE)
    shown = at(held(), State.IDLE, mode=Mode.PUSH_TO_TALK, turn_detection=None, hold=hold)
    app, _ = app_of(shown)
    assert snap_compare(app, terminal_size=(120, 40), run_before=pressing("plus"))
