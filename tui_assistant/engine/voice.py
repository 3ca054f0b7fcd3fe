"""The text of a response as a queue of sentences, spoken one after the other, in the session's output format."""

from __future__ import annotations

import numpy as np

from tui_assistant.engine.ids import Ids
from tui_assistant.engine.outbox import Outbox
from tui_assistant.engine.ports import AudioChunk, Cancel, Speak
from tui_assistant.engine.sentences import SentenceCutter
from tui_assistant.engine.wire import wire_encode, wire_rate
from tui_assistant.protocol.session import AudioOutput
from tui_assistant.sound.resample import Resampler


class Voice:
    """One response's voice: at most one Speak is open, the next begins when it has been answered."""

    def __init__(self, output: AudioOutput, ids: Ids, outbox: Outbox) -> None:
        self._output = output
        self._ids = ids
        self._outbox = outbox
        self._cutter = SentenceCutter()
        self._queue: list[str] = []
        self._begun: list[str] = []
        self._complete = False  # all text is there
        self._resampler: Resampler | None = None
        self._source_rate = 0
        self._mute = False  # the synthesiser has failed, or was stopped: the rest stays unsaid
        self.ask_id: str | None = None  # of the open Speak
        self.pcm = bytearray()  # all that was said so far: int16 at `rate`
        self.form = output.format
        self.rate = wire_rate(output.format)

    @property
    def busy(self) -> bool:
        """Something is still to be said."""
        return self.ask_id is not None or bool(self._queue)

    @property
    def words(self) -> str | None:
        """What has been said, to the end of the open piece; None: all of the text. A model writes faster than it."""
        if self._complete and not self.busy and not self._mute:
            return None
        return " ".join(self._begun)

    @property
    def said_ms(self) -> int:
        return len(self.pcm) // 2 * 1000 // self.rate

    def text(self, delta: str) -> None:
        """More text to say."""
        self._say(self._cutter.push(delta))

    def finish_text(self) -> None:
        """The text is complete."""
        self._complete = True
        self._say(self._cutter.flush())

    def audio(self, chunk: AudioChunk) -> bytes:
        """The chunk in the wire's format; may be empty while the resampler gathers."""
        if self._resampler is None or chunk.rate != self._source_rate:
            self._source_rate = chunk.rate
            self._resampler = Resampler(chunk.rate, self.rate, quality="playback")
        return self._encode(self._resampler.push(np.frombuffer(chunk.pcm, "<i2").astype(np.int16, copy=False)))

    def spoken(self) -> bytes:
        """The open sentence has been said; returns the audio that the resampler still held. The next one begins."""
        self.ask_id = None
        rest = self._encode(self._resampler.flush()) if self._resampler is not None else b""
        self._resampler = None
        self._next()
        return rest

    def fail(self) -> None:
        """The open sentence could not be said: the rest stays unsaid too, rather than with holes in it."""
        self.ask_id = None
        self._mute = True
        self._queue.clear()

    def stop(self) -> None:
        """Nothing more is to be said."""
        self._mute = self._mute or self.busy
        self._queue.clear()
        if self.ask_id is not None:
            self._outbox.ask(Cancel(self.ask_id))
            self.ask_id = None

    def _encode(self, samples: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> bytes:
        self.pcm += samples.astype("<i2", copy=False).tobytes()
        return wire_encode(samples, self.form)

    def _say(self, pieces: list[str]) -> None:
        if not self._mute:
            self._queue += pieces
            self._next()

    def _next(self) -> None:
        if self.ask_id is None and self._queue:
            self.ask_id = self._ids.next("ask")
            piece = self._queue.pop(0)
            self._begun.append(piece)
            self._outbox.ask(Speak(self.ask_id, piece, self._output.voice, self._output.speed))
