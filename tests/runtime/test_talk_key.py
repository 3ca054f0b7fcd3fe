"""Holding the talk key with a running Talk: times from its own clock, edges from another thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from conversation import answer_begins
from floor_desk import Counting, signal
from talk_desk import RATE, Desk, Socket, sound

from tui_assistant.audio.base import DeviceState
from tui_assistant.client.hold import Edge, HoldPhase, KeyEdge, Method
from tui_assistant.links.base import LinkStatus
from tui_assistant.links.local import LocalLink
from tui_assistant.runtime import api
from tui_assistant.runtime.options import TalkOptions
from tui_assistant.runtime.talk import Talk
from tui_assistant.sound.wav import Recording, read_wav
from tui_assistant.testing.server import scripted

SPEECH = Path(__file__).parents[1] / "data" / "speech" / "jfk.wav"
RELEASED = api.Keyboard(Method.RELEASED, "desk")
Open = Callable[..., Desk]


def key(desk: Desk, edge: Edge) -> float:
    """Its time, in seconds."""
    now = time.monotonic()
    desk.talk.key(KeyEdge(edge, now * 1000))
    return now


def hold(desk: Desk, seconds: float) -> tuple[float, float]:
    """When the key went down and up."""
    down = key(desk, Edge.PRESS)
    time.sleep(seconds)
    return down, key(desk, Edge.RELEASE)


@pytest.fixture
def counting(socket: Socket) -> Counting:
    """The microphone that is plugged in."""
    socket.plugged = made = Counting(time.monotonic)
    return made


def pressed(open_desk: Open, **options: object) -> Desk:
    """In push-to-talk, at a terminal that tells of releases."""
    desk = open_desk(recording=None, push_to_talk=True, **options)
    desk.talk.use_keyboard(RELEASED)
    desk.until(lambda: desk.snapshot.keyboard == RELEASED)
    return desk


def test_a_hold_is_sent_from_300_ms_before_the_press_to_200_ms_after_the_release(
    open_desk: Open, counting: Counting
) -> None:
    desk = pressed(open_desk)
    time.sleep(0.5)
    down = key(desk, Edge.PRESS)
    desk.until(lambda: desk.snapshot.hold.phase is HoldPhase.HELD)
    assert desk.snapshot.talking
    assert desk.snapshot.hold.held_ms >= 200
    up = key(desk, Edge.RELEASE)
    desk.until(lambda: "response.create" in desk.link.types)
    assert 0.2 <= time.monotonic() - up < 0.3
    expected = signal(counting.position_at(down) - 4_800, counting.position_at(up) + 3_200)
    assert np.array_equal(np.frombuffer(bytes(desk.link.audio), np.int16), expected)
    desk.until(lambda: desk.snapshot.hold.phase is HoldPhase.FREE)


def test_the_tail_is_a_setting(open_desk: Open, counting: Counting) -> None:
    desk = pressed(open_desk, tail_ms=500)
    time.sleep(0.4)
    _, up = hold(desk, 0.4)
    desk.until(lambda: "response.create" in desk.link.types)
    last = np.frombuffer(bytes(desk.link.audio), np.int16)[-1]
    assert last == signal(0, counting.position_at(up) + 8_000)[-1]


def test_pressing_while_the_assistant_speaks_interrupts_first_and_at_once(open_desk: Open, counting: Counting) -> None:
    desk = pressed(open_desk)
    desk.link.say(*answer_begins("a long story"), sound(5))
    desk.until(lambda: desk.snapshot.state is api.State.SPEAKING and desk.snapshot.state_ms > 200)
    down = key(desk, Edge.PRESS)
    desk.until(lambda: "conversation.item.truncate" in desk.link.types)
    assert time.monotonic() - down < 0.1
    desk.until(lambda: "input_audio_buffer.clear" in desk.link.types)
    assert desk.link.types[1:] == ["response.cancel", "conversation.item.truncate", "input_audio_buffer.clear"]


@pytest.mark.parametrize(
    ("take", "told"),
    [
        (lambda desk: desk.talk.interrupt(), "Dropped: nothing was sent."),
        (lambda desk: desk.talk.toggle_mute(), "Muted: what you were saying was dropped."),
        (
            lambda desk: desk.talk._call(
                lambda: desk.link.events.status(LinkStatus(False, "lost", "The link is lost.", "error", lost=True))
            ),
            "What you were saying was lost with the link: say it again.",
        ),
    ],
    ids=["escape", "mute", "link lost"],
)
def test_what_takes_the_floor_away_clears_it_and_leaves_nothing_stuck(
    open_desk: Open, counting: Counting, take: Callable[[Desk], None], told: str
) -> None:
    desk = pressed(open_desk)
    key(desk, Edge.PRESS)
    desk.until(lambda: desk.snapshot.hold.phase is HoldPhase.HELD)
    take(desk)
    desk.until(lambda: desk.link.types.count("input_audio_buffer.clear") == 2)
    desk.until(lambda: not desk.snapshot.talking and told in desk.told)
    key(desk, Edge.RELEASE)
    time.sleep(0.4)
    assert "input_audio_buffer.commit" not in desk.link.types
    if desk.snapshot.muted:
        hold(desk, 0.4)
        desk.until(lambda: desk.told[-1] == "The microphone is muted: x listens again.")
        desk.talk.toggle_mute()
    hold(desk, 0.4)
    desk.until(lambda: "input_audio_buffer.commit" in desk.link.types)


def test_a_microphone_that_goes_in_mid_hold_drops_the_floor(open_desk: Open, socket: Socket) -> None:
    microphone = socket.plugged = Counting(time.monotonic)
    desk = pressed(open_desk)
    key(desk, Edge.PRESS)
    desk.until(lambda: desk.snapshot.hold.phase is HoldPhase.HELD)
    socket.plugged = None
    microphone.state = DeviceState.LOST
    desk.until(lambda: not desk.snapshot.talking)
    assert "What you were saying was dropped." in desk.told
    assert desk.link.types[-1] == "input_audio_buffer.clear"
    key(desk, Edge.RELEASE)
    hold(desk, 0.3)
    desk.until(lambda: desk.told[-1].startswith("There is no microphone"))
    assert "input_audio_buffer.commit" not in desk.link.types


def test_closing_in_mid_hold_saves_and_ends(open_desk: Open, counting: Counting) -> None:
    desk = pressed(open_desk)
    key(desk, Edge.PRESS)
    desk.until(lambda: desk.snapshot.talking)
    began = time.monotonic()
    desk.talk.close()
    assert time.monotonic() - began < 1.5
    assert desk.link.types[-1] == "input_audio_buffer.clear"


class TestOnPress:
    def test_the_microphone_is_open_from_the_press_to_a_second_after_the_tail(
        self, open_desk: Open, counting: Counting
    ) -> None:
        desk = pressed(open_desk, open_on_press=True)
        assert desk.snapshot.microphone == api.OPENS_ON_PRESS
        assert counting.started_at is None
        down, up = hold(desk, 0.4)
        assert counting.started_at is not None
        assert counting.started_at - down < 0.1
        desk.until(lambda: "response.create" in desk.link.types)
        sent = np.frombuffer(bytes(desk.link.audio), np.int16)
        assert np.array_equal(sent, signal(0, counting.position_at(up) + 3_200))  # no pre-roll
        assert desk.snapshot.microphone == "counting"
        desk.until(lambda: desk.snapshot.microphone == api.OPENS_ON_PRESS)
        assert counting.closed
        assert 1.0 <= time.monotonic() - up - 0.2 < 1.5
        assert desk.snapshot.microphone_start_ms is not None
        assert desk.snapshot.microphone_start_ms < 200

    def test_it_opens_and_closes_with_the_mode(self, open_desk: Open, counting: Counting) -> None:
        desk = pressed(open_desk, open_on_press=True)
        desk.talk.toggle_mode()
        desk.until(lambda: desk.snapshot.microphone == "counting")
        desk.until(lambda: len(desk.link.audio) > RATE)
        assert desk.snapshot.mode is api.Mode.HANDS_FREE
        desk.talk.toggle_mode()
        desk.until(lambda: desk.snapshot.microphone == api.OPENS_ON_PRESS)

    def test_one_that_cannot_be_opened_is_told_and_nobody_has_the_floor(
        self, open_desk: Open, counting: Counting, socket: Socket
    ) -> None:
        socket.plugged = None
        desk = pressed(open_desk, open_on_press=True)
        hold(desk, 0.3)
        desk.until(lambda: len(desk.told) == 2)
        assert desk.told[0].startswith("no microphone found")
        assert not desk.snapshot.talking
        socket.plugged = counting
        hold(desk, 0.4)
        desk.until(lambda: "input_audio_buffer.commit" in desk.link.types)


@pytest.fixture
def paused() -> Recording:
    """1.5 s of speech, 900 ms of nothing, the same speech again, and silence."""
    spoken = read_wav(SPEECH.read_bytes(), "jfk.wav").samples[RATE // 4 : RATE * 7 // 4]
    nothing = np.zeros(int(RATE * 0.9), np.int16)
    lead = np.zeros(RATE, np.int16)
    return Recording(np.concatenate([lead, spoken, nothing, spoken, np.zeros(3 * RATE, np.int16)]), RATE, 1, False)


@pytest.fixture
def local(paused: Recording) -> Iterator[tuple[Talk, list[api.Notice]]]:
    talk = Talk(
        LocalLink(scripted(["hello"] * 4, ["Yes."] * 4)),
        TalkOptions(recording=paused, recording_name="paused", output="none", remember=False),
    )
    notices: list[api.Notice] = []
    talk.start(notices.append)
    deadline = time.monotonic() + 20
    while not talk.snapshot().microphone:
        assert time.monotonic() < deadline, notices
        time.sleep(0.005)
    talk.use_keyboard(RELEASED)
    yield talk, notices
    talk.close()


@pytest.mark.parametrize(("held", "turns"), [(False, 2), (True, 1)])
def test_a_pause_ends_no_turn_while_the_key_is_held(
    local: tuple[Talk, list[api.Notice]], held: bool, turns: int
) -> None:
    talk, notices = local
    time.sleep(0.8)  # just before the first word
    if held:
        talk.key(KeyEdge(Edge.PRESS, time.monotonic() * 1000))
    time.sleep(4.4)  # in the middle of the silence behind the last one
    if held:
        assert talk.snapshot().turn_detection is None
        assert talk.snapshot().mode is api.Mode.HANDS_FREE
        talk.key(KeyEdge(Edge.RELEASE, time.monotonic() * 1000))
    time.sleep(1.5)
    lines = {notice.line.key: notice.line for notice in notices if isinstance(notice, api.LineChanged)}
    mine = [line for line in lines.values() if line.who is api.Speaker.YOU]
    assert len(mine) == turns
    assert all("sent by key" in line.note for line in mine) is held
    assert talk.snapshot().turn_detection is not None
    assert [notice for notice in notices if isinstance(notice, api.Told)] == []
