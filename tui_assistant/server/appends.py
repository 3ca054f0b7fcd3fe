"""Big appends, decoded and fed in slices with room for the other sessions between them.

A thread would not help: base64 and the detector hold the interpreter's lock. The audio is the same however it is cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol.client import MAX_APPEND_BYTES
from tui_assistant.protocol.codec import decode_audio
from tui_assistant.server.limits import SLICE_CHARS

_SLICE_BYTES = SLICE_CHARS // 4 * 3  # base64 makes 4 characters of 3 bytes


async def feed_in_slices(audio: str, feed: Callable[[bytes], None]) -> None:
    """All of `audio` (base64) to `feed`, in order; nothing of it when RemoteProtocolError is raised."""
    pieces = []
    for begin in range(0, len(audio), SLICE_CHARS):
        piece = decode_audio(audio[begin : begin + SLICE_CHARS])
        if begin + SLICE_CHARS < len(audio) and len(piece) != _SLICE_BYTES:
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
