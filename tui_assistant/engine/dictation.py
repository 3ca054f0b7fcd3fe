"""The user's speech on its way to the recogniser: one stream of asks per utterance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tui_assistant.engine.buffer import SampleBuffer
from tui_assistant.engine.frontend import Frame
from tui_assistant.engine.ids import Ids
from tui_assistant.engine.outbox import Outbox
from tui_assistant.engine.ports import FRAME_RATE, Cancel, Transcribe, TranscribeAudio, TranscribeEnd
from tui_assistant.engine.wire import WireReader, wire_rate
from tui_assistant.protocol.codec import decode_audio
from tui_assistant.protocol.items import InputAudio, Item, UserMessage
from tui_assistant.protocol.session import AudioInput
from tui_assistant.sound.resample import resample


def dictate(
    item: Item, audio: AudioInput, ids: Ids, outbox: Outbox, session_id: str = ""
) -> Iterator[tuple[str, int, int]]:
    """Streams for the sound in an item that a client has made, in the session's format, if it comes without its words.

    For each one its ask, its part of the item's content, and its milliseconds.
    """
    rate = wire_rate(audio.format)
    language = audio.transcription.language if audio.transcription else None
    for place, part in enumerate(item.content if isinstance(item, UserMessage) else ()):
        if not isinstance(part, InputAudio) or part.audio is None or part.transcript is not None:
            continue
        samples = WireReader(audio.format).decode(decode_audio(part.audio))
        if not (length_ms := len(samples) * 1000 // rate):
            continue
        heard = resample(samples, rate, FRAME_RATE, quality="capture").astype("<i2", copy=False)
        ask_id = ids.next("ask")
        outbox.ask(Transcribe(ask_id, language, session_id))
        for begin in range(0, len(heard), FRAME_RATE):
            outbox.ask(TranscribeAudio(ask_id, heard[begin : begin + FRAME_RATE].tobytes()))
        outbox.ask(TranscribeEnd(ask_id))
        yield ask_id, place, length_ms


class Dictation:
    """Sends 16 kHz audio frame by frame while an utterance is open."""

    def __init__(self, ids: Ids, outbox: Outbox, session_id: str = "") -> None:
        self._ids = ids
        self._outbox = outbox
        self._session_id = session_id
        self._audio = SampleBuffer(FRAME_RATE)
        self._sent = 0  # position up to which the open stream has its audio
        self.ask_id: str | None = None  # of the open stream
        self._deaf = False  # the recogniser has given the open stream up
        self.words = ""  # of the open stream so far, those that may still change too
        self.changed_ms = 0  # when they last did

    @property
    def hearing(self) -> str | None:
        """The open stream's ask while words of it may come."""
        return None if self._deaf else self.ask_id

    def hear(self, frame: Frame) -> None:
        """Keeps a frame, and passes it on while a stream is open."""
        self._audio.append(frame.samples)
        if self.ask_id is not None:
            self._send(self._audio.end)

    def open(self, start_ms: int, language: str | None) -> str:
        """A stream begins with the audio from `start_ms` on."""
        self.ask_id = self._ids.next("ask")
        self._deaf = False
        self.words = ""
        self._outbox.ask(Transcribe(self.ask_id, language, self._session_id))
        self._sent = max(self._audio.start, self._audio.at_ms(start_ms))
        self._send(self._audio.end)
        return self.ask_id

    def read(self, words: str, at_ms: int) -> None:
        """The open stream's words so far, as they are at `at_ms`."""
        if words != self.words:
            self.words, self.changed_ms = words, at_ms

    def last(self, start_ms: int, longest_ms: int) -> bytes:
        """The audio from `start_ms` on, at most its last `longest_ms`: 16 kHz int16, little-endian."""
        longest = FRAME_RATE * longest_ms // 1000
        return self._audio.slice(max(self._audio.at_ms(start_ms), self._audio.end - longest), self._audio.end)

    def finish(self, unframed: NDArray[np.int16] | None = None) -> str | None:
        """The utterance is complete, with what is `unframed` as its last samples.

        Returns the stream's ask; None where no words are to come.
        """
        ask_id, self.ask_id = self.ask_id, None
        if self._deaf:
            return None
        if ask_id is not None:
            if unframed is not None and len(unframed):
                self._outbox.ask(TranscribeAudio(ask_id, unframed.astype("<i2", copy=False).tobytes()))
            self._outbox.ask(TranscribeEnd(ask_id))
        return ask_id

    def cancel(self) -> None:
        """The audio is not wanted any more."""
        if self.ask_id is not None and not self._deaf:
            self._outbox.ask(Cancel(self.ask_id))
        self.ask_id = None

    def give_up(self) -> None:
        """The recogniser has failed at the open stream: the utterance goes on, but no words of it will come."""
        self._deaf = True

    def drop_before(self, ms: int) -> None:
        self._audio.drop_before(self._audio.at_ms(ms))

    def _send(self, end: int) -> None:
        if self.ask_id is not None and not self._deaf and end > self._sent:
            self._outbox.ask(TranscribeAudio(self.ask_id, self._audio.slice(self._sent, end)))
            self._sent = end
