"""What a server was told and has not confirmed, in order: audio, commits, settings, messages. Pure.

All of it is told again to the next session. Audio is int16 mono; places in it are bytes since the session began.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from tui_assistant.protocol import client

MOST_EVENTS = 1_000  # a minute of key presses holds fewer
BLOCK_S = 1.0  # of audio in one piece when it is told again


@dataclass(slots=True)
class Piece:
    """Audio that begins at `start`."""

    start: int
    pcm: bytes

    @property
    def end(self) -> int:
        return self.start + len(self.pcm)


Entry = Piece | client.ClientEvent


class Pending:
    """Audio is kept up to a limit that its adder names; what is too old goes, and commits without audio with it."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._log: deque[Entry] = deque()
        self._bytes = 0
        self._events = 0
        self._position = 0
        self.turns_dropped = 0  # commits whose whole audio went

    # ---- what comes in

    def audio(self, pcm: bytes) -> None:
        self._log.append(Piece(self._position, pcm))
        self._position += len(pcm)
        self._bytes += len(pcm)

    def event(self, event: client.ClientEvent) -> None:
        self._log.append(event)
        self._events += 1
        while self._events > MOST_EVENTS:
            self._drop_first(client.ClientEventBase)

    def trim(self, seconds: float) -> int:
        """Drops audio so that at most so much stays; the bytes that went."""
        most, before = round(seconds * self._rate) * 2, self._bytes
        while self._bytes > most and self._pieces > 1:
            self._drop_first(Piece)
            self._drop_empty_turn()
        return before - self._bytes

    def clear(self) -> None:
        """The buffer is cleared: what was committed before stays."""
        kept = deque[Entry]()
        while self._log and not isinstance(self._log[-1], client.InputAudioBufferCommit):
            entry = self._log.pop()
            if isinstance(entry, Piece):
                self._bytes -= len(entry.pcm)
            else:
                kept.appendleft(entry)
        self._log += kept

    # ---- what was confirmed

    def take_commit(self) -> tuple[bytes, bool] | None:
        """The oldest commit is confirmed: its audio, and whether an answer was asked for right behind it.

        None: no commit waits, so the server has found the turn.
        """
        if not self.commits:
            return None
        audio = bytearray()
        passed: list[client.ClientEvent] = []
        while not isinstance(entry := self._log.popleft(), client.InputAudioBufferCommit):
            if isinstance(entry, Piece):
                audio += entry.pcm
                self._bytes -= len(entry.pcm)
            else:
                passed.append(entry)
        self._events -= 1
        asked = bool(self._log) and isinstance(self._log[0], client.ResponseCreate)
        if asked:
            self._log.popleft()
            self._events -= 1
        self._log.extendleft(reversed(passed))
        return bytes(audio), asked

    def take_until(self, place: int | None) -> bytes:
        """The audio before `place`, which goes; None: all. What the log doesn't hold of it is not in the result."""
        audio = bytearray()
        rest = deque[Entry]()
        for entry in self._log:
            if isinstance(entry, Piece) and (place is None or entry.start < place):
                cut = len(entry.pcm) if place is None else min(len(entry.pcm), place - entry.start)
                audio += entry.pcm[:cut]
                if cut < len(entry.pcm):
                    rest.append(Piece(entry.start + cut, entry.pcm[cut:]))
            else:
                rest.append(entry)
        self._bytes -= len(audio)
        self._log = rest
        return bytes(audio)

    def confirmed(self, kind: type[client.ClientEventBase]) -> client.ClientEvent | None:
        """The oldest event of that kind is confirmed."""
        return self._drop_first(kind)  # type: ignore[return-value]  # an entry of an event's type is an event

    def free_create(self) -> client.ResponseCreate | None:
        """A response.create, which goes, that stands behind nothing of the user's."""
        for place, entry in enumerate(self._log):
            if isinstance(entry, client.InputAudioBufferCommit | client.ConversationItemCreate):
                return None
            if isinstance(entry, client.ResponseCreate):
                del self._log[place]
                self._events -= 1
                return entry
        return None

    def settings(self) -> Iterator[client.SessionUpdate]:
        """Those at the front, which go: nothing before them waits any more."""
        while self._log and isinstance(self._log[0], client.SessionUpdate):
            self._events -= 1
            yield self._log.popleft()  # type: ignore[misc]  # just looked at

    def front(self, entries: list[bytes | client.ClientEvent]) -> None:
        """Puts before everything else what has to be told first."""
        for entry in reversed(entries):
            if isinstance(entry, bytes):
                self._log.appendleft(Piece(0, entry))
                self._bytes += len(entry)
            else:
                self._log.appendleft(entry)
                self._events += 1

    # ---- questions

    @property
    def commits(self) -> int:
        return sum(isinstance(entry, client.InputAudioBufferCommit) for entry in self._log)

    @property
    def commit_ids(self) -> tuple[str | None, ...]:
        return tuple(entry.event_id for entry in self._log if isinstance(entry, client.InputAudioBufferCommit))

    @property
    def waits(self) -> bool:
        """Something in it is to be answered."""
        asks = (client.InputAudioBufferCommit, client.ResponseCreate, client.ConversationItemCreate)
        return any(isinstance(entry, asks) for entry in self._log)

    @property
    def audio_s(self) -> float:
        return self._bytes / 2 / self._rate

    @property
    def position(self) -> int:
        return self._position

    def again(self) -> Iterator[bytes | client.ClientEvent]:
        """All of it, for a new session, whose places begin at zero.

        Of several response.create only the last is left: "one response at a time", and it answers all before it.
        """
        log, self._log, self._position = self._log, deque(), 0
        last = max((place for place, entry in enumerate(log) if isinstance(entry, client.ResponseCreate)), default=-1)
        size = round(BLOCK_S * self._rate) * 2
        block = bytearray()
        told: list[bytes | client.ClientEvent] = []

        def flush() -> None:
            for begin in range(0, len(block), size):
                pcm = bytes(block[begin : begin + size])
                self._log.append(Piece(self._position, pcm))
                self._position += len(pcm)
                told.append(pcm)
            block.clear()

        for place, entry in enumerate(log):
            if isinstance(entry, client.ResponseCreate) and place < last:
                self._events -= 1
            elif isinstance(entry, Piece):
                block += entry.pcm
            else:
                flush()
                self._log.append(entry)
                told.append(entry)
        flush()
        yield from told

    def give_up(self) -> int:
        """Nothing of it will be answered: the number of turns that go."""
        turns = sum(
            isinstance(entry, client.InputAudioBufferCommit | client.ConversationItemCreate) for entry in self._log
        )
        settings = [entry for entry in self._log if isinstance(entry, client.SessionUpdate)]
        self._log, self._bytes, self._events = deque(settings), 0, len(settings)
        return turns

    # ---- inside

    @property
    def _pieces(self) -> int:
        return sum(isinstance(entry, Piece) for entry in self._log)

    def _drop_first(self, kind: type) -> Entry | None:
        for place, entry in enumerate(self._log):
            if isinstance(entry, kind):
                del self._log[place]
                if isinstance(entry, Piece):
                    self._bytes -= len(entry.pcm)
                else:
                    self._events -= 1
                return entry
        return None

    def _drop_empty_turn(self) -> None:
        """A commit before which no audio is left, with what was asked behind it."""
        for place, entry in enumerate(self._log):
            if isinstance(entry, Piece):
                return
            if isinstance(entry, client.InputAudioBufferCommit):
                del self._log[place]
                self._events -= 1
                self.turns_dropped += 1
                if place < len(self._log) and isinstance(self._log[place], client.ResponseCreate):
                    del self._log[place]
                    self._events -= 1
                return
