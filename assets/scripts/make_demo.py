"""Makes assets/demo.wav: spoken requests with pauses for the answers, over a trace of room noise.

    python assets/scripts/make_demo.py [OUTPUT.wav]

Needs flite (Debian: apt install flite). The voice is kal16, the one of flite's that the offline
recogniser understands best. Same flite, same numpy: the same file to the byte.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
VOICE = "kal16"
REQUESTS = (
    "hello",
    "what time is it",
    "what is twelve times four",
    "how many ounces in three cups",
    "set a timer for ten seconds",
)
LEAD_S = 1.0  # before the first request: the noise floor settles
PAUSE_S = 5.0  # after each: recognition, and an answer of up to about 4 s
LAST_PAUSE_S = 0.5
SPEECH_DBFS = -23.0  # RMS of the speech alone, a usual level for a microphone at half a metre
NOISE_DBFS = -65.0  # RMS; a quiet room
SEED = 7


def spoken(text: str) -> NDArray[np.float64]:
    """`text` by flite at RATE, scaled to SPEECH_DBFS over its loud parts; full scale is 1."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voice.wav"
        subprocess.run(["flite", "-voice", VOICE, "-t", text, "-o", str(path)], check=True)
        with wave.open(str(path)) as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
                raise SystemExit(f"flite gave an unexpected format for {text!r}")
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64) / 32768
    frames = samples[: samples.size // 320 * 320].reshape(-1, 320)
    levels = np.sqrt((frames**2).mean(axis=1))
    active = levels[levels > levels.max() / 30]  # within 30 dB of the loudest 20 ms
    return np.asarray(samples * 10 ** (SPEECH_DBFS / 20) / np.sqrt((active**2).mean()))


def demo() -> NDArray[np.int16]:
    """The whole recording."""
    parts: list[NDArray[np.float64]] = [np.zeros(int(LEAD_S * RATE))]
    for request in REQUESTS:
        pause = LAST_PAUSE_S if request == REQUESTS[-1] else PAUSE_S
        parts += [spoken(request), np.zeros(int(pause * RATE))]
    signal = np.concatenate(parts)
    signal += np.random.default_rng(SEED).normal(0, 10 ** (NOISE_DBFS / 20), signal.size)
    return np.rint(np.clip(signal, -1, 32767 / 32768) * 32768).astype(np.int16)


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "demo.wav"
    samples = demo()
    with wave.open(str(target), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    print(f"{target.name}: {samples.size / RATE:.1f} s, {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
