"""Sentences one after the other, in the session's output format."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tui_assistant.engine.ids import Ids
from tui_assistant.engine.outbox import Outbox
from tui_assistant.engine.ports import AudioChunk, Cancel, Speak
from tui_assistant.engine.voice import Voice
from tui_assistant.protocol.session import AudioOutput, PcmFormat, PcmuFormat
from tui_assistant.sound import g711


def voice(output: AudioOutput | None = None) -> tuple[Voice, Outbox]:
    outbox = Outbox(ids := Ids())
    return Voice(output or AudioOutput(voice="v", speed=1.25), ids, outbox), outbox


def tone(samples: int) -> bytes:
    return (8_000 * np.sin(np.arange(samples) / 9)).astype("<i2").tobytes()


def test_one_sentence_is_asked_for_at_a_time() -> None:
    speaker, outbox = voice()
    speaker.text("One. Two. Thr")
    assert outbox.take() == [Speak("ask_1", "One.", "v", 1.25)]
    speaker.text("ee. ")
    assert outbox.take() == []
    assert speaker.spoken() == b"", "it made no sound"
    assert outbox.take() == [Speak("ask_2", "Two.", "v", 1.25)]
    speaker.finish_text()
    speaker.spoken()
    assert outbox.take() == [Speak("ask_3", "Three.", "v", 1.25)]
    assert speaker.busy
    speaker.spoken()
    assert not speaker.busy
    assert outbox.take() == []


def test_the_rest_is_said_when_the_text_is_complete() -> None:
    speaker, outbox = voice()
    speaker.text("No end")
    assert outbox.take() == []
    assert not speaker.busy
    speaker.finish_text()
    assert outbox.take() == [Speak("ask_1", "No end", "v", 1.25)]


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 44_100])
def test_audio_comes_out_at_the_wire_s_rate_whole(rate: int) -> None:
    """Whatever the chunks: all of a sentence, to the sample, and the same bytes are kept."""
    speaker, _ = voice()
    pcm = tone(rate // 2)
    speaker.text("Hum. ")
    sent = b"".join(speaker.audio(AudioChunk(pcm[at : at + 700], rate)) for at in range(0, len(pcm), 700))
    sent += speaker.spoken()
    assert len(sent) == 2 * 12_000
    assert bytes(speaker.pcm) == sent
    assert speaker.said_ms == 500


def test_telephone_audio_is_kept_as_samples() -> None:
    speaker, _ = voice(AudioOutput(format=PcmuFormat()))
    pcm = tone(800)
    sent = speaker.audio(AudioChunk(pcm, 8_000))
    assert sent == g711.encode_mulaw(np.frombuffer(pcm, "<i2"))
    assert bytes(speaker.pcm) == pcm
    assert (speaker.rate, speaker.said_ms) == (8_000, 100)


def test_stopping_cancels_and_forgets() -> None:
    speaker, outbox = voice(AudioOutput(format=PcmFormat(rate=16_000)))
    speaker.text("One. Two. ")
    outbox.take()
    speaker.stop()
    assert outbox.take() == [Cancel("ask_1")]
    assert not speaker.busy
    speaker.stop()
    assert outbox.take() == []


def test_after_a_failure_the_rest_stays_unsaid() -> None:
    speaker, outbox = voice()
    speaker.text("One. Two. ")
    outbox.take()
    speaker.fail()
    speaker.text("Three. Four")
    speaker.finish_text()
    found: list[Any] = outbox.take()
    assert found == []
    assert not speaker.busy
