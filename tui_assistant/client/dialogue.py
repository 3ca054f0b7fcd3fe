"""The client's core: what the user wants and what the server says, turned into events, player commands and lines.

Pure: no I/O, no clock. Times are client time in milliseconds, passed in.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from tui_assistant.client.agreement import Agreement
from tui_assistant.client.latency import Latency, Waterfall
from tui_assistant.client.playback import Playback
from tui_assistant.client.transcript import Transcript, TranscriptLine
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import ErrorDetail, InputText, UserMessage
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


class Since(Enum):
    """From where on a held turn has audio."""

    PREROLL = "a little before the press"
    LAST_TURN = "from the end of the last held turn on, so that nothing is missing between the two"
    NOW = "behind what the link has already: it is part of the turn"


@dataclass(frozen=True, slots=True)
class TakeFloor:
    """Microphone: all that is said goes to the link, as one turn. `at_ms`: the press."""

    at_ms: float
    since: Since = Since.PREROLL


@dataclass(frozen=True, slots=True)
class KeepFloor:
    """Microphone: the release was none; what is said goes to the link as before."""


@dataclass(frozen=True, slots=True)
class ReleaseFloor:
    """Microphone: what was said up to `at_ms`, and a short tail, still goes out; then `floor_released` is called."""

    at_ms: float


@dataclass(frozen=True, slots=True)
class DropFloor:
    """Microphone: nobody holds the floor any more."""


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
    | KeepFloor
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
        self._agreement = Agreement(rules, None if push_to_talk else rules)
        self._push_to_talk = push_to_talk
        self._transcript = Transcript()
        self._latency = Latency()
        self.playback = Playback(output_rate)
        self.talking = False  # the floor is held
        self._releasing = False  # the tail is still being sent
        self._taken_ms = 0.0  # when the floor was taken
        self._went_on = False  # with a turn that was open already
        self._response_id: str | None = None
        self._answer_items: dict[str, str] = {}  # item -> its response
        self._cancelled: set[str] = set()  # responses that are not done yet
        self._dead: set[str] = set()  # items that were cut off: their late audio is dropped
        self._user_open = False
        self._words_due: set[str] = set()  # committed items without their words
        self._typed_due = False  # a typed message waits for its answer

    # ------------------------------------------------------------------------------------------------- questions

    @property
    def rules(self) -> ServerVad | SemanticVad:
        """Of hands-free."""
        return self._agreement.wanted

    @property
    def turn_detection(self) -> TurnDetection | None:
        """As the server echoed it."""
        return self._agreement.in_force

    @property
    def push_to_talk(self) -> bool:
        """What the user has chosen; `turn_detection` follows once the server has echoed it."""
        return self._push_to_talk

    @property
    def held(self) -> bool:
        """The floor is held, or its tail is still being sent: until then the server detects no turns."""
        return self.talking or self._releasing

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
        return [self._agreement.update(self._rules_wanted(), transcription=True)]

    def toggle_mode(self) -> list[Effect]:
        """Hands-free <-> push-to-talk. While the floor is held the server hears of it after the release."""
        self._push_to_talk = not self._push_to_talk
        return [] if self.held else [self._agreement.update(self._rules_wanted())]

    def press(self, at_ms: float, now_ms: int, *, last_turn: bool = False) -> list[Effect]:
        """Takes the floor at `at_ms`, in either mode. `last_turn`: the last release was none; goes on from it.

        A press before the tail has been sent goes on with that turn. While the floor is held no silence ends the turn.
        """
        if self.talking:
            return []
        self.talking = True
        if self._releasing:
            self._releasing = False
            return [KeepFloor()]
        effects = self.interrupt(now_ms)
        if not self._push_to_talk:
            effects.append(self._agreement.update(None))
        self._taken_ms, self._went_on = at_ms, self._user_open
        if self._went_on:  # the audio so far stays in the buffer, and the release sends it
            return [*effects, TakeFloor(at_ms, Since.NOW)]
        # "clear the buffer before a new input": what came before is not part of this turn
        since = Since.LAST_TURN if last_turn else Since.PREROLL
        return [*effects, client.InputAudioBufferClear(), TakeFloor(at_ms, since)]

    def release(self, at_ms: float, *, spoke: bool) -> list[Effect]:
        """Gives the floor back as of `at_ms`; what was said is sent. `spoke`: speech was heard, be it short."""
        if not self.talking:
            return []
        self.talking = False
        if at_ms - self._taken_ms < MIN_TALK_MS and not spoke and not self._went_on:
            hint = Tell("That was too short to hold a word: hold the key while you speak.")
            return [DropFloor(), client.InputAudioBufferClear(), *self._detect_again(), hint]
        self._releasing = True
        return [ReleaseFloor(at_ms)]

    def floor_released(self) -> list[Effect]:
        """The tail has been sent."""
        if not self._releasing:
            return []
        self._releasing = self._user_open = False
        return [client.InputAudioBufferCommit(), client.ResponseCreate(), *self._detect_again()]

    def drop_talk(self) -> list[Effect]:
        """Leaves the floor without sending."""
        if not self.held:
            return []
        self.talking = self._releasing = self._user_open = False
        return [DropFloor(), client.InputAudioBufferClear(), *self._transcript.abandon(), *self._detect_again()]

    def say(self, text: str, now_ms: int) -> list[Effect]:
        """A typed message; it interrupts a running answer and is answered."""
        item = UserMessage(content=(InputText(text=text),))
        create = client.ConversationItemCreate(item=item)
        self._typed_due = True
        return [*self.interrupt(now_ms), create, client.ResponseCreate()]

    def interrupt(self, now_ms: int) -> list[Effect]:
        """Stops the running answer, keeping what was heard of it. Nothing, when there is none."""
        return self._cancel() + self._stop_playing()

    def retune(self, rules: ServerVad | SemanticVad) -> list[Effect]:
        """Other rules of hands-free; in push-to-talk, and while the floor is held, they are kept for later."""
        if rules == self.rules:
            return []
        self._agreement.wanted = rules
        return [] if self._push_to_talk or self.held else [self._agreement.update(self.rules)]

    # ---------------------------------------------------------------------------------------------- server events

    def take(self, event: server.ServerEvent, now_ms: int) -> list[Effect]:
        """Follows one event of the server."""
        self._latency.take(event, now_ms)
        effects: list[Effect] = list(self._lines(event, now_ms))
        match event:
            case server.SessionUpdated(session=session):
                self._agreement.updated(session.audio.input.turn_detection)
            case server.SessionCreated(session=session):
                self._agreement.created(session.audio.input.turn_detection)
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
                effects += self._error(error)
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
                typed, self._typed_due = self._typed_due, False
                if self.talking and not typed:  # it was on its way when the key went down
                    return self._cancel()
            case server.OutputItemAdded(response_id=response_id, item=item):
                self._answer_items[item.id or ""] = response_id
                if response_id in self._cancelled:
                    self._dead.add(item.id or "")
            case server.OutputAudioDelta(item_id=item_id, delta=delta) if item_id not in self._dead:
                pcm = base64.b64decode(delta)
                self.playback.add(item_id, len(pcm) // 2)
                return [Play(item_id, pcm)]
            case server.OutputAudioDone(item_id=item_id) if item_id not in self._dead:
                return [PlayEnd()]
            case server.ResponseDone(response=response):
                if response.id == self._response_id:
                    self._response_id = None
                self._cancelled.discard(response.id)
                self._words_due.clear()  # some services answer and never say what they heard
                for item in response.output:
                    self._answer_items.pop(item.id or "", None)
                    self._dead.discard(item.id or "")
                if response.metadata:
                    return [Did(response.metadata)]
        return []

    def _error(self, error: ErrorDetail) -> list[Effect]:
        if error.code == "response_cancel_not_active":
            return []  # the answer ended while our cancel was on its way: nothing is lost
        effects: list[Effect] = [Tell(error.message, "error")]
        if self._agreement.refused(error) and self.turn_detection is None and not self.held:
            effects += self._detect_again()  # in hands-free somebody has to say when turns end
        return effects

    def _cancel(self) -> list[Effect]:
        """Ends the response that is being made."""
        if self._response_id is None:
            return []
        self._dead |= {item for item, response in self._answer_items.items() if response == self._response_id}
        self._cancelled.add(self._response_id)
        self._response_id = None
        return [client.ResponseCancel()]

    def _detect_again(self) -> list[Effect]:
        """The floor is free: the server decides again when a turn ends, if that is its business."""
        return [] if self._push_to_talk else [self._agreement.update(self.rules)]

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
        return None if self._push_to_talk else self.rules
