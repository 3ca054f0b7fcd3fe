"""What a transcription server sends, made into words: a stream in one of three forms, a whole answer, errors.

The forms: OpenAI's events `transcript.text.delta` and `transcript.text.done` (its API reference, "Create
transcription", stream), chat-like chunks with `choices` as vLLM sends them, and one `{"text": ...}` per segment as
others do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tui_assistant.errors import ModelError
from tui_assistant.models.responders.sse import SseError, SseParser
from tui_assistant.models.web import looks_like, one_line, server_message

MAX_BODY_BYTES = 2**20  # an hour of speech is some 60 kB of text
_CHECK_ADDRESS = "check the address: it must be an OpenAI-compatible server's, e.g. http://127.0.0.1:8000/v1"


class TranscriptStream:
    """Takes the body of one answer in any pieces; `feed` gives all the words so far whenever they changed."""

    def __init__(self, kind: str) -> None:
        """`kind`: the answer's Content-Type."""
        self._plain = kind.partition(";")[0].strip().lower() == "text/plain"
        self._sse = SseParser()
        self._body = bytearray()  # as long as it may be something else than a stream
        self._events = 0
        self._deltas: list[str] = []
        self._segments: list[str] = []
        self._whole: str | None = None
        self.complete = False  # nothing more is needed of the body

    @property
    def text(self) -> str:
        if self._whole is not None:
            return self._whole.strip()
        return ("".join(self._deltas) or " ".join(part.strip() for part in self._segments)).strip()

    def feed(self, piece: bytes) -> Iterator[str]:
        """Raises ModelError when the server reports an error in the stream, or sends without an end."""
        if not self._events:
            self._body += piece
            if len(self._body) > MAX_BODY_BYTES:
                raise ModelError("the transcription server answers with something endless", _CHECK_ADDRESS)
        if self._plain:
            return
        try:
            for data in self._sse.feed(piece):
                yield from self._event(data)
        except SseError as error:
            raise ModelError("the transcription server answers with something endless", _CHECK_ADDRESS) from error

    def end(self) -> str:
        """The body is over: all the words. Raises ModelError when it was no answer, or broke off."""
        for data in self._sse.end() if not self._plain else ():
            for _ in self._event(data):
                pass
        if self._events:
            if not self.complete and not self._segments:
                raise ModelError("the transcription ended early", "say it again")
            return self.text
        body = bytes(self._body).decode("utf-8", "replace")
        if self._plain and looks_like(bytes(self._body)) != "a web page":
            return body.strip()
        value = _json(body)
        if not isinstance(value, dict) or not isinstance(value.get("text"), str):
            said = server_message(value)
            if said:
                raise ModelError(f"the transcription server says: {said}")
            found = looks_like(bytes(self._body)).replace("chat completion", "transcription")
            raise ModelError(f"the transcription server answers with {found}", _CHECK_ADDRESS)
        return str(value["text"]).strip()

    def _event(self, data: str) -> Iterator[str]:
        if data.strip() == "[DONE]":
            self._events += 1
            self.complete = True
            return
        value = _json(data)
        if not isinstance(value, dict):
            return
        before = self.text
        if not self._take(value):
            return
        self._events += 1
        self._body.clear()
        if self.text != before:
            yield self.text

    def _take(self, value: dict[str, Any]) -> bool:
        """Whether it was something known."""
        kind, delta, text = value.get("type"), value.get("delta"), value.get("text")
        choices = value.get("choices")
        if kind == "transcript.text.delta" and isinstance(delta, str):
            self._deltas.append(delta)
        elif kind == "transcript.text.done" and isinstance(text, str):
            self._whole, self.complete = text, True
        elif isinstance(choices, list):
            choice = choices[0] if choices and isinstance(choices[0], dict) else {}
            part = choice.get("delta")
            if isinstance(part, dict) and isinstance(part.get("content"), str):
                self._deltas.append(part["content"])
            self.complete = self.complete or isinstance(choice.get("finish_reason"), str)
        elif kind is None and isinstance(text, str):
            self._segments.append(text)
        elif said := server_message(value):
            raise ModelError(f"the transcription server says: {one_line(said)}")
        else:
            # the other events of the family, as transcript.text.segment
            return isinstance(kind, str) and kind.startswith("transcript.")
        return True


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # nested beyond all measure
        return None
