"""The setup as its user has it: in a terminal, a microphone in a noisy room, with and without loudspeakers in it."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sounds import command, write
from tmux import Terminal
from virtual_audio import VirtualAudio

from tui_assistant.audio.canceller import installed
from tui_assistant.audio.files import load_recording

OFFER = "First time here? k sets up"
BUSY_S = 45  # what a machine with other work may add to the 45 seconds
ECHO_DB = -12  # of the loudspeakers in the microphone


@pytest.fixture
def room(tmp_path: Path) -> Iterator[VirtualAudio]:
    """A microphone that hears faint noise; a null sink alone would be digital silence."""
    with VirtualAudio(tmp_path / "va") as audio:
        noise = np.random.default_rng(3).standard_normal(48_000 * 120) * 32768 * 10 ** (-62 / 20)
        audio.begin_play(write(tmp_path / "noise.wav", noise.astype(np.int16), 48_000))
        yield audio


def start(room: VirtualAudio, folder: Path, size: tuple[int, int]) -> Terminal:
    env = {**room.env, "TUI_ASSISTANT_STATE": str(folder / "state"), "TUI_ASSISTANT_CONFIG": str(folder / "none.toml")}
    terminal = Terminal([sys.executable, "-m", "tui_assistant"], folder, size=size, env=env)
    terminal.wait_for("mic default")
    return terminal


def read_sentence(folder: Path, pause_s: float) -> Path:
    """Two parts with that pause between them, as somebody reads who has to think."""
    parts = []
    for number, text in enumerate(("well let me see", "the train to Glasgow leaves at a quarter past seven")):
        recording = load_recording(command(text, folder / f"part{number}.wav", before=0.0, after=0.0))
        parts.append(np.asarray(recording.samples, np.int16))
    rate = recording.rate
    sounds = [np.zeros(rate // 2, np.int16), parts[0], np.zeros(int(pause_s * rate), np.int16), parts[1]]
    return write(folder / "sentence.wav", np.concatenate(sounds), rate)


def stand_together(room: VirtualAudio) -> None:
    """From now on the microphone hears the loudspeakers."""
    room.pactl("load-module", "module-loopback", "source=va_speaker.monitor", "sink=va_mic_in", "latency_msec=30",
               "source_dont_move=true", "sink_dont_move=true")  # fmt: skip
    streams = (line.split() for line in room.pactl("list", "short", "sink-inputs").splitlines())
    loop = next(stream[0] for stream in streams if "loopback" in stream[3])
    room.pactl("set-sink-input-volume", loop, f"{ECHO_DB}dB")


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("size", "together"), [pytest.param((120, 40), True, id="120x40"), pytest.param((80, 24), False, id="80x24")]
)
def test_the_first_minute(room: VirtualAudio, tmp_path: Path, size: tuple[int, int], together: bool) -> None:
    spoken = read_sentence(tmp_path, 0.7)
    if together:
        stand_together(room)
    with start(room, tmp_path, size) as terminal:
        terminal.wait_for(OFFER)
        terminal.keys("k")
        terminal.wait_for("enter begins")
        begun = time.monotonic()
        terminal.keys("Enter")
        terminal.wait_for("Read this aloud")
        room.begin_play(spoken)
        terminal.wait_for("Your terminal")
        terminal.keys("Enter")
        terminal.wait_for("does the microphone hear?")
        terminal.keys("Enter")
        screen = terminal.wait(lambda screen: "enter goes on" in screen and "enter plays it" not in screen)
        assert ("an echo canceller" in screen) is together  # could take it away, or takes it away where it is installed
        assert ("does not hear the speakers" in screen) is not together
        terminal.keys("Enter")
        terminal.wait_for("pocketsphinx writes down")
        terminal.keys("Enter")
        screen = terminal.wait_for("predicted cut-offs a minute")
        assert time.monotonic() - begun < 45 + BUSY_S
        proposed = re.search(r"silence_duration_ms +500 +(\d+) ◂", screen)
        assert proposed, screen
        wanted = int(proposed[1])
        assert 800 <= wanted <= 1_500
        assert "2 turns joined at" in screen
        terminal.keys("Enter")
        terminal.wait_for(f"/{wanted}")  # in the status line: in force
        assert OFFER not in terminal.screen()
        kept = json.loads((tmp_path / "state" / "setup.json").read_text())
        (setup,) = kept["microphones"].values()
        assert setup["silence_duration_ms"] == wanted
        assert setup["speakers"] == {"default": "echo canceller" if together else "headphones"}
        terminal.keys("q")
        assert terminal.wait_status() == 0
    with start(room, tmp_path, size) as terminal:
        terminal.wait_for(f"/{wanted}")  # at the next start, too
        if size[0] >= 120:  # what a narrow line keeps
            terminal.wait_for("  aec" if installed() else "  half-duplex")
        assert OFFER not in terminal.screen()
        terminal.keys("q")


@pytest.mark.timeout(120)
def test_a_dead_microphone_is_said_and_escape_leaves(tmp_path: Path) -> None:
    with VirtualAudio(tmp_path / "va") as audio, start(audio, tmp_path, (80, 24)) as terminal:
        terminal.keys("k")
        terminal.wait_for("enter begins")
        terminal.keys("Enter")
        terminal.wait_for("gives no sound at all")
        terminal.keys("Escape")
        terminal.wait_for(" IDLE ")
        terminal.keys("q")
        assert terminal.wait_status() == 0


@pytest.mark.timeout(120)
def test_a_mark_on_a_turn_that_was_cut_off_fits_the_silence(room: VirtualAudio, tmp_path: Path) -> None:
    spoken = read_sentence(tmp_path, 0.1)  # with what the voice itself leaves: half a second
    (tmp_path / "none.toml").write_text("[turn_detection]\nsilence_duration_ms = 250\n")
    with start(room, tmp_path, (120, 40)) as terminal:
        terminal.wait_for("/250")
        room.play(spoken)
        terminal.wait_for("silence 256 ms ≥ 250 ms")
        terminal.wait_for(" IDLE ")
        terminal.keys("j")
        terminal.keys(*["Up"] * 8)
        terminal.keys("c")
        terminal.wait_for("[it cut me off]")
        terminal.keys("F")  # works on the lines, too
        screen = terminal.wait_for("mends")
        proposed = re.search(r"silence_duration_ms +250  →  (\d+)", screen)
        assert proposed, screen
        assert 400 <= int(proposed[1]) <= 800
        terminal.keys("Enter")
        terminal.wait_for(f"/{proposed[1]}")
        terminal.keys("q")
        assert terminal.wait_status() == 0
