"""The client's core: what the user wants and what the server says, turned into events, player commands and lines.

Pure: no I/O, no clock. Times are client time in milliseconds, passed in.
"""

from __future__ import annotations

from tui_assistant.client.agreement import Agreement
from tui_assistant.client.answers import CLEANUP
from tui_assistant.client.blips import FRAME_MS
from tui_assistant.client.effects import (
    Did,
    DropFloor,
    Duck,
    Effect,
    KeepFloor,
    ReleaseFloor,
    Since,
    TakeFloor,
    Tell,
    Unduck,
)
from tui_assistant.client.interruption import SERVERS_WAY, BargeInTimes, Interruption, Verdict
from tui_assistant.client.latency import Latency
from tui_assistant.client.replies import Replies
from tui_assistant.client.speaking import Speaking
from tui_assistant.client.transcript import Transcript, TranscriptLine
from tui_assistant.client.tuning import Tuning
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import ErrorDetail, InputText, Response, UserMessage
from tui_assistant.protocol.session import SemanticVad, ServerVad, TurnDetection

MIN_TALK_MS = 100  # less than a syllable: a slip of the key


class Dialogue:
    """One conversation as the user has it. Every call returns what is to be done, in order."""

    def __init__(
        self,
        rules: ServerVad | SemanticVad,
        output_rate: int,
        *,
        push_to_talk: bool = False,
        barge_in: BargeInTimes = SERVERS_WAY,
    ) -> None:
        """`rules` say whether the server interrupts and answers by itself; where it does not, `barge_in` tells how."""
        self._agreement = Agreement(rules, None if push_to_talk else rules)
        self._times = barge_in
        self._voice = Interruption(barge_in)
        self._replies = Replies(barge_in.backchannel_ms)
        self._push_to_talk = push_to_talk
        self._transcript = Transcript()
        self._latency = Latency()
        self._speaking = Speaking(output_rate, self._transcript)
        self.playback = self._speaking.playback
        self._answers = self._speaking.answers
        self.talking = False  # the floor is held
        self._releasing = False  # the tail is still being sent
        self._taken_ms = 0.0  # when the floor was taken
        self._went_on = False  # with a turn that was open already
        self._user_open = False
        self._turn_id = ""  # of the user's turn that was opened last by voice
        self._stopped: str | None = None  # the turn that the server has ended and not committed yet
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
        running = self._answers.running is not None or self._replies.open
        return running or self._releasing or bool(self._words_due)

    @property
    def thinking(self) -> bool:
        """The user waits for the first sound of an answer."""
        return self.busy and not self.playback.playing

    @property
    def interrupts(self) -> bool:
        """We decide, in two stages, whether a voice interrupts; else the server does at the onset, if at all."""
        return self._times.by_client and self.turn_detection is not None and not self._interrupts()

    @property
    def _replying(self) -> bool:
        """We ask for the answers to the turns that the server ends."""
        rules = self.turn_detection
        return self._times.by_client and rules is not None and not rules.create_response and not self.held

    @property
    def _answering(self) -> bool:
        """There is an answer that the user's voice may interrupt, or will be."""
        return self._answers.running is not None or self.playback.playing or self._replies.coming

    # --------------------------------------------------------------------------------------------------- intents

    def begin(self) -> list[Effect]:
        """The link is open: tells the server how we want to converse."""
        return [self._agreement.update(self._rules_wanted(), transcription=True)]

    def toggle_mode(self) -> list[Effect]:
        """Hands-free <-> push-to-talk. While the floor is held the server hears of it after the release."""
        self._push_to_talk = not self._push_to_talk
        return [] if self.held else [self._agreement.update(self._rules_wanted())]

    def press(self, at_ms: float, *, last_turn: bool = False) -> list[Effect]:
        """Takes the floor at `at_ms`, in either mode. `last_turn`: the key was never let go: it goes on from there.

        A press before the tail has been sent goes on with that turn. While the floor is held no silence ends the turn.
        """
        if self.talking:
            return []
        self.talking = True
        if self._releasing:
            self._releasing = False
            return [KeepFloor()]
        effects = self.interrupt()
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
        self._replies.drop()  # this response answers everything
        return [client.InputAudioBufferCommit(), client.ResponseCreate(), *self._detect_again()]

    def drop_talk(self) -> list[Effect]:
        """Leaves the floor without sending."""
        if not self.held:
            return []
        self.talking = self._releasing = self._user_open = False
        return [DropFloor(), client.InputAudioBufferClear(), *self._transcript.abandon(), *self._detect_again()]

    def say(self, text: str) -> list[Effect]:
        """A typed message; it interrupts a running answer and is answered."""
        item = UserMessage(content=(InputText(text=text),))
        create = client.ConversationItemCreate(item=item)
        effects = [*self.interrupt(), create]
        if self._replies.pending:  # it would be refused, and the message would get no answer
            self._replies.owe()
            return effects
        self._typed_due = True
        return [*effects, client.ResponseCreate()]

    def interrupt(self) -> list[Effect]:
        """Stops the running answer, keeping what was heard of it. Nothing, when there is none."""
        self._replies.drop()
        return self._speaking.cancel() + self._speaking.stop() + self._loud()

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
                self._answers.forget()
                self._replies.forget()
            case server.SpeechStarted(item_id=item_id):
                self._user_open, self._turn_id = True, item_id
                effects += self._begun()
            case server.SpeechStopped(item_id=item_id):
                self._user_open, self._stopped = False, item_id
            case server.BufferCommitted(item_id=item_id):
                self._user_open = False
                self._words_due.add(item_id)
                if item_id == self._stopped and self._replying:
                    effects += self._reply(self._replies.committed(item_id, self._words(item_id), now_ms), now_ms)
            case server.BufferCleared():
                self._user_open = False
                self._replies.cleared()
                effects += self._transcript.abandon()
            case server.TranscriptionCompleted(item_id=item_id, transcript=text):
                effects += self._known(item_id, text, now_ms)
            case server.TranscriptionFailed(item_id=item_id):
                effects += self._known(item_id, "", now_ms)
            case server.ErrorEvent(error=error):
                effects += self._error(error)
            case _:
                effects += self._answer(event)
        return effects + self._ask(now_ms)

    def heard(self, position: int, now_ms: int) -> list[Effect]:
        """The speaker has played up to `position`, in samples at the link's output rate."""
        effects: list[Effect] = []
        for item_id in self.playback.heard(position):
            if figures := self._latency.heard(item_id, now_ms):
                effects += [figures, *self._transcript.note(item_id, str(figures))]
        self._replies.tick(now_ms)
        return effects + self._ask(now_ms)

    def frame(self, p: float) -> list[Effect]:
        """p(speech) of the next frame that the server hears."""
        rules = self.turn_detection
        if rules is None or self.held or not self.interrupts:
            return self._loud()
        question = self._speaking.asks
        if self._user_open and self.playback.playing:
            self._replies.over(self._turn_id, question=question)
        verdict = self._voice.frame(
            p,
            Tuning().follow(rules),
            answering=self._answering,
            turn_open=self._user_open,
            words=self._words(self._turn_id),
            question=question,
        )
        if self._voice.speaking:
            self._replies.speech(self._turn_id, FRAME_MS)
        if verdict is Verdict.CANCEL:
            unheard = not self.playback.playing
            effects = self.interrupt()
            self._replies.took(self._turn_id, unheard=unheard)
            return [*effects, Unduck()] if unheard else effects  # a flush does it by itself
        return _commands(verdict)

    def _begun(self) -> list[Effect]:
        """A turn of the user begins."""
        if self._interrupts():
            return self._speaking.stop()
        if not self.interrupts or self.held or not self._answering:
            return []
        self._replies.over(self._turn_id, question=self._speaking.asks)
        return _commands(self._voice.began(answering=True))

    def _known(self, item_id: str, text: str, now_ms: int) -> list[Effect]:
        """The words of a turn, or that there are none."""
        self._words_due.discard(item_id)
        return self._reply(self._replies.words(item_id, text), now_ms)

    def _reply(self, wanted: bool, now_ms: int) -> list[Effect]:
        """A turn is answered, if `wanted`; what still sounds of another answer ends."""
        if not wanted:
            return []
        effects = self._speaking.cancel() + self._speaking.stop() + self._loud()
        return effects + self._ask(now_ms)

    def _ask(self, now_ms: int) -> list[client.ClientEvent]:
        quiet = not self.user_open and not self.held
        return self._replies.ask(now_ms, quiet=quiet, free=self._answers.free)

    def _words(self, item_id: str) -> str:
        """What is known of the words of a turn."""
        if item_id not in self._transcript:
            return ""
        line = self._transcript[item_id]
        return f"{line.text} {line.stash}"

    def _loud(self) -> list[Effect]:
        """Nothing is ducked."""
        return _commands(self._voice.over())

    def _lines(self, event: server.ServerEvent, now_ms: int) -> list[TranscriptLine]:
        """The lines that the event changes; those of an answer that was cut off don't grow any more."""
        if self._answers.drops(event):
            return []
        return self._transcript.take(event, now_ms)

    def _answer(self, event: server.ServerEvent) -> list[Effect]:
        match event:
            case server.ResponseCreated(response=response):
                return self._created(response)
            case server.ResponseDone(response=response):
                self._answers.done(response.id)
                if response.status != "cancelled":
                    self._words_due.clear()  # some services answer and never say what they heard
                if response.metadata:
                    return [Did(response.metadata)]
            case _:
                return self._speaking.take(event)
        return []

    def _created(self, response: Response) -> list[Effect]:
        self._answers.created(response.id)
        if (response.metadata or {}).get("origin") == "timer":
            return [Tell("A timer is up.", "warning")]
        typed, self._typed_due = self._typed_due, False
        wanted = self._replies.created()
        if wanted and (typed or not self.talking):
            return []
        return self._speaking.cancel()  # it was on its way when the key went down, or when the user went on

    def _error(self, error: ErrorDetail) -> list[Effect]:
        if error.code == "response_cancel_not_active" or (error.event_id or "").startswith(CLEANUP):
            return []  # the answer ended while our cancel was on its way: nothing is lost
        if self._replies.refused(error):
            return []
        effects: list[Effect] = [Tell(error.message, "error")]
        if self._agreement.refused(error) and self.turn_detection is None and not self.held:
            effects += self._detect_again()  # in hands-free somebody has to say when turns end
        return effects

    def _detect_again(self) -> list[Effect]:
        """The floor is free: the server decides again when a turn ends, if that is its business."""
        return [] if self._push_to_talk else [self._agreement.update(self.rules)]

    def _interrupts(self) -> bool:
        """Whether the server cancels its answer when the user begins to speak."""
        return self.turn_detection is not None and self.turn_detection.interrupt_response

    def _rules_wanted(self) -> TurnDetection | None:
        return None if self._push_to_talk else self.rules


def _commands(verdict: Verdict | None) -> list[Effect]:
    match verdict:
        case Verdict.DUCK:
            return [Duck()]
        case Verdict.RESUME:
            return [Unduck()]
    return []
