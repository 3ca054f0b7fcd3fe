"""Big appends, decoded and fed in slices with room for the other sessions between them.

A thread would not help: base64 and the detector hold the interpreter's lock. The audio is the same however it is cut.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol.client import MAX_APPEND_BYTES
from tui_assistant.protocol.codec import decode_audio
from tui_assistant.server.limits import SLICE_CHARS

_SLICE_BYTES = SLICE_CHARS // 4 * 3  # base64 makes 4 characters of 3 bytes

_ID = r'"event_id" ?: ?"(?P<{}>[^"\\\x00-\x1f]{{0,512}})"'
_HEAD = re.compile(rf'\{{({_ID.format("first")}, ?)?"type" ?: ?"input_audio_buffer\.append", ?"audio" ?: ?"')
_TAIL = re.compile(rf'"(, ?{_ID.format("last")})?\}}')
_LONGEST_TAIL = 600  # characters


@dataclass(frozen=True, slots=True)
class PlainAppend:
    """An append of the form that all SDKs send, with the place of its base64 in the text."""

    begin: int
    end: int
    event_id: str | None


def plain_append(text: str) -> PlainAppend | None:
    """Finds the audio of a big append without a copy of it; None: parse the event, and say what is wrong with it.

    To parse 20 MB, even if only to look at the type, would keep the other sessions waiting for 15 ms.
    """
    head = _HEAD.match(text, 0, _LONGEST_TAIL + 100)
    if head is None or not text.isascii():
        return None
    end = text.find('"', head.end())
    if len(text) - end > _LONGEST_TAIL or (tail := _TAIL.fullmatch(text, end)) is None:
        return None
    if None not in (head["first"], tail["last"]):
        return None
    return PlainAppend(head.end(), end, head["first"] if tail["last"] is None else tail["last"])


async def feed_in_slices(text: str, feed: Callable[[bytes], None], first: int = 0, end: int | None = None) -> None:
    """All of the base64 in text[first:end] to `feed`, in order; nothing of it when RemoteProtocolError is raised."""
    pieces = []
    end = len(text) if end is None else end
    for begin in range(first, end, SLICE_CHARS):
        piece = decode_audio(text[begin : min(end, begin + SLICE_CHARS)])
        if begin + SLICE_CHARS < end and len(piece) != _SLICE_BYTES:
            decode_audio("=")  # padding in the middle: raises what a wrong text raises
        pieces.append(piece)
        await asyncio.sleep(0)
    size = sum(map(len, pieces))
    if size > MAX_APPEND_BYTES:
        message = f"Invalid 'audio'. One append may carry {MAX_APPEND_BYTES} bytes, but got {size}."
        raise RemoteProtocolError(message, code="invalid_value", param="audio")
    for piece in pieces:
        feed(piece)
        await asyncio.sleep(0)
