"""What of the heard audio goes up while turns are detected here: speech with its pre-roll, and what was held. Pure."""

from __future__ import annotations

from collections.abc import Callable

from tui_assistant.engine.buffer import BYTES_PER_SAMPLE, SampleBuffer
from tui_assistant.host.turns import Turned

TAIL_MS = 128  # behind the last frame of speech: the end of a word that is softer than the threshold
LEAST_COMMIT_MS = 100  # "Expected at least 100ms of audio"


class Uplink:
    """Positions are samples of the session. `put` takes int16 at `rate` for the server."""

    def __init__(self, rate: int, put: Callable[[bytes], None]) -> None:
        self._rate = rate
        self._put = put
        self._up = 0  # behind the last sample that went up, or is not to
        self.samples = 0  # in the server's buffer

    def begin(self, position: int) -> None:
        """What comes next is not to begin before `position`."""
        self._up = position

    def committed(self) -> None:
        """The server's buffer is empty."""
        self.samples = 0

    def speech(self, buffer: SampleBuffer, speech_end_ms: int) -> None:
        """Of an open turn; a silence waits until it is known that the voice goes on."""
        self._to(buffer, min(buffer.end, buffer.at_ms(speech_end_ms + TAIL_MS)))

    def everything(self, buffer: SampleBuffer) -> None:
        """All that is held: no voice decides."""
        self._to(buffer, buffer.end)

    def finish(self, turned: Turned) -> None:
        """The rest of a turn; what ends by silence needs no more than a tail of it."""
        taken = turned.utterance
        begin = turned.end - len(taken.pcm) // BYTES_PER_SAMPLE
        tail = (turned.speech_end_ms + TAIL_MS) * self._rate // 1000
        first = max(begin, self._up)
        end = max(first, min(turned.end, tail) if taken.by_voice else turned.end)
        self._send(taken.pcm[(first - begin) * BYTES_PER_SAMPLE : (end - begin) * BYTES_PER_SAMPLE])
        missing = self._rate * LEAST_COMMIT_MS // 1000 - self.samples
        self._send(bytes(max(0, missing) * BYTES_PER_SAMPLE))
        self._up, self.samples = max(self._up, turned.end), 0

    def _to(self, buffer: SampleBuffer, end: int) -> None:
        if end > self._up:
            self._send(buffer.slice(max(self._up, buffer.start), end))
            self._up = end

    def _send(self, pcm: bytes) -> None:
        if pcm:
            self.samples += len(pcm) // BYTES_PER_SAMPLE
            self._put(pcm)
