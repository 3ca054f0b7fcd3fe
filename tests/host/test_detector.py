"""TurnDetector, the library's front door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import Driver, LoudnessDetector, ScriptedDetector, config, silence, tone

from tui_assistant import SemanticVad, ServerVad, SpeechStarted, SpeechStopped, TurnDetector
from tui_assistant.errors import AssistantError, LocalProtocolError, UsageError
from tui_assistant.sound.wav import read_wav

SPEECH = Path(__file__).parents[1] / "data" / "speech"
CALM = ServerVad(silence_duration_ms=300)


def talk(rate: int) -> bytes:
    return silence(500, rate) + tone(800, 16_000, rate) + silence(700, rate) + tone(400, 16_000, rate)


def found(events: list[Any]) -> list[tuple[Any, ...]]:
    ends = [e.audio_start_ms if isinstance(e, SpeechStarted) else e.audio_end_ms for e in events]
    return [(e.type, e.item_id, end, e.at_ms, e.reason["rule"]) for e, end in zip(events, ends, strict=True)]


def test_events_as_on_the_wire_with_reasons() -> None:
    detector = TurnDetector(ServerVad(), vad=ScriptedDetector([0.0] * 20 + [0.71] * 10))
    events = detector.feed(silence(2_000))
    assert [type(event) for event in events] == [SpeechStarted, SpeechStopped]
    assert found(events) == [
        ("input_audio_buffer.speech_started", "item_1", 340, 704, "threshold"),
        ("input_audio_buffer.speech_stopped", "item_1", 1_472, 1_472, "silence"),
    ]
    assert [event.reason for event in events] == [
        {"rule": "threshold", "p": 0.71, "threshold": 0.5, "held_ms": 64},
        {"rule": "silence", "silence_ms": 512, "needed_ms": 500},
    ]


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_the_same_turns_at_every_rate_whatever_the_chunks(rate: int) -> None:
    data = talk(rate)
    whole = TurnDetector(CALM, sample_rate=rate, vad=LoudnessDetector())
    expected = whole.feed(data) + whole.flush()
    assert [row[0].rsplit("_", 1)[1] for row in found(expected)] == ["started", "stopped"] * 2
    near = [200, 1_600, 1_700, 2_400]
    assert all(abs(row[2] - place) <= 64 for row, place in zip(found(expected), near, strict=True))
    for step in (101, 333, 20 * rate // 1000 * 2):
        pieces = TurnDetector(CALM, sample_rate=rate, vad=LoudnessDetector())
        events = [event for at in range(0, len(data), step) for event in pieces.feed(data[at : at + step])]
        assert events + pieces.flush() == expected


@pytest.mark.parametrize(("rate", "late_ms"), [(16_000, 40), (8_000, 60), (24_000, 60), (44_100, 60)])
def test_an_event_comes_soon_after_its_moment(rate: int, late_ms: int) -> None:
    detector = TurnDetector(CALM, sample_rate=rate, vad=LoudnessDetector())
    data = talk(rate) + silence(500, rate)
    step = 2 * (rate // 100)
    times = []
    for at in range(0, len(data), step):
        now_ms = (at + step) // 2 * 1000 // rate
        times += [(event.at_ms or 0, now_ms) for event in detector.feed(data[at : at + step])]
    assert len(times) == 4
    assert all(0 <= now_ms - at_ms <= late_ms for at_ms, now_ms in times)


def test_flush_stops_open_speech_at_the_end() -> None:
    detector = TurnDetector(vad=ScriptedDetector([0.9] * 100))
    (started,) = detector.feed(silence(1_001))
    (stopped,) = detector.flush()
    assert stopped.item_id == started.item_id
    assert isinstance(stopped, SpeechStopped)
    assert (stopped.audio_end_ms, stopped.at_ms, stopped.reason) == (1_001, 1_001, {"rule": "end_of_input"})
    assert detector.flush() == []
    with pytest.raises(LocalProtocolError):
        detector.feed(b"")


def test_flush_decides_what_the_resampler_still_held() -> None:
    """The last frame of 320 ms is whole only once the filter's tail is out."""
    detector = TurnDetector(sample_rate=8_000, vad=ScriptedDetector([0.0] * 8 + [0.9] * 2))
    events = detector.feed(silence(320, 8_000))
    assert events == []
    assert [event.type.rsplit("_", 1)[1] for event in detector.flush()] == ["started", "stopped"]


def test_nothing_and_odd_bytes() -> None:
    detector = TurnDetector(vad=ScriptedDetector([0.9] * 9))
    assert detector.feed(b"") == []
    data = silence(64)
    assert detector.feed(data[:1]) == []
    assert detector.feed(data[1:-1]) == []
    assert [event.at_ms for event in detector.feed(data[-1:])] == [64]
    assert TurnDetector(vad=ScriptedDetector()).flush() == []


def test_detectors_are_independent() -> None:
    first, second = (TurnDetector(vad=ScriptedDetector([0.9] * 9)) for _ in range(2))
    assert [event.item_id for event in first.feed(silence(64))] == ["item_1"]
    assert [event.item_id for event in second.feed(silence(64))] == ["item_1"]


@pytest.mark.parametrize("rate", [0, 7_999, 48_001, -16_000])
def test_other_rates_are_refused_in_one_line(rate: int) -> None:
    with pytest.raises(UsageError, match="8000 to 48000"):
        TurnDetector(sample_rate=rate)


def test_an_unknown_vad_is_refused_by_name() -> None:
    with pytest.raises(AssistantError, match="shouting"):
        TurnDetector(vad="shouting")


@pytest.mark.parametrize("rules", [CALM, SemanticVad(eagerness="high")], ids=["server", "semantic"])
@pytest.mark.parametrize("rate", [16_000, 24_000])
def test_a_session_decides_the_same(rules: ServerVad | SemanticVad, rate: int) -> None:
    data = talk(rate) + silence(1_500, rate)
    detector = TurnDetector(rules, sample_rate=rate, vad=LoudnessDetector())
    driver = Driver(LoudnessDetector(), config(rules.model_copy(update={"create_response": False}), rate=rate))
    driver.feed(data)
    theirs = [event for event in driver.events if isinstance(event, SpeechStarted | SpeechStopped)]
    ours = detector.feed(data)
    assert found(ours) == found(theirs)
    assert [event.reason for event in ours] == [event.reason for event in theirs]
    assert ours


def test_real_speech_through_silero() -> None:
    """The whole chain once: a public-domain clip, the real network, cut in two ways."""
    recording = read_wav((SPEECH / "jfk.wav").read_bytes(), "jfk.wav")
    samples, rate = recording.samples, recording.rate
    pcm = samples.astype("<i2").tobytes()
    whole = TurnDetector(sample_rate=rate)
    expected = whole.feed(pcm) + whole.flush()
    pieces = TurnDetector(sample_rate=rate)
    assert [e for at in range(0, len(pcm), 641) for e in pieces.feed(pcm[at : at + 641])] + pieces.flush() == expected
    spoken = sum(e.audio_end_ms for e in expected if isinstance(e, SpeechStopped))
    spoken -= sum(e.audio_start_ms for e in expected if isinstance(e, SpeechStarted))
    assert 0.6 * len(samples) / rate < spoken / 1000 <= len(samples) / rate
    assert np.abs(samples).max() > 1_000
