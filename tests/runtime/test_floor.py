"""What a hold sends, to the sample, however unsteadily it is looked at."""

from __future__ import annotations

import random

import numpy as np
import pytest
from conversation import answer_begins, sound, turn
from floor_desk import RATE, FloorDesk, signal

from tui_assistant.client.hold import TAKEN, Edge, HoldPhase, Method
from tui_assistant.runtime.api import Keyboard
from tui_assistant.runtime.capture import Floor
from tui_assistant.state import LearnedKeys, RememberedKeys

HELD = ["input_audio_buffer.clear", "input_audio_buffer.commit", "response.create"]


def at(ms: float) -> int:
    """The sample that is spoken then."""
    return round(ms * RATE / 1000)


def unsteady(desk: FloorDesk, edges: list[tuple[Edge, float]], until_ms: float, dice: random.Random) -> None:
    """Polls up to `until_ms`, now and then after standing still; an edge is handled up to 100 ms after its time."""
    arriving = [(when + dice.uniform(0, 100), edge, when) for edge, when in edges]
    while desk.ms < until_ms:
        desk.now += dice.uniform(0.3, 0.9) if dice.random() < 0.02 else dice.uniform(0.001, 0.03)
        while arriving and arriving[0][0] <= desk.ms:
            _, edge, when = arriving.pop(0)
            desk.key(edge, when)
        desk.poll(desk.ms)


@pytest.mark.parametrize("seed", range(3))
def test_fifty_holds_lose_and_double_no_sample(seed: int) -> None:
    dice, desk = random.Random(seed), FloorDesk()
    edges: list[tuple[Edge, float]] = []
    expected, now, turn_end = [], 1_000.0, 0
    for _ in range(50):
        press = now + dice.uniform(320, 1_500)
        release = press + dice.uniform(400, 2_500)
        edges += [(Edge.PRESS, press), (Edge.RELEASE, release)]
        begin = max(at(press) - at(300), min(turn_end, at(press) - at(100)))
        turn_end = at(release) + at(200)
        expected.append(signal(begin, turn_end))
        now = release
    unsteady(desk, edges, now + 2_000, dice)
    assert desk.link.events == ["manual", *HELD * 50]
    for got, want in zip(desk.link.audio, expected, strict=True):
        assert np.array_equal(got, want)


@pytest.mark.parametrize("seed", range(3))
def test_fifty_holds_in_hands_free_leave_no_hole_in_the_stream(seed: int) -> None:
    dice, desk = random.Random(seed), FloorDesk(push_to_talk=False)
    edges: list[tuple[Edge, float]] = []
    presses, ends, now = [], [], 1_000.0
    for _ in range(50):
        presses.append(now + dice.uniform(620, 1_500))
        ends.append(presses[-1] + dice.uniform(400, 2_500))
        edges += [(Edge.PRESS, presses[-1]), (Edge.RELEASE, ends[-1])]
        now = ends[-1]
    unsteady(desk, edges, now + 2_000, dice)
    hold = ["manual", *HELD, "detect"]
    assert desk.link.events == ["detect", *hold * 50]
    for press, end, got in zip(presses, ends, desk.link.behind("input_audio_buffer.clear"), strict=True):
        assert np.array_equal(got, signal(at(press) - at(300), at(end) + at(200)))
    streams = iter(desk.link.behind("detect"))
    for begin, end in zip([0, *(at(end) + at(200) for end in ends)], [*presses, now + 2_000], strict=True):
        got = next(streams)  # up to the press as it was noticed
        assert np.array_equal(got, signal(begin, begin + len(got)))
        assert len(got) >= at(end) - begin


def test_the_commit_goes_out_with_the_last_sample_of_the_tail() -> None:
    desk = FloorDesk()
    desk.pass_to(1_000)
    desk.key(Edge.PRESS, 1_000)
    desk.pass_to(2_000)
    desk.key(Edge.RELEASE, 2_000)
    desk.pass_to(2_195)
    assert "input_audio_buffer.commit" not in desk.link.events
    desk.pass_to(2_205)
    assert desk.link.events[-2:] == HELD[1:]


