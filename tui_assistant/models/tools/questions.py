"""What must be confirmed: the question, who has been asked, and whether the next words are a yes.

The model has no part in this: it can neither ask in other words than these nor answer for the user.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from tui_assistant.engine.ports import ChatMessage
from tui_assistant.models.skills.words import FILLERS, NO, YES, tokenise
from tui_assistant.models.tools.toolbox import Checked

LIFE_S = 120.0  # a yes to a question of long ago was meant for something else
MAX_OPEN = 256  # sessions with an open question; older questions are forgotten
_BEGINNING = "I am about to"
_ALSO_YES = frozenset({"please do", "go ahead", "yes go ahead", "yes do it", "yes do that", "do that", "yes you may"})
_NO_WORDS = frozenset({"no", "nope", "nah", "don't", "not", "never", "stop", "cancel", "wait", "negative"})


class Reply(Enum):
    """What became of an open question."""

    YES = "the user has heard it and agrees"
    NO = "the user refuses"
    UNHEARD = "the user agrees to something that was cut off before it was said"
    ELSEWHERE = "the user speaks of something else; the question is closed"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call that the model has made and that waits for the user."""

    call_id: str
    arguments: str  # as the model wrote them
    checked: Checked


@dataclass(frozen=True, slots=True)
class Question:
    calls: tuple[Wanted, ...]
    asked_s: float = 0.0

    @property
    def what(self) -> str:
        """What will be done: the words that must have been heard."""
        return "; ".join(wanted.checked.details for wanted in self.calls)

    @property
    def text(self) -> str:
        return f"{_BEGINNING} do this: {self.what}. Shall I?"


class Questions:
    """At most one per conversation. Safe from several threads, as its dictionary is."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: OrderedDict[str, Question] = OrderedDict()

    def ask(self, session_id: str, calls: Sequence[Wanted]) -> Question:
        question = self._open[session_id] = Question(tuple(calls), self._clock())
        while len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)
        return question

    def open(self, session_id: str) -> Question | None:
        return self._open.get(session_id)

    def reply(self, session_id: str, messages: Sequence[ChatMessage]) -> Reply:
        """What the end of the conversation says to the open question; ELSEWHERE where there is none."""
        question = self._open.get(session_id)
        if question is None or self._clock() - question.asked_s > LIFE_S:
            return Reply.ELSEWHERE
        asked = _last(messages, "user")
        agrees = agreed(asked)
        if agrees is None:
            return Reply.ELSEWHERE
        if not agrees:
            return Reply.NO
        heard = _last(messages, "assistant")  # an interrupted answer ends where it was cut
        if question.what in heard:
            return Reply.YES
        return Reply.UNHEARD if _BEGINNING in heard else Reply.ELSEWHERE

    def close(self, session_id: str) -> Question | None:
        return self._open.pop(session_id, None)


def agreed(text: str) -> bool | None:
    """A clear yes, or a no; None for all that is neither."""
    tokens = tokenise(text)
    tokens = [token for token in tokens if token not in FILLERS or token in YES] or tokens
    spoken = " ".join(tokens)
    if spoken in NO or (tokens and len(tokens) <= 6 and _NO_WORDS.intersection(tokens)):
        return False
    if spoken in YES or spoken in _ALSO_YES or (tokens and len(tokens) <= 3 and all(token in YES for token in tokens)):
        return True
    return None


def _last(messages: Sequence[ChatMessage], role: str) -> str:
    return next((line.text for line in reversed(messages) if line.role == role and line.call is None), "")
