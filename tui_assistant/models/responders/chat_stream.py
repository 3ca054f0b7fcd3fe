"""What a chat server sends, made into text and calls: chunks of a stream, a whole answer, errors, nonsense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tui_assistant.engine.ports import FunctionCallDelta
from tui_assistant.errors import ModelError
from tui_assistant.models.responders.chat_tools import CallReader
from tui_assistant.models.responders.sse import SseError, SseParser
from tui_assistant.models.responders.thoughts import ThoughtFilter
from tui_assistant.models.web import looks_like, server_message

MAX_BODY_BYTES = 2**18  # of an answer that is no stream
Said = str | FunctionCallDelta
_CHECK_ADDRESS = "check the address: it must be an OpenAI-compatible server's, e.g. http://127.0.0.1:11434/v1"


class ChatStream:
    """Takes the body of one answer in any pieces, gives text to speak and calls. Never trusts what it reads."""

    def __init__(self) -> None:
        self._sse = SseParser()
        self._thoughts = ThoughtFilter()
        self.calls = CallReader()
        self._head = bytearray()  # the body, as long as it may be something else than a stream
        self._events = 0
        self.done = False  # [DONE] or a finish_reason has been seen
        self.complete = False  # [DONE]: nothing follows, not even the usage
        self.finish_reason = ""
        self.asked = 0  # characters of the request
        self.input_tokens = 0
        self.output_tokens = 0
        self.thought = False  # the model has thought, aloud or not

    def feed(self, piece: bytes) -> Iterator[Said]:
        """Raises ModelError when the server reports an error in the stream."""
        if not self._events and len(self._head) < MAX_BODY_BYTES:
            self._head += piece
        try:
            for data in self._sse.feed(piece):
                yield from self._event(data)
        except SseError as error:
            raise ModelError("the chat server answers with something endless", _CHECK_ADDRESS) from error

    def end(self) -> Iterator[Said]:
        """The body is over. Raises ModelError when it was no answer at all."""
        for data in self._sse.end():
            yield from self._event(data)
        if not self._events:
            value = _json(bytes(self._head).decode("utf-8", "replace"))
            if not isinstance(value, dict) or not self._known(value):
                raise ModelError(f"the chat server answers with {looks_like(bytes(self._head))}", _CHECK_ADDRESS)
            yield from self._chunk(value)
        rest = self._thoughts.end()
        if rest:
            yield rest
        if self.done:
            yield from self.calls.end()

    def _event(self, data: str) -> Iterator[Said]:
        if data.strip() == "[DONE]":
            self._events += 1
            self.done = self.complete = True
            return
        value = _json(data)
        if isinstance(value, dict) and self._known(value):
            self._events += 1
            self._head.clear()
            yield from self._chunk(value)

    @staticmethod
    def _known(value: dict[str, Any]) -> bool:
        return "choices" in value or "usage" in value or bool(server_message(value))

    def _chunk(self, value: dict[str, Any]) -> Iterator[Said]:
        if not isinstance(value.get("choices"), list) and (message := server_message(value)):
            raise ModelError(f"the chat server says: {message}")
        usage = value.get("usage")
        if isinstance(usage, dict):
            self.input_tokens = _count(usage.get("prompt_tokens"))
            self.output_tokens = _count(usage.get("completion_tokens"))
        choices = value.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return
        if isinstance(choice.get("finish_reason"), str):
            self.finish_reason = choice["finish_reason"]
            self.done = True
        part = choice.get("delta") or choice.get("message")
        if not isinstance(part, dict):
            return
        self.thought = self.thought or bool(part.get("reasoning_content") or part.get("reasoning"))
        text = self._thoughts.feed(_text(part.get("content")))
        if text:
            yield text
        yield from self.calls.feed(part.get("tool_calls"))


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # nested beyond all measure
        return None


def _text(content: object) -> str:
    """Plain text, or the text parts of a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else 0