def test_the_answer_that_plays_is_stopped_before_anything_else() -> None:
    desk = FloorDesk()
    desk.pass_to(1_000)
    for event in [*answer_begins("a long story"), sound(24_000)]:
        desk.hands.do(desk.dialogue.take(event, 0))
    desk.now += 0.5
    desk.hands.do(desk.dialogue.heard(desk.hands.played, 0))
    desk.key(Edge.PRESS, desk.ms)
    assert desk.link.events[1:] == [
        "response.cancel",
        "conversation.item.truncate",
        "input_audio_buffer.clear",
    ]
    assert not desk.dialogue.playback.playing


@pytest.mark.parametrize("gap_ms", [60, 260])
def test_a_late_repeat_goes_on_with_the_turn_or_from_its_end(gap_ms: int) -> None:
    """Auto-repeat every 30 ms; then nothing for so long that the hold ends, and a repeat that was only late."""
    desk = FloorDesk(method=Method.INFERRED)
    desk.pass_to(1_000)
    desk.key(Edge.PULSE, 1_000)
    now = 1_500
    while now <= 3_000:
        desk.pass_to(now)
        desk.key(Edge.PULSE, now)
        now += 30
    while desk.keeper._hold.phase is HoldPhase.HELD:
        desk.poll(desk.ms + 1)
    desk.pass_to(desk.ms + gap_ms)
    desk.key(Edge.PULSE, late := desk.ms)
    for _ in range(20):
        desk.pass_to(desk.ms + 30)
        desk.key(Edge.PULSE, desk.ms)
    desk.pass_to(desk.ms + 2_000)
    assert desk.link.events == ["manual", *HELD * (1 if gap_ms < 200 else 2)]
    if gap_ms > 200:
        first, second = desk.link.audio
        assert np.array_equal(second, signal(at(late - 100), at(late - 100) + len(second)))
        assert at(late - 100) <= at(700) + len(first)
    assert np.array_equal(desk.link.audio[0], signal(at(700), at(700) + len(desk.link.audio[0])))


def test_a_press_of_less_than_100_ms_is_cleared_unless_it_has_speech() -> None:
    for p, sent in [(0.0, False), (0.9, True)]:
        desk = FloorDesk()
        desk.detector.p = p
        desk.pass_to(1_000)
        desk.key(Edge.PRESS, 1_000)
        desk.pass_to(1_080)
        desk.keeper.blur()
        desk.pass_to(2_000)
        assert ("input_audio_buffer.commit" in desk.link.events) is sent
        assert ("too short" in " ".join(desk.told)) is not sent
        assert desk.keeper._hold.phase is HoldPhase.FREE


def test_losing_the_focus_counts_as_release() -> None:
    desk = FloorDesk()
    desk.pass_to(1_000)
    desk.key(Edge.PRESS, 1_000)
    desk.pass_to(2_000)
    desk.keeper.blur()
    desk.pass_to(3_000)
    assert desk.link.events == ["manual", *HELD]
    assert np.array_equal(desk.link.audio[0], signal(at(700), at(2_200)))


def test_holding_in_the_middle_of_a_turn_keeps_its_audio_and_its_end_is_the_release() -> None:
    desk = FloorDesk(push_to_talk=False)
    desk.pass_to(1_000)
    desk.hands.do(desk.dialogue.take(turn()[0], 0))
    desk.pass_to(1_500)
    desk.key(Edge.PRESS, 1_495)
    desk.pass_to(3_000)
    desk.key(Edge.RELEASE, 3_000)
    desk.pass_to(4_000)
    assert desk.link.events == ["detect", "manual", "input_audio_buffer.commit", "response.create", "detect"]
    whole = np.concatenate(desk.link.audio)
    assert np.array_equal(whole, signal(0, at(4_000)))
    assert len(desk.link.audio[2]) == at(4_000) - at(3_200)


