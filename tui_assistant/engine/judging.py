"""Questions to the judge: at most one is open at a time."""

from __future__ import annotations

from collections.abc import Callable

from tui_assistant.engine.endpoint import UNJUDGED_P
from tui_assistant.engine.ids import Ids
from tui_assistant.engine.observation import Dropped
from tui_assistant.engine.outbox import Outbox
from tui_assistant.engine.ports import Answer, Cancel, Failed, Judge, Judged
from tui_assistant.errors import LocalProtocolError

# Of real time, for an answer that is due after 96 ms of audio: several times what the slowest judge takes (30 ms), and
# short enough that a turn whose judge hangs ends before the user asks why.
LATE_MS = 400
LATE = Judged(UNJUDGED_P, "late")
NO_JUDGE = Judged(UNJUDGED_P, "none")

AskNow = Callable[[Judge], Judged]  # a judge that answers on the spot


class Judging:
    """Asks by way of the outbox, or `judge` itself where there is one; keeps the real time of the open question."""

    def __init__(self, ids: Ids, outbox: Outbox, judge: AskNow | None = None) -> None:
        self._ids = ids
        self._outbox = outbox
        self._judge = judge
        self.ask_id: str | None = None  # of the open question
        self._since: int | None = None  # the first `tick` that saw it open

    def ask(self, pcm: bytes, text: str, silence_ms: int) -> Judged | None:
        """The answer, if the judge gives it on the spot."""
        ask = Judge(self._ids.next("ask"), pcm, text, silence_ms)
        if self._judge is not None:
            return self._judge(ask)
        self.ask_id, self._since = ask.ask_id, None
        self._outbox.ask(ask)
        return None

    def answered(self, answer: Answer) -> Judged:
        """The open question has its answer. A judge that failed is none."""
        self.ask_id = None
        match answer:
            case Judged():
                return answer
            case Failed():
                return NO_JUDGE
            case _:
                raise LocalProtocolError(f"a judge cannot answer {type(answer).__name__}")

    def cancel(self) -> None:
        """The open question, if there is one, matters no more."""
        if self.ask_id is not None:
            self._outbox.ask(Cancel(self.ask_id))
            self.ask_id = None

    def give_up(self) -> Judged:
        """What counts as the answer to the open question when it cannot be waited for any longer."""
        self.cancel()
        self._outbox.observe(Dropped("late_judgements", 1))
        return LATE

    def overdue(self, now_ms: int) -> bool:
        """Whether the open question has waited too long at `now_ms` of real time."""
        if self.ask_id is None:
            return False
        self._since = now_ms if self._since is None else self._since
        return now_ms - self._since >= LATE_MS

    @property
    def deadline(self) -> int | None:
        """When `overdue` should be asked at the latest; 0: as soon as possible."""
        if self.ask_id is None:
            return None
        return 0 if self._since is None else self._since + LATE_MS
