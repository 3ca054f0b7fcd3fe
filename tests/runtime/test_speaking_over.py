"""What the link gets while the assistant speaks: silence, the newest of it late, and all of it once somebody speaks."""

from __future__ import annotations

import numpy as np
import pytest
from floor_desk import RATE, START_S, FloorDesk, signal

from tui_assistant.audio.echo import EchoStage
from tui_assistant.audio.played import PlayedSound
from tui_assistant.client.effects import Since
from tui_assistant.client.hold import Edge

HELD_MS = 600


def at(ms: float) -> int:
    return int(ms * RATE / 1000)


class Desk(FloorDesk):
    """Polls as the runtime does while the assistant may be heard."""

    blank = False

    def poll(self, at_ms: float) -> None:
        self.now = START_S + at_ms / 1000
        self.keeper.poll(withheld=self.withheld, muted=self.muted, held_ms=HELD_MS, blank=self.blank)
        self.blank = False

    @property
    def sent(self) -> np.ndarray:
        return np.concatenate(self.link.audio)


@pytest.mark.parametrize("step_ms", [3, 10, 45])
def test_who_is_let_through_is_heard_from_600_ms_before(step_ms: float) -> None:
    desk = Desk(push_to_talk=False)
    desk.pass_to(1_000, step_ms=step_ms)
    desk.withheld = True
    desk.pass_to(3_000, step_ms=step_ms)
    assert len(desk.sent) == at(3_000 - HELD_MS)
    desk.withheld = False
    desk.pass_to(4_000, step_ms=step_ms)
    expected = signal(0, at(4_000)).copy()
    expected[at(1_000) : at(3_000 - HELD_MS)] = 0
    assert np.array_equal(desk.sent, expected)


def test_what_is_not_for_anyone_stays_silence() -> None:
    desk = Desk(push_to_talk=False)
    desk.withheld = True
    desk.pass_to(1_000)
    desk.withheld, desk.blank = False, True
    desk.pass_to(2_000)
    expected = signal(0, at(2_000)).copy()
    expected[: at(1_010)] = 0  # up to the poll that has found it over
    assert np.array_equal(desk.sent, expected)


def test_muted_nothing_waits() -> None:
    desk = Desk(push_to_talk=False)
    desk.withheld = desk.muted = True
    desk.pass_to(1_000)
    assert len(desk.sent) == at(1_000)
    assert not desk.sent.any()


def test_a_short_answer_makes_no_hole() -> None:
    desk = Desk(push_to_talk=False)
    desk.pass_to(1_000)
    desk.withheld = True
    desk.pass_to(1_300)
    desk.withheld = False
    desk.pass_to(2_000)
    assert np.array_equal(desk.sent, signal(0, at(2_000)))


def test_the_key_takes_what_waits_and_the_stream_goes_on_behind_it() -> None:
    desk = Desk(push_to_talk=False)
    desk.withheld = True
    desk.pass_to(1_000)
    desk.key(Edge.PRESS, 1_000)
    desk.withheld = False
    desk.pass_to(2_000)
    desk.key(Edge.RELEASE, 2_000)
    desk.pass_to(3_000)
    held = next(stretch for stretch in desk.link.audio if stretch.any())
    assert np.array_equal(held, signal(at(700), at(2_200)))


def test_a_stage_that_holds_samples_moves_none() -> None:
    """Numbers and times of samples are the microphone's, whatever waits in the canceller."""

    class Same:
        delay = 224

        def __init__(self) -> None:
            self.line = np.zeros(self.delay, np.int16)

        def clean(self, microphone: np.ndarray, reference: np.ndarray) -> np.ndarray:
            line = np.concatenate([self.line, microphone])
            self.line = line[len(microphone) :]
            return line[: len(microphone)]

    desk = Desk(push_to_talk=False)
    desk.capture._clock = lambda: desk.now
    stage = EchoStage(RATE, lambda _: Same())
    desk.capture.stage = stage
    sound = PlayedSound(RATE)
    stage.listen_to(sound)
    desk.pass_to(1_000)
    sound.restart()
    for number in range(300):
        sound.add(np.full(160, 500, np.int16), True, desk.now + 0.15 + number / 100)
    desk.pass_to(2_000)
    assert stage.sounding
    waits = at(2_000) - len(desk.sent)
    assert 0 < waits <= 224 + 160
    assert np.array_equal(desk.sent, signal(0, len(desk.sent)))
    assert desk.capture.sample_at(START_S + 1.5) == at(1_500)
    before = len(desk.sent)
    desk.capture.take_floor(START_S + 2.0, Since.PREROLL)
    desk.pass_to(2_500)
    assert np.array_equal(desk.sent[before:], signal(at(1_700), at(1_700) + len(desk.sent) - before))
