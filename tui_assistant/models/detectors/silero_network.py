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
sigmoid(x) = 0.5 * tanh(x / 2) + 0.5, with the halving folded into the weights. The rest saves numpy calls, which cost
as much as the arithmetic: the STFT is one product with a windowed DFT matrix, biases are a row of their matrix that
meets a constant 1 in the input, and every input is written in place between its zero padding. From the spectrum to
conv1's input the steps lie in columns, so that all that is done to them, the shift to the neighbouring step too, runs
over one contiguous piece of memory: a call takes 0.4 us there and three times as long on rows with gaps. Products read
either order equally fast.

Source of the weights and of the graph: the package `silero-vad` 6.2.3 (MIT, notice in silero62_LICENSE), its file
silero_vad_16k_op15.onnx; assets/scripts/build_silero.py takes the tensors out of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

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

        self.stft = _windowed_dft(tensors["hann"]).T
        self.conv1 = np.vstack([taps("conv1"), tensors["conv1.bias"]])
        self.conv2 = np.vstack([taps("conv2"), tensors["conv2.bias"]])
        # Biases as rows: of equal shape, two arrays are added in half the time.
        self.conv3, self.bias3 = taps("conv3", first=1), tensors["conv3.bias"][np.newaxis]
        self.conv4, self.bias4 = taps("conv4", first=1, last=2), tensors["conv4.bias"][np.newaxis]

        lstm = np.concatenate([tensors["lstm_cell.weight_ih"], tensors["lstm_cell.weight_hh"]], axis=1).T
        bias = tensors["lstm_cell.bias_ih"] + tensors["lstm_cell.bias_hh"]
        # Stored: input, forget, cell, output. Ours: input, forget, output, cell, so that the sigmoids lie together.
        order = np.r_[0:256, 384:512, 256:384]
        self.lstm: Floats = np.vstack([lstm, bias])[:, order]
        self.lstm[:, : 3 * HIDDEN] *= 0.5
        self.lstm = np.ascontiguousarray(self.lstm)

        self.final: Floats = tensors["final_conv.weight"][0, :, 0] * np.float32(0.5)
        self.final_bias = np.float32(tensors["final_conv.bias"][0] / 2)
        for value in vars(self).values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False


def _windowed_dft(window: Floats) -> Floats:
    """(WINDOW, 2 * BINS - 2): the real parts of bins 0 to 128, then the imaginary ones of 1 to 127 (0, 128: none)."""
    angles = 2 * np.pi / WINDOW * np.outer(np.arange(WINDOW), np.arange(BINS))
    basis = np.hstack([np.cos(angles), -np.sin(angles)[:, 1:-1]]) * window[:, np.newaxis]
    return basis.astype(np.float32)


