"""A desk with a loudspeaker, a microphone and somebody who speaks, in numbers: what is played is heard in the room."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tui_assistant.audio.played import PlayedSound
from tui_assistant.sound.resample import resample
from tui_assistant.sound.wav import read_wav

SPEECH = Path(__file__).parent / "data" / "speech"
AHEAD_S = 0.3  # how long before it sounds a block is handed to the device; by real ones 0.15 or so
BLOCK_S, FILL_S = 0.01, 0.15


def needs_canceller() -> None:
    """Skips the running test where the package is missing; CI has it."""
    pytest.importorskip("livekit.rtc", reason="needs the extra aec: pip install '.[aec]'")


def speech(*names: str, rate: int = 16_000, dbfs: float = -20.0) -> np.ndarray:
    """Clips one after the other, each at the same level."""
    done = []
    for name in names:
        clip = read_wav((SPEECH / f"{name}.wav").read_bytes(), name)
        wide = resample(clip.samples, clip.rate, rate).astype(float)
        done.append(wide * 32768 * 10 ** (dbfs / 20) / np.sqrt(np.mean(wide**2)))
    return np.asarray(np.clip(np.concatenate(done), -32768, 32767), np.int16)


def response(rate: int, *, seed: int = 1, seconds: float = 0.15, wet: float = 0.1) -> np.ndarray:
    """A direct sound, and a tail of noise that dies away."""
    out = np.zeros(int(seconds * rate))
    out[0], begin = 1.0, int(0.003 * rate)
    tail = np.random.default_rng(seed).standard_normal(out.size - begin)
    out[begin:] += tail * np.exp(-np.arange(tail.size) / (seconds / 5 * rate)) * wet
    return out


def heard(
    played: np.ndarray, rate: int, *, echo_db: float = -6.0, delay_ms: float = 30.0, noise_dbfs: float = -60.0,
    user: np.ndarray | None = None, user_at_s: float = 0.0, wet: float = 0.1,
) -> np.ndarray:  # fmt: skip
    """What the microphone records at `rate`, as long as `played`, which has that rate, too."""
    echo = np.convolve(played.astype(float), response(rate, wet=wet))[: played.size] * 10 ** (echo_db / 20)
    late = round(delay_ms * rate / 1000)
    wide = np.random.default_rng(2).standard_normal(played.size) * 32768 * 10 ** (noise_dbfs / 20)
    wide[late:] += echo[: played.size - late]
    if user is not None:
        begin = int(user_at_s * rate)
        wide[begin : begin + user.size] += user[: wide.size - begin]
    return np.asarray(np.clip(np.rint(wide), -32768, 32767), np.int16)


class Desk:
    """Plays `samples` from `begin` on, and knows at each moment what has been handed to the device by then."""

    def __init__(
        self, samples: np.ndarray, rate: int, *, begin: float = 100.0, jitter_s: float = 0.0, error_s: float = 0.0,
        drift: float = 0.0,
    ) -> None:  # fmt: skip
        """The device's times are wrong by `error_s` and up to `jitter_s`; its clock is fast by `drift`."""
        self.sound = PlayedSound(rate)
        self.sound.restart()
        self._samples, self._rate, self._begin = samples, rate, begin
        self._jitter_s, self._error_s, self._drift = jitter_s, error_s, drift
        self._random = np.random.default_rng(3)
        self._handed = 0

    def until(self, now: float) -> PlayedSound:
        """Hands over what is due."""
        size = int(BLOCK_S * self._rate)
        while True:  # behind the samples silence, as a device that has nothing to play
            heard_at = self._begin + self._handed / self._rate / (1 + self._drift)
            filling = 0 < self._handed < FILL_S * self._rate  # as a device does when it starts
            if heard_at - AHEAD_S > now and not filling:
                break
            block = self._samples[self._handed : self._handed + size]
            block = np.concatenate([block, np.zeros(size - block.size, np.int16)])
            wrong = self._error_s + self._jitter_s * self._random.uniform(-1, 1)
            self.sound.add(block, bool(block.any()), heard_at + wrong)
            self._handed += size
        return self.sound


def through(stage, desk: Desk, samples: np.ndarray, *, begin: float = 100.0, chunk_s: float = 0.01):
    """All of `samples` through the stage; returns clean, raw, and the levels."""
    clean, raw, levels = [], [], []
    size = max(1, int(chunk_s * stage.rate))
    stage.listen_to(desk.sound)
    for at in range(0, samples.size, size):
        desk.until(begin + (at + size) / stage.rate)
        out = stage.process(samples[at : at + size], begin + at / stage.rate)
        clean.append(out.samples)
        raw.append(out.raw)
        levels.extend(out.levels)
    return np.concatenate(clean), np.concatenate(raw), levels
