"""What a link keeps so that a broken connection costs no words: settings, what was said, what was not answered. Pure.

A new connection is a new session that knows nothing. It gets the settings again, the conversation's words, and in
their order the audio and the requests that the last one did not answer. A turn is told again as audio until its words
are known, or something of its answer has come; from then on the words stand for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tui_assistant.links.pending import Pending
from tui_assistant.links.said import SEED, Said
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import JsonObject

MOST_S = 60.0  # of audio that is kept
BEFORE_S = 2.0  # of it while nobody speaks: an onset that the server has not announced yet, and its pre-roll
MOST_BREAKS = 5  # sessions in a row that break and answer nothing: what they were told may be why
MOST_ITEMS = 500  # ids of one session
MOST_TURNS = 40  # that nobody answers or writes down
ACTIVE = "conversation_already_has_active_response"

_ABOUT_ITEMS = (client.ConversationItemTruncate, client.ConversationItemDelete, client.ConversationItemRetrieve)


@dataclass(slots=True)
class Turn:
    """The server has committed it. `covered`: a response has begun since."""

    pcm: bytes
    asked: bool
    covered: bool = False


class Kept:
    """Follows both directions of one conversation. Audio is int16 mono at `rate`."""

    def __init__(self, rate: int, output_rate: int = 24_000) -> None:
        self._rate = rate
        self._base: JsonObject = {}  # the settings before all that is pending, merged
        self._wanted: JsonObject = {}  # after it
        self._said = Said(output_rate)
        self._pending = Pending(rate)
        self._turns: dict[str, Turn] = {}  # that nothing has answered and nobody has written down
        self._open = False  # the server has announced a turn
        self._wordless: dict[str, None] = {}  # committed, and not written down yet
        self._ends: dict[str, int | None] = {}  # of turns that the server has found: where, in bytes
        self._answers_itself = False  # the server begins answers at the end of turns; as it says, whatever was asked
        self._due: client.ResponseCreate | None = None  # asked for, to what was said in words
        self._due_covered = False
        self._confirms = False  # the server says `committed`; some never do
        self._covered_commits = 0
        self._response: server.ResponseCreated | None = None
        self._sound = ""  # the item whose sound comes
        self._items: dict[str, None] = {}  # of this session
        self._breaks = 0
        self._trimmed = 0  # bytes of the open turn that are kept no longer
        self._lost_turns = 0
        self.dropped_ms = 0  # audio that nobody will hear, because the outage was too long

    # ------------------------------------------------------------------------------------------------- both ways

    def fed(self, pcm: bytes) -> None:
        """Audio on its way to the server."""
        self._pending.audio(pcm)
        speaking = self._by_hand or self._open or self._pending.commits
        gone = self._pending.trim(MOST_S if speaking else BEFORE_S)
        self._trimmed = self._trimmed + gone if speaking else 0

    def waiting(self, pcm: bytes) -> None:
        """Audio while there is no connection: all of it is kept, whoever decides about turns."""
        self._pending.audio(pcm)
        self.dropped_ms += self._ms(self._pending.trim(MOST_S))

    def sent(self, event: client.ClientEvent) -> bool:
        """An event of ours, whether it goes out at once or has to wait. False: this session would not understand it."""
        self._said.sent(event)
        match event:
            case client.SessionUpdate(session=session):
                self._wanted = _merged(self._wanted, session)
                self._pending.event(event)
            case client.InputAudioBufferClear():
                self._pending.clear()
                self._trimmed = 0
            case client.InputAudioBufferCommit() | client.ConversationItemCreate():
                self._pending.event(event)
            case client.ResponseCreate() if self._pending.waits:
                self._pending.event(event)
            case client.ResponseCreate():
                self._ask(event)
            case client.ResponseCancel():
                self._settle()
            case _ if isinstance(event, _ABOUT_ITEMS):
                return event.item_id in self._items
            case _:
                pass
        self._advance()
        return True

    def received(self, event: server.ServerEvent) -> bool:
        """Whether the event is new to the conversation: what was told again is not."""
        self._know(event)
        if isinstance(event, server.ItemAdded | server.ItemDone) and (event.item.id or "").startswith(SEED):
            return False
        self._said.take(event)
        match event:
            case server.SessionCreated(session=session) | server.SessionUpdated(session=session):
                rules = session.audio.input.turn_detection
                self._answers_itself = rules is not None and rules.create_response
            case server.SpeechStarted(audio_start_ms=start_ms):
                self._open = True
                if self._place(start_ms) < self._pending.position:  # else its clock is another
                    self._pending.take_until(self._place(start_ms))
            case server.SpeechStopped(item_id=item_id, audio_end_ms=end_ms):
                self._ends[item_id] = self._place(end_ms) if end_ms else None
            case server.BufferCommitted(item_id=item_id):
                self._committed(item_id)
            case server.BufferCleared():
                self._open = False
            case server.ItemAdded():
                self._pending.confirmed(client.ConversationItemCreate)
            case server.TranscriptionCompleted(item_id=item_id, transcript=words):
                self._written(item_id, words)
            case server.TranscriptionFailed(item_id=item_id):
                self._wordless.pop(item_id, None)
            case server.ErrorEvent(error=error):
                self._refused(error.code, error.event_id)
            case _:
                self._answer(event)
        self._advance()
        return True

    # ------------------------------------------------------------------------------------------------ questions

    @property
    def waits(self) -> bool:
        """Something was asked of the server, and nothing of it has come."""
        asked = self._due is not None or any(turn.asked for turn in self._turns.values())
        return asked or self._pending.waits

    @property
    def quiet(self) -> bool:
        """Nobody speaks and nothing is due: another session could begin here without anyone noticing."""
        held = self._by_hand and self._pending.audio_s > 0
        return not (self._open or held or self.answering or self._turns or self.waits)

    @property
    def answering(self) -> bool:
        """An answer is being made."""
        return self._response is not None

    @property
    def settings(self) -> JsonObject:
        """As a new session has to begin."""
        return self._base

    @property
    def commit_ids(self) -> tuple[str | None, ...]:
        """Of the commits that are not confirmed, in order."""
        return self._pending.commit_ids

    @property
    def waiting_s(self) -> float:
        """Of audio that would be sent again."""
        return self._pending.audio_s

    def take_lost(self) -> int:
        """Turns that will never be answered, since the last question."""
        lost, self._lost_turns = self._lost_turns + self._pending.turns_dropped, 0
        self._pending.turns_dropped = 0
        return lost

    # ------------------------------------------------------------------------------------------------ a break

    def broke(self) -> list[server.ServerEvent]:
        """What the conversation has to be told of, so that nothing in it waits for the session that has gone."""
        told: list[server.ServerEvent] = []
        if self._open:
            told.append(server.BufferCleared())  # its audio is kept, and becomes a turn of the next session
        if self._open or self._by_hand:
            self.dropped_ms += self._ms(self._trimmed)
        for item_id in self._wordless:
            message = "the link broke; it is sent again" if item_id in self._turns else "the link broke"
            error = server.TranscriptionError(code="link", message=message)
            told.append(server.TranscriptionFailed(item_id=item_id, error=error))
        if self._sound and self._response is not None:
            told.append(server.OutputAudioDone(response_id=self._response.response.id, item_id=self._sound))
        if self._response is not None:
            cut = self._response.response.model_copy(update={"status": "incomplete"})
            told.append(server.ResponseDone(response=cut))
        self._said.broke()
        self._breaks += 1
        self._tell_turns_again()
        self._open, self._response, self._sound, self._trimmed = False, None, "", 0
        self._due_covered = False
        self._wordless.clear()
        self._ends.clear()
        self._items.clear()
        if self._breaks >= MOST_BREAKS and self.waits:
            self.give_up()
        return told

    def give_up(self) -> None:
        """Nothing that waits for an answer will get one: its turns count as lost."""
        asked = sum(turn.asked for turn in self._turns.values())
        self._lost_turns += self._pending.give_up() + asked + (self._due is not None)
        self._turns.clear()
        self._due = None
        self._advance()

    def again(self) -> Iterator[client.ClientEvent | bytes]:
        """What a new session is told first, in order: settings, words, audio (bytes), and the requests behind it."""
        if self._base:
            yield client.SessionUpdate(session=self._base)
        yield from self._said.again()
        told = list(self._pending.again())
        if self._due is not None and not any(isinstance(each, client.ResponseCreate) for each in told):
            yield self._due
        yield from told

    # -------------------------------------------------------------------------------------------------- inside

    @property
    def _by_hand(self) -> bool:
        """Push-to-talk, or a held key: turns end by commit."""
        return _manual(self._wanted)

    def _ms(self, size: int) -> int:
        return size * 500 // self._rate

    def _place(self, ms: int) -> int:
        """The server's clock counts the audio that this session was given."""
        return ms * self._rate // 1000 * 2

    def _know(self, event: server.ServerEvent) -> None:
        item = getattr(event, "item", None)
        item_id = getattr(event, "item_id", None) or (item.id if item is not None else None)
        if item_id:
            self._items[item_id] = None
            while len(self._items) > MOST_ITEMS:
                del self._items[next(iter(self._items))]

    def _committed(self, item_id: str) -> None:
        self._open, self._trimmed = False, 0
        self._wordless[item_id] = None
        self._confirms = True
        by_us = None if item_id in self._ends else self._pending.take_commit()
        if by_us is not None:
            turn = Turn(*by_us)
        else:
            pcm = self._pending.take_until(self._ends.pop(item_id, None)) or self._pending.take_until(None)
            turn = Turn(pcm, self._answers_itself)
        self._turns[item_id] = turn
        too_much = sum(len(each.pcm) for each in self._turns.values()) - round(MOST_S * self._rate) * 2
        for each in self._turns.values():
            if too_much > 0:
                too_much, each.pcm = too_much - len(each.pcm), b""
        while len(self._turns) > MOST_TURNS:
            self._lost_turns += self._turns.pop(next(iter(self._turns))).asked

    def _written(self, item_id: str, words: str) -> None:
        self._wordless.pop(item_id, None)
        if not words.strip():
            return  # if it was speech all the same, only its audio can tell
        turn = self._turns.pop(item_id, None)
        if turn is not None and turn.asked and self._due is None:
            self._due, self._due_covered = client.ResponseCreate(), turn.covered

    def _ask(self, create: client.ResponseCreate) -> None:
        """For an answer to everything before."""
        for turn in self._turns.values():
            turn.asked = True
        self._due, self._due_covered = create, False

    def _advance(self) -> None:
        """Settings that wait for nothing are the base; a request that waits for nothing is due."""
        for update in self._pending.settings():
            self._base = _merged(self._base, update.session)
        while (create := self._pending.free_create()) is not None:
            self._ask(create)

    def _answer(self, event: server.ServerEvent) -> None:
        match event:
            case server.ResponseCreated():
                self._response = event
                self._due_covered = self._due is not None
                self._covered_commits = 0 if self._confirms else self._pending.commits
                for turn in self._turns.values():
                    turn.covered = True
            case server.OutputAudioDelta(item_id=item_id):
                self._sound = item_id
                self._answered()
            case server.OutputTextDelta() | server.FunctionCallArgumentsDelta() | server.FunctionCallArgumentsDone():
                self._answered()
            case server.OutputAudioDone():
                self._sound = ""
            case server.ResponseDone(response=response):
                if response.status in ("completed", "failed") and self._response is not None:
                    self._answered()  # it may have had nothing to say; a failure is told as such
                else:
                    self._settle()
                self._response, self._sound = None, ""
            case _:
                pass

    def _answered(self) -> None:
        self._breaks = 0
        for _ in range(self._covered_commits):
            self._pending.take_commit()
        if self._covered_commits or self._response is None:  # a server that leaves out what others say
            self._due_covered = True
            for turn in self._turns.values():
                turn.covered = True
        self._covered_commits = 0
        self._settle()

    def _settle(self) -> None:
        """What the response is to answer needs no other answer."""
        self._turns = {item_id: turn for item_id, turn in self._turns.items() if not turn.covered}
        if self._due_covered:
            self._due, self._due_covered = None, False

    def _refused(self, code: str | None, event_id: str | None) -> None:
        if code == "input_audio_buffer_commit_empty" and (refused := self._pending.take_commit()) is not None:
            if refused[1]:
                self._ask(client.ResponseCreate())
        elif self._due is not None and event_id is not None and event_id == self._due.event_id and code != ACTIVE:
            self._due = None

    def _tell_turns_again(self) -> None:
        """Turns that the server had committed go before all that waits; by hand, since where they end is known."""
        rules = self._base.get("audio", {}).get("input", {}).get("turn_detection")
        possible = rules is not None or _manual(self._base)
        entries: list[client.ClientEvent | bytes] = []
        asked = False
        for turn in self._turns.values():
            if turn.pcm and possible:
                entries += [turn.pcm, client.InputAudioBufferCommit()]
                asked = asked or turn.asked
            else:
                self._lost_turns += turn.asked
                self._due = None if turn.asked else self._due
        if asked:
            entries.append(self._due or client.ResponseCreate())
            self._due = None
        self._turns.clear()
        if entries and not _manual(self._base):
            entries = [_rules(None), *entries, _rules(rules)]
        self._pending.front(entries)


def _rules(rules: JsonObject | None) -> client.SessionUpdate:
    return client.SessionUpdate(session={"type": "realtime", "audio": {"input": {"turn_detection": rules}}})


def _manual(session: JsonObject) -> bool:
    heard = session.get("audio", {}).get("input", {})
    return "turn_detection" in heard and heard["turn_detection"] is None


def _merged(base: JsonObject, patch: JsonObject) -> JsonObject:
    """`base` changed by `patch`; turn_detection counts as a whole, since its keys depend on its type."""
    result = dict(base)
    for key, value in patch.items():
        inner = result.get(key)
        if isinstance(value, dict) and isinstance(inner, dict) and key != "turn_detection":
            result[key] = _merged(inner, value)
        else:
            result[key] = value
    return result
