"""Which of the user's turns are answered, and when, where that is the client's business. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tui_assistant.client.backchannels import is_backchannel, is_floor
from tui_assistant.protocol import client
from tui_assistant.protocol.items import ErrorDetail

WORDS_MS = 1_000  # a turn over an answer waits so long for its words; a recogniser takes 10 to 500 ms
OPEN_MS = 5_000  # a response.create that the server has not confirmed for so long is lost
KEPT = 20  # turns without their words
CREATE = "answer_"  # begins the event ids of our response.create


@dataclass(slots=True)
class Over:
    """A turn that was spoken over an answer."""

    took: bool = False  # it cancelled the answer
    unheard: bool = False  # of which nothing was heard yet: what it was to answer is still open
    question: bool = False  # the answer asked something
    speech_ms: int = 0
    committed_ms: int | None = None


class Replies:
    """Turns are answered once each; one over an answer only if it is more than a backchannel or a cough."""

    def __init__(self, backchannel_ms: int) -> None:
        """Speech of at most so many ms may be a backchannel; 0: they are words like any other, and answered."""
        self._backchannel_ms = backchannel_ms
        self._over: dict[str, Over] = {}
        self._owed = False
        self._asked_ms: int | None = None  # response.create was sent and is not confirmed
        self._waiting_ms: int | None = None  # one is owed since then
        self._sent = 0
        self._unwanted = False  # the response that was asked for is to be cancelled as soon as it begins

    @property
    def open(self) -> bool:
        """An answer is owed or asked for, or a committed turn waits for its words."""
        return self._owed or self.asked or any(each.committed_ms is not None for each in self._over.values())

    @property
    def asked(self) -> bool:
        """A response is on its way, and wanted."""
        return self._asked_ms is not None and not self._unwanted

    @property
    def pending(self) -> bool:
        """A response.create of ours is on its way, wanted or not."""
        return self._asked_ms is not None

    @property
    def coming(self) -> bool:
        """An answer is owed or on its way, and nothing of it is heard yet."""
        return self._owed or self.asked

    # ---- the turns

    def over(self, item_id: str, *, question: bool = False) -> None:
        """That turn is spoken over an answer."""
        seen = self._over.setdefault(item_id, Over())
        seen.question = seen.question or question
        while len(self._over) > KEPT:
            del self._over[next(iter(self._over))]

    def speech(self, item_id: str, ms: int) -> None:
        """So much more speech was heard in that turn."""
        if item_id in self._over:
            self._over[item_id].speech_ms += ms

    def took(self, item_id: str, *, unheard: bool) -> None:
        """It has cancelled the answer; `unheard`: before its first sound."""
        self.over(item_id)
        over = self._over[item_id]
        over.took, over.unheard = True, over.unheard or unheard

    def committed(self, item_id: str, words: str, now_ms: int) -> bool:
        """The server ended that turn; `words` as far as they are known. True: it is to be answered, now."""
        over = self._over.get(item_id)
        if over is None or self._says(words, over) or self._long(words, over):
            return self._answer()
        over.committed_ms = now_ms
        return False

    def words(self, item_id: str, words: str) -> bool:
        """All that was said in that turn; empty: nothing, or it is not known. True: it is to be answered, now."""
        over = self._over.get(item_id)
        if over is None or over.committed_ms is None:
            return False
        del self._over[item_id]
        empty = not any(map(str.isalnum, words))
        return self._answer() if self._says(words, over) or (empty and over.took) else False

    def cleared(self) -> None:
        """What was not committed has gone."""
        self._over = {item: over for item, over in self._over.items() if over.committed_ms is not None}

    def drop(self) -> None:
        """The user goes on, or wants no answer: nothing that was committed so far is answered any more."""
        self._over = {item: over for item, over in self._over.items() if over.committed_ms is None}
        self._owed = False
        self._unwanted = self._asked_ms is not None

    def forget(self) -> None:
        """Another session begins."""
        self._over.clear()
        self._owed = False
        self._asked_ms = None

    def owe(self) -> None:
        """An answer is wanted as soon as there can be one."""
        self._owed = True

    def _says(self, words: str, over: Over) -> bool:
        if is_backchannel(words):
            return over.question or over.unheard or not self._backchannel_ms
        return is_floor(words)

    def _long(self, words: str, over: Over) -> bool:
        """Too long for a backchannel, as long as nothing says that it is one: its words need not be waited for."""
        long = over.took and over.speech_ms > self._backchannel_ms
        return long and not over.unheard and not is_backchannel(words)

    def _answer(self) -> bool:
        """One response answers all that was committed before it; one that was asked for before comes too soon."""
        self.drop()
        self._owed = True
        return True

    # ---- the requests

    def tick(self, now_ms: int) -> None:
        """A turn whose words do not come is answered if it has taken the floor; a lost request is given up."""
        for item_id, over in list(self._over.items()):
            if over.committed_ms is not None and now_ms - over.committed_ms >= WORDS_MS and over.took:
                del self._over[item_id]
                self._answer()
        if self._asked_ms is not None and now_ms - self._asked_ms >= OPEN_MS:
            self._asked_ms = None

    def ask(self, now_ms: int, *, quiet: bool, free: bool) -> list[client.ClientEvent]:
        """response.create, if one is owed. `quiet`: nobody is speaking. `free`: no response runs that we know of.

        A server that never says that a response is over is asked all the same.
        """
        if not self._owed or self._asked_ms is not None:
            self._waiting_ms = None
            return []
        self._waiting_ms = now_ms if self._waiting_ms is None else self._waiting_ms
        if not quiet or (not free and now_ms - self._waiting_ms < OPEN_MS):
            return []
        self._owed, self._asked_ms, self._unwanted = False, now_ms, False
        self._sent += 1
        return [client.ResponseCreate(event_id=f"{CREATE}{self._sent}")]

    def created(self) -> bool:
        """A response has begun that the server did not begin by itself. False: nobody wants it any more."""
        wanted = self.asked or self._asked_ms is None
        self._asked_ms = None
        return wanted

    def refused(self, error: ErrorDetail) -> bool:
        """An error about our request. True: it is sent again once the running response is over."""
        if not (error.event_id or "").startswith(CREATE):
            return False
        wanted = self.asked
        self._asked_ms = None
        again = error.code == "conversation_already_has_active_response"
        self._owed = self._owed or (again and wanted)
        return again
