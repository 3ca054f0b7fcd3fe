"""CPU per second of audio of the echo stage while an answer plays, by its parts, and how its canceller does.

    python tests/bench/bench_echo.py

Run by hand: the figures depend on the machine, so no test asserts them. Needs the extra `aec`. The project's bar is
10 ms per second for the stage at 16 kHz: exit status 1 when it is over. Each frame of 10 ms counts with the least that
it took in ROUNDS rounds: what disturbs only ever adds. The stage is idle while nothing plays: that is measured, too.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is imported
sys.path[:0] = [str(Path(__file__).parents[1])]

import numpy as np  # noqa: E402
from echo_room import Desk, heard, speech  # noqa: E402  # found through the line above

from tui_assistant.audio.canceller import FRAMES_PER_S, Canceller, WebRtcCanceller  # noqa: E402
from tui_assistant.audio.echo import EchoStage  # noqa: E402

CLIPS = ("lj_0002", "lj_0004", "lj_0006")
PLAYED_RATE = 48_000
ROUNDS = 8
BAR_MS = 10.0
LOCAL_RATE = 16_000  # of the conversation that runs here
CHUNK_S = 0.01  # what the runtime reads at a time


class Passing:
    """No canceller: what is left is the stage."""

    delay = 224

    def clean(self, microphone: np.ndarray, reference: np.ndarray) -> np.ndarray:
        return microphone


def stage_ms(make, mic: np.ndarray, rate: int, played: np.ndarray) -> tuple[float, EchoStage]:
    """Thread time per second; what hands over the played sound is not in it."""
    rounds, size = [], int(CHUNK_S * rate)
    for _ in range(ROUNDS):
        desk, stage, used = Desk(played, PLAYED_RATE), EchoStage(rate, make), []
        stage.listen_to(desk.sound)
        for at in range(0, mic.size, size):
            desk.until(100.0 + (at + size) / rate)
            began = time.thread_time()
            stage.process(mic[at : at + size], 100.0 + at / rate)
            used.append(time.thread_time() - began)
        rounds.append(used)
    return least(rounds) / (mic.size / rate), stage


def canceller_ms(mic: np.ndarray, reference: np.ndarray, rate: int) -> float:
    size, far, rounds = rate // FRAMES_PER_S, PLAYED_RATE // FRAMES_PER_S, []
    for _ in range(ROUNDS):
        canceller: Canceller = WebRtcCanceller(rate, PLAYED_RATE)
        used = []
        for number in range(min(mic.size // size, reference.size // far)):
            near = slice(number * size, (number + 1) * size)
            began = time.thread_time()
            canceller.clean(mic[near], reference[number * far : (number + 1) * far])
            used.append(time.thread_time() - began)
        rounds.append(used)
    return least(rounds) / (mic.size / rate)


def least(rounds: list[list[float]]) -> float:
    """Milliseconds in all, each frame at its fastest."""
    return float(np.min(rounds, axis=0).sum()) * 1000


def main() -> int:
    WebRtcCanceller(16_000)  # loads the library
    began = time.thread_time()
    WebRtcCanceller(16_000)
    print(f"a new canceller, one per answer: {(time.thread_time() - began) * 1000:.2f} ms")
    print("ms of CPU per second of audio, at the rate of the link")
    over = False
    played, silence = speech(*CLIPS, rate=PLAYED_RATE), np.zeros(PLAYED_RATE, np.int16)
    for rate in (16_000, 24_000):
        answer = speech(*CLIPS, rate=rate)
        mic = heard(answer, rate)
        whole, stage = stage_ms(lambda played_rate, rate=rate: WebRtcCanceller(rate, played_rate), mic, rate, played)
        own, _ = stage_ms(lambda _: Passing(), mic, rate, played)
        idle, _ = stage_ms(lambda _: Passing(), mic, rate, silence[:0])
        alone = canceller_ms(mic, played, rate)
        print(
            f"{rate}: stage {whole:5.2f} (canceller alone {alone:5.2f}, the rest alone {own:5.2f}); "
            f"while nothing plays {idle:5.2f}; ERLE {stage.erle_db or 0:.0f} dB"
        )
        over = over or (rate == LOCAL_RATE and whole > BAR_MS)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
