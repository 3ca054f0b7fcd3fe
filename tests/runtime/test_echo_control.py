"""Echo in a conversation: what is withheld, and who is let through."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tui_assistant.audio.base import DeviceState
from tui_assistant.audio.played import PlayedSound
from tui_assistant.client.bargein import NEEDED
from tui_assistant.errors import DeviceError
from tui_assistant.runtime import echo_control
from tui_assistant.runtime.capture import Capture
from tui_assistant.runtime.echo_control import QUIET_MS, EchoControl

RATE = 16_000
BLOCK = RATE // 100
LOUD = 3000


class Taking:
    """A canceller that takes a hundredth part of the amplitude through, at once."""

    delay = 0

    def __init__(self, rate: int, reference_rate: int) -> None:
        self.rate = rate

    def clean(self, microphone: np.ndarray, reference: np.ndarray) -> np.ndarray:
        return microphone // 100


class Broken(SimpleNamespace):
    """Equipment that finds its way back."""

    def __getattribute__(self, name: str) -> object:
        if name == "duplex":
            return "half-duplex" if self.no_canceller else "aec"
        return super().__getattribute__(name)


class Room:
    """A speaker, a microphone and an echo control on one clock, in steps of 10 ms."""

    lost, silent, state, name, rate = 0, False, DeviceState.RUNNING, "mic", RATE

    def __init__(self, state: str) -> None:
        self.now = 50.0
        self.position = 0
        self.played_sound = PlayedSound(RATE)
        self.waiting = 0  # samples that the speaker has and that are not heard
        self.told: list[str] = []
        self.level = LOUD
        speaker = SimpleNamespace(played_sound=self.played_sound, pending=lambda: self.waiting, underruns=0)
        self.equipment = SimpleNamespace(
            duplex=state, speaker=speaker, microphone=self, lacks_canceller=False, no_canceller=False
        )
        self.capture = Capture(RATE, lambda: None, clock=lambda: self.now)  # type: ignore[arg-type,return-value]
        self.control = EchoControl(self.capture, self.equipment, lambda text, severity: self.told.append(text))
        self.capture.use(self)
        self.heard: list[np.ndarray] = []

    def read(self) -> np.ndarray:
        self.position += BLOCK
        return np.full(BLOCK, self.level, np.int16)

    def position_at(self, at: float) -> int:
        return round((at - 50.0) * RATE)

    def answer(self, seconds: float) -> None:
        """It is handed to the device at once, and sounds from 0.2 s on."""
        self.played_sound.restart()
        for number in range(int(seconds * 100)):
            self.played_sound.add(np.full(BLOCK, LOUD, np.int16), True, self.now + 0.2 + number / 100)
        for number in range(int(seconds * 100), int(seconds * 100) + 60):
            self.played_sound.add(np.zeros(BLOCK, np.int16), False, self.now + 0.2 + number / 100)
        self.waiting = int((seconds + 0.2) * RATE)

    def pass_(self, seconds: float, *, measuring: bool = False) -> list[bool]:
        """Whether it was withheld, 10 ms by 10 ms."""
        seen = []
        for _ in range(round(seconds * 100)):
            self.now += 0.01
            self.waiting = max(0, self.waiting - BLOCK)
            seen.append(self.control.look(self.now, measuring=measuring))
            self.heard.append(self.capture.read())
        return seen

    def frames(self, count: int, p: float) -> list[bool]:
        """After each frame of 32 ms, whether it is withheld."""
        seen = []
        for _ in range(count):
            self.pass_(0.03)
            self.control.frame(p)
            seen.append(self.control.look(self.now))
        return seen


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setattr(echo_control, "WebRtcCanceller", Taking)
    return Room("aec")


def test_while_it_sounds_it_is_withheld_and_then_it_is_as_it_was(room: Room) -> None:
    assert not any(room.pass_(0.5))
    room.answer(1.0)
    assert all(room.pass_(1.2))  # from the first sample that waits on
    assert room.control.listening
    assert room.control.erle_db == pytest.approx(40, abs=1)
    assert all(room.pass_(0.2))  # the room
    room.pass_(0.5)
    assert not any(room.pass_(1.0))
    assert not room.control.blank  # what a canceller has cleaned may be heard
    assert room.control.erle_db is None


def test_five_frames_of_speech_are_let_through(room: Room) -> None:
    room.answer(5.0)
    room.pass_(1.0)
    assert room.frames(NEEDED, 0.9) == [True] * (NEEDED - 1) + [False]
    assert room.frames(5, 0.9) == [False] * 5
    assert not room.control.blank


def test_who_was_let_through_and_is_silent_again_did_not_interrupt(room: Room) -> None:
    room.answer(9.0)
    room.pass_(1.0)
    assert not room.frames(NEEDED, 0.9)[-1]
    quiet = room.frames(40, 0.1)
    assert quiet.index(True) == QUIET_MS // 32 - 1
    assert all(quiet[QUIET_MS // 32 :])


def test_the_next_answer_is_withheld_anew(room: Room) -> None:
    room.answer(1.0)
    room.pass_(0.6)
    room.frames(NEEDED, 0.9)
    room.pass_(3.0)
    room.answer(1.0)
    assert all(room.pass_(1.0))


def test_nobody_is_believed_before_the_canceller_has_shown_that_it_works(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Taking, "clean", lambda self, microphone, reference: microphone)
    room.answer(5.0)
    room.pass_(1.0)
    assert all(room.frames(20, 0.99))


def test_the_setup_hears_the_speaker_as_it_is(room: Room) -> None:
    room.pass_(0.2, measuring=True)
    room.answer(1.0)
    room.heard.clear()
    assert not any(room.pass_(1.0, measuring=True))
    assert all((piece == LOUD).all() for piece in room.heard)


@pytest.mark.parametrize("state", ["aec", "half-duplex"])
@pytest.mark.parametrize("device", ["speaker", "microphone"])
def test_after_a_gap_nobody_is_believed_until_the_devices_tell_their_times_right_again(
    state: str, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(echo_control, "WebRtcCanceller", Taking)
    room = Room(state)
    room.answer(3.2)
    room.frames(40, 0.1)
    assert room.capture.stage is not None
    room.level = LOUD * 5  # clearly louder than the echo
    if device == "speaker":
        room.equipment.speaker.underruns += 1
    else:
        room.lost += 1
    room.control.look(room.now)
    assert not room.capture.stage.settled
    assert all(room.frames(30, 0.9)), "0.9 s: enough for who is believed"
    room.pass_(0.1)
    assert not all(room.frames(NEEDED + 1, 0.9))


def test_half_duplex_lets_nothing_through_unless_it_is_louder_than_the_echo() -> None:
    room = Room("half-duplex")
    room.answer(3.0)
    assert all(room.pass_(1.0))
    assert all(room.frames(10, 0.99))  # it sounds like speech, and it is the answer
    room.level = LOUD * 4
    assert room.frames(NEEDED + 1, 0.99)[-1] is False
    assert room.control.erle_db is None


def test_what_half_duplex_has_withheld_stays_unheard() -> None:
    room = Room("half-duplex")
    room.answer(0.5)
    seen = room.pass_(0.5)
    assert all(seen)
    while room.control.look(room.now):
        room.pass_(0.01)
        if not room.control.withheld:
            break
    assert room.control.blank
    room.pass_(0.01)
    assert not room.control.blank


@pytest.mark.parametrize("state", ["headphones", "no echo"])
def test_where_nothing_is_heard_of_it_nothing_is_withheld(state: str) -> None:
    room = Room(state)
    room.answer(1.0)
    assert not any(room.pass_(1.5))
    assert not room.control.listening
    assert all((piece == LOUD).all() for piece in room.heard)


def test_a_canceller_that_does_not_load_is_told_of_once(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(rate: int, reference_rate: int) -> None:
        raise DeviceError("the echo canceller is not installed", "pip install it")

    monkeypatch.setattr(echo_control, "WebRtcCanceller", broken)
    room.equipment = Broken(**vars(room.equipment))
    room.control._equipment = room.equipment
    room.pass_(0.5)
    assert room.told == ["the echo canceller is not installed: half-duplex. pip install it"]


def test_a_canceller_that_fails_in_the_middle_of_an_answer_makes_it_half_duplex(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(Taking):
        frames = 30

        def clean(self, microphone: np.ndarray, reference: np.ndarray) -> np.ndarray:
            self.frames -= 1
            if not self.frames:
                raise DeviceError("the echo canceller refused a frame", "pip install it")
            return super().clean(microphone, reference)

    monkeypatch.setattr(echo_control, "WebRtcCanceller", Failing)
    room.equipment = room.control._equipment = Broken(**vars(room.equipment))
    room.answer(1.0)
    assert all(room.pass_(1.2)), "what it hears stays withheld"
    assert not any(room.pass_(1.0)[50:])
    assert room.told == ["the echo canceller refused a frame: half-duplex. pip install it"]
    assert sum(piece.size for piece in room.heard) >= 2.2 * RATE - BLOCK * 3  # and is not lost


def test_a_canceller_that_is_wanted_and_missing_is_told_of() -> None:
    room = Room("half-duplex")
    room.equipment.lacks_canceller = True
    room.pass_(0.1)
    assert room.told == ["The echo canceller is not installed: half-duplex. pip install 'tui-assistant[aec]'"]
