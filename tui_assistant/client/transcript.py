"""The lines of a conversation as they become known, out of server events."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from tui_assistant.protocol import server
from tui_assistant.protocol.items import InputText, JsonObject, UserMessage

LONGEST_MEMORY = 500  # lines kept for changes that may still come: far more than are open at any time
FASTEST_LETTERS = 25  # per second of speech; 15 are usual
KEPT = "kept_"  # how ids of items begin that were said in an earlier run: they are shown already
NO_WORDS = "(no words recognised)"


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """What one of the two said. `text` and `stash` are foreign text."""

    key: str  # the item's id
    who: Literal["you", "bot"]
    at_ms: int  # client time of its beginning
    text: str = ""
    stash: str = ""
    note: str = ""
    interrupted_at_s: float | None = None
    final: bool = False
    failed: bool = False
    typed: bool = False


class Transcript:
    """Holds the lines that may still change; every call returns the lines that it changed."""

    def __init__(self) -> None:
        self._lines: dict[str, TranscriptLine] = {}
        self._used: dict[str, str] = {}  # which tools an answer has used; stands before its other notes
        self._open: set[str] = set()  # of the user, whose audio is not committed yet

    def __getitem__(self, key: str) -> TranscriptLine:
        return self._lines[key]

    def __contains__(self, key: str) -> bool:
        return key in self._lines

    def take(self, event: server.ServerEvent, now_ms: int) -> list[TranscriptLine]:
        """Follows one server event."""
        match event:
            case server.SpeechStarted(item_id=item_id):
                return [self._begin(item_id, now_ms)]
            case server.SpeechStopped(item_id=item_id, reason=reason):
                return self._change(item_id, note=ended(reason))
            case server.BufferCommitted(item_id=item_id, reason=reason):
                self._begin(item_id, now_ms)
                self._open.discard(item_id)
                note = self._lines[item_id].note or ended(reason)
                return self._change(item_id, note=note)
            case server.TranscriptionDelta(item_id=item_id, delta=delta, text=text, stash=stash):
                self._begin(item_id, now_ms)
                firm = text or self._lines[item_id].text + delta
                return self._change(item_id, text=firm, stash=stash)
            case server.TranscriptionCompleted(item_id=item_id, transcript=words):
                return self._change(item_id, text=words or NO_WORDS, stash="", final=True)
            case server.TranscriptionFailed(item_id=item_id, error=error):
                return self._change(item_id, text=f"({error.message})", stash="", final=True, failed=True)
            case server.ItemAdded(item=UserMessage(id=str() as item_id)) if item_id.startswith(KEPT):
                return []
            case server.ItemAdded(item=UserMessage(id=item_id, content=(InputText(text=text), *_))):
                return [self._put(TranscriptLine(item_id or "", "you", now_ms, text, final=True, typed=True))]
            case _:
                return self._answer(event, now_ms)

    def _answer(self, event: server.ServerEvent, now_ms: int) -> list[TranscriptLine]:
        match event:
            case (
                server.OutputAudioTranscriptDelta(item_id=item_id, delta=delta)
                | server.OutputTextDelta(item_id=item_id, delta=delta)
            ):
                if item_id not in self._lines:
                    self._put(TranscriptLine(item_id, "bot", now_ms))
                return self._change(item_id, text=self._lines[item_id].text + delta)
            case server.OutputItemDone(item=item):
                return self._change(item.id or "", final=True)
            case server.ResponseDone(response=response) if response.status == "failed":
                error = response.status_details.error if response.status_details else None
                text = f"({error.message})" if error and error.message else "(no answer)"
                if response.output:
                    return self._change(response.output[0].id or "", note=text, failed=True)
                return [self._put(TranscriptLine(response.id, "bot", now_ms, text, final=True, failed=True))]
            case server.ResponseDone(response=response) if used := (response.metadata or {}).get("used"):
                key = next((item.id or "" for item in reversed(response.output) if item.id in self._lines), "")
                if key:
                    self._used[key] = f"used: {used}"
                    return self.note(key, self._lines[key].note)
        return []

    def abandon(self) -> list[TranscriptLine]:
        """Audio that was not committed has been dropped: its lines will get no words any more."""
        dropped, self._open = self._open, set()
        return [line for key in dropped for line in self._change(key, stash="", final=True, note="cleared")]

    def interrupted(self, key: str, heard_ms: int, of_ms: int) -> list[TranscriptLine]:
        """The answer was cut off after `heard_ms`, when sound of `of_ms` had come; its text is cut there, too."""
        text = heard_text(self._lines[key].text, heard_ms, of_ms) if key in self._lines else ""
        return self._change(key, text=text, interrupted_at_s=heard_ms / 1000, final=True)

    def note(self, key: str, text: str) -> list[TranscriptLine]:
        """What is to be known of a line beside its words."""
        return self._change(key, note=" · ".join(part for part in (self._used.get(key, ""), text) if part))

    def _begin(self, key: str, now_ms: int) -> TranscriptLine:
        """The user's line, a new one unless it is known."""
        if key not in self._lines:
            self._open.add(key)
            return self._put(TranscriptLine(key, "you", now_ms))
        return self._lines[key]

    def _put(self, line: TranscriptLine) -> TranscriptLine:
        self._lines[line.key] = line
        while len(self._lines) > LONGEST_MEMORY:
            oldest = next(iter(self._lines))
            del self._lines[oldest]
            self._used.pop(oldest, None)
        return line

    def _change(self, key: str, **changes: object) -> list[TranscriptLine]:
        if key not in self._lines:
            return []
        line = replace(self._lines[key], **changes)  # type: ignore[arg-type]  # names and types are checked by tests
        if line == self._lines[key]:
            return []
        self._lines[key] = line
        return [line]


def heard_text(text: str, heard_ms: int, of_ms: int) -> str:
    """The words of an answer that were heard, about: text and sound are not aligned, and text comes first."""
    share = heard_ms / of_ms if of_ms else 0.0
    most = min(round(len(text) * share), math.ceil(heard_ms * FASTEST_LETTERS / 1000))
    if most >= len(text):
        return text
    words = text[:most].rsplit(" ", 1)[0].rstrip() if " " in text[:most] else ""
    return f"{words}—"


def ended(reason: JsonObject | None) -> str:
    """Why a turn ended, with the figures that decided."""
    match reason:
        case {"rule": "silence", "silence_ms": silence, "needed_ms": needed}:
            return f"ended: silence {silence} ms ≥ {needed} ms"
        case {"rule": "judge", "silence_ms": silence, "wait_ms": wait, "p": p}:
            return f"ended: P(end) {p:.2f}, silence {silence} ms ≥ {wait} ms"
        case {"rule": "max_turn", "longest_ms": longest}:
            return f"ended: the longest turn is {longest // 1000} s"
        case {"rule": "no_audio", "quiet_ms": quiet}:
            return f"ended: no audio came for {quiet} ms"
        case {"rule": "commit"}:
            return "ended: sent by key"
        case _:
            return ""
