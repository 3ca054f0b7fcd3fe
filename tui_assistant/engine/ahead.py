"""An answer that is prepared while the user may have finished, before the turn is over.

At most one. Nothing of it is written or said until it is released, which happens when the same question is asked in
earnest; what the responder says until then is kept here. Any other question cancels it. A model may act only after the
Release, so that nothing happens that was not asked for in the end.
"""

from __future__ import annotations

from dataclasses import replace

from tui_assistant.engine.ids import Ids
from tui_assistant.engine.outbox import Outbox
from tui_assistant.engine.ports import Answer, Cancel, ChatMessage, Failed, Release, Respond, Responded

SILENCE_MS = 200  # of the user, before an answer is prepared: the first slot at which semantic_vad asks its judge
STABLE_MS = 200  # for which the words so far have not changed
_MARKS = ".,;:!?…。，！？"  # which a final may have where the words so far had none


class Ahead:
    """The prepared answer, if there is one."""

    def __init__(self, ids: Ids, outbox: Outbox) -> None:
        self._ids = ids
        self._outbox = outbox
        self._asked: Respond | None = None
        self._answers: list[Answer] = []
        self._complete = False  # the responder has said all

    def ask(self, request: Respond) -> None:
        """Prepares the answer to `request` instead of any other; its `ask_id` is given here."""
        self.cancel()
        self._asked = replace(request, ask_id=self._ids.next("ask"), speculative=True)
        self._outbox.ask(self._asked)

    def answer(self, ask_id: str, answer: Answer) -> bool:
        """Keeps what the responder says; False when the ask is not this one.

        A failure is forgotten: the question is asked once more, in earnest, and the user hears of that one only.
        """
        if self._asked is None or ask_id != self._asked.ask_id:
            return False
        if isinstance(answer, Failed):
            self._asked, self._answers = None, []
            return True
        self._answers.append(answer)
        self._complete = isinstance(answer, Responded)
        return True

    def take(self, request: Respond) -> tuple[str, list[Answer]] | None:
        """If it answers `request`: its ask, to which the rest comes, and what was said so far; it is released.

        Else it is cancelled.
        """
        asked, answers = self._asked, self._answers
        if asked is None or not _same(asked, request):
            self.cancel()
            return None
        if not self._complete:
            self._outbox.ask(Release(asked.ask_id))
        self._forget()
        return asked.ask_id, answers

    def cancel(self) -> None:
        """The user goes on, or asks something else."""
        if self._asked is not None and not self._complete:
            self._outbox.ask(Cancel(self._asked.ask_id))
        self._forget()

    def _forget(self) -> None:
        self._asked, self._answers, self._complete = None, [], False


def _same(prepared: Respond, wanted: Respond) -> bool:
    """Whether both ask the same, but for the punctuation and the capitals of what the user said last."""
    if not prepared.messages or not wanted.messages:
        return False
    before = replace(prepared, ask_id="", messages=prepared.messages[:-1], speculative=False)
    after = replace(wanted, messages=wanted.messages[:-1])
    return before == after and _said(prepared.messages[-1]) == _said(wanted.messages[-1])


def _said(line: ChatMessage) -> tuple[str, list[str]]:
    words = (word.strip(_MARKS).casefold() for word in line.text.split())
    return line.role, [word for word in words if word]
