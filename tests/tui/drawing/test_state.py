from __future__ import annotations

from dataclasses import replace

import pytest
from fake_talk import scene

from tui_assistant.client.hold import Method
from tui_assistant.runtime.api import Keyboard, Mode, Phase, ScopeFrame, Snapshot, State
from tui_assistant.tui.drawing.hold import clock
from tui_assistant.tui.drawing.runs import text_of, width_of
from tui_assistant.tui.drawing.state import alarms, state
from tui_assistant.tui.keys.names import TalkKeys


@pytest.mark.parametrize(("ms", "words"), [(0, "0.0 s"), (1_240, "1.2 s"), (59_999, "59.9 s"), (125_000, "2:05")])
def test_the_clock(ms: int, words: str) -> None:
    assert clock(ms) == words


@pytest.mark.parametrize("value", list(State))
def test_the_word_is_whole_on_a_narrow_line(value: State) -> None:
    text = text_of(state(Snapshot(state=value, needed_ms=500), 20))
    assert f" {value} " in text
    assert len(text) <= 20


def test_ending_shows_how_much_silence_is_there_and_how_much_is_needed() -> None:
    line = state(Snapshot(state=State.ENDING, silence_ms=312, needed_ms=500), 60)
    assert text_of(line).endswith(" 312 / 500 ms")
    assert ("█" * 12, "wait") in line
    assert ("─" * 8, "faint") in line


def test_the_bar_does_not_run_over() -> None:
    line = state(Snapshot(state=State.ENDING, silence_ms=900, needed_ms=500), 60)
    assert ("█" * 20, "wait") in line


def test_push_to_talk_says_which_key_comes_next() -> None:
    manual = Snapshot(mode=Mode.PUSH_TO_TALK, microphone="mic")
    assert "space starts" in text_of(state(manual, 60))
    holding = replace(manual, keyboard=Keyboard(Method.RELEASED))
    assert "hold space and speak" in text_of(state(holding, 60))
    assert "hold F4 and speak" in text_of(state(holding, 60, keys=TalkKeys(talk="f4")))
    assert "space sends" in text_of(state(replace(manual, state=State.SPEECH, talking=True), 60))


def test_idle_has_no_clock_so_that_nothing_moves() -> None:
    idle = Snapshot(state=State.IDLE)
    assert state(replace(idle, state_ms=100), 60) == state(replace(idle, state_ms=9_000), 60)


@pytest.mark.parametrize(("link_state", "words"), [("starting", "starting"), ("ready", "no microphone")])
def test_a_microphone_is_missed_only_when_it_was_looked_for(link_state: str, words: str) -> None:
    assert text_of(state(Snapshot(link_state=link_state), 60, name="")) == f" IDLE   {words}"


def test_alarms_are_listed_and_cut_to_the_line() -> None:
    assert text_of(alarms(scene(0), ("tea 4:59", "egg 0:30"), 60)) == "timers ◷ tea 4:59  ◷ egg 0:30"
    assert width_of(alarms(scene(0), ("x" * 90,), 40)) <= 40
    assert alarms(scene(0), (), 60) == ()


@pytest.mark.parametrize(
    ("theirs", "ours", "words"),
    [
        (State.IDLE, Phase.SPEECH, "local estimate: speech"),
        (State.SPEECH, Phase.QUIET, "local estimate: quiet"),
        (State.SPEECH, Phase.WAITING, ""),
        (State.IDLE, Phase.QUIET, ""),
        (State.SPEAKING, Phase.SPEECH, ""),
        (State.IDLE, None, ""),
    ],
)
def test_where_our_estimate_differs_from_the_server_it_is_said(theirs: State, ours: Phase | None, words: str) -> None:
    frame = ScopeFrame(32, 0.5, -30.0, Phase.QUIET, local=ours)
    text = text_of(state(Snapshot(state=theirs, frames=(frame,), microphone="Desk"), 60))
    assert ("local estimate" in text, words in text) == (bool(words), True)