def test_held_audio_is_not_withheld_from_the_link_while_the_assistant_would_echo() -> None:
    desk = FloorDesk(push_to_talk=False)
    desk.withheld = True
    desk.pass_to(1_000)
    assert not desk.link.audio[0].any()
    desk.key(Edge.PRESS, 1_000)
    desk.pass_to(2_000)
    desk.key(Edge.RELEASE, 2_000)
    desk.pass_to(3_000)
    silent, held, again = desk.link.audio
    assert np.array_equal(held, signal(at(700), at(2_200)))
    assert len(silent) + len(again) + at(1_200) == at(3_000)
    assert not again.any()


def test_leaving_hands_free_in_mid_speech_leaves_the_floor_to_the_user() -> None:
    desk = FloorDesk(push_to_talk=False)
    desk.pass_to(1_000)
    desk.hands.do(desk.dialogue.take(turn()[0], 0))
    desk.keeper.toggle_mode()
    assert desk.dialogue.push_to_talk
    assert desk.keeper.view(desk.now * 1000).phase is HoldPhase.LATCHED
    assert desk.told == ["You have the floor: the talk key sends."]
    desk.pass_to(2_000)
    desk.keeper.toggle()
    desk.pass_to(3_000)
    assert desk.link.events == ["detect", "manual", "input_audio_buffer.commit", "response.create"]
    assert np.array_equal(np.concatenate(desk.link.audio), signal(0, at(2_200)))


def test_a_dropped_floor_is_free_and_its_key_does_nothing_until_it_is_pressed_anew() -> None:
    desk = FloorDesk()
    desk.pass_to(1_000)
    desk.key(Edge.PRESS, 1_000)
    desk.pass_to(2_000)
    desk.keeper.drop("Dropped.")
    assert desk.told == ["Dropped."]
    assert desk.link.events == ["manual", "input_audio_buffer.clear", "input_audio_buffer.clear"]
    fed = sum(map(len, desk.link.audio))
    desk.key(Edge.REPEAT, 2_010)
    desk.pass_to(3_000)
    desk.key(Edge.RELEASE, 3_000)
    desk.pass_to(4_000)
    assert sum(map(len, desk.link.audio)) == fed
    desk.key(Edge.PRESS, 4_000)
    desk.pass_to(5_000)
    desk.key(Edge.RELEASE, 5_000)
    desk.pass_to(6_000)
    assert desk.link.events[3:] == HELD


def test_a_press_while_nothing_may_be_heard_stops_the_answer_and_takes_no_floor() -> None:
    desk = FloorDesk()
    desk.awake = False
    desk.pass_to(1_000)
    for event in answer_begins("hello"):
        desk.hands.do(desk.dialogue.take(event, 0))
    desk.key(Edge.PRESS, 1_000)
    desk.pass_to(2_000)
    desk.key(Edge.RELEASE, 2_000)
    desk.pass_to(3_000)
    assert desk.link.events == ["manual", "response.cancel", "conversation.item.delete"]
    assert not desk.link.audio


def test_what_was_said_while_muted_is_never_sent() -> None:
    desk = FloorDesk()
    desk.muted = True
    desk.pass_to(1_000)
    desk.muted = False
    desk.key(Edge.PRESS, 1_100)
    desk.pass_to(2_000)
    assert np.array_equal(desk.link.audio[0], signal(at(1_000), at(2_000)))


def test_the_longest_hold_is_warned_of_and_sent() -> None:
    desk = FloorDesk()
    desk.pass_to(1_000)
    desk.key(Edge.PRESS, 1_000)
    desk.pass_to(111_500)
    assert desk.told == ["The longest turn: 10 s left."]
    view = desk.keeper.view(desk.now * 1000)
    assert (view.phase, view.held_ms, view.left_ms) == (HoldPhase.HELD, 110_500, 9_500)
    desk.pass_to(122_000)
    assert desk.told[1:] == ["Sent: that was the longest turn."]
    assert desk.link.events == ["manual", *HELD]
    assert len(desk.link.audio[0]) == at(120_500)


