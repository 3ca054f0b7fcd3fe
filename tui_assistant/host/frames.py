"""How the host and a worker process talk: Asks one way, Answers the other, over two pipes.

A frame is a 4-byte big-endian length, then that many bytes: one line of JSON (never holding a line break), a line feed,
and the raw audio if the value has any. JSON and not pickle, so that a confused library that writes into the pipe can
only break the frame and never run code.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, fields
from typing import Any

from tui_assistant.engine import ports
from tui_assistant.engine.ports import Answer, Ask, ChatMessage, Tool, ToolCall

LENGTH = struct.Struct(">I")
MAX_FRAME_BYTES = 32 * 2**20  # twice the protocol's largest append; a longer one is a broken pipe, not a message


class FrameError(ValueError):
    """The bytes are no frame: the other side is broken."""


@dataclass(frozen=True, slots=True)
class Hello:
    """Host to worker, first: the model's options. Not on the command line, which every user of the machine can read."""

    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ready:
    """Worker to host: the model is loaded."""

    name: str
    load_ms: int


@dataclass(frozen=True, slots=True)
class Instead:
    """Worker to host: the model that was wanted cannot be had, or not now; another one takes its place. One line."""

    message: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """Worker to host, last: the model cannot be loaded; starting it again would not help. One line for the user."""

    message: str


@dataclass(frozen=True, slots=True)
class Reply:
    """Worker to host: an answer to an open ask."""

    ask_id: str
    answer: Answer


Message = Ask | Hello | Ready | Instead | Unusable | Reply

_ASKS = (
    ports.Transcribe,
    ports.TranscribeAudio,
    ports.TranscribeEnd,
    ports.Respond,
    ports.Release,
    ports.Notify,
    ports.Speak,
    ports.Judge,
    ports.Cancel,
)
_ANSWERS = (
    ports.Partial,
    ports.Final,
    ports.TextDelta,
    ports.FunctionCallDelta,
    ports.Responded,
    ports.AudioChunk,
    ports.Spoken,
    ports.Alarm,
    ports.Judged,
    ports.Failed,
)
# ASCII only: lone surrogates of a confused model pass as escapes. `default=str`: paths among the options. json.dumps
# would make such an encoder for each of thousands of frames a second.
_write = json.JSONEncoder(separators=(",", ":"), default=str).encode
_TYPES: dict[str, type] = {kind.__name__: kind for kind in (*_ASKS, *_ANSWERS, Hello, Ready, Instead, Unusable)}


def encode(message: Message) -> bytes:
    """The whole frame, length included. Raises FrameError when it would be too long."""
    header: dict[str, Any] = {}
    value: Any = message
    if isinstance(message, Reply):
        header["to"] = message.ask_id
        value = message.answer
    header["type"] = type(value).__name__
    tail = b""
    for item in fields(value):
        content = getattr(value, item.name)
        if item.name == "pcm":
            tail = content
        elif item.name == "messages":
            header[item.name] = [_line(line) for line in content]
        elif item.name == "tools":
            header[item.name] = [[tool.name, tool.description, tool.parameters] for tool in content]
        else:
            header[item.name] = content
    line = _write(header).encode("ascii")
    size = len(line) + 1 + len(tail)
    if size > MAX_FRAME_BYTES:
        raise FrameError("frame too long")
    return b"".join((LENGTH.pack(size), line, b"\n", tail))


def decode(body: bytes) -> Message:
    """The value of a frame's body (without the length). Raises FrameError."""
    end = body.find(b"\n")
    if end < 0:
        raise FrameError("frame without a header line")
    try:
        header = json.loads(body[:end])
        kind = _TYPES[header.pop("type")]
        to = header.pop("to", None)
        if any(item.name == "pcm" for item in fields(kind)):
            header["pcm"] = body[end + 1 :]
        if kind is ports.Respond:
            header["messages"] = tuple(_message(*line) for line in header["messages"])
            header["tools"] = tuple(Tool(*tool) for tool in header["tools"])
        value = kind(**header)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FrameError(f"not a frame: {type(error).__name__}") from error
    if isinstance(value, _ANSWERS):
        if not isinstance(to, str):
            raise FrameError("an answer to nothing")
        return Reply(to, value)
    return value  # type: ignore[no-any-return]  # the table above holds nothing else


def _line(message: ChatMessage) -> list[Any]:
    call = message.call
    return [message.role, message.text, call and [call.call_id, call.name, call.arguments], message.output_of]


def _message(role: Any, text: str, call: list[str] | None = None, output_of: str | None = None) -> ChatMessage:
    return ChatMessage(role, text, ToolCall(*call) if call else None, output_of)


def length(prefix: bytes) -> int:
    """How many bytes the body has. Raises FrameError when that cannot be."""
    (size,) = LENGTH.unpack(prefix)
    if not 2 <= size <= MAX_FRAME_BYTES:
        raise FrameError("impossible frame length")
    return int(size)


def weight(ask: Ask) -> int:
    """About how many bytes an ask holds, for the bounds of the queues on both sides of the pipe."""
    size = 64  # the frame around it
    if isinstance(ask, ports.TranscribeAudio | ports.Judge):
        size += len(ask.pcm)
    elif isinstance(ask, ports.Speak):
        size += len(ask.text)
    elif isinstance(ask, ports.Respond):
        size += len(ask.instructions) + sum(len(line.text) for line in ask.messages)
    return size
