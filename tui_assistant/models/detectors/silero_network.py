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
sigmoid(x) = 0.5 * tanh(x / 2) + 0.5, with the halving folded into the weights.

Source of the weights and of the graph: the package `silero-vad` 6.2.3 (MIT, notice in silero62_LICENSE), its file
silero_vad_16k_op15.onnx; assets/scripts/build_silero.py takes the tensors out of it.
"""

from __future__ import annotations

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
FFT_BATCH = 8  # from this many streams on, real**2 + imag**2 is cheaper than np.abs


class Weights:
    """The tensors of silero62_16k.npz, laid out for `row @ matrix`.

    Never changed after loading (the arrays are marked read-only), so one copy serves all networks on all threads.
    """

    def __init__(self, tensors: Mapping[str, Floats]) -> None:
        def taps(name: str, first: int = 0, last: int = 3) -> Floats:
            """(out, in, width) -> (width * in, out): rows in the order of the concatenated time steps."""
            kernel = tensors[f"{name}.weight"].transpose(2, 1, 0)[first:last]
            return np.ascontiguousarray(kernel.reshape(-1, kernel.shape[2]))

        self.window = tensors["hann"]
        self.conv1, self.bias1 = taps("conv1"), tensors["conv1.bias"]
        self.conv2, self.bias2 = taps("conv2"), tensors["conv2.bias"]
        self.conv3, self.bias3 = taps("conv3", first=1), tensors["conv3.bias"]
        self.conv4, self.bias4 = taps("conv4", first=1, last=2), tensors["conv4.bias"]

        lstm = np.concatenate([tensors["lstm_cell.weight_ih"], tensors["lstm_cell.weight_hh"]], axis=1).T
        bias = tensors["lstm_cell.bias_ih"] + tensors["lstm_cell.bias_hh"]
        # Stored: input, forget, cell, output. Ours: input, forget, output, cell, so that the sigmoids lie together.
        order = np.r_[0:256, 384:512, 256:384]
        self.lstm: Floats = np.ascontiguousarray(lstm[:, order])
        self.lstm_bias: Floats = bias[order].copy()
        self.lstm[:, : 3 * HIDDEN] *= 0.5
        self.lstm_bias[: 3 * HIDDEN] *= 0.5

        self.final: Floats = np.ascontiguousarray(tensors["final_conv.weight"][0, :, 0])
        self.final_bias = np.float32(tensors["final_conv.bias"][0])
        for value in vars(self).values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False


class Network:
    """The state of `streams` independent streams that advance together; all buffers are allocated once.

    One instance belongs to one thread at a time. Equal to the ONNX graph to 2e-6 (4e-6 in batches of up to 64).
    """

    def __init__(self, weights: Weights, streams: int = 1) -> None:
        self.weights, self.streams = weights, streams

        def zeros(*shape: int) -> Floats:
            return np.zeros((streams, *shape), np.float32)

        self._samples = zeros(CONTEXT + FRAME + PADDING)
        row = self._samples.strides[0]
        self._windows = np.lib.stride_tricks.as_strided(self._samples, (streams, STEPS, WINDOW), (row, HOP * 4, 4))
        self._windowed = zeros(STEPS, WINDOW)
        self._power, self._scratch = zeros(STEPS, BINS), zeros(STEPS, BINS)
        # Inputs of conv1 and conv2 with the three taps side by side; what is never written stays the zero padding.
        self._input1, self._input2 = zeros(STEPS, 3 * BINS), zeros(2, 3 * 128)
        self._output1 = np.zeros((streams * STEPS, 128), np.float32)
        self._output2 = np.zeros((streams * 2, 64), np.float32)
        self._output3 = zeros(64)
        self._lstm_input = zeros(2 * HIDDEN)  # conv4's output, then h
        self._gates, self._cell, self._product = zeros(4 * HIDDEN), zeros(HIDDEN), zeros(HIDDEN)

    def reset(self) -> None:
        """As at the start of a recording. These three hold everything that goes on from frame to frame."""
        for state in (self._samples, self._lstm_input, self._cell):
            state[:] = 0

    def probabilities(self, pcm: NDArray[np.int16]) -> Floats:
        """The next frame of every stream, (streams, FRAME), to p(speech), (streams,), 0 to 1."""
        self._take(pcm)
        self._convolve(self._magnitudes())
        hidden = self._remember()
        logits = np.maximum(hidden, 0) @ self.weights.final
        logits += self.weights.final_bias
        result: Floats = np.reciprocal(1 + np.exp(-logits))
        return result

    def _take(self, pcm: NDArray[np.int16]) -> None:
        samples = self._samples
        samples[:, :CONTEXT] = samples[:, FRAME : FRAME + CONTEXT]
        np.multiply(pcm, np.float32(1 / 32768), out=samples[:, CONTEXT : CONTEXT + FRAME])
        end = CONTEXT + FRAME
        samples[:, end:] = samples[:, end - 2 : end - 2 - PADDING : -1]  # reflected: the last sample is not repeated

    def _magnitudes(self) -> Floats:
        np.multiply(self._windows, self.weights.window, out=self._windowed)
        spectrum = np.fft.rfft(self._windowed, axis=-1)
        if self.streams < FFT_BATCH:
            magnitudes: Floats = np.abs(spectrum)
            return magnitudes
        power, scratch = self._power, self._scratch
        power[:] = spectrum.real
        scratch[:] = spectrum.imag
        power *= power
        scratch *= scratch
        power += scratch
        np.sqrt(power, out=power)
        return power

    def _convolve(self, magnitudes: Floats) -> None:
        w, streams = self.weights, self.streams

        taps = self._input1
        taps[:, :, BINS : 2 * BINS] = magnitudes
        taps[:, 1:, :BINS] = magnitudes[:, :3]
        taps[:, :3, 2 * BINS :] = magnitudes[:, 1:]
        y = np.matmul(taps.reshape(-1, 3 * BINS), w.conv1, out=self._output1)
        y += w.bias1
        np.maximum(y, 0, out=y)

        steps = y.reshape(streams, STEPS, 128)
        taps = self._input2
        taps[:, 0, 128:] = steps[:, :2].reshape(streams, 256)  # steps -1, 0, 1; -1 is padding
        taps[:, 1] = steps[:, 1:].reshape(streams, 384)  # steps 1, 2, 3
        y = np.matmul(taps.reshape(-1, 384), w.conv2, out=self._output2)
        y += w.bias2
        np.maximum(y, 0, out=y)

        y = np.matmul(y.reshape(streams, 128), w.conv3, out=self._output3)  # steps 0, 1; -1 is padding
        y += w.bias3
        np.maximum(y, 0, out=y)

        y = np.matmul(y, w.conv4)  # the one step there is; both neighbours are padding
        y += w.bias4
        np.maximum(y, 0, out=self._lstm_input[:, :HIDDEN])

    def _remember(self) -> Floats:
        """One LSTM step; returns h (streams, HIDDEN), which is also kept for the next frame."""
        gates, cell, product = self._gates, self._cell, self._product
        np.matmul(self._lstm_input, self.weights.lstm, out=gates)
        gates += self.weights.lstm_bias
        np.tanh(gates, out=gates)
        sigmoids = gates[:, : 3 * HIDDEN]
        sigmoids *= 0.5
        sigmoids += 0.5
        let_in, keep = gates[:, :HIDDEN], gates[:, HIDDEN : 2 * HIDDEN]
        show, new = gates[:, 2 * HIDDEN : 3 * HIDDEN], gates[:, 3 * HIDDEN :]
        cell *= keep
        np.multiply(let_in, new, out=product)
        cell += product
        np.tanh(cell, out=product)
        hidden = self._lstm_input[:, HIDDEN:]
        np.multiply(product, show, out=hidden)
        return hidden
