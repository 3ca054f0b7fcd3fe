"""Clips for the virtual microphone: commands by flite, tones by numpy."""

from __future__ import annotations

import subprocess
import wave
from pathlib import Path

import numpy as np
from needs import needs


def command(text: str, path: Path, *, voice: str = "slt", before: float = 0.3, after: float = 0.3) -> Path:
    """`text` spoken by flite at 16 kHz, with seconds of silence around it."""
    needs("flite")
    spoken = path.with_suffix(".spoken.wav")
    subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(spoken)], check=True)
    with wave.open(str(spoken), "rb") as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    spoken.unlink()
    silence = [np.zeros(int(rate * seconds), np.int16) for seconds in (before, after)]
    return write(path, np.concatenate([silence[0], samples, silence[1]]), rate)


def sine(dbfs_rms: float, seconds: float, path: Path, *, hz: float = 440.0, rate: int = 48_000) -> Path:
    """A tone of the given level; full scale is -3.01 dBFS RMS."""
    amplitude = 32768 * 10 ** (dbfs_rms / 20) * 2**0.5
    tone = amplitude * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)
    return write(path, np.rint(tone).astype(np.int16), rate)


def write(path: Path, samples: np.ndarray, rate: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return path
