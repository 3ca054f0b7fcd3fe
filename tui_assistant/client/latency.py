"""Where the time between the end of speech and the first sound of the answer went."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from tui_assistant.protocol import server
from tui_assistant.protocol.items import InputText, Response, UserMessage


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Milliseconds, one after the other; their sum is what the user waits."""

    vad: int  # silence that the detection waited for
    asr: int  # from the end of the turn to the final words
    think: int  # to the first text of the answer
    voice: int  # to its first audio
    out: int  # until that was heard
    turn_id: str = field(default="", compare=False)  # the user's item that was answered

    @property
    def total(self) -> int:
        return self.vad + self.asr + self.think + self.voice + self.out

    def __str__(self) -> str:
        parts = f"vad {self.vad} asr {self.asr} think {self.think} voice {self.voice} out {self.out}"
        return f"{self.total} ms: {parts}"


@dataclass(slots=True)
class Latency:
    """Follows one turn at a time; all times are client time in milliseconds."""

    _marks: dict[str, int] = field(default_factory=dict)
    _silence_ms: int = 0
    _turn_id: str | None = None  # the user's item
    _item_id: str | None = None  # of the answer

    def take(self, event: server.ServerEvent, now_ms: int) -> None:
        match event:
            case server.SpeechStopped(item_id=item_id, reason=reason):
                self._marks = {"stopped": now_ms}
                self._silence_ms = int((reason or {}).get("silence_ms", 0))
                self._turn_id = item_id
            case server.BufferCommitted(item_id=item_id) if item_id != self._turn_id:  # sent by key
                self._marks = {"stopped": now_ms}
                self._silence_ms = 0
                self._turn_id = item_id
            case (
                server.ItemAdded(item=UserMessage(content=(InputText(), *_)))
                | server.ResponseDone(response=Response(output=()))
            ):
                self._marks = {}  # a typed message, or a turn that got no answer: nobody waits for a first sound
            case server.TranscriptionCompleted():
                self._marks.setdefault("words", now_ms)
            case server.OutputAudioTranscriptDelta(item_id=item_id):
                if "text" not in self._marks:
                    self._item_id = item_id
                self._marks.setdefault("text", now_ms)
            case server.OutputAudioDelta():
                self._marks.setdefault("audio", now_ms)

    def heard(self, item_id: str, now_ms: int) -> Waterfall | None:
        """The first sound of `item_id` was heard: the figures, if it answers a turn."""
        marks = self._marks
        if item_id != self._item_id or not {"stopped", "text", "audio"} <= marks.keys():
            return None
        words = min(max(marks.get("words", marks["stopped"]), marks["stopped"]), marks["text"])
        figures = Waterfall(
            vad=self._silence_ms,
            asr=words - marks["stopped"],
            think=marks["text"] - words,
            voice=marks["audio"] - marks["text"],
            out=max(0, now_ms - marks["audio"]),
            turn_id=self._turn_id or "",
        )
        self._marks = {}
        return figures


KEPT_REPLIES = 1_000  # of one session: hours of talk; what is older says nothing of the present machine


@dataclass(frozen=True, slots=True)
class ReplyLatency:
    """How long the user waited, over the answers of a session: milliseconds from the end of speech to first sound."""

    count: int = 0
    p50_ms: int = 0
    p95_ms: int = 0

    @property
    def in_short(self) -> str:
        return f"p50 {self.p50_ms / 1000:.2f} p95 {self.p95_ms / 1000:.2f} s"

    def __str__(self) -> str:
        answers = "1 answer" if self.count == 1 else f"{self.count} answers"
        return f"{answers}, end of speech to first sound: {self.in_short}"


class ReplyTimes:
    """Collects the waterfalls of a session."""

    def __init__(self) -> None:
        self._totals: deque[int] = deque(maxlen=KEPT_REPLIES)
        self.replies = ReplyLatency()

    def add(self, figures: Waterfall) -> None:
        """One more answer was heard."""
        self._totals.append(figures.total)
        totals = list(self._totals)
        self.replies = ReplyLatency(len(totals), round(percentile(totals, 50)), round(percentile(totals, 95)))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` percent of `values`, at least one, do not exceed: one of them, none in between."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]
