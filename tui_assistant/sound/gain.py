"""A gain that may change while sound runs."""

from __future__ import annotations

import numpy as np

from tui_assistant.sound.samples import Samples

LOWEST, HIGHEST = -32768, 32767


class Gain:
    """`db` may be set at any time: the next block goes there in a straight line, so that nothing clicks."""

    def __init__(self, db: float = 0.0) -> None:
        self.db = db
        self._factor = 10 ** (db / 20)  # where the last block ended

    def on(self, samples: Samples) -> Samples:
        """int16, clipped at full scale; the very array at 0 dB."""
        wanted = 10 ** (self.db / 20)
        before, self._factor = self._factor, (wanted if len(samples) else self._factor)
        if not len(samples) or before == wanted == 1.0:
            return samples
        ramp = wanted if before == wanted else np.linspace(before, wanted, len(samples) + 1)[1:]
        louder: Samples = np.clip(np.rint(samples * ramp), LOWEST, HIGHEST).astype(np.int16)
        return louder
