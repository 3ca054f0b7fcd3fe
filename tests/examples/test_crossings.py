import crossings
import numpy as np

from tui_assistant.testing.detectors import check_detector


def test_it_hears_a_hum_and_neither_hiss_nor_silence():
    check_detector(crossings.create)
    detector = crossings.create({})
    hum = (3000 * np.sin(np.arange(512) / 16)).astype(np.int16)
    hiss = np.random.default_rng(0).integers(-3000, 3000, 512).astype(np.int16)
    assert [detector.probability(frame) for frame in (hum, hiss, hiss * 0)] == [1.0, 0.0, 0.0]
