from __future__ import annotations

import threading

import numpy as np

from tui_assistant.audio.fifo import SampleFifo


def test_samples_come_out_in_order_however_they_are_cut() -> None:
    fifo, sound = SampleFifo(10_000), np.arange(5000, dtype=np.int16)
    for start in range(0, 5000, 37):
        assert fifo.push(sound[start : start + 37]) == 0
    pieces = []
    while len(fifo):
        pieces.append(fifo.pop(101))
    assert np.array_equal(np.concatenate(pieces), sound)
    assert fifo.pop(5).size == 0


def test_what_does_not_fit_is_refused_and_counted() -> None:
    fifo = SampleFifo(100)
    assert fifo.push(np.arange(70, dtype=np.int16)) == 0
    assert fifo.push(np.arange(70, dtype=np.int16)) == 40
    assert fifo.push(np.arange(3, dtype=np.int16)) == 3
    assert fifo.pop().size == 100
    assert fifo.push(np.zeros(1, np.int16)) == 0
    assert fifo.clear() == 1
    assert len(fifo) == 0


def test_two_threads() -> None:
    fifo, sound, heard = SampleFifo(10**6), np.arange(30_000, dtype=np.int16), []

    def take() -> None:
        while sum(piece.size for piece in heard) < sound.size:
            heard.append(fifo.pop(480))

    taker = threading.Thread(target=take)
    taker.start()
    for start in range(0, sound.size, 100):
        fifo.push(sound[start : start + 100])
    taker.join(10)
    assert np.array_equal(np.concatenate(heard), sound)
