"""The audio of an open stream, kept on this side of the pipe: when the worker dies, its successor hears it again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from tui_assistant.engine.ports import TranscribeAudio, TranscribeEnd

KEPT_BYTES = 2 * 60 * 16_000 * 2  # two minutes at 16 kHz, the longest turn there is; of a longer stream the newest


class KeptStream:
    """What has been said in one stream so far."""

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        self._limit = limit
        self._pieces: deque[TranscribeAudio] = deque()
        self._bytes = 0
        self.ended = False
        self.replays = 0  # how often a worker died holding it

    def keep(self, piece: TranscribeAudio) -> None:
        self._pieces.append(piece)
        self._bytes += len(piece.pcm)
        while self._bytes > self._limit:
            self._bytes -= len(self._pieces.popleft().pcm)

    def again(self, ask_id: str) -> Iterator[TranscribeAudio | TranscribeEnd]:
        """Everything that the next worker must hear after the stream is opened."""
        yield from self._pieces
        if self.ended:
            yield TranscribeEnd(ask_id)
