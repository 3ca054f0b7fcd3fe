"""Server-sent events from bytes that arrive in any pieces (the format: WHATWG HTML, section 9.2.6)."""

from __future__ import annotations

from collections.abc import Iterator

MAX_EVENT_BYTES = 2**20  # a chat chunk is a few hundred bytes; what is longer is not one
_BOM = b"\xef\xbb\xbf"


class SseError(ValueError):
    """A line or an event beyond all measure."""


class SseParser:
    """Takes bytes, gives the data of each complete event; comments, names and ids are left out.

    It works on bytes, so that a cut inside a UTF-8 sequence does not matter, and takes LF, CRLF and CR as line ends.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0
        self._begun = False
        self._after_cr = False

    def feed(self, piece: bytes) -> Iterator[str]:
        """Raises SseError when an event gets longer than MAX_EVENT_BYTES."""
        if self._after_cr and piece:
            piece = piece.removeprefix(b"\n")  # the second half of a CRLF that was cut in two
            self._after_cr = False
        rest = self._rest + piece
        if not self._begun:
            if len(rest) < len(_BOM) and _BOM.startswith(rest):
                self._rest = rest
                return
            rest = rest.removeprefix(_BOM)
            self._begun = True
        lines = rest.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._after_cr = rest.endswith(b"\r")
        self._rest = lines.pop()
        if len(self._rest) > MAX_EVENT_BYTES:
            raise SseError("a line without an end")
        for line in lines:
            yield from self._line(line)

    def end(self) -> Iterator[str]:
        """The stream is over: what is complete but for its empty line counts too, as many servers leave that out."""
        yield from self._line(self._rest)
        yield from self._line(b"")
        self._rest = b""

    def _line(self, line: bytes) -> Iterator[str]:
        if not line:
            if self._data:
                yield b"\n".join(self._data).decode("utf-8", "replace")
            self._data, self._size = [], 0
            return
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value)
            if self._size > MAX_EVENT_BYTES:
                raise SseError("an event without an end")
