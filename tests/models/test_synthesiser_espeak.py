"""The real espeak-ng: the library of espeakng-loader, and the system's program where there is one."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tui_assistant.engine.ports import AudioChunk, Speak
from tui_assistant.errors import ModelError
from tui_assistant.host.inbox import Flag
from tui_assistant.models.synthesisers import espeak, espeak_library, espeak_program
from tui_assistant.models.synthesisers.espeak import Espeak, words_per_minute

LONG = "this sentence is said again and again, and nobody can make it stop. " * 2000

STAND_IN = """
import math, struct, sys
if sys.argv[1] == "--voices":
    print("Pty Language Age VoiceName File\\n 5 de --/M German gmw/de\\n 2 en-us --/M American gmw/en-US")
    sys.exit()
assert sys.argv[1:3] == ["--stdout", "--stdin"] and sys.argv[5] == "-v" and sys.argv[7] == "-s", sys.argv
sys.stdout.buffer.write(b"RIFF" + bytes(20) + struct.pack("<I", 22050) + bytes(16))
for n in range(len(sys.stdin.read()) * 1500):
    sys.stdout.buffer.write(struct.pack("<h", int(6000 * math.sin(n / 20))))
"""


@pytest.fixture(scope="module")
def voice() -> Espeak:
    return espeak.create({})


def say(model: Espeak, text: str, **more: object) -> np.ndarray:
    chunks = list(model.speak(Speak("a", text, **more), Flag()))  # type: ignore[arg-type]
    return np.frombuffer(b"".join(chunk.pcm for chunk in chunks), np.int16).astype(float) / 32768


def rms_dbfs(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(samples**2) + 1e-12))


def test_it_speaks_at_a_sane_level_in_short_chunks(voice: Espeak) -> None:
    chunks = list(voice.speak(Speak("a", "Timer set for five minutes."), Flag()))
    assert {chunk.rate for chunk in chunks} == {22_050}
    assert all(0 < len(chunk.pcm) <= 22_050 // 10 * 2 for chunk in chunks)
    samples = np.frombuffer(b"".join(chunk.pcm for chunk in chunks), np.int16).astype(float) / 32768
    assert 1.0 < len(samples) / 22_050 < 4.0
    assert -30 < rms_dbfs(samples) < -10
    assert 0.1 < np.abs(samples).max() < 1.0  # heard, and not clipped


def test_more_text_takes_longer_and_speed_makes_it_shorter(voice: Espeak) -> None:
    short, long = len(say(voice, "five minutes")), len(say(voice, "five minutes and twenty seconds from now"))
    assert long > 1.8 * short
    slow, fast = (len(say(voice, "five minutes and twenty seconds from now", speed=s)) for s in (0.5, 1.5))
    assert slow > 1.5 * long
    assert fast < 0.8 * long


def test_speed_becomes_words_per_minute_within_what_espeak_can() -> None:
    speeds = (-1, 0.25, 0.5, 1.0, 1.5, 99, float("nan"))
    assert [words_per_minute(speed) for speed in speeds] == [80, 80, 88, 175, 262, 262, 175]


def test_cancel_stops_a_long_text_at_once(voice: Espeak) -> None:
    flag = Flag()
    chunks = voice.speak(Speak("a", LONG), flag)
    began = time.monotonic()
    first = next(chunks)
    to_first = time.monotonic() - began
    flag.cancel()
    began = time.monotonic()
    rest = list(chunks)
    to_end = time.monotonic() - began
    assert len(first.pcm) > 0
    assert rest == []
    assert (to_first, to_end) < (1.0, 0.5)
    assert to_end < 0.5
    assert rms_dbfs(say(voice, "and it speaks again")) > -30


def test_whoever_stops_listening_stops_it_too(voice: Espeak) -> None:
    chunks = voice.speak(Speak("a", LONG), Flag())
    next(chunks)
    began = time.monotonic()
    chunks.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 0.5
    flag = Flag()
    flag.cancel()
    assert list(voice.speak(Speak("a", LONG), flag)) == []


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\x00\x01\x02", "...", "?!", "\u200b"])
def test_nothing_to_say_is_said_at_once(voice: Espeak, text: str) -> None:
    assert len(say(voice, text)) < 22_050


@pytest.mark.parametrize(
    "text",
    [
        "a < b & c > d",
        '<speak><audio src="/etc/passwd"/>hello</speak>',
        "[[h@loU]] hello",
        "\x01300S fast \x0150A quiet",
        "今日はいい天気です",
        "Привет, как дела?",
        "مرحبا بالعالم",
        "🙂 hello 👨‍👩‍👧",
        "lone \ud800 surrogate",
        "x" * 3000,
        "--help",
    ],
)
def test_strange_text_is_spoken_and_harms_nothing(voice: Espeak, text: str) -> None:
    samples = say(voice, text)
    assert len(samples) > 2000
    assert rms_dbfs(samples) > -40


def test_markup_and_commands_in_the_text_are_read_not_obeyed(voice: Espeak) -> None:
    plain = len(say(voice, "five minutes and twenty seconds from now"))
    obeyed = len(say(voice, "\x01450S five minutes and twenty seconds from now"))
    assert obeyed > plain  # the number is read aloud; as a command it would halve the time
    tagged = len(say(voice, '<prosody rate="x-fast">five minutes and twenty seconds from now</prosody>'))
    assert tagged > 0.9 * plain


def test_other_voices_are_used_and_unknown_ones_are_the_default(voice: Espeak) -> None:
    assert {"en-us", "de", "fr-fr"} <= set(voice.voices)
    english, german = (len(say(voice, "Guten Morgen, wie geht es dir", voice=name)) for name in ("default", "DE"))
    foreign = len(say(voice, "Guten Morgen, wie geht es dir", voice="alloy"))
    assert german != english
    assert abs(foreign - english) < 0.05 * english
    assert espeak.create({"voice": "no such voice"}).voices == voice.voices


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The system's espeak-ng; where there is none, a stand-in that takes the same arguments."""
    found = shutil.which("espeak-ng")
    if found is None:
        stand_in = tmp_path / "espeak-ng"
        stand_in.write_text(f"#!{sys.executable}\n{STAND_IN}")
        stand_in.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        found = str(stand_in)
    return found


@pytest.mark.usefixtures("program")
def test_the_systems_program_speaks_where_the_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak_library, "load", refuse("espeakng-loader is not installed"))
    voice = espeak.create({})
    assert "de" in voice.voices
    samples = say(voice, "--help, said the five minutes")
    assert -30 < rms_dbfs(samples) < -10
    assert 1.0 < len(samples) / 22_050 < 4.0
    flag = Flag()
    chunks = voice.speak(Speak("a", LONG), flag)
    assert isinstance(next(chunks), AudioChunk)
    began = time.monotonic()
    flag.cancel()
    assert list(chunks) == []
    assert time.monotonic() - began < 1.0


def test_without_either_the_line_that_mends_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak_library, "load", refuse("espeakng-loader is not installed"))
    monkeypatch.setattr(espeak_program, "find", refuse("the program espeak-ng is not installed"))
    with pytest.raises(ModelError, match=r"pip install 'tui-assistant\[local\]'"):
        espeak.create({})


def refuse(reason: str) -> Callable[[], espeak.Voice]:
    def load() -> espeak.Voice:
        raise ModelError(reason)

    return load
