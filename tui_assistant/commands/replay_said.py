"""What was heard and answered in a recorded session, for turns that came out again as they were."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui_assistant.record.format import Said

if TYPE_CHECKING:
    from tui_assistant.lab.whatif import Turn

NOT_RE_RUN = "not re-run"  # the models would have to be asked anew


@dataclass(frozen=True, slots=True)
class Exchange:
    """The recorded item of a turn, its words and the answer; without an item the models were not asked again."""

    item_id: str | None
    heard: str = ""
    answer: str = NOT_RE_RUN


@dataclass(slots=True)
class _Item:
    audio_start_ms: int | None = None
    audio_end_ms: int | None = None
    previous: str | None = None
    words: str = ""
    by_user: bool = False


@dataclass(slots=True)
class Conversation:
    """Built from the recorded server events."""

    said: Iterable[Said]
    _items: dict[str, _Item] = field(default_factory=dict)
    _spoken: dict[tuple[int, int], str] = field(default_factory=dict)  # where the audio begins and ends -> its item

    def __post_init__(self) -> None:
        for each in self.said:
            if each.by_server:
                self._take(each.event, int(each.fed_ms))
        for item_id, item in self._items.items():
            if item.audio_start_ms is not None and item.audio_end_ms is not None:
                self._spoken[item.audio_start_ms, item.audio_end_ms] = item_id

    def exchange(self, turn: Turn) -> Exchange:
        """The recorded one when the turn has the boundaries of a recorded turn: then it got the same audio."""
        item_id = self._spoken.get((turn.audio_start_ms, turn.stopped_ms if turn.stopped_ms is not None else -1))
        if item_id is None:
            return Exchange(None)
        answers = [
            item.words
            for key, item in self._items.items()
            if not item.by_user and item.words and self._asked_by(key) == item_id
        ]
        return Exchange(item_id, self._items[item_id].words, " ".join(answers))

    def _asked_by(self, key: str) -> str | None:
        """The user's item that an answer follows."""
        for _ in range(len(self._items)):
            previous = self._items[key].previous
            if previous is None or previous not in self._items:
                return None
            if self._items[previous].by_user:
                return previous
            key = previous
        return None

    def _take(self, event: dict[str, object], fed_ms: int) -> None:
        item = event.get("item")
        key = item.get("id") if isinstance(item, dict) else event.get("item_id")
        if not isinstance(key, str):
            return
        known = self._items.setdefault(key, _Item())
        match event:
            case {"type": "input_audio_buffer.speech_started", "audio_start_ms": int(start_ms)}:
                known.audio_start_ms, known.by_user = start_ms, True
            case {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": int(end_ms)}:
                known.audio_end_ms = end_ms
            case {"type": "input_audio_buffer.committed"}:
                known.by_user = True
                known.audio_end_ms = fed_ms if known.audio_end_ms is None else known.audio_end_ms
            case {"type": "conversation.item.added", "previous_item_id": previous, "item": {"role": role}}:
                known.previous = previous if isinstance(previous, str) else None
                known.by_user = role == "user"
            case {"type": "conversation.item.input_audio_transcription.completed", "transcript": str(words)}:
                known.words = words
            case {"type": "response.output_audio_transcript.done", "transcript": str(words)}:
                known.words = words
            case {"type": "response.output_text.done", "text": str(words)}:
                known.words = words
