"""Models that say what a test has written down. They run in worker processes, like real ones."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tui_assistant.engine.ports import (
    Alarm,
    AudioChunk,
    Cancellation,
    Final,
    FunctionCallDelta,
    Partial,
    Respond,
    Responded,
    Speak,
    TextDelta,
)

Line = str | Mapping[str, Any]  # what is answered; see ScriptedResponder

RATE = 24_000  # Hz of the scripted voice
MS_PER_CHARACTER = 20  # of its "speech": a tone, so that lengths can be computed
TONE_HZ = 1_000  # low enough to be heard at every rate of the wire


class ScriptedStream:
    """Hears nothing, and ends with the next line of the script; an utterance that is dropped takes none."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def accept(self, pcm: bytes) -> Partial | None:
        return None

    def finish(self) -> Final:
        return Final(next(self._lines))

    def close(self) -> None:
        """Nothing to free."""


class ScriptedRecogniser:
    """The first utterance is the first line, and so on; the last line stays."""

    name = "scripted"

    def __init__(self, lines: list[str]) -> None:
        self._lines = itertools.chain(lines, itertools.repeat(lines[-1] if lines else ""))

    def open(self, language: str | None) -> ScriptedStream:
        return ScriptedStream(self._lines)


class ScriptedResponder:
    """Answers each request with the next line, the last one again and again.

    A line that is a mapping calls a function of the client: {"call": its name, "arguments": {...}}.
    """

    name = "scripted"

    def __init__(self, lines: list[Line]) -> None:
        self._lines = itertools.chain(lines, itertools.repeat(lines[-1] if lines else ""))

    def respond(
        self, request: Respond, cancellation: Cancellation
    ) -> Iterator[TextDelta | FunctionCallDelta | Responded]:
        line = next(self._lines)
        if isinstance(line, str):
            for word in line.split(" "):
                if cancellation.cancelled:
                    return
                yield TextDelta(word + " ")
        else:
            yield FunctionCallDelta("", line["call"], json.dumps(line.get("arguments", {})))
        yield Responded()

    def notify(self, session_id: str, ring: Callable[[Alarm], None]) -> Callable[[], None]:
        return lambda: None


class ScriptedSynthesiser:
    """A square wave of MS_PER_CHARACTER for each character."""

    name = "scripted"

    def speak(self, request: Speak, cancellation: Cancellation) -> Iterator[AudioChunk]:
        half = RATE // TONE_HZ // 2  # of a period, in samples
        pcm = (b"\x00\x10" * half + b"\x00\xf0" * half) * (TONE_HZ * MS_PER_CHARACTER // 1000)
        for _ in request.text:
            if cancellation.cancelled:
                return
            yield AudioChunk(pcm, RATE)


def recogniser(options: Mapping[str, Any]) -> ScriptedRecogniser:
    return ScriptedRecogniser(list(options.get("lines", ())))


def responder(options: Mapping[str, Any]) -> ScriptedResponder:
    return ScriptedResponder(list(options.get("lines", ())))


def synthesiser(options: Mapping[str, Any]) -> ScriptedSynthesiser:
    return ScriptedSynthesiser()
