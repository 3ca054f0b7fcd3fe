"""The transcripts of what the user said: from a recogniser's answers to the conversation and to the client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from tui_assistant.engine.conversation import Conversation
from tui_assistant.engine.outbox import Outbox
from tui_assistant.engine.ports import Answer, Cancel, Failed, Final, Partial
from tui_assistant.errors import LocalProtocolError
from tui_assistant.protocol import server
from tui_assistant.protocol.items import ErrorDetail


@dataclass(slots=True)
class _Stream:
    """A recogniser's stream that has not had its last answer, and the item its words belong to."""

    item_id: str
    seconds: float = 0.0  # of audio; 0: not committed
    firm: str = ""
    place: int = 0  # of what it hears in the item's content


class _Where(TypedDict):
    item_id: str
    content_index: int


class Transcripts:
    """Follows the streams of one session, by the ids of their asks."""

    def __init__(self, conversation: Conversation, outbox: Outbox) -> None:
        self._conversation = conversation
        self._outbox = outbox
        self._streams: dict[str, _Stream] = {}

    @property
    def asks(self) -> tuple[str, ...]:
        """The streams whose words are still to come."""
        return tuple(self._streams)

    @property
    def missing(self) -> bool:
        """The words of an item in the conversation are still to come."""
        return any(stream.item_id in self._conversation for stream in self._streams.values())

    def committed(self, ask_id: str, item_id: str, length_ms: int, place: int = 0) -> None:
        """What the stream hears, of that length, has become an item, or the part of one at `place`."""
        self._streams.setdefault(ask_id, _Stream(item_id, place=place)).seconds = length_ms / 1000

    def follows(self, ask_id: str, spoken: tuple[str, str] | None) -> bool:
        """Whether it is one of these streams. `spoken`: the stream and the item of the utterance that is not over."""
        open_id, item_id = spoken or (None, "")
        # A turn that was cleared has no seconds, and its stream is not the open one.
        self._streams = {ask: stream for ask, stream in self._streams.items() if ask == open_id or stream.seconds}
        if open_id is not None:
            self._streams.setdefault(open_id, _Stream(item_id))
        return ask_id in self._streams

    def take(self, ask_id: str, answer: Answer, *, shown: bool) -> bool:
        """An answer to a stream that it `follows`; True when it was the last. `shown`: the client gets the words."""
        stream = self._streams[ask_id]
        where: _Where = {"item_id": stream.item_id, "content_index": stream.place}
        match answer:
            case Partial(text=text, stash=stash):
                # Firm words only grow; a recogniser that takes one back is not followed.
                delta = text[len(stream.firm) :] if text.startswith(stream.firm) else ""
                stream.firm += delta
                if shown:
                    self._outbox.send(server.TranscriptionDelta(**where, delta=delta, text=stream.firm, stash=stash))
                return False
            case Final(text=text):
                self._conversation.set_transcript(stream.item_id, text, stream.place)
                usage = server.DurationUsage(seconds=stream.seconds)
                if shown:
                    self._outbox.send(server.TranscriptionCompleted(**where, transcript=text, usage=usage))
            case Failed(code=code, message=message):
                if shown:
                    failure = server.TranscriptionError(code=code, message=message)
                    self._outbox.send(server.TranscriptionFailed(**where, error=failure))
                else:
                    error = ErrorDetail(type="server_error", code=code, message=message)
                    self._outbox.send(server.ErrorEvent(error=error))
            case _:
                raise LocalProtocolError(f"a recogniser cannot answer {type(answer).__name__}")
        del self._streams[ask_id]
        return True

    def drop(self, item_id: str) -> None:
        """The item is gone: its words are not wanted any more."""
        for ask_id in [ask_id for ask_id, stream in self._streams.items() if stream.item_id == item_id]:
            del self._streams[ask_id]
            self._outbox.ask(Cancel(ask_id))