class Network:
    """The state of `streams` independent streams that advance together.

    All buffers are made once, and so are the calls that lead from one to the next: looking them up for every frame
    would take a tenth of its time. One instance belongs to one thread at a time. Equal to the ONNX graph to 2e-6 (4e-6
    in batches of up to 64).
    """

    def __init__(self, weights: Weights, streams: int = 1, gain: float = 1.0) -> None:
        self.weights = weights
        self._calls: list[Callable[[], object]] = []
        samples, lstm, cell = (_zeros(streams, n) for n in (CONTEXT + FRAME + PADDING, 2 * HIDDEN + 1, HIDDEN))
        hidden, self._logits = lstm[:, HIDDEN : 2 * HIDDEN], _zeros(streams)
        # These three hold everything that goes on from frame to frame.
        self._state = samples, hidden, cell
        self._new = samples[:, CONTEXT : CONTEXT + FRAME]
        taps1 = self._transform(samples, gain, weights)
        self._convolve(taps1, lstm[:, :HIDDEN], weights)
        self._remember(lstm, hidden, cell, weights)

    def _then(self, function: Callable[..., object], *operands: Floats, **out: Floats) -> None:
        """What is done next with every frame."""
        self._calls.append(partial(function, *operands, **out))

    def _transform(self, samples: Floats, gain: float, weights: Weights) -> Floats:
        """The magnitudes of the STFT, in all places where conv1 reads them: the (transposed) input of conv1."""
        streams, then, end = len(samples), self._then, CONTEXT + FRAME
        columns, row = streams * STEPS, samples.strides[0]
        windows = np.lib.stride_tricks.as_strided(samples, (streams, STEPS, WINDOW), (row, HOP * 4, 4))
        framed, spectrum = _zeros(streams, STEPS, WINDOW), _zeros(2 * BINS - 2, columns)
        # The three taps below each other, then the 1 for the bias.
        taps = _zeros(3 * BINS + 1, columns)
        taps[-1] = 1
        earlier, here, later = (taps[at : at + BINS].reshape(-1) for at in range(0, 3 * BINS, BINS))
        # The neighbouring step is the neighbouring number, or belongs to another frame or bin and counts as 0.
        step = np.broadcast_to(np.arange(columns) % STEPS, (BINS, columns)).reshape(-1)
        has_earlier, has_later = ((step != edge).astype(np.float32) for edge in (0, STEPS - 1))

        then(np.multiply, self._new, np.full((), gain / 32768, np.float32), out=self._new)
        # Reflected: the last sample itself is not repeated.
        then(np.copyto, samples[:, end:], samples[:, end - 2 : end - 2 - PADDING : -1])
        then(np.copyto, framed, windows)
        then(np.copyto, samples[:, :CONTEXT], samples[:, FRAME:end])  # for the next frame
        then(weights.stft.dot, framed.reshape(-1, WINDOW).T, out=spectrum)
        then(np.multiply, spectrum, spectrum, out=spectrum)
        then(np.add, spectrum[1 : BINS - 1], spectrum[BINS:], out=spectrum[1 : BINS - 1])
        then(np.sqrt, spectrum[:BINS].reshape(-1), out=here)
        then(np.multiply, here[:-1], has_earlier[1:], out=earlier[1:])
        then(np.multiply, here[1:], has_later[:-1], out=later[:-1])
        return taps

    def _convolve(self, taps1: Floats, out: Floats, w: Weights) -> None:
        """The four convolutions. What is never written in the input of conv2 stays the zero padding."""
        streams, then = len(out), self._then
        steps1, taps2, steps2 = _zeros(streams, STEPS * 128), _zeros(streams, 2, 3 * 128 + 1), _zeros(streams, 2 * 64)
        steps3, step4 = _zeros(streams, 64), _zeros(streams, HIDDEN)
        taps2[..., -1] = 1

        then(taps1.T.dot, w.conv1, out=steps1.reshape(-1, 128))
        then(np.maximum, steps1[:, :256], ZERO, out=taps2[:, 0, 128:384])  # steps -1, 0, 1; -1 is padding
        then(np.maximum, steps1[:, 128:], ZERO, out=taps2[:, 1, :384])  # steps 1, 2, 3
        then(taps2.reshape(streams * 2, -1).dot, w.conv2, out=steps2.reshape(-1, 64))
        then(np.maximum, steps2, ZERO, out=steps2)
        then(steps2.dot, w.conv3, out=steps3)  # steps 0, 1; -1 is padding
        then(np.add, steps3, w.bias3, out=steps3)
        then(np.maximum, steps3, ZERO, out=steps3)
        then(steps3.dot, w.conv4, out=step4)  # the one step there is; both neighbours are padding
        then(np.add, step4, w.bias4, out=step4)
        then(np.maximum, step4, ZERO, out=out)

    def _remember(self, lstm: Floats, hidden: Floats, cell: Floats, w: Weights) -> None:
        """One LSTM step and the last convolution; `lstm` is conv4's output, h, and the 1 for the bias."""
        then, lstm[:, -1] = self._then, 1
        gates, product = _zeros(len(lstm), 4 * HIDDEN), _zeros(len(lstm), HIDDEN)
        sigmoids = gates[:, : 3 * HIDDEN]
        let_in, keep, show, new_cell = (gates[:, at : at + HIDDEN] for at in range(0, 4 * HIDDEN, HIDDEN))

        then(lstm.dot, w.lstm, out=gates)
        then(np.tanh, gates, out=gates)
        then(np.multiply, sigmoids, HALF, out=sigmoids)
        then(np.add, sigmoids, HALF, out=sigmoids)
        then(np.multiply, cell, keep, out=cell)
        then(np.multiply, let_in, new_cell, out=product)
        then(np.add, cell, product, out=cell)
        then(np.tanh, cell, out=product)
        then(np.multiply, product, show, out=hidden)
        then(np.maximum, hidden, ZERO, out=product)
        then(product.dot, w.final, out=self._logits)

    def reset(self) -> None:
        """As at the start of a recording."""
        for state in self._state:
            state[:] = 0

    def probabilities(self, pcm: NDArray[np.int16]) -> Floats:
        """The next frame of every stream, (streams, FRAME), to p(speech), (streams,), 0 to 1."""
        self._advance(pcm)
        result: Floats = self._logits + self.weights.final_bias
        np.tanh(result, out=result)
        np.multiply(result, HALF, out=result)
        np.add(result, HALF, out=result)
        return result

    def probability(self, pcm: NDArray[np.int16]) -> float:
        """As `probabilities`, for one stream: (FRAME,) to one number, without numpy's overhead at the end."""
        self._advance(pcm)
        return 0.5 * math.tanh(self._logits[0] + self.weights.final_bias) + 0.5

    def _advance(self, pcm: NDArray[np.int16]) -> None:
        """Half the logits, without the bias: sigmoid(x) is tanh(x / 2) / 2 + 1/2."""
        np.copyto(self._new, pcm)  # apart from the product: numpy would convert through a buffer
        for call in self._calls:
            call()


def _zeros(*shape: int) -> Floats:
    return np.zeros(shape, np.float32)
