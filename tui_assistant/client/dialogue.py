"""The client's core: what the user wants and what the server says, turned into events, player commands and lines.

Pure: no I/O, no clock. Times are client time in milliseconds, passed in.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Literal

from tui_assistant.client.latency import Latency, Waterfall
from tui_assistant.client.playback import Playback
from tui_assistant.client.transcript import Transcript, TranscriptLine
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import InputText, UserMessage
from tui_assistant.protocol.session import SemanticVad, ServerVad, TurnDetection

MIN_TALK_MS = 100  # less than a syllable: a slip of the key


@dataclass(frozen=True, slots=True)
class Play:
    """Player: the next audio of an item, in the link's output format."""

    item_id: str
    pcm: bytes


@dataclass(frozen=True, slots=True)
class PlayEnd:
    """Player: nothing more comes for this item."""


@dataclass(frozen=True, slots=True)
class Flush:
    """Player: stop at once and drop what is not heard."""


@dataclass(frozen=True, slots=True)
class TakeFloor:
    """Microphone: audio goes to the link from now on, with pre-roll."""


@dataclass(frozen=True, slots=True)
class ReleaseFloor:
    """Microphone: a short tail still goes to the link, then `floor_released` is to be called."""


@dataclass(frozen=True, slots=True)
class DropFloor:
    """Microphone: nothing goes to the link any more."""


@dataclass(frozen=True, slots=True)
class Tell:
    """One line for the user (foreign text)."""

    text: str
    severity: Literal["information", "warning", "error"] = "information"


@dataclass(frozen=True, slots=True)
class Did:
    """What a skill did, for the runtime to follow (volume, timers)."""

    metadata: dict[str, str]


Effect = (
    client.ClientEvent
    | Play
    | PlayEnd
    | Flush
    | TakeFloor
    | ReleaseFloor
    | DropFloor
    | TranscriptLine
    | Tell
    | Did
    | Waterfall
)


