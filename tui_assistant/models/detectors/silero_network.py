"""Silero VAD 6.2 at 16 kHz in numpy: the speech probability of one 32 ms frame, for any number of streams at once.

The graph, with the shapes of one stream:

    64 context + 512 new samples -> reflect-pad 64 on the right -> 640
    STFT: 4 windows of 256, hop 128, periodic Hann, magnitude     (4, 129)
    conv 129 -> 128, width 3, stride 1, pad 1, ReLU               (4, 128)
    conv 128 ->  64, width 3, stride 2, pad 1, ReLU               (2, 64)
    conv  64 ->  64, width 3, stride 2, pad 1, ReLU               (1, 64)
    conv  64 -> 128, width 3, stride 1, pad 1, ReLU               (1, 128)
    LSTM cell 128                                                 h, c (128,)
    ReLU(h), conv 128 -> 1, width 1, sigmoid                      the probability

Two savings that change nothing in the result: taps that only ever meet zero padding are left out (conv3's first,
conv4's first and last), and the three sigmoid gates of the LSTM go through the same tanh as the fourth,
sigmoid(x) = 0.5 * tanh(x / 2) + 0.5, with the halving folded into the weights. And three that save numpy calls, which
cost more than the arithmetic: the STFT is one product with a windowed DFT matrix, biases are a row of their matrix that
meets a constant 1 in the input, and every input is written in place between its zero padding.

Source of the weights and of the graph: the package `silero-vad` 6.2.3 (MIT, notice in silero62_LICENSE), its file
silero_vad_16k_op15.onnx; assets/scripts/build_silero.py takes the tensors out of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

FRAME = 512  # new samples per frame: 32 ms
CONTEXT = 64  # samples of the previous frame put in front
PADDING = 64  # reflected samples behind
WINDOW, HOP, BINS = 256, 128, 129
STEPS = 4  # STFT windows per frame
HIDDEN = 128
# Scalars of the arrays' own type: numpy converts a Python number anew at each use.
# Arrays without dimensions: a ufunc takes them faster than scalars, and it is called thirty times a frame.
ZERO, HALF = np.full((), 0, np.float32), np.full((), 0.5, np.float32)


class Weights:
    """The tensors of silero62_16k.npz, laid out for `row @ matrix`.

    Never changed after loading (the arrays are marked read-only), so one copy serves all networks on all threads.
    """

    def __init__(self, tensors: Mapping[str, Floats]) -> None:
        def taps(name: str, first: int = 0, last: int = 3) -> Floats:
            """(out, in, width) -> (width * in, out): rows in the order of the concatenated time steps."""
            kernel = tensors[f"{name}.weight"].transpose(2, 1, 0)[first:last]
            return np.ascontiguousarray(kernel.reshape(-1, kernel.shape[2]))

        self.stft = _windowed_dft(tensors["hann"])
        self.conv1 = np.vstack([taps("conv1"), tensors["conv1.bias"]])
        self.conv2 = np.vstack([taps("conv2"), tensors["conv2.bias"]])
        self.conv3, self.bias3 = taps("conv3", first=1), tensors["conv3.bias"]
        self.conv4, self.bias4 = taps("conv4", first=1, last=2), tensors["conv4.bias"]

        lstm = np.concatenate([tensors["lstm_cell.weight_ih"], tensors["lstm_cell.weight_hh"]], axis=1).T
        bias = tensors["lstm_cell.bias_ih"] + tensors["lstm_cell.bias_hh"]
        # Stored: input, forget, cell, output. Ours: input, forget, output, cell, so that the sigmoids lie together.
        order = np.r_[0:256, 384:512, 256:384]
        self.lstm: Floats = np.vstack([lstm, bias])[:, order]
        self.lstm[:, : 3 * HIDDEN] *= 0.5
        self.lstm = np.ascontiguousarray(self.lstm)

        self.final: Floats = tensors["final_conv.weight"][0, :, 0] * np.float32(0.5)
        self.final_bias = np.full((), tensors["final_conv.bias"][0] / 2, np.float32)
        for value in vars(self).values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False


def _windowed_dft(window: Floats) -> Floats:
    """(WINDOW, 2 * BINS - 2): the real parts of bins 0 to 128, then the imaginary ones of 1 to 127 (0, 128: none)."""
    angles = 2 * np.pi / WINDOW * np.outer(np.arange(WINDOW), np.arange(BINS))
    basis = np.hstack([np.cos(angles), -np.sin(angles)[:, 1:-1]]) * window[:, np.newaxis]
    return basis.astype(np.float32)


class Network:
    """The state of `streams` independent streams that advance together; all buffers and views are made once.

    One instance belongs to one thread at a time. Equal to the ONNX graph to 2e-6 (4e-6 in batches of up to 64).
    """

    def __init__(self, weights: Weights, streams: int = 1, gain: float = 1.0) -> None:
        self.weights = w = weights
        self._to_unit = np.full((), gain / 32768, np.float32)

        def zeros(*shape: int) -> Floats:
            return np.zeros((streams, *shape), np.float32)

        samples = zeros(CONTEXT + FRAME + PADDING)
        end = CONTEXT + FRAME
        self._new = samples[:, CONTEXT:end]
        self._context = samples[:, :CONTEXT], samples[:, FRAME:end]
        # Reflected: the last sample itself is not repeated.
        self._padding = samples[:, end:], samples[:, end - 2 : end - 2 - PADDING : -1]
        row = samples.strides[0]
        self._windows = np.lib.stride_tricks.as_strided(samples, (streams, STEPS, WINDOW), (row, HOP * 4, 4))

        framed, spectrum = zeros(STEPS, WINDOW), zeros(STEPS, 2 * BINS - 2)
        # Inputs of conv1 and conv2 with the three taps side by side, then the 1 for the bias. What is never written
        # stays the zero padding.
        taps1, steps1 = zeros(STEPS, 3 * BINS + 1), zeros(STEPS * 128)
        taps2, steps2 = zeros(2, 3 * 128 + 1), zeros(2 * 64)
        lstm = zeros(2 * HIDDEN + 1)  # conv4's output, h, 1
        taps1[..., -1] = taps2[..., -1] = lstm[..., -1] = 1
        self._framed, self._spectrum = framed, spectrum
        self._power, self._cross = spectrum[:, :, :BINS], (spectrum[:, :, 1 : BINS - 1], spectrum[:, :, BINS:])
        self._magnitudes = taps1[:, :, BINS : 2 * BINS]
        self._earlier = taps1[:, 1:, :BINS], self._magnitudes[:, :-1]
        self._later = taps1[:, :-1, 2 * BINS : 3 * BINS], self._magnitudes[:, 1:]
        self._first = steps1[:, :256], taps2[:, 0, 128:384]  # steps -1, 0, 1; -1 is padding
        self._second = steps1[:, 128:], taps2[:, 1, :384]  # steps 1, 2, 3
        self._steps2, self._steps3 = steps2, zeros(64)
        self._conv4 = zeros(HIDDEN)
        self._conv4_relu, self._hidden, self._lstm = lstm[:, :HIDDEN], lstm[:, HIDDEN : 2 * HIDDEN], lstm
        gates = zeros(4 * HIDDEN)
        self._gates, self._sigmoids = gates, gates[:, : 3 * HIDDEN]
        self._let_in, self._keep, self._show, self._new_cell = (gates[:, at : at + HIDDEN] for at in range(0, 512, 128))
        self._cell, self._product = zeros(HIDDEN), zeros(HIDDEN)
        self._state = samples, self._hidden, self._cell
        # (input, matrix, output) of each product, two-dimensional
        self._stft = framed.reshape(-1, WINDOW), w.stft, spectrum.reshape(streams * STEPS, -1)
        self._conv1 = taps1.reshape(streams * STEPS, -1), w.conv1, steps1.reshape(-1, 128)
        self._conv2 = taps2.reshape(streams * 2, -1), w.conv2, steps2.reshape(-1, 64)

    def reset(self) -> None:
        """As at the start of a recording. These three hold everything that goes on from frame to frame."""
        for state in self._state:
            state[:] = 0

    def probabilities(self, pcm: NDArray[np.int16]) -> Floats:
        """The next frame of every stream, (streams, FRAME), to p(speech), (streams,), 0 to 1."""
        result = self._advance(pcm)
        np.tanh(result, out=result)
        np.multiply(result, HALF, out=result)
        np.add(result, HALF, out=result)
        return result

    def probability(self, pcm: NDArray[np.int16]) -> float:
        """As `probabilities`, for one stream: (FRAME,) to one number, without numpy's overhead at the end."""
        return 0.5 * math.tanh(self._advance(pcm)[0]) + 0.5

    def _advance(self, pcm: NDArray[np.int16]) -> Floats:
        """Half the logit of each stream: sigmoid(x) is tanh(x / 2) / 2 + 1/2."""
        self._take(pcm)
        self._transform()
        self._convolve()
        self._remember()
        result: Floats = np.dot(np.maximum(self._hidden, ZERO, out=self._product), self.weights.final)
        np.add(result, self.weights.final_bias, out=result)
        return result

    def _take(self, pcm: NDArray[np.int16]) -> None:
        np.copyto(*self._context)
        np.multiply(pcm, self._to_unit, out=self._new)
        np.copyto(*self._padding)

    def _transform(self) -> None:
        """The magnitudes of the STFT, into all places where conv1 reads them."""
        np.copyto(self._framed, self._windows)
        np.dot(self._stft[0], self._stft[1], out=self._stft[2])
        spectrum = self._spectrum
        np.multiply(spectrum, spectrum, out=spectrum)
        real, imaginary = self._cross
        np.add(real, imaginary, out=real)
        np.sqrt(self._power, out=self._magnitudes)
        np.copyto(*self._earlier)
        np.copyto(*self._later)

    def _convolve(self) -> None:
        w = self.weights
        np.dot(self._conv1[0], self._conv1[1], out=self._conv1[2])
        np.maximum(self._first[0], ZERO, out=self._first[1])
        np.maximum(self._second[0], ZERO, out=self._second[1])
        np.dot(self._conv2[0], self._conv2[1], out=self._conv2[2])
        y = np.maximum(self._steps2, ZERO, out=self._steps2)
        y = np.dot(y, w.conv3, out=self._steps3)  # steps 0, 1; -1 is padding
        y += w.bias3
        np.maximum(y, ZERO, out=y)
        y = np.dot(y, w.conv4, out=self._conv4)  # the one step there is; both neighbours are padding
        y += w.bias4
        np.maximum(y, ZERO, out=self._conv4_relu)

    def _remember(self) -> None:
        """One LSTM step."""
        gates, sigmoids, cell, product = self._gates, self._sigmoids, self._cell, self._product
        np.dot(self._lstm, self.weights.lstm, out=gates)
        np.tanh(gates, out=gates)
        np.multiply(sigmoids, HALF, out=sigmoids)
        np.add(sigmoids, HALF, out=sigmoids)
        np.multiply(cell, self._keep, out=cell)
        np.multiply(self._let_in, self._new_cell, out=product)
        np.add(cell, product, out=cell)
        np.tanh(cell, out=product)
        np.multiply(product, self._show, out=self._hidden)
