"""Sample-rate conversion whose output depends on the input alone, not on how it was cut into chunks.

A polyphase FIR filter (a sinc under a Kaiser window), computed in fixed blocks of about 10 ms of input. Why not
soxr.ResampleStream: its samples do not depend on the chunking either, but its stages are FFTs of at least 1024 points,
so that a piece of input waits up to 127 ms for its output (8000 to 16000 Hz, MQ) where turn detection needs under 28.
Here it waits for the rest of its block and half the filter.

The sums are made in float64, so that every machine gives the same samples: differences in the order of additions (about
1e-16) do not survive rounding to int16.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tui_assistant.errors import UsageError
from tui_assistant.sound.samples import Samples

MIN_RATE, MAX_RATE = 4_000, 384_000  # Hz; what sound cards and files really have
BLOCK_S = (
    0.010  # of input: short against the 28 ms that detection allows, long enough that numpy's calls don't dominate
)
WHOLE_BLOCKS = 10  # of a recording that is there as a whole: a quarter of the time; more get slower again
SUB_BLOCK = 16  # outputs computed by one row of a matrix product; about the optimum between wasted products and rows
LOWEST, HIGHEST = np.full((), -32768.0), np.full((), 32767.0)  # of int16; ufuncs take arrays faster than numbers
MAX_PHASES = 1024  # of the stored filter; with more, neighbours are interpolated (error under -110 dB)

Quality = Literal["capture", "playback"]
# (end of the pass band as a share of the lower Nyquist frequency, stop-band attenuation in dB); the stop band begins at
# the lower Nyquist frequency itself: nothing folds back. Capture has the shorter filter: detection waits for it.
_SPECS: dict[Quality, tuple[float, float]] = {"capture": (0.85, 80.0), "playback": (0.91, 96.0)}

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Filter:
    """What two rates and a quality determine; shared by all resamplers of that kind and never changed."""

    up: int  # output samples ...
    down: int  # ... per input samples, in lowest terms
    half: int  # input samples that a window reaches forward of its position; its length is 2 * half
    phases: Floats  # (number of phases + 1, 2 * half); row k: the position k / number of phases between two samples
    first: int  # number of the first output computed, zero or negative
    lead: int  # where its window begins in the first block, in 1 / up input samples
    block: int  # input samples per block
    matrix: Floats | None  # (sub_block + 2 * half - 1, outputs of a sub-block) where blocks have whole sub-blocks
    sub_block: int  # input samples per row of a matrix product; 0 without matrix


@lru_cache(maxsize=16)
def _filter(source: int, target: int, quality: Quality) -> _Filter:
    divisor = math.gcd(source, target)
    up, down = target // divisor, source // divisor
    pass_end, attenuation = _SPECS[quality]
    lower = min(source, target) / source  # of the two Nyquist frequencies, as a share of the input's
    # Kaiser's formulas: length and shape of the window from attenuation and width of the transition.
    half = math.ceil((attenuation - 7.95) / (14.36 * (1 - pass_end) * lower))
    beta = 0.1102 * (attenuation - 8.7)

    count = min(up, MAX_PHASES)
    at = np.arange(1 - half, half + 1) - np.arange(count + 1)[:, np.newaxis] / count  # from the position to each tap
    window = np.i0(beta * np.sqrt(np.clip(1 - (at / half) ** 2, 0, None)))
    phases = np.sinc((1 + pass_end) / 2 * lower * at) * window
    phases /= phases.sum(axis=1, keepdims=True)  # a constant stays that constant

    first = -(half * up // down)  # the first output whose window ends inside the input; those before 0 are dropped
    lead = first * down + half * up
    limit = max(1, int(source * BLOCK_S))
    matrix = _matrix(phases, up, down, lead, max(1, min(SUB_BLOCK // up, limit // down))) if down <= limit else None
    sub_block = 0 if matrix is None else matrix.shape[1] * down // up
    block = limit // sub_block * sub_block if sub_block else limit
    return _Filter(up, down, half, phases, first, lead, block, matrix, sub_block)


def _matrix(phases: Floats, up: int, down: int, lead: int, periods: int) -> Floats | None:
    """Column j computes output j of `periods` periods from the input that they need; None where that is wasteful."""
    if up > MAX_PHASES:
        return None
    taps, outputs = phases.shape[1], periods * up
    matrix = np.zeros((periods * down + taps - 1, outputs))
    for output in range(outputs):
        base, phase = divmod(lead + output * down, up)
        matrix[base : base + taps, output] = phases[phase]
    return matrix


class Resampler:
    """A stream of mono int16 at `source_rate` to one at `target_rate`; equal rates pass through.

    Sample i of the output is the signal at time i / target_rate: the delay of the filter is taken out. Output that
    covers input up to time t has been returned at the latest when `max_hold_s` more input has been pushed.
    """

    def __init__(self, source_rate: int, target_rate: int, *, quality: Quality = "capture", blocks: int = 1) -> None:
        """`blocks` are computed at a time: the same samples, sooner in all, and each of them held longer."""
        for rate in (source_rate, target_rate):
            if not MIN_RATE <= rate <= MAX_RATE:
                raise UsageError(f"a sample rate of {rate} Hz is not supported", f"{MIN_RATE} to {MAX_RATE} Hz are")
        self.source_rate, self.target_rate = source_rate, target_rate
        self._filter: _Filter | None = None
        if source_rate != target_rate:
            found = _filter(source_rate, target_rate, quality)
            self._filter = replace(found, block=blocks * found.block)
        self._start()

    def _start(self) -> None:
        """As before the first sample."""
        self._taken = 0  # input samples pushed so far
        self._returned = 0  # output samples
        if self._filter:
            f = self._filter
            # What the next outputs need: 2 * half - 1 old samples, then the block that is being filled.
            self._old = 2 * f.half - 1
            self._buffer = np.zeros(self._old + f.block)
            self._kept = self._buffer[: self._old], self._buffer[f.block :]
            self._filled = 0
            self._next, self._window = (
                f.first,
                f.lead,
            )  # number of the next output; where its window begins in the block
            if f.matrix is not None:
                count, width, step = f.block // f.sub_block, f.matrix.shape[0], self._buffer.itemsize
                self._rows = np.lib.stride_tricks.as_strided(self._buffer, (count, width), (f.sub_block * step, step))
                self._packed, self._product = np.zeros((count, width)), np.zeros((count, f.matrix.shape[1]))
                self._outputs = self._product.reshape(-1)

    @property
    def max_hold_s(self) -> float:
        """Seconds of input that an output can wait for, at most: a block, half the filter and one output step."""
        if not self._filter:
            return 0.0
        return (self._filter.block + self._filter.half) / self.source_rate + 1 / self.target_rate

    def push(self, samples: Samples) -> Samples:
        """The next input, any number of samples; returns what it completes, often nothing."""
        self._taken += samples.size
        if not self._filter:
            return samples
        return self._run(samples)

    def flush(self) -> Samples:
        """Ends the stream: returns its tail, as if silence followed; the next push begins a new stream.

        In all, round(input samples * target_rate / source_rate) samples have then been returned.
        """
        tail = np.zeros(0, np.int16)
        if self._filter:
            up, down = self._filter.up, self._filter.down
            missing = (2 * self._taken * up + down) // (2 * down) - self._returned
            silence = self._filter.block + self._filter.half  # completes the block and reaches past the last window
            tail = self._run(np.zeros(silence + self._filter.block, np.int16))[:missing]
        self._start()
        return tail

    def _run(self, samples: Samples) -> Samples:
        f, buffer, done = self._filter, self._buffer, []
        assert f is not None
        taken = 0
        while taken < samples.size:
            count = min(f.block - self._filled, samples.size - taken)
            begin = self._old + self._filled
            buffer[begin : begin + count] = samples[taken : taken + count]
            taken += count
            self._filled += count
            if self._filled == f.block:
                wide = np.rint(self._compute(f))
                # np.clip does the same through two layers of Python, which take as long as the filter.
                done.append(np.minimum(np.maximum(wide, LOWEST, out=wide), HIGHEST, out=wide))
                np.copyto(*self._kept)
                self._filled = 0
        if not done:
            return np.zeros(0, np.int16)
        result: Samples = (done[0] if len(done) == 1 else np.concatenate(done)).astype(np.int16)
        self._returned += result.size
        return result

    def _compute(self, f: _Filter) -> Floats:
        """The outputs whose windows end in the block that is now full; valid until the next call."""
        if f.matrix is not None:
            np.copyto(self._packed, self._rows)
            np.matmul(self._packed, f.matrix, out=self._product)
            result = self._outputs
        else:
            count = -((self._window - f.block * f.up) // f.down)
            at = self._window + f.down * np.arange(count)
            self._window += count * f.down - f.block * f.up
            windows = np.lib.stride_tricks.sliding_window_view(self._buffer, 2 * f.half)[at // f.up]
            result = np.einsum("ij,ij->i", windows, _taps(f, at % f.up))
        first, self._next = self._next, self._next + result.size
        return result if first >= 0 else result[-first:]


def _taps(f: _Filter, fractions: NDArray[np.int64]) -> Floats:
    """(outputs, 2 * half): the filter at each position between two samples, in 1 / up."""
    count = f.phases.shape[0] - 1
    if count == f.up:
        return f.phases[fractions]
    lower, share = np.divmod(fractions * count, f.up)
    weight = (share / f.up)[:, np.newaxis]
    result: Floats = f.phases[lower] * (1 - weight) + f.phases[lower + 1] * weight
    return result


def resample(samples: Samples, source_rate: int, target_rate: int, *, quality: Quality = "playback") -> Samples:
    """A whole recording at once."""
    resampler = Resampler(source_rate, target_rate, quality=quality, blocks=WHOLE_BLOCKS)
    return np.concatenate([resampler.push(samples), resampler.flush()])
