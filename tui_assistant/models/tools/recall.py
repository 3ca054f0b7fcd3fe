"""Calls of earlier turns, for the model to go on with: "open the second one" needs the list that a tool gave before.

The conversation itself holds only what was said. The calls stand behind the words of the user that led to them, and go
when those words go: with a new conversation, or a deleted item.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from tui_assistant.engine.ports import ChatMessage

MAX_TURNS = 12  # of one conversation; older results are too old to be meant
MAX_SESSIONS = 256
MAX_CHARACTERS = 16_000  # of one turn; more fits no context anyway


@dataclass(frozen=True, slots=True)
class _Turn:
    asked: tuple[str, ...]  # the user's last words, without what may still change in them
    number: int  # of those words among the user's
    lines: tuple[ChatMessage, ...]


class Recall:
    """Safe from several threads for different sessions; one session has one answer at a time."""

    def __init__(self) -> None:
        self._turns: OrderedDict[str, deque[_Turn]] = OrderedDict()

    def keep(self, session_id: str, messages: Sequence[ChatMessage], lines: Sequence[ChatMessage]) -> None:
        """`lines`: pairs of calls and outputs that followed `messages`."""
        users = [line for line in messages if line.role == "user"]
        if not users or not lines or sum(len(line.text) for line in lines) > MAX_CHARACTERS:
            return
        turns = self._turns.setdefault(session_id, deque(maxlen=MAX_TURNS))
        self._turns.move_to_end(session_id)
        turns.append(_Turn(_words(users[-1].text), len(users), tuple(lines)))
        while len(self._turns) > MAX_SESSIONS:
            self._turns.popitem(last=False)

    def woven(self, session_id: str, messages: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
        """The conversation with the calls in it, as far as the words that led to them are still there."""
        behind: dict[int, list[ChatMessage]] = {}
        places = [place for place, line in enumerate(messages) if line.role == "user"]
        turns = self._turns.get(session_id, deque())
        for turn in list(turns):
            found = places[turn.number - 1] if turn.number <= len(places) else -1
            if found < 0 or _words(messages[found].text) != turn.asked:
                turns.remove(turn)  # deleted, or moved by what was deleted
                continue
            behind.setdefault(found, []).extend(turn.lines)
        return tuple(line for place, each in enumerate(messages) for line in (each, *behind.get(place, ())))


def _words(text: str) -> tuple[str, ...]:
    """Without punctuation and capitals: the final words may have them where the first did not."""
    return tuple(word for word in ("".join(filter(str.isalnum, part)).casefold() for part in text.split()) if word)
