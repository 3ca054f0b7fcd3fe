"""The setup's hands: the conversation rests, the echo is measured, and what was accepted is there at the next start."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conversation import answer_begins, turn
from loop_devices import LoopMicrophone, LoopSpeaker
from talk_desk import RATE, Desk, Socket, sound

from tui_assistant.audio.files import load_recording
from tui_assistant.audio.played import PlayedSound
from tui_assistant.client.tuning import Tuning
from tui_assistant.protocol.session import ServerVad
from tui_assistant.runtime import api, equipment
from tui_assistant.state import RememberedSetup


@pytest.fixture
def room(open_desk: Callable[..., Desk], socket: Socket, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Desk]:
    """A desk whose microphone hears its loudspeaker at `echo_db` after `delay_ms`."""

    def furnish(echo_db: float | None, delay_ms: int = 60, *, name: str = "Desk mic", **options: object) -> Desk:
        speaker = LoopSpeaker()
        socket.plugged = LoopMicrophone(speaker, echo_db, delay_ms, name)
        monkeypatch.setattr(equipment, "open_speaker", lambda wanted: speaker)
        return open_desk(**{"recording": None, "output": "", **options})

    return furnish


def measured(desk: Desk, count: int = 1) -> api.EchoMeasured:
    def found() -> list[api.EchoMeasured]:
        _ = desk.told
        return [notice for notice in desk.notices if isinstance(notice, api.EchoMeasured)]

    desk.talk.setup.measure_echo()
    desk.until(lambda: len(found()) == count)
    return found()[-1]


def heard_ms(desk: Desk) -> int:
    """Of an answer that is interrupted at once: never more than the time that has passed."""
    begun = time.monotonic()
    desk.link.say(*turn("u1"), *answer_begins("hello"), sound(2.0))
    desk.until(lambda: desk.snapshot.state is api.State.SPEAKING)
    desk.talk.interrupt()
    desk.until(lambda: "conversation.item.truncate" in desk.link.types)
    passed_ms = (time.monotonic() - begun) * 1000
    (cut,) = [event for event in desk.link.sent if event.type == "conversation.item.truncate"]
    assert cut.audio_end_ms <= passed_ms  # else the samples of something else were counted
    return cut.audio_end_ms


def test_the_echo_of_the_speakers_is_measured(room: Callable[..., Desk]) -> None:
    echo = measured(room(-18.0, 120))
    assert echo.heard
    assert echo.refused == ""
    assert echo.level_db == pytest.approx(-18.0, abs=1.5)
    assert 110 <= echo.delay_ms <= 200  # the polls take their time, too
    assert echo.noise_dbfs == pytest.approx(-64.8, abs=1.5)  # a third of the noise lies below 8 kHz


def test_the_volume_is_taken_out_of_the_figure_and_the_gain_is_in_it(room: Callable[..., Desk]) -> None:
    desk = room(-18.0, volume=0.5, tuning=Tuning(gain_db=6.0))
    assert measured(desk).level_db == pytest.approx(-12.0, abs=1.5)


def test_the_echo_is_measured_before_a_canceller_takes_it_away(room: Callable[..., Desk]) -> None:
    desk = room(-18.0)
    desk.talk._floor.capture._without_echo = lambda samples: samples * 0  # type: ignore[method-assign]  # a perfect one
    assert measured(desk).level_db == pytest.approx(-18.0, abs=1.5)


def test_headphones_are_not_heard(room: Callable[..., Desk]) -> None:
    echo = measured(room(None))
    assert not echo.heard
    assert echo.refused == ""


def test_what_cannot_be_measured_is_refused_in_words(room: Callable[..., Desk], open_desk: Callable[..., Desk]) -> None:
    assert measured(room(-18.0, volume=0.0)).refused == "the volume is 0: there is nothing to hear"
    assert "no microphone that could hear" in measured(open_desk()).refused


def test_nothing_is_measured_while_somebody_speaks(room: Callable[..., Desk]) -> None:
    desk = room(-18.0)
    desk.link.say(*turn("u1"), *answer_begins("hello"), sound(2.0))
    desk.until(lambda: desk.snapshot.state is api.State.SPEAKING)
    assert "speaking" in measured(desk).refused


def test_an_answer_after_the_chirp_is_heard_from_its_beginning(room: Callable[..., Desk]) -> None:
    desk = room(-18.0)
    assert measured(desk).heard
    assert heard_ms(desk) >= 0


def test_leaving_while_the_chirp_sounds_ends_it_and_counts_nothing(room: Callable[..., Desk]) -> None:
    desk = room(-18.0)
    desk.talk.setup.begin()
    desk.talk.setup.measure_echo()
    desk.until(lambda: desk.snapshot.level.peak_dbfs > -40)  # the chirp is heard
    desk.talk.setup.end()
    assert heard_ms(desk) >= 0
    assert not [notice for notice in desk.notices if isinstance(notice, api.EchoMeasured)]


def test_asking_twice_measures_once_more(room: Callable[..., Desk]) -> None:
    desk = room(-18.0, 120)
    desk.talk.setup.measure_echo()
    time.sleep(0.2)
    echo = measured(desk)
    assert echo.level_db == pytest.approx(-18.0, abs=1.5)


def test_during_the_setup_the_conversation_hears_silence_and_no_key_talks(room: Callable[..., Desk]) -> None:
    desk = room(None)
    desk.until(lambda: any(desk.link.audio))
    desk.talk.setup.begin()
    desk.until(lambda: desk.snapshot.local_estimate and not any(desk.link.audio[-RATE // 4 :]))
    begin, frames = len(desk.link.audio), len(desk.snapshot.frames)
    desk.talk.talk()
    desk.until(lambda: len(desk.link.audio) > begin + RATE)
    assert not any(desk.link.audio[begin:])
    assert not desk.snapshot.talking
    assert len(desk.snapshot.frames) > frames
    assert desk.snapshot.frames[-1].rms_dbfs > -70  # the scope still sees what the setup needs
    desk.talk.setup.end()
    begin = len(desk.link.audio)
    desk.until(lambda: any(desk.link.audio[begin:]))


def test_a_microphone_that_opens_on_press_is_open_during_the_setup(room: Callable[..., Desk]) -> None:
    desk = room(None, push_to_talk=True, open_on_press=True)
    assert desk.snapshot.microphone == api.OPENS_ON_PRESS
    desk.talk.setup.begin()
    desk.until(lambda: desk.snapshot.microphone == "Desk mic" and len(desk.snapshot.frames) > 5)
    desk.talk.setup.end()
    desk.until(lambda: desk.snapshot.microphone == api.OPENS_ON_PRESS)


ACCEPTED = Tuning(threshold=0.65, silence_duration_ms=700, gain_db=8.0)


def kept(room: Callable[..., Desk]) -> None:
    desk = room(None)
    desk.talk.apply(ACCEPTED)
    desk.talk.setup.keep(ACCEPTED, "half-duplex")
    desk.until(lambda: RememberedSetup.load().of("Desk mic") is not None)


def test_what_was_accepted_is_in_force_at_the_next_start(room: Callable[..., Desk]) -> None:
    kept(room)
    again = room(None)
    again.until(
        lambda: again.snapshot.tuning == replace(Tuning(), threshold=0.65, silence_duration_ms=700, gain_db=8.0)
    )
    other = room(None, name="Headset")
    other.until(lambda: len(other.snapshot.frames) > 3)
    assert other.snapshot.tuning == Tuning()


def test_how_the_echo_is_dealt_with_is_what_was_measured_for_these_two(room: Callable[..., Desk]) -> None:
    desk = room(None)
    desk.until(lambda: desk.snapshot.duplex == "half-duplex")
    desk.talk.setup.keep(ACCEPTED, "headphones")
    desk.until(lambda: desk.snapshot.duplex == "headphones")  # from then on ...
    desk.talk.setup.keep(ACCEPTED)  # ... also where the setup is done again without the speakers ...
    again = room(None)
    again.until(lambda: again.snapshot.duplex == "headphones")  # ... and at the next start,
    other = room(None, name="Headset")
    other.until(lambda: len(other.snapshot.frames) > 3)
    assert other.snapshot.duplex == "half-duplex"  # but not with another microphone,
    wanted = room(None, echo="half-duplex")
    wanted.until(lambda: len(wanted.snapshot.frames) > 3)
    assert wanted.snapshot.duplex == "half-duplex"  # nor against the settings


@pytest.mark.parametrize(
    ("advice", "with_canceller", "without"),
    [
        ("", "aec", "half-duplex"),
        ("echo canceller", "aec", "half-duplex"),
        ("half-duplex", "half-duplex", "half-duplex"),
        ("headphones", "headphones", "headphones"),
        ("what a later version advises", "aec", "half-duplex"),
    ],
)
def test_advice_is_followed_as_far_as_there_is_what_it_needs(
    room: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch, advice: str, with_canceller: str, without: str
) -> None:
    talk = room(None).talk
    words = {("Desk mic", "Loudspeaker"): advice}
    talk.setup.advised = lambda microphone, speaker: words[microphone, speaker]  # type: ignore[method-assign]
    devices = talk._equipment
    devices.advised, devices.speaker.played_sound = talk.setup.advised, PlayedSound(RATE)
    for there, expected in ((True, with_canceller), (False, without)):
        monkeypatch.setattr(equipment, "installed", lambda there=there: there)
        assert devices.duplex == expected


def test_settings_win_over_what_was_kept(room: Callable[..., Desk]) -> None:
    kept(room)
    desk = room(None, rules=ServerVad(threshold=0.4))
    desk.until(lambda: desk.snapshot.tuning.gain_db == 8.0)
    assert (desk.snapshot.tuning.threshold, desk.snapshot.tuning.silence_duration_ms) == (0.4, 500)
    loud = room(None, tuning=Tuning(gain_db=3.0))
    loud.until(lambda: loud.snapshot.tuning.threshold == 0.65)
    assert loud.snapshot.tuning.gain_db == 3.0


def test_the_setup_is_offered_at_three_starts_and_not_after_a_no(room: Callable[..., Desk]) -> None:
    for _ in range(3):
        assert room(None).talk.setup.offered
    assert not room(None).talk.setup.offered
    RememberedSetup().save()
    desk = room(None)
    assert desk.talk.setup.offered
    desk.talk.setup.decline()
    desk.until(lambda: not desk.talk.setup.offered)
    assert not room(None).talk.setup.offered


def test_without_a_real_microphone_nothing_is_offered_or_kept(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    assert not desk.talk.setup.offered
    desk.talk.setup.keep(ACCEPTED)
    desk.talk.setup.begin()
    desk.until(lambda: desk.snapshot.local_estimate)
    assert RememberedSetup.load() == RememberedSetup()


def test_nothing_of_the_setup_is_in_a_recording(room: Callable[..., Desk], tmp_path: Path) -> None:
    desk = room(None)
    desk.talk.setup.begin()
    desk.until(lambda: desk.snapshot.local_estimate and not any(desk.link.audio[-RATE // 4 :]))
    desk.talk.record(tmp_path / "kept")
    desk.until(lambda: desk.snapshot.recording)
    desk.until(
        lambda: (tmp_path / "kept" / "mic.wav").exists() and (tmp_path / "kept" / "mic.wav").stat().st_size > RATE
    )
    desk.talk.record()
    desk.until(lambda: not desk.snapshot.recording)
    recorded = load_recording(tmp_path / "kept" / "mic.wav")
    assert len(recorded.samples) > RATE // 4
    assert not recorded.samples.any()