class Dialogue:
    """One conversation as the user has it. Every call returns what is to be done, in order."""

    def __init__(self, rules: ServerVad | SemanticVad, output_rate: int, *, push_to_talk: bool = False) -> None:
        self._rules: ServerVad | SemanticVad = rules  # of hands-free
        self._push_to_talk = push_to_talk
        self._transcript = Transcript()
        self._latency = Latency()
        self.playback = Playback(output_rate)
        self.turn_detection: TurnDetection | None = None if push_to_talk else rules  # as the server echoed it
        self.talking = False  # push-to-talk: the floor is held
        self._releasing = False  # the tail is still being sent
        self._talk_began_ms = 0
        self._response_id: str | None = None
        self._answer_items: dict[str, str] = {}  # item -> its response
        self._dead: set[str] = set()  # items that were cut off: their late audio is dropped
        self._user_open = False
        self._words_due: set[str] = set()  # committed items without their words
        self._mode_after: Literal["hands-free"] | None = None  # switch once the floor is released

    # ------------------------------------------------------------------------------------------------- questions

    @property
    def push_to_talk(self) -> bool:
        """What the user has chosen; `turn_detection` follows once the server has echoed it."""
        return self._push_to_talk

    @property
    def user_open(self) -> bool:
        """The user's turn is open."""
        return self._user_open or self.talking

    @property
    def busy(self) -> bool:
        """An answer is being made, or words are still to come."""
        return self._response_id is not None or self._releasing or bool(self._words_due)

    @property
    def thinking(self) -> bool:
        """The user waits for the first sound of an answer."""
        return self.busy and not self.playback.playing

    # --------------------------------------------------------------------------------------------------- intents

    def begin(self) -> list[Effect]:
        """The link is open: tells the server how we want to converse."""
        return [self._update(self._rules_wanted(), transcription=True)]

    def toggle_mode(self, now_ms: int) -> list[Effect]:
        """Hands-free <-> push-to-talk."""
        if self._push_to_talk:
            if self.talking:  # what was said so far is sent first
                self._mode_after = "hands-free"
                return self._release(now_ms)
            self._push_to_talk = False
            return [self._update(self._rules)]
        self._push_to_talk = True
        if self._user_open:
            # In mid-speech the floor stays taken: the audio so far stays in the buffer, and the key sends it.
            self.talking, self._talk_began_ms, self._user_open = True, now_ms, False
            return [self._update(None), TakeFloor(), Tell("You have the floor: space sends.")]
        return [self._update(None)]

    def talk(self, now_ms: int) -> list[Effect]:
        """The talk key: takes the floor, or gives it back and sends."""
        if self.talking:
            return self._release(now_ms)
        effects = self.interrupt(now_ms)
        if not self._push_to_talk:
            if not effects:
                effects.append(Tell("Just speak: the microphone is open. m switches to push-to-talk."))
            return effects
        if self._releasing:
            return effects  # the last tail is still on its way; the next press takes the floor
        self.talking, self._talk_began_ms = True, now_ms
        # "clear the buffer before a new input": what an earlier mode left there is not part of this turn
        return [*effects, client.InputAudioBufferClear(), TakeFloor()]

    def floor_released(self) -> list[Effect]:
        """The tail has been sent."""
        if not self._releasing:
            return []
        self._releasing = False
        effects: list[Effect] = [client.InputAudioBufferCommit(), client.ResponseCreate()]
        if self._mode_after is not None:
            self._mode_after = None
            self._push_to_talk = False
            effects.append(self._update(self._rules))
        return effects

    def say(self, text: str, now_ms: int) -> list[Effect]:
        """A typed message; it interrupts a running answer and is answered."""
        item = UserMessage(content=(InputText(text=text),))
        create = client.ConversationItemCreate(item=item)
        return [*self.interrupt(now_ms), create, client.ResponseCreate()]

    def interrupt(self, now_ms: int) -> list[Effect]:
        """Stops the running answer, keeping what was heard of it. Nothing, when there is none."""
        effects: list[Effect] = []
        if self._response_id is not None:
            self._dead |= {item for item, response in self._answer_items.items() if response == self._response_id}
            self._response_id = None
            effects.append(client.ResponseCancel())
        return effects + self._stop_playing()

    def drop_talk(self) -> list[Effect]:
        """Leaves the floor without sending."""
        if not self.talking:
            return []
        self.talking = False
        return [DropFloor(), client.InputAudioBufferClear(), *self._transcript.abandon()]

    def tune(self, field: str, value: float) -> list[Effect]:
        """Sets one field of server_vad; in push-to-talk it is kept for hands-free."""
        if not isinstance(self._rules, ServerVad):
            return [Tell(f"{field} belongs to server_vad; semantic_vad has none.", "warning")]
        number = value if field == "threshold" else round(value)
        self._rules = self._rules.model_copy(update={field: number})
        return [] if self._push_to_talk else [self._update(self._rules)]

    # ---------------------------------------------------------------------------------------------- server events

    def take(self, event: server.ServerEvent, now_ms: int) -> list[Effect]:
        """Follows one event of the server."""
        self._latency.take(event, now_ms)
        effects: list[Effect] = list(self._lines(event, now_ms))
        match event:
            case server.SessionUpdated(session=session) | server.SessionCreated(session=session):
                self.turn_detection = session.audio.input.turn_detection
            case server.SpeechStarted():
                self._user_open = True
                if self._interrupts():
                    effects += self._stop_playing()
            case server.SpeechStopped():
                self._user_open = False
            case server.BufferCommitted(item_id=item_id):
                self._user_open = False
                self._words_due.add(item_id)
            case server.BufferCleared():
                self._user_open = False
                effects += self._transcript.abandon()
            case server.TranscriptionCompleted(item_id=item_id) | server.TranscriptionFailed(item_id=item_id):
                self._words_due.discard(item_id)
            case server.ErrorEvent(error=error):
                effects += self._error(error.code, error.message)
            case _:
                effects += self._answer(event)
        return effects

    def heard(self, position: int, now_ms: int) -> list[Effect]:
        """The speaker has played up to `position`, in samples at the link's output rate."""
        effects: list[Effect] = []
        for item_id in self.playback.heard(position):
            if figures := self._latency.heard(item_id, now_ms):
                effects += [figures, *self._transcript.note(item_id, str(figures))]
        return effects

    def _lines(self, event: server.ServerEvent, now_ms: int) -> list[TranscriptLine]:
        """The lines that the event changes; those of an answer that was cut off don't grow any more."""
        if getattr(event, "item_id", None) in self._dead:
            return []
        return self._transcript.take(event, now_ms)

    def _answer(self, event: server.ServerEvent) -> list[Effect]:
        match event:
            case server.ResponseCreated(response=response):
                self._response_id = response.id
                if (response.metadata or {}).get("origin") == "timer":
                    return [Tell("A timer is up.", "warning")]
            case server.OutputItemAdded(response_id=response_id, item=item):
                self._answer_items[item.id or ""] = response_id
            case server.OutputAudioDelta(item_id=item_id, delta=delta) if item_id not in self._dead:
                pcm = base64.b64decode(delta)
                self.playback.add(item_id, len(pcm) // 2)
                return [Play(item_id, pcm)]
            case server.OutputAudioDone(item_id=item_id) if item_id not in self._dead:
                return [PlayEnd()]
            case server.ResponseDone(response=response):
                if response.id == self._response_id:
                    self._response_id = None
                for item in response.output:
                    self._answer_items.pop(item.id or "", None)
                    self._dead.discard(item.id or "")
                if response.metadata:
                    return [Did(response.metadata)]
        return []

    def _error(self, code: str | None, message: str) -> list[Effect]:
        if code == "response_cancel_not_active":
            return []  # the answer ended while our cancel was on its way: nothing is lost
        return [Tell(message, "error")]

    def _release(self, now_ms: int) -> list[Effect]:
        self.talking = False
        if now_ms - self._talk_began_ms < MIN_TALK_MS:
            hint = Tell("That was too short to hold a word: press space, speak, press space again.")
            return [DropFloor(), client.InputAudioBufferClear(), hint]
        self._releasing = True
        return [ReleaseFloor()]

    def _stop_playing(self) -> list[Effect]:
        """Stops the sound and tells the server what was heard of it."""
        if not self.playback.playing:
            return []
        effects: list[Effect] = [Flush()]
        for cut in self.playback.flush():
            self._dead.add(cut.item_id)
            effects.append(client.ConversationItemTruncate(item_id=cut.item_id, audio_end_ms=cut.heard_ms))
            effects += self._transcript.interrupted(cut.item_id, cut.heard_ms)
        return effects

    def _interrupts(self) -> bool:
        """Whether the server cancels its answer when the user begins to speak."""
        return self.turn_detection is not None and self.turn_detection.interrupt_response

    def _rules_wanted(self) -> TurnDetection | None:
        return None if self._push_to_talk else self._rules

    def _update(self, rules: TurnDetection | None, *, transcription: bool = False) -> client.SessionUpdate:
        settings: dict[str, Any] = {"turn_detection": rules.model_dump(mode="json") if rules else None}
        if transcription:
            settings["transcription"] = {}
        return client.SessionUpdate(session={"type": "realtime", "audio": {"input": settings}})
