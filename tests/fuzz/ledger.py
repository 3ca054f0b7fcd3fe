"""What an attentive client knows of a session, from its events alone: naive, and strict about what may follow what."""

from __future__ import annotations

from dataclasses import dataclass, field

from tui_assistant.protocol import server
from tui_assistant.protocol.items import FunctionCall
from tui_assistant.protocol.server import ServerEvent


@dataclass
class Run:
    """A response that was created and is not done."""

    inside: bool
    items: list[str] = field(default_factory=list)  # by output_index
    open: dict[str, str] = field(default_factory=dict)  # item -> "item", "part" or "said" (its last part is done)


class Ledger:
    """`take` raises AssertionError at the first event that cannot be."""

    def __init__(self) -> None:
        self.order: list[str] = []  # the conversation
        self.running: dict[str, Run] = {}
        self.open_turn: str | None = None  # announced; neither stopped, committed nor cleared
        self.committed: set[str] = set()
        self._by_hand = False
        self._events: set[str] = set()
        self._responses: set[str] = set()
        self._announced: set[str] = set()
        self._finished: set[str] = set()  # items that were done
        self._waiting = ""  # committed, or timed out: the event that has to follow is of this item
        self._worded: set[str] = set()  # items whose last words came
        self._dropped: set[str] = set()  # announced, then cleared
        self._spoken: set[str] = set()  # items with words before they were committed

    @property
    def inside(self) -> list[str]:
        return [response_id for response_id, run in self.running.items() if run.inside]

    @property
    def beside(self) -> list[str]:
        return [response_id for response_id, run in self.running.items() if not run.inside]

    def _drop(self) -> None:
        """Items that are not committed are gone."""
        self._dropped |= (self._announced | self._spoken) - self.committed
        self.open_turn = None

    def take(self, event: ServerEvent) -> None:
        assert event.event_id not in self._events
        self._events.add(event.event_id)
        if event.type.startswith("response."):
            self._response(event)
        else:
            self._other(event)

    def _other(self, event: ServerEvent) -> None:
        match event:
            case server.SpeechStarted(item_id=item_id):
                assert self.open_turn is None, "a turn begins inside another"
                self._new(item_id)
                self.open_turn = item_id
            case server.SpeechStopped(item_id=item_id):
                assert item_id == self.open_turn, "stopped without started, twice, or after it was taken away"
                self.open_turn = None
                self._waiting = item_id
            case server.TimeoutTriggered(item_id=item_id):
                assert self.open_turn is None
                assert not self.inside
                assert 0 <= event.audio_start_ms <= event.audio_end_ms
                self._new(item_id)
                self._waiting = item_id
            case server.BufferCommitted(item_id=item_id, previous_item_id=previous):
                assert self._waiting in ("", item_id)
                assert item_id not in self.committed | self._dropped
                assert self.open_turn in (None, item_id), "another item is committed than the announced one"
                assert previous == (self.order[-1] if self.order else None)
                self.open_turn = None
                self.committed.add(item_id)
                self._waiting = item_id
            case server.BufferCleared():
                self._drop()
            case server.SessionCreated(session=session) | server.SessionUpdated(session=session):
                by_hand = session.audio.input.turn_detection is None
                if self._by_hand and not by_hand:
                    self._drop()  # what was announced before the client took over
                self._by_hand = by_hand
            case server.ItemAdded(item=item, previous_item_id=previous):
                assert item.id not in self.order
                self.order.insert(0 if previous is None else self.order.index(previous) + 1, item.id or "")
                self._finished.discard(item.id or "")  # a deleted one may come again
            case server.ItemDone(item=item, previous_item_id=previous):
                place = self.order.index(item.id or "")
                assert previous == (self.order[place - 1] if place else None)
                assert item.id not in self._finished, "an item is done twice"
                self._finished.add(item.id or "")
                if item.id == self._waiting:
                    self._waiting = ""
            case server.ItemDeleted(item_id=item_id):
                self.order.remove(item_id)
            case server.TranscriptionDelta(item_id=item_id):
                self._word(item_id)
                self._spoken.add(item_id)
            case server.TranscriptionCompleted(item_id=item_id) | server.TranscriptionFailed(item_id=item_id):
                self._word(item_id)
                self._worded.add(item_id)

    def _new(self, item_id: str) -> None:
        assert item_id not in self._announced | self.committed, "an item is announced twice"
        self._announced.add(item_id)

    def _word(self, item_id: str) -> None:
        assert item_id not in self._worded, "words behind the last ones"
        assert item_id not in self._dropped, "words of an item that was cleared"
        assert item_id not in self.committed or item_id in self.order, "words of an item that was deleted"

    def _response(self, event: ServerEvent) -> None:
        if isinstance(event, server.ResponseCreated):
            response = event.response
            assert response.id not in self._responses, "created twice"
            inside = response.conversation_id is not None
            assert not (inside and self.inside), "two responses write to the conversation"
            assert not self._waiting, "an item is committed and not there yet"
            self._responses.add(response.id)
            self.running[response.id] = Run(inside)
            return
        if isinstance(event, server.ResponseDone):
            run = self.running.pop(event.response.id)  # KeyError: done twice, or never created
            assert not run.open, "something was left open"
            assert event.response.status != "in_progress"
            assert [item.id for item in event.response.output] == run.items
            return
        run = self.running[event.response_id]  # KeyError: something of a response that is done
        match event:
            case server.OutputItemAdded(item=item, output_index=place):
                assert place == len(run.items)
                assert item.status == "in_progress"
                run.items.append(item.id or "")
                run.open[item.id or ""] = "part" if isinstance(item, FunctionCall) else "item"
            case server.OutputItemDone(item=item, output_index=place):
                assert item.status != "in_progress"
                assert run.items[place] == item.id
                assert run.open.pop(item.id or "") == "said", "an item is closed before its part"
            case server.ContentPartAdded(item_id=item_id):
                assert run.open[item_id] == "item"
                run.open[item_id] = "part"
            case server.ContentPartDone(item_id=item_id) | server.FunctionCallArgumentsDone(item_id=item_id):
                assert run.open[item_id] == "part"
                run.open[item_id] = "said"
            case _:
                assert run.open[event.item_id] == "part", "content outside of a part"
