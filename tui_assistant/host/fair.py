"""A queue in which sessions take turns: a long recording appended at once does not hold up the words of others."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator

from tui_assistant.engine.ports import Ask


def scoped_id(session_id: str, ask_id: str) -> str:
    """An ask's id for a model that several sessions share."""
    return f"{session_id}/{ask_id}"


def _session(ask_id: str) -> str:
    """Of a scoped id; "" where there is one session."""
    return ask_id.rpartition("/")[0]


class FairQueue:
    """The asks of a session come out in their order, one of each session in turn. Not for several threads at once."""

    def __init__(self, asks: Iterable[Ask] = ()) -> None:
        self._sessions: OrderedDict[str, deque[Ask]] = OrderedDict()  # whose turn it is comes first; none is empty
        for ask in asks:
            self.put(ask)

    def put(self, ask: Ask) -> None:
        self._sessions.setdefault(_session(ask.ask_id), deque()).append(ask)

    def pop(self) -> Ask:
        """Of the session whose turn it is. StopIteration when nothing waits."""
        session, waiting = next(iter(self._sessions.items()))
        ask = waiting.popleft()
        if waiting:
            self._sessions.move_to_end(session)
        else:
            del self._sessions[session]
        return ask

    def __bool__(self) -> bool:
        return bool(self._sessions)

    def __iter__(self) -> Iterator[Ask]:
        """Session by session; a queue made of them is the same."""
        for waiting in self._sessions.values():
            yield from waiting
