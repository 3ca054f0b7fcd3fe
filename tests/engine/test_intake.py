"""Buffer, turn detection and dictation of one session, through the session's own calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fakes import RATE, Driver, ScriptedDetector, config, counting, errors, kinds, streams

from tui_assistant.engine.observation import FrameSeen, TurnState
from tui_assistant.engine.ports import Cancel, Failed, Final, TranscribeAudio, TranscribeEnd
from tui_assistant.protocol import server
from tui_assistant.protocol.codec import decode_audio
from tui_assistant.protocol.session import SemanticVad, ServerVad
from tui_assistant.sound.level import rms_dbfs

QUIET = ServerVad(create_response=False)
FRAME = 512


def speech(before: int, length: int, after: int = 60) -> ScriptedDetector:
    return ScriptedDetector([0.0] * before + [0.9] * length + [0.0] * after)


def audio_of(driver: Driver, item_id: str) -> list[int]:
    pcm = decode_audio(driver.retrieve(item_id).content[0].audio)
    return np.frombuffer(pcm, "<u2").tolist()


def commits(driver: Driver) -> list[str]:
    return [event.item_id for event in driver.of(server.BufferCommitted)]


def test_a_turn_holds_exactly_its_audio() -> None:
    driver = Driver(speech(20, 10), config(QUIET))
    driver.feed(counting(50 * FRAME))
    (started,), (stopped,) = driver.of(server.SpeechStarted), driver.of(server.SpeechStopped)
    assert (started.audio_start_ms, started.at_ms) == (20 * 32 - 300, 22 * 32)
    assert started.reason == {"rule": "threshold", "p": 0.9, "threshold": 0.5, "held_ms": 64}
    assert (stopped.audio_end_ms, stopped.at_ms) == (30 * 32 + 512, 30 * 32 + 512)
    assert stopped.reason == {"rule": "silence", "silence_ms": 512, "needed_ms": 500}
    assert driver.of(server.BufferCommitted)[0].reason == stopped.reason
    assert audio_of(driver, started.item_id) == list(range(340 * 16, 1_472 * 16))


def test_the_recogniser_hears_what_the_item_holds() -> None:
    driver = Driver(speech(20, 10), config(QUIET))
    driver.feed(counting(50 * FRAME))
    sent = b"".join(ask.pcm for ask in driver.of(TranscribeAudio))
    assert sent == counting((1_472 - 340) * 16, 340 * 16)
    assert [ask.ask_id for ask in driver.of(TranscribeEnd)] == streams(driver.outputs)


@pytest.mark.parametrize("prefix", [0, 300, 5_000])
def test_turns_never_share_audio(prefix: int) -> None:
    """The padding reaches back to the end of the last committed audio and no further."""
    driver = Driver(
        ScriptedDetector([0.9] * 10 + [0.0] * 4 + [0.9] * 10 + [0.0] * 4),
        config(QUIET.model_copy(update={"prefix_padding_ms": prefix, "silence_duration_ms": 100})),
    )
    driver.feed(counting(40 * FRAME))
    first, second = driver.of(server.SpeechStarted)
    assert first.audio_start_ms == 0
    assert second.audio_start_ms == 14 * 32
    assert driver.of(server.SpeechStopped)[0].audio_end_ms == 14 * 32


@pytest.mark.parametrize("audio_format", ["audio/pcmu", "audio/pcma"])
def test_g711_items_are_retrieved_as_they_were_sent(audio_format: str) -> None:
    driver = Driver(speech(0, 10), config(QUIET))
    driver.send("session.update", session={"type": "realtime", "audio": {"input": {"format": {"type": audio_format}}}})
    sent = bytes(range(128, 228)) * 80  # no code for -0 among them, which the same sample as 0 has
    driver.feed(sent)
    (started,), (stopped,) = driver.of(server.SpeechStarted), driver.of(server.SpeechStopped)
    audio = decode_audio(driver.retrieve(started.item_id).content[0].audio)
    assert audio == sent[: stopped.audio_end_ms * 8]


@pytest.mark.parametrize(("prefix", "silence"), [(0, 500), (300, 500), (1_000, 2_000)])
def test_while_nobody_speaks_little_is_held(prefix: int, silence: int) -> None:
    rules = QUIET.model_copy(update={"prefix_padding_ms": prefix, "silence_duration_ms": silence})
    driver = Driver(ScriptedDetector(), config(rules))
    driver.feed(counting(400 * FRAME))
    driver.send("input_audio_buffer.commit")
    samples = audio_of(driver, commits(driver)[0])
    assert len(samples) == (prefix + 600) * 16
    assert samples[-1] == (400 * FRAME - 1) & 0xFFFF


class TestCommit:
    def test_in_a_turn_ends_it_without_speech_stopped(self) -> None:
        driver = Driver(speech(10, 60), config(ServerVad()))
        driver.frames(30)
        announced = driver.of(server.SpeechStarted)[0].item_id
        outputs = driver.send("input_audio_buffer.commit")
        assert kinds(outputs) == [
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
        ]
        assert commits(driver) == [announced]
        assert driver.of(server.BufferCommitted)[0].reason == {"rule": "commit"}
        driver.frames(1)
        assert len(driver.of(server.SpeechStarted)) == 1
        driver.frames(1)  # the voice goes on: a new turn after 64 ms
        assert driver.of(server.SpeechStarted)[1].audio_start_ms == 30 * 32
        assert driver.of(server.SpeechStarted)[1].item_id != announced
        assert "response.created" not in kinds(driver.outputs)

    def test_idle_commits_what_is_held(self) -> None:
        driver = Driver(ScriptedDetector(), config(ServerVad()))
        driver.frames(10)
        assert "input_audio_buffer.committed" in kinds(driver.send("input_audio_buffer.commit"))

    @pytest.mark.parametrize("vad", [QUIET, SemanticVad(), None], ids=["server", "semantic", "manual"])
    @pytest.mark.parametrize("samples", [0, 1, 1_599])
    def test_under_100_ms_is_refused_and_changes_nothing(self, vad: Any, samples: int) -> None:
        driver = Driver(speech(0, 2), config(vad))
        driver.feed(counting(samples))
        (error,) = driver.send("input_audio_buffer.commit", event_id="mine")
        assert isinstance(error, server.ErrorEvent)
        assert error.error.code == "input_audio_buffer_commit_empty"
        assert (error.error.event_id, error.error.param) == ("mine", None)
        assert f"only has {samples / 16:.2f}ms" in error.error.message
        driver.feed(counting(1_600 - samples, samples))
        driver.send("input_audio_buffer.commit")
        assert audio_of(driver, commits(driver)[0]) == list(range(1_600))

    def test_nothing_is_lost_between_commits_inside_a_millisecond(self) -> None:
        driver = Driver(ScriptedDetector(), config(None))
        for length in (2_001, 1_600, 1_607, 1_600):
            driver.feed(counting(length, driver.session._intake.buffer.end))
            driver.send("input_audio_buffer.commit")
        found = [sample for item_id in commits(driver) for sample in audio_of(driver, item_id)]
        assert found == list(range(2_001 + 1_600 + 1_607 + 1_600))

    def test_the_recogniser_hears_manual_audio_to_its_last_sample(self) -> None:
        driver = Driver(ScriptedDetector(), config(None))
        driver.feed(counting(5_000))
        driver.send("input_audio_buffer.commit")
        assert b"".join(ask.pcm for ask in driver.of(TranscribeAudio)) == counting(5_000)

    def test_a_frame_that_comes_late_opens_nothing_new(self) -> None:
        """The resampler holds the end of what was committed: its frame comes with the audio after it."""
        driver = Driver(ScriptedDetector(), config(None, rate=24_000))
        driver.feed(counting(24 * 128))
        driver.send("input_audio_buffer.commit")
        assert driver.of(FrameSeen)[-1].end_ms == 96
        driver.feed(counting(24 * 31))
        assert driver.of(FrameSeen)[-1].end_ms == 128
        assert len(streams(driver.outputs)) == 1
        driver.feed(counting(24 * 31))
        assert len(streams(driver.outputs)) == 2

    def test_a_message_never_tells_of_less_than_nothing(self) -> None:
        driver = Driver(ScriptedDetector(), config(None, rate=44_100))
        driver.feed(counting(4_411))
        driver.send("input_audio_buffer.commit")
        (error,) = driver.send("input_audio_buffer.commit")
        assert isinstance(error, server.ErrorEvent)
        assert "only has 0.00ms" in error.error.message


class TestClear:
    def test_in_a_turn_abandons_it(self) -> None:
        driver = Driver(speech(10, 60), config(ServerVad()))
        driver.frames(30)
        (first,) = driver.of(server.SpeechStarted)
        outputs = driver.send("input_audio_buffer.clear")
        assert kinds(outputs) == ["input_audio_buffer.cleared"]
        assert [ask.ask_id for ask in outputs if isinstance(ask, Cancel)] == streams(driver.outputs)
        driver.frames(80)
        again = driver.of(server.SpeechStarted)[1]
        assert (again.audio_start_ms, again.at_ms) == (30 * 32, 32 * 32), "the clock goes on"
        assert again.item_id != first.item_id
        assert [event.item_id for event in driver.of(server.SpeechStopped)] == [again.item_id]
        assert commits(driver) == [again.item_id]

    @pytest.mark.parametrize("vad", [QUIET, None])
    def test_an_empty_buffer_is_cleared_too(self, vad: Any) -> None:
        driver = Driver(configuration=config(vad))
        assert kinds(driver.send("input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]

    def test_cleared_audio_is_in_no_item(self) -> None:
        driver = Driver(ScriptedDetector(), config(None))
        driver.feed(counting(3_000))
        driver.send("input_audio_buffer.clear")
        driver.feed(counting(2_000, 3_000))
        driver.send("input_audio_buffer.commit")
        assert audio_of(driver, commits(driver)[0]) == list(range(3_000, 5_000))


class TestSwitching:
    def test_vad_to_null_in_a_turn_keeps_audio_and_announced_item(self) -> None:
        driver = Driver(speech(20, 10), config(QUIET))
        driver.feed(counting(25 * FRAME))
        (started,) = driver.of(server.SpeechStarted)
        driver.update(None)
        driver.feed(counting(75 * FRAME, 25 * FRAME))
        assert not driver.of(server.SpeechStopped)
        driver.send("input_audio_buffer.commit")
        assert commits(driver) == [started.item_id]
        assert audio_of(driver, started.item_id) == [
            n & 0xFFFF for n in range(started.audio_start_ms * 16, 100 * FRAME)
        ]
        assert len(streams(driver.outputs)) == 1

    def test_null_to_vad_shrinks_the_buffer(self) -> None:
        driver = Driver(ScriptedDetector(), config(None))
        driver.feed(counting(100 * FRAME))
        driver.update({"type": "server_vad", "prefix_padding_ms": 200})
        driver.send("input_audio_buffer.commit")
        samples = audio_of(driver, commits(driver)[0])
        assert (len(samples), samples[-1]) == (800 * 16, (100 * FRAME - 1) & 0xFFFF)

    def test_null_to_vad_forgets_the_announced_item(self) -> None:
        driver = Driver(speech(0, 90), config(QUIET))
        driver.frames(10)
        (first,) = driver.of(server.SpeechStarted)
        driver.update(None)
        driver.frames(10)
        driver.update({"type": "server_vad"})
        driver.frames(2)
        second = driver.of(server.SpeechStarted)[1]
        assert second.item_id != first.item_id
        assert (second.at_ms, second.audio_start_ms) == (22 * 32, 20 * 32 - 300)

    def test_by_hand_there_are_no_speech_events(self) -> None:
        driver = Driver(speech(0, 100), config(None))
        driver.frames(150)
        assert kinds(driver.outputs) == ["session.created", "conversation.created"]
        assert {seen.state for seen in driver.of(FrameSeen)} == {TurnState.OFF}
        seen = driver.of(FrameSeen)[-1]
        assert (seen.end_ms, seen.p, seen.rms_dbfs) == (150 * 32, 0.0, rms_dbfs(np.zeros(1, np.int16)))

    def test_the_format_changes_only_before_the_first_audio(self) -> None:
        session = {"type": "realtime", "instructions": "x", "audio": {"input": {"format": {"type": "audio/pcmu"}}}}
        driver = Driver(configuration=config(QUIET))
        assert kinds(driver.send("session.update", session=session)) == ["session.updated"]
        driver = Driver(configuration=config(QUIET))
        driver.frames(1)
        assert errors(driver.send("session.update", session=session)) == [
            ("invalid_value", "session.audio.input.format")
        ]
        assert driver.session.config == config(QUIET), "nothing of it, the instructions neither"


class TestNoAudio:
    def test_a_turn_whose_audio_stops_is_ended_by_time(self) -> None:
        driver = Driver(speech(0, 90), config(QUIET))
        driver.tick(0)
        driver.feed(counting(10 * FRAME + 100))
        assert driver.tick(5_000) == []
        assert driver.session.deadline == 6_500
        assert driver.tick(6_499) == []
        driver.tick(6_500)
        (stopped,) = driver.of(server.SpeechStopped)
        assert stopped.reason == {"rule": "no_audio", "quiet_ms": 1_500}
        assert stopped.audio_end_ms == driver.session.input_ms == (10 * FRAME + 100) // 16, "the clock stands still"
        assert commits(driver) == [stopped.item_id]
        assert driver.tick(60_000) == []
        assert driver.session.deadline is None

    @pytest.mark.parametrize(("eagerness", "wait_ms"), [("low", 2_280), ("medium", 1_160), ("high", 680)])
    def test_semantic_vad_waits_as_long_as_in_silence(self, eagerness: Any, wait_ms: int) -> None:
        driver = Driver(speech(0, 90), config(SemanticVad(eagerness=eagerness)))
        driver.tick(0)
        driver.frames(10)
        driver.tick(5_000)
        assert driver.session.deadline == 5_000 + wait_ms + 1_000
        driver.tick(6_000 + wait_ms)
        (stopped,) = driver.of(server.SpeechStopped)
        assert stopped.reason == {"rule": "no_audio", "quiet_ms": wait_ms + 1_000}

    def test_audio_that_goes_on_moves_the_deadline(self) -> None:
        driver = Driver(speech(0, 900), config(QUIET))
        for second in range(8):
            driver.frames(31)
            driver.tick(second * 1_000)
        assert not driver.of(server.SpeechStopped)
        assert driver.session.deadline == 7_000 + 1_500

    @pytest.mark.parametrize("vad", [QUIET, None])
    def test_without_a_turn_time_does_nothing(self, vad: Any) -> None:
        driver = Driver(ScriptedDetector(), config(vad))
        driver.frames(10)
        assert driver.session.deadline is None
        for now in (0, 10_000, 10_000_000):
            assert driver.tick(now) == []


class TestFailingRecogniser:
    def test_a_turn_whose_recogniser_failed_is_still_ended_and_answered(self) -> None:
        driver = Driver(speech(0, 20), config(ServerVad()))
        driver.frames(10)
        driver.answer(streams(driver.outputs)[0], Failed("worker", "The recogniser has ended."))
        driver.forget()
        driver.frames(60)
        assert not driver.of(TranscribeAudio) + driver.of(TranscribeEnd)
        assert kinds(driver.outputs)[-2:] == ["response.created", "response.done"]

    def test_by_hand_too_and_the_next_utterance_is_heard(self) -> None:
        driver = Driver(ScriptedDetector(), config(None))
        driver.frames(10)
        driver.answer(streams(driver.outputs)[0], Failed("worker", "x"))
        driver.frames(10)
        driver.send("input_audio_buffer.commit")
        assert kinds(driver.send("response.create")) == ["response.created", "response.done"]
        assert len(streams(driver.outputs)) == 1
        driver.frames(10)
        driver.send("input_audio_buffer.commit")
        assert len(streams(driver.outputs)) == 2
        assert [ask.ask_id for ask in driver.of(TranscribeEnd)] == streams(driver.outputs)[1:]

    def test_late_words_of_a_failed_stream_are_dropped(self) -> None:
        driver = Driver(speech(0, 20), config(QUIET))
        driver.frames(10)
        (stream,) = streams(driver.outputs)
        driver.answer(stream, Failed("worker", "x"))
        assert driver.answer(stream, Final("late")) == []


def test_half_a_sample_waits() -> None:
    driver = Driver(ScriptedDetector(), config(None))
    data = counting(2_000)
    driver.feed(data[:1_001])
    assert driver.session.input_ms == 500 * 1000 // RATE
    driver.feed(data[1_001:])
    driver.send("input_audio_buffer.commit")
    assert audio_of(driver, commits(driver)[0]) == list(range(2_000))


@pytest.mark.parametrize("end", ["commit", "clear"])
@pytest.mark.parametrize("vad", [None, QUIET])
def test_after_a_recording_of_odd_length_the_next_one_begins_with_a_whole_sample(
    vad: ServerVad | None, end: str
) -> None:
    """Where turns are detected it is one stream, whatever the client takes of it."""
    driver = Driver(configuration=config(vad))
    sound = counting(RATE // 5)
    driver.feed(sound + sound[:1])
    driver.send(f"input_audio_buffer.{end}")
    driver.feed(sound if vad is None else sound[1:])
    driver.send("input_audio_buffer.commit")
    assert audio_of(driver, commits(driver)[-1]) == list(range(RATE // 5))
