"""From a request to an outcome: does what is clear, asks where it is unsure, says what it heard where it can't help."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from tui_assistant.models.tools.base import OwnTool

from .as_tools import skill_tools
from .base import Context, Intent, Outcome, Skill
from .catalogue import SKILLS
from .matcher import Matcher
from .notebook import Notebook
from .timerbook import TimerBook
from .words import BACKCHANNELS, FILLERS, NO, YES, tokenise

DO = 0.74  # this and the next three were set by looking at what the bench of the skills got wrong, not by a sweep
DO_DESTRUCTIVE = 0.9  # what deletes must be clear
DO_CHATTER = 0.85  # nothing is lost when small talk is missed, and short talk resembles much
ASK = 0.55  # under this the request was probably something else
HEARD_LIMIT = 120  # characters of the request that are repeated
MAX_PENDING = 256  # sessions with an open question; older questions are forgotten
PENDING, UNKNOWN = "confirm", "none"  # values of metadata["skill"] where no skill ran


@dataclass(frozen=True, slots=True)
class Understanding:
    """What `understand` made of a request: an intent to do or to confirm, or neither."""

    intent: Intent | None
    confirm: bool = False


class Brain:
    """Safe from several threads: one lock around the open questions, and the books have their own."""

    def __init__(
        self,
        timers: TimerBook,
        notes: Notebook,
        *,
        skills: Iterable[Skill] = SKILLS,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._timers = timers
        self._notes = notes
        self._now = now
        self._skills = tuple(skills)
        self._matcher = Matcher(self._skills)
        self._pending: OrderedDict[str, Intent | str] = OrderedDict()  # to be confirmed, or the start of a follow-up
        self._lock = Lock()

    def tools(self) -> tuple[OwnTool, ...]:
        """The skills for a language model: the same books."""
        return skill_tools(self._timers, self._notes, self._now, self._skills)

    def understand(self, text: str) -> Understanding:
        intent = self._matcher.match(text)
        if intent is None or intent.confidence < ASK:
            return Understanding(None)
        skill = intent.skill
        if intent.confidence >= (DO_DESTRUCTIVE if skill.destructive else DO_CHATTER if skill.chatter else DO):
            return Understanding(intent)
        return Understanding(None) if skill.chatter else Understanding(intent, confirm=True)

    def answer(self, session_id: str, request: str, last_answer: str = "") -> Outcome:
        """Empty text where nothing is to be said. Metadata always names the skill, "confirm" or "none"."""
        with self._lock:
            pending = self._pending.pop(session_id, None)
        context = Context(session_id, self._now, self._timers, self._notes, last_answer, request)
        tokens = tokenise(request)
        spoken = [token for token in tokens if token not in FILLERS] or tokens
        if pending is not None and (reply := _yes_or_no(spoken)) is not None:
            return self._run(pending, context) if isinstance(pending, Intent) and reply else _declined()
        if not [token for token in tokens if token not in FILLERS and token not in BACKCHANNELS]:
            return Outcome("", {"skill": UNKNOWN})
        understood = self.understand(request)
        if isinstance(pending, str) and (understood.intent is None or understood.confirm):
            completed = self.understand(f"{pending} {request}")
            understood = completed if completed.intent is not None else understood
        if understood.intent is None:
            return _not_understood(request)
        if not understood.confirm:
            return self._run(understood.intent, context)
        self._remember(session_id, understood.intent)
        question = understood.intent.skill.restate(understood.intent.arguments)
        return Outcome(f"Did you mean: {question}?", {"skill": PENDING, "intent": understood.intent.skill.name})

    def concerns(self, session_id: str, request: str) -> bool:
        """Whether `answer` would do more than say what it heard: also where a question is open, or nothing was said."""
        with self._lock:
            pending = session_id in self._pending
        spoken = [token for token in tokenise(request) if token not in FILLERS and token not in BACKCHANNELS]
        return pending or not spoken or self.understand(request).intent is not None

    def _remember(self, session_id: str, pending: Intent | str) -> None:
        with self._lock:
            self._pending[session_id] = pending
            while len(self._pending) > MAX_PENDING:
                self._pending.popitem(last=False)

    def _run(self, intent: Intent, context: Context) -> Outcome:
        outcome = intent.skill.handler(intent.arguments, context)
        if outcome.follow_up:
            self._remember(context.session_id, outcome.follow_up)
        arguments = json.dumps(dict(intent.arguments), separators=(",", ":"), ensure_ascii=False)
        metadata = {"skill": intent.skill.name, **outcome.metadata}
        if intent.arguments and len(arguments) <= 512:
            metadata["arguments"] = arguments
        return Outcome(outcome.text, metadata)


def _yes_or_no(tokens: list[str]) -> bool | None:
    text = " ".join(tokens)
    head = tokens[0] if tokens and len(tokens) <= 3 else ""
    if text in YES or head in {"yes", "yeah", "yep"}:
        return True
    return False if text in NO or head in {"no", "nope"} else None


def _declined() -> Outcome:
    return Outcome("Okay, I won't.", {"skill": PENDING})


def _not_understood(request: str) -> Outcome:
    heard = " ".join(request.split())
    if len(heard) > HEARD_LIMIT:
        heard = heard[: HEARD_LIMIT - 1].rsplit(" ", 1)[0] + "…"
    text = f"I heard: {heard.rstrip('.?!')}. I can't help with that yet. Say 'help' to hear what I can do."
    return Outcome(text, {"skill": UNKNOWN})
