"""Asks and answers on their way through a pipe."""

from __future__ import annotations

from typing import Any

import pytest

from tui_assistant.engine import ports
from tui_assistant.host import frames
from tui_assistant.host.frames import LENGTH, FrameError, Hello, Ready, Reply, Unusable, decode, encode

MESSAGES: list[Any] = [
    Hello({"rate": 16_000, "deep": {"a": [1, None, True, "x"]}}),
    Ready("name", 12),
    Unusable("why"),
    ports.Transcribe("a", "en"),
    ports.TranscribeAudio("a", bytes(range(256)) + b"\n\n{}"),
    ports.TranscribeAudio("a", b""),
    ports.TranscribeEnd("a"),
    ports.Respond(
        "a",
        "s",
        (ports.ChatMessage("system", "x", ports.ToolCall("c", "f", "{}")), ports.ChatMessage("system", "y", None, "c")),
        tools=(ports.Tool("f", "d", {"type": "object"}),),
        tool_choice="required",
        tool_name="f",
    ),
    Reply("a", ports.FunctionCallDelta("c", "f", '{"x"')),
    ports.Respond("a", "s", (ports.ChatMessage("user", "é\n\ud800"), ports.ChatMessage("system", "")), "be kind", 5),
    ports.Respond("a", "s", (), speculative=True),
    ports.Release("a"),
    ports.Notify("a", "s"),
    ports.Speak("a", "text", "voice", 1.25),
    ports.Judge("a", b"\n\x00", "set a", 224),
    ports.Cancel("a"),
    Reply("a", ports.Partial("x", "y")),
    Reply("a", ports.Final("")),
    Reply("a", ports.TextDelta("\u2028")),
    Reply("a", ports.Responded({"skill": "x"}, 1, 2)),
    Reply("a", ports.AudioChunk(b"\n\x00", 22_050)),
    Reply("a", ports.Spoken()),
    Reply("a", ports.Judged(0.25, "words")),
    Reply("a", ports.Alarm("ring", {"origin": "timer"})),
    Reply("a", ports.Failed("code", "message")),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(getattr(message, "answer", message)).__name__)
def test_every_value_comes_out_as_it_went_in(message: Any) -> None:
    data = encode(message)
    size = frames.length(data[: LENGTH.size])
    assert size == len(data) - LENGTH.size
    assert decode(data[LENGTH.size :]) == message


def test_all_asks_and_answers_of_the_ports_are_covered() -> None:
    seen = {type(getattr(message, "answer", message)) for message in MESSAGES}
    for union in (ports.Ask, ports.Answer):
        assert set(union.__args__) <= seen


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no line",
        b"\n",
        b"[]\n",
        b"5\n",
        b'{"type": "os.system"}\n',
        b'{"type": "Cancel"}\n',
        b'{"type": "Cancel", "ask_id": "a", "more": 1}\n',
        b'{"type": "Final", "text": "to nobody"}\n',
        b'{"type": "Respond", "ask_id": "a", "session_id": "s", "messages": 5}\n',
        b"[" * 100_000 + b"\n",
        b"\xff\n",
    ],
)
def test_what_is_no_frame_is_refused(body: bytes) -> None:
    with pytest.raises(FrameError):
        decode(body)


def test_impossible_lengths_are_refused() -> None:
    for size in (0, 1, frames.MAX_FRAME_BYTES + 1, 2**32 - 1):
        with pytest.raises(FrameError):
            frames.length(LENGTH.pack(size))
    with pytest.raises(FrameError):
        encode(ports.TranscribeAudio("a", bytes(frames.MAX_FRAME_BYTES)))
