"""What a link keeps so that a broken connection costs no words: settings, what was said, audio without an end. Pure.

A new connection is a new session that knows nothing. It gets the settings again, the conversation's words, and the
audio of the turn that was open; what had been committed and was not answered is asked for again, because an answer to
it could only come from the session that has gone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import AssistantMessage, InputText, Item, JsonObject, OutputText, UserMessage

MOST_S = 60.0  # of audio that is kept
BEFORE_S = 2.0  # of it while nobody speaks: an onset that the server has not announced yet, and its pre-roll
MOST_SAID = 40  # messages that are told again
SEED = "seed_"  # of the ids of those


class Kept:
    """Follows both directions of one conversation. Audio is int16 mono at `rate`."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._session: JsonObject = {}  # every patch so far, merged
        self._said: deque[Item] = deque(maxlen=MOST_SAID)
        self._words: dict[str, str] = {}  # of answers that are still being spoken
        self._audio: deque[bytes] = deque()
        self._bytes = 0
        self._open = False  # the server has announced a turn
        self._answers_itself = False  # the server begins answers at the end of turns; as it says, whatever was asked
        self._committing: list[client.ClientEvent] = []  # commit, and what was asked for behind it
        self._item_id = ""  # of the turn that is open or was committed last
        self._response: server.ResponseCreated | None = None
        self._wordless: list[str] = []  # committed, and not written down yet
        self._due = False  # an answer has been asked for, and nothing of it has come
        self._sound = ""  # the item whose sound comes
        self._seeds = 0
        self.dropped_ms = 0  # audio that nobody will hear, because the outage was too long

    # ------------------------------------------------------------------------------------------------- both ways

    def fed(self, pcm: bytes) -> None:
        """Audio on its way to the server, or waiting for it."""
        self._audio.append(pcm)
        self._bytes += len(pcm)
        self._trim(MOST_S if self._by_hand or self._open else BEFORE_S)

    def waiting(self, pcm: bytes) -> None:
        """Audio while there is no connection: all of it is kept, whoever decides about turns."""
        self._audio.append(pcm)
        self._bytes += len(pcm)
        self.dropped_ms += self._trim(MOST_S)

    def sent(self, event: client.ClientEvent) -> None:
        """An event of ours, whether it goes out at once or has to wait."""
        match event:
            case client.SessionUpdate(session=session):
                self._session = _merged(self._session, session)
            case client.InputAudioBufferClear():
                self._forget_audio()
                self._committing.clear()
            case client.InputAudioBufferCommit():
                self._committing = [event]
            case client.ResponseCreate() if self._committing:
                self._committing.append(event)
            case client.ResponseCreate():
                self._due = True
            case client.ResponseCancel():
                self._due = False
            case _:
                pass

    def received(self, event: server.ServerEvent) -> bool:
        """Whether the event is new to the conversation: what was told again is not."""
        match event:
            case server.SessionCreated(session=session) | server.SessionUpdated(session=session):
                rules = session.audio.input.turn_detection
                self._answers_itself = rules is not None and rules.create_response
            case server.SpeechStarted(item_id=item_id):
                self._open, self._item_id = True, item_id
            case server.BufferCommitted(item_id=item_id):
                self._open, self._item_id = False, item_id
                self._wordless.append(item_id)
                self._forget_audio()
                self._due = len(self._committing) > 1 or self._answers_itself
                self._committing.clear()
            case server.BufferCleared():
                self._open = False
            case server.ItemAdded(item=item) | server.ItemDone(item=item) if (item.id or "").startswith(SEED):
                return False
            case server.ItemAdded(item=UserMessage(content=(InputText(text=text), *_))):
                self._say(UserMessage(content=(InputText(text=text),)))
            case server.TranscriptionCompleted(item_id=item_id, transcript=text):
                self._written(item_id)
                self._say(UserMessage(content=(InputText(text=text),)))
            case server.TranscriptionFailed(item_id=item_id):
                self._written(item_id)
            case server.ResponseCreated():
                self._response = event
            case server.OutputAudioDelta(item_id=item_id):
                self._sound, self._due = item_id, False
            case server.OutputAudioDone():
                self._sound = ""
            case server.OutputAudioTranscriptDelta(item_id=item_id, delta=delta):
                self._words[item_id] = self._words.get(item_id, "") + delta
            case server.OutputTextDelta(item_id=item_id, delta=delta):
                self._words[item_id] = self._words.get(item_id, "") + delta
                self._due = False
            case server.OutputItemDone(item=AssistantMessage(id=item_id)):
                self._answered(item_id or "")
            case server.ResponseDone():
                self._response, self._due = None, False
            case _:
                pass
        return True

    # ------------------------------------------------------------------------------------------------ a break

    @property
    def lost(self) -> bool:
        """Asked before `broke`: an answer is due, and without the words it cannot be asked for again."""
        return self._due and bool(self._wordless)

    def broke(self) -> Iterator[server.ServerEvent]:
        """What the conversation has to be told of, so that nothing in it waits for the session that has gone."""
        if self._open:
            yield server.BufferCleared()  # its audio is kept, and becomes a turn of the next session
        for item_id in self._wordless:
            error = server.TranscriptionError(code="link", message="the link broke before the words came")
            yield server.TranscriptionFailed(item_id=item_id, error=error)
        for item_id in list(self._words):
            self._answered(item_id)
        if self._sound and self._response is not None:
            yield server.OutputAudioDone(response_id=self._response.response.id, item_id=self._sound)
        if self._response is not None:
            cut = self._response.response.model_copy(update={"status": "incomplete"})
            yield server.ResponseDone(response=cut)
        self._due = self._due and not self._wordless
        self._open, self._response, self._sound = False, None, ""
        self._wordless.clear()

    def again(self) -> Iterator[client.ClientEvent | bytes]:
        """What a new session is told first, in order: settings, words, audio (bytes), and the commit that it needs."""
        if self._session:
            yield client.SessionUpdate(session=self._session)
        for item in self._said:
            self._seeds += 1
            yield client.ConversationItemCreate(item=item.model_copy(update={"id": f"{SEED}{self._seeds}"}))
        if self._due:
            yield client.ResponseCreate()
        yield from tuple(self._audio)
        yield from tuple(self._committing)

    # -------------------------------------------------------------------------------------------------- inside

    @property
    def _by_hand(self) -> bool:
        """Push-to-talk, or a held key: turns end by commit."""
        heard = self._session.get("audio", {}).get("input", {})
        return "turn_detection" in heard and heard["turn_detection"] is None

    def _trim(self, seconds: float) -> int:
        """Drops what is older; the milliseconds of it."""
        most, before = round(seconds * self._rate) * 2, self._bytes
        while self._bytes > most and len(self._audio) > 1:
            self._bytes -= len(self._audio.popleft())
        return (before - self._bytes) * 500 // self._rate

    def _forget_audio(self) -> None:
        self._audio.clear()
        self._bytes = 0

    def _written(self, item_id: str) -> None:
        if item_id in self._wordless:
            self._wordless.remove(item_id)

    def _answered(self, item_id: str) -> None:
        if text := self._words.pop(item_id, ""):
            self._say(AssistantMessage(content=(OutputText(text=text),)))

    def _say(self, item: Item) -> None:
        self._said.append(item)


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
