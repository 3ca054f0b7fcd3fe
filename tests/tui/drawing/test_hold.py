from __future__ import annotations

import pytest
from fake_talk import scene

from tui_assistant.client.hold import HoldPhase
from tui_assistant.runtime.api import HoldView, Mode, State
from tui_assistant.tui.drawing.hold import TALKING, WORD, cap, hold_line
from tui_assistant.tui.drawing.runs import text_of, width_of
from tui_assistant.tui.drawing.state import state
from tui_assistant.tui.keys.names import TalkKeys
from tui_assistant.tui.widgets.compact import compact

SPACE = TalkKeys()
LATCHED = HoldView(HoldPhase.LATCHED, 3_200, 26_800)


def said(hold: HoldView, room: int = 60, keys: TalkKeys = SPACE) -> str:
    return text_of(hold_line(hold, keys, room))


def test_nothing_beside_the_talk_key_moves_while_somebody_talks() -> None:
    assert {len(word) for word in WORD.values()} == {len("talk")}
    assert set(WORD) == set(HoldPhase)


def test_no_two_phases_are_told_apart_by_colour_alone() -> None:
    signs = [
        said(HoldView(phase))[0] for phase in (HoldPhase.ARMED, HoldPhase.HELD, HoldPhase.LATCHED, HoldPhase.ENDING)
    ]
    assert len(set(signs)) == 4
    assert len({cap(phase)[0] for phase in HoldPhase}) == 5  # pressed and armed mean the same to the user


def test_the_floor_held_for_sure_has_the_colour_of_the_users_voice_and_never_that_of_recording() -> None:
    for phase in HoldPhase:
        roles = {*cap(phase)[1:], *(role for _, role in hold_line(HoldView(phase, 500, 20_000), SPACE, 60))}
        assert not any("live" in role for role in roles)
    assert cap(HoldPhase.HELD)[1] == cap(HoldPhase.LATCHED)[1] == "on voice"
    assert cap(HoldPhase.ARMED)[1] == "on wait"


def test_held_says_how_to_send() -> None:
    assert said(HoldView(HoldPhase.HELD, 1_240)) == "● 1.2 s  let go to send"
    assert said(HoldView(HoldPhase.HELD, 1_240), 10) == "● 1.2 s"


def test_latched_counts_down() -> None:
    assert said(LATCHED) == "◉ ━━━━━━━━━━━─  space sends, or wait 27 s"
    assert said(LATCHED, 28) == "◉ space sends, or wait 27 s"
    assert said(LATCHED, 20) == "◉ 27 s  space sends"
    assert said(LATCHED, 8) == "◉ 27 s"
    assert said(LATCHED, keys=TalkKeys("ctrl+t")).endswith("ctrl+t sends, or wait 27 s")


def test_a_floor_taken_by_the_toggle_key_has_no_countdown() -> None:
    assert said(HoldView(HoldPhase.LATCHED, 3_200)) == "◉ 3.2 s  space sends"


def test_the_longest_hold_is_warned_of() -> None:
    assert said(HoldView(HoldPhase.HELD, 111_200, 8_800)) == "● 1:51  let go: 9 s left"
    assert said(HoldView(HoldPhase.HELD, 111_200, 8_800), 20) == "● 1:51  9 s left"


@pytest.mark.parametrize("phase", [*TALKING, HoldPhase.ENDING])
@pytest.mark.parametrize("width", [24, 36, 62])
def test_it_fits(phase: HoldPhase, width: int) -> None:
    snapshot = scene(2_000, mode=Mode.PUSH_TO_TALK, state=State.SPEECH, hold=HoldView(phase, 119_000, 1_000))
    assert width_of(state(snapshot, width)) <= width


@pytest.mark.parametrize("phase", [*TALKING, HoldPhase.ENDING])
def test_80_columns_have_room_for_what_to_do_next(phase: HoldPhase) -> None:
    held = HoldView(phase, 12_300, 26_800 if phase is HoldPhase.LATCHED else None)
    snapshot = scene(2_000, mode=Mode.PUSH_TO_TALK, turn_detection=None, state=State.SPEECH, hold=held)
    (line,) = compact(snapshot, 80)
    assert width_of(line) <= 80
    assert any(words in text_of(line) for words in ("let go to send", "space sends", "speak", "sending"))
