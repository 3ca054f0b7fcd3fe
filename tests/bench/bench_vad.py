"""CPU per second of audio of each detector, over tests/data/speech.

    python tests/bench/bench_vad.py

Run by hand: the figures depend on the machine, so no test asserts them. One thread. Resampling, for the rates that
devices and wires have, and the level meter are measured beside it.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is imported

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tui_assistant.engine.ports import FRAME_RATE, FRAME_SAMPLES, SpeechDetector
from tui_assistant.models.detectors import energy, silero, webrtc
from tui_assistant.sound.level import Meter
from tui_assistant.sound.resample import Resampler, resample
from tui_assistant.sound.wav import read_wav

CLIPS = Path(__file__).parents[1] / "data" / "speech"
CHUNK_MS = 20
RATES = (8_000, 22_050, 24_000, 44_100, 48_000)
ROUNDS = 3  # the best of them is printed: what disturbs only ever adds


def cpu_ms(work: Callable[[], object]) -> float:
    """The least CPU time of a few rounds, after one to warm up."""
    work()
    times = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times) * 1000


def detect(detector: SpeechDetector, frames: list[NDArray[np.int16]]) -> None:
    detector.reset()
    for frame in frames:
        detector.probability(frame)


def stream(push: Callable[[NDArray[np.int16]], object], samples: NDArray[np.int16], rate: int) -> None:
    step = rate * CHUNK_MS // 1000
    for begin in range(0, samples.size, step):
        push(samples[begin : begin + step])


def main() -> None:
    samples = np.concatenate([read_wav(path.read_bytes(), path.name).samples for path in sorted(CLIPS.glob("*.wav"))])
    seconds = samples.size / FRAME_RATE
    frames = list(samples[: samples.size // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES))
    print(f"{seconds:.0f} s of speech, ms of CPU per second of audio, us per frame")
    for create in (silero.create, webrtc.create, energy.create):
        detector: SpeechDetector = create({})
        used = cpu_ms(lambda detector=detector: detect(detector, frames))
        print(f"{detector.name:<16} {used / seconds:6.2f} {used / len(frames) * 1000:8.1f}")
    for rate in RATES:
        there = resample(samples, FRAME_RATE, rate)
        used = cpu_ms(lambda rate=rate, there=there: stream(Resampler(rate, FRAME_RATE).push, there, rate))
        print(f"{rate:>5} to {FRAME_RATE:<7} {used / seconds:6.2f}")
    used = cpu_ms(lambda: stream(Meter(FRAME_RATE).push, samples, FRAME_RATE))
    print(f"{'meter':<16} {used / seconds:6.2f}")


if __name__ == "__main__":
    main()
