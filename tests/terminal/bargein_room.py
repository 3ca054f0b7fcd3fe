"""Speaks over answers on the virtual microphone and finds in the speaker's recording what became of them."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bargein_probe import RATE as ANSWER_RATE
from bargein_probe import answer
from virtual_audio import RATE, VirtualAudio

from tui_assistant.sound.wav import read_wav

ROOT = Path(__file__).parents[2]
SECONDS = 6.0  # of an answer
STEP = RATE // 200  # 5 ms


@dataclass(frozen=True, slots=True)
class Spoken:
    """One answer and what was said over it. Seconds of the speaker's recording, unless said otherwise."""

    onset: float  # the first sound at the microphone
    silence: float  # the speaker's last sound of this answer
    heard_ms: float  # of the answer, by its own samples
    duck: float  # from the decision to half the level, in ms; NaN: there was none
    flush: float  # when the speaker was told to be silent; NaN: it was not
    events: tuple[dict[str, object], ...]

    @property
    def cut_ms(self) -> int | None:
        """What was told to the server."""
        return next((int(str(e["audio_end_ms"])) for e in self.events if "audio_end_ms" in e), None)

    @property
    def types(self) -> list[str]:
        return [str(event["type"]) for event in self.events]


def interrupt(room: VirtualAudio, folder: Path, clip: Path, moments: list[float], wait_s: float = 2.0) -> list[Spoken]:
    """Plays an answer for each of `moments`, seconds into it at which `clip` is spoken."""
    env = {**room.env, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}:{ROOT / 'tests/terminal'}"}
    env["TUI_ASSISTANT_STATE"] = str(folder / "state")
    notes = folder / "notes.jsonl"
    probe = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/terminal/bargein_probe.py"), str(notes), *[str(SECONDS)] * len(moments)],
        env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert probe.stdin is not None
    assert probe.stdout is not None
    try:
        assert probe.stdout.readline() == "ready\n"
        speaker = room.begin_record(folder / "speaker.wav")
        microphone = room.begin_record(folder / "microphone.wav", "va_mic")
        ahead = np.median([speaker.position() - microphone.position() for _ in range(50) if not time.sleep(0.003)])
        clock = np.median([time.monotonic() - speaker.position() for _ in range(50) if not time.sleep(0.003)])
        begun, told = [], []
        for moment in moments:
            begun.append(speaker.position())
            told.append(len(notes.read_text().splitlines()))
            probe.stdin.write("\n")
            probe.stdin.flush()
            time.sleep(moment)
            room.play(clip)
            time.sleep(wait_s)
        said, heard = read(speaker.stop()), read(microphone.stop())
        probe.stdin.write("\n")
        probe.stdin.flush()
        probe.wait(10)
    finally:
        probe.kill()
        probe.wait(5)
    events = [json.loads(line) for line in notes.read_text().splitlines()]
    found = []
    for number, begin in enumerate(begun):
        last = number + 1 == len(begun)
        end = len(said) / RATE if last else begun[number + 1]
        onset = begin + sounds(heard[int((begin - ahead) * RATE) : int((end - ahead) * RATE)])[0]
        of_this = tuple(events[told[number] : None if last else told[number + 1]])
        piece = said[int(begin * RATE) : int(end * RATE)]
        silence = sounds(piece)[1]
        heard_ms = position(piece[: int(silence * RATE)], number)
        flush = next((float(event["at"]) - clock for event in of_this if event["type"] == "Flush"), math.nan)
        duck = next((float(event["at"]) - clock for event in of_this if event["type"] == "Duck"), math.nan)
        found.append(Spoken(onset, begin + silence, heard_ms, fallen(said, duck), flush, of_this))
    return found


def read(path: Path) -> np.ndarray:
    return np.asarray(read_wav(path.read_bytes(), path.name).samples, np.float64)


def sounds(samples: np.ndarray, least: float = 60.0) -> tuple[float, float]:
    """The first and the last moment that is louder than about -55 dBFS, to a millisecond."""
    step = RATE // 1000
    level = np.sqrt((samples[: len(samples) // step * step].reshape(-1, step) ** 2).mean(1))
    loud = np.flatnonzero(level > least)
    return loud[0] / 1000, (loud[-1] + 1) / 1000


def fallen(said: np.ndarray, since: float) -> float:
    """How many ms after `since` the level, of 5 ms, is half of what it was before."""
    if math.isnan(since):
        return math.nan
    near = said[int((since - 0.2) * RATE) : int((since + 0.3) * RATE)]
    level = np.sqrt((near[: len(near) // STEP * STEP].reshape(-1, STEP) ** 2).mean(1))
    usual = np.median(level[:30])
    return float(np.argmax(level[38:] < usual / 2)) * 5 - 10  # 38: 10 ms early, as the two clocks may differ


def position(heard: np.ndarray, number: int) -> float:
    """Where in the answer the end of `heard` is, in ms, by correlation."""
    original = answer(number, SECONDS).astype(np.float64)
    factor = RATE // ANSWER_RATE
    tail = heard[-int(0.12 * RATE) :][::factor]  # the answer has nothing above 4 kHz
    size = len(original) + len(tail)
    product = np.fft.irfft(np.fft.rfft(original, size) * np.conj(np.fft.rfft(tail, size)), size)
    return (int(np.argmax(product[: len(original)])) + len(tail)) * 1000 / ANSWER_RATE
