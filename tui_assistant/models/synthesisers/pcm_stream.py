"""What a speech server sends, made into samples: raw PCM or a WAV file, in pieces of any length."""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Iterator

from tui_assistant.engine.ports import AudioChunk
from tui_assistant.errors import ModelError

PCM_RATE = 24_000  # Hz, of format pcm where no header says otherwise (OpenAI's API reference, "Create speech")
CHUNK_MS = 50  # half of what the port allows
MAX_HEADER_BYTES = 2**16  # a WAV whose samples begin later than this is none of a voice
_ENDLESS = sys.maxsize
_NOT_TRUE = 0x7FFFF000  # 0x7FFFFFFF and 0xFFFFFFFF, less a header at most, stand for "not known"
_PCM = 1
_EXTENSIBLE = 0xFFFE
_RATE = re.compile(r"rate\s*=\s*\"?(\d+)")
_OTHER_KINDS = ("audio/mpeg", "audio/mp3", "audio/ogg", "audio/opus", "audio/aac", "audio/flac", "audio/webm")
_HINT = "set speech.format to wav, or choose another server"


class PcmStream:
    """Takes the body of one answer; gives mono samples as soon as there are some."""

    def __init__(self, kind: str) -> None:
        """`kind`: the answer's Content-Type. Raises ModelError for one that is no PCM."""
        kind = kind.lower()
        if kind.startswith(_OTHER_KINDS):
            raise ModelError(f"the speech server sends {kind.partition(';')[0]}", _HINT)
        if kind.startswith(("text/", "application/json")):
            raise ModelError("the speech server answers with text instead of sound", "check the address")
        found = _RATE.search(kind)
        self._rate = int(found[1]) if found and 8_000 <= int(found[1]) <= 48_000 else PCM_RATE
        self._channels = 1
        self._head: bytearray | None = bytearray()  # until it is known whether it is a WAV
        self._rest = bytearray()
        self._left = _ENDLESS  # bytes of samples that are still to come; what follows them is no sound
        self.heard = False  # some samples have come

    def feed(self, piece: bytes) -> Iterator[AudioChunk]:
        """Raises ModelError for a WAV that holds something else than 16-bit PCM."""
        if self._head is not None:
            self._head += piece
            start = self._start(self._head)
            if start is None:
                return
            piece = bytes(self._head[start:])
            self._head = None
        self._rest += piece[: self._left]
        self._left -= min(len(piece), self._left)
        yield from self._chunks(self._rate * CHUNK_MS // 1000 * 2 * self._channels)

    def end(self) -> Iterator[AudioChunk]:
        """The body is over: what is left. Raises ModelError when there was no sound at all."""
        if self._head is not None:
            if bytes(self._head[:4]) != b"RIFF":
                self._rest += self._head  # an answer of a few bytes
            self._head = None
        yield from self._chunks(2 * self._channels, last=True)
        if not self.heard:
            raise ModelError("the speech server sent no sound", "its own log says more")

    def _chunks(self, size: int, last: bool = False) -> Iterator[AudioChunk]:
        longest = self._rate * CHUNK_MS // 1000 * 2 * self._channels
        while len(self._rest) >= size:
            taken = min(len(self._rest), longest) // (2 * self._channels) * 2 * self._channels
            pcm = bytes(self._rest[:taken])
            del self._rest[:taken]
            self.heard = True
            yield AudioChunk(pcm if self._channels == 1 else _mono(pcm, self._channels), self._rate)

    def _start(self, head: bytearray) -> int | None:
        """Where the samples begin; None while that cannot be told."""
        if not head.startswith(b"RIFF"[: len(head)]):
            return 0
        if len(head) < 12:
            return None
        at = 12
        while at + 8 <= len(head):
            name, size = struct.unpack_from("<4sI", head, at)
            if name == b"data":
                # Written while it is sent, it does not know its length: then that is 0, or the largest there is.
                self._left = size if 0 < size < _NOT_TRUE else _ENDLESS
                return at + 8
            if name == b"fmt " and at + 24 <= len(head):
                self._format(*struct.unpack_from("<HHIIHH", head, at + 8))
            at += 8 + size + size % 2
        if len(head) > MAX_HEADER_BYTES:
            raise ModelError("the speech server sends a WAV without samples", _HINT)
        return None

    def _format(self, tag: int, channels: int, rate: int, _: int, __: int, bits: int) -> None:
        if tag not in (_PCM, _EXTENSIBLE) or bits != 16 or not 1 <= channels <= 8 or not 8_000 <= rate <= 48_000:
            raise ModelError(f"the speech server sends a WAV of {bits} bits at {rate} Hz", "16-bit PCM is needed")
        self._rate, self._channels = rate, channels


def _mono(pcm: bytes, channels: int) -> bytes:
    samples = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    mixed = [sum(samples[at : at + channels]) // channels for at in range(0, len(samples), channels)]
    return struct.pack(f"<{len(mixed)}h", *mixed)