def test_what_a_keyboard_taught_is_remembered_by_the_terminals_name(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUI_ASSISTANT_STATE", str(tmp_path))
    RememberedKeys(terminals={"xterm": LearnedKeys(first_ms=500, median_ms=30, p95_ms=40)}).save()
    desk = FloorDesk(method=Method.INFERRED, remember=True)
    for _ in range(4):
        now = desk.ms + 2_000
        desk.pass_to(now)
        for pulse in [now, *(now + 600 + 90 * number for number in range(12))]:
            desk.pass_to(pulse)
            desk.key(Edge.PULSE, pulse)
    desk.pass_to(desk.ms + 2_000)
    known = RememberedKeys.load()
    assert known.terminals["xterm"].median_ms == 30
    assert 80 <= known.terminals["desk"].median_ms <= 100
    desk.keeper.use_keyboard(Keyboard(Method.INFERRED, "xterm"))
    assert desk.keeper._hold.learned.first_ms == 500
    assert desk.keeper.keyboard.terminal == "xterm"


@pytest.mark.parametrize("method", [Method.RELEASED, Method.INFERRED])
def test_a_press_before_the_terminal_has_answered_keeps_the_floor_and_the_next_tap_sends(method: Method) -> None:
    desk = FloorDesk(push_to_talk=False, method=Method.TOGGLE)
    desk.pass_to(1_000)
    desk.key(Edge.PULSE, 1_000)
    desk.pass_to(1_200)
    desk.keeper.use_keyboard(Keyboard(method, "late"))
    assert desk.keeper.view(desk.now * 1000).phase is HoldPhase.LATCHED
    desk.pass_to(3_000)
    desk.key(Edge.PULSE if method is Method.INFERRED else Edge.PRESS, 3_000)
    desk.pass_to(3_100)
    if method is Method.RELEASED:
        desk.key(Edge.RELEASE, 3_100)
    desk.pass_to(5_000)
    assert desk.link.events == ["detect", "manual", *HELD, "detect"]
    assert desk.keeper.view(desk.now * 1000).phase is HoldPhase.FREE


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_nobody_keeps_the_floor_and_the_server_has_its_turns_back(seed: int) -> None:
    dice = random.Random(seed)
    desk = FloorDesk(push_to_talk=dice.random() < 0.5, method=dice.choice(list(Method)))
    for _ in range(150):
        match dice.randrange(12):
            case 0:
                desk.keeper.toggle()
            case 1:
                desk.keeper.blur()
            case 2:
                desk.keeper.drop("dropped")
            case 3:
                desk.keeper.toggle_mode()
            case 4:
                desk.muted = not desk.muted
                desk.awake = not desk.muted
                if desk.muted and desk.dialogue.talking:
                    desk.keeper.drop("muted")
            case 5:
                desk.detector.p = dice.choice([0.0, 0.9])
            case 6:
                desk.hands.do(desk.dialogue.take(turn(f"u{dice.random()}")[0], 0))
            case 7:
                desk.keeper.use_keyboard(Keyboard(dice.choice(list(Method)), "desk"))
            case _:
                desk.key(dice.choice(list(Edge)), desk.ms)
        desk.pass_to(desk.ms + dice.choice([1, 30, 300, 900]))
        assert desk.dialogue.talking is (desk.keeper._hold.phase in TAKEN)
    desk.key(Edge.RELEASE, desk.ms)
    desk.pass_to(desk.ms + 125_000, step_ms=50)
    assert not desk.dialogue.held
    assert desk.capture.floor is Floor.FREE
    assert desk.keeper.view(desk.now * 1000).phase is HoldPhase.FREE
    detection = [event for event in desk.link.events if event in ("detect", "manual")]
    assert detection[-1] == ("manual" if desk.dialogue.push_to_talk else "detect")
    for before, event in zip(desk.link.events, desk.link.events[1:], strict=False):
        assert (before == "input_audio_buffer.commit") is (event == "response.create")
