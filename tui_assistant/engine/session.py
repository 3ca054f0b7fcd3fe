"""One Realtime session: `feed`, `event`, `answer` and `tick` in; server events, asks and observations out.

These four calls, in their order, are all that a session depends on. The same calls give the same output to the byte,
however the audio is cut into chunks.
"""

from __future__ import annotations

from collections.abc import Iterator

from tui_assistant.engine.answers import Answers, Speculate
from tui_assistant.engine.conversation import Conversation, Recorded, without_audio
from tui_assistant.engine.dictation import dictate
from tui_assistant.engine.ids import Ids
from tui_assistant.engine.intake import Began, Happened, Intake, Paused, Utterance
from tui_assistant.engine.outbox import Outbox, Output
from tui_assistant.engine.ports import Alarm, Answer, Cancel, Failed, Notify, Partial, SpeechDetector
from tui_assistant.engine.transcription import Transcripts
from tui_assistant.engine.wire import wire_rate
from tui_assistant.errors import LocalProtocolError, RemoteProtocolError
from tui_assistant.protocol import client, server
from tui_assistant.protocol.codec import decode_audio
from tui_assistant.protocol.items import ErrorDetail, FunctionCall, InputAudio, ResponseOptions, UserMessage
from tui_assistant.protocol.session import ServerVad, SessionConfig, SessionObject
from tui_assistant.protocol.update import apply_update


class Session:
    """A conversation with one client.

    `detector` is asked inside `feed`; all other models are asked by the values in the output, and answer by `answer`.
    """

    def __init__(
        self,
        detector: SpeechDetector,
        config: SessionConfig | None = None,
        *,
        session_id: str = "sess_1",
        ids: Ids | None = None,
        judge: bool = False,
        max_ms: int | None = None,
        expires_at: int | None = None,
        speculate: Speculate = "never",
    ) -> None:
        """`judge`: somebody answers the Judge asks of semantic_vad; else its P is 0.5.

        `max_ms`: so long after the first tick the session ends with the error session_expired, and puts out nothing
        any more. `expires_at` is that moment in Unix seconds, for the client to read.

        `speculate`: whether answers are prepared before the turn is over.
        """
        self.id = session_id
        self.config = config or SessionConfig()
        self._ids = ids or Ids()
        self._outbox = Outbox(self._ids)
        self._conversation = Conversation()
        sound = self.config.audio.input
        self._intake = Intake(sound, detector, self._ids, self._outbox, judge=judge, session_id=self.id)
        self._transcripts = Transcripts(self._conversation, self._outbox)
        self._answers = Answers(
            self.id,
            self.config,
            self._conversation,
            self._ids,
            self._outbox,
            words_missing=lambda: self._transcripts.missing,
            speaking=lambda: self._intake.speaking,
            speculate=speculate,
        )
        self._max_ms = max_ms
        self._expires_at = expires_at
        self._ticking_since: int | None = None
        self._over = False
        self._notify_id = self._ids.next("ask")

    # ---------------------------------------------------------------------------------------------- the calls

    def begin(self) -> list[Output]:
        """The first output: session.created, conversation.created and the open ask for alarms."""
        self._outbox.send(server.SessionCreated(session=self._object()))
        conversation = server.ConversationRef(id=f"conv_{self.id}")
        self._outbox.send(server.ConversationCreated(conversation=conversation))
        self._outbox.ask(Notify(self._notify_id, self.id))
        return self._outbox.take()

    def feed(self, data: bytes) -> list[Output]:
        """Audio in the session's input format; any number of bytes."""
        if not self._over:
            self._feed(data)
        return self._outbox.take()

    def event(self, event: client.ClientEvent) -> list[Output]:
        """One client event. What the protocol does not allow is answered by an `error` event and changes nothing."""
        try:
            if not self._over:
                self._event(event)
        except RemoteProtocolError as error:
            detail = ErrorDetail(code=error.code, message=error.message, param=error.param, event_id=event.event_id)
            self._outbox.send(server.ErrorEvent(error=detail))
        return self._outbox.take()

    def refuse(self, error: server.ErrorEvent) -> list[Output]:
        """Something that was no client event: the error gets its id here and changes nothing."""
        self._outbox.send(error)
        return self._outbox.take()

    def answer(self, ask_id: str, answer: Answer) -> list[Output]:
        """What a model has to say to an ask. Answers to asks that are not open any more are dropped."""
        if self._over:
            return []
        if ask_id == self._notify_id:
            if isinstance(answer, Alarm) and not self._only_words:
                self._answers.ring(answer)
        elif (decided := self._intake.judged(ask_id, answer)) is not None:
            self._happen(decided)
        elif self._transcripts.follows(ask_id, self._intake.dictated_item):
            self._hear_words(ask_id, answer)
        else:
            self._answers.answer(ask_id, answer)
        return self._outbox.take()

    def tick(self, now_ms: int) -> list[Output]:
        """Real time, in milliseconds from any fixed point, has come to `now_ms`."""
        if self._over:
            return []
        self._ticking_since = now_ms if self._ticking_since is None else self._ticking_since
        if self._max_ms is not None and now_ms - self._ticking_since >= self._max_ms:
            return self._expire(self._max_ms)
        self._happen(self._intake.tick(now_ms))
        self._answers.tick(now_ms)
        silent_from = self._answers.idle.tick(now_ms, self._intake.now_ms, self._idle_timeout_ms)
        if silent_from is not None:
            self._time_out(silent_from)
        return self._outbox.take()

    @property
    def deadline(self) -> int | None:
        """When `tick` should come at the latest, in the time of `tick`; None: nothing waits for time."""
        idle = self._answers.idle.deadline(self._idle_timeout_ms)
        expiry = None
        if self._max_ms is not None and not self._over:
            expiry = 0 if self._ticking_since is None else self._ticking_since + self._max_ms
        due = (self._intake.deadline, self._answers.deadline, idle, expiry)
        return min((each for each in due if each is not None), default=None)

    @property
    def input_ms(self) -> int:
        """The session's clock: milliseconds of audio written so far."""
        return self._intake.now_ms

    # --------------------------------------------------------------------------------------------- client events

    def _event(self, event: client.ClientEvent) -> None:
        match event:
            case client.InputAudioBufferAppend(audio=audio):
                self._feed(decode_audio(audio))
            case client.InputAudioBufferCommit():
                self._happen(self._intake.catch_up())
                # "Committing the buffer does not create a response", in any mode.
                self._take(self._intake.commit())
            case client.InputAudioBufferClear():
                self._happen(self._intake.catch_up())
                self._intake.clear()
                self._outbox.send(server.BufferCleared())
                self._answers.go_on()
            case client.SessionUpdate(session=patch):
                self._update(apply_update(self.config, patch))
            case client.ResponseCreate(response=options):
                if self._only_words:
                    message = "Invalid value for 'type': a transcription session has no 'response.create'."
                    raise RemoteProtocolError(message, code="invalid_value", param="type")
                self._answers.create(options or ResponseOptions())
            case client.ResponseCancel(response_id=response_id):
                self._answers.cancel(response_id)
            case _:
                self._item_event(event)

    def _item_event(self, event: client.ClientEvent) -> None:
        match event:
            case client.ConversationItemCreate(item=item, previous_item_id=previous):
                if item.id is not None and item.id == self._intake.item_id:
                    message = f"Item with id '{item.id}' already exists."
                    raise RemoteProtocolError(message, code="invalid_value", param="item.id")
                self._conversation.check_new(item, previous)
                item = item.model_copy(update={"id": item.id or self._ids.next("item"), "status": "completed"})
                behind = self._conversation.add(item, previous)
                self._ids.take(item.id or "")
                if isinstance(item, FunctionCall):
                    self._ids.take(item.call_id or "")
                shown = without_audio(item)
                self._outbox.send(server.ItemAdded(item=shown, previous_item_id=behind))
                self._outbox.send(server.ItemDone(item=shown, previous_item_id=behind))
                for ask_id, place, ms in dictate(item, self.config.audio.input, self._ids, self._outbox, self.id):
                    self._transcripts.committed(ask_id, item.id or "", ms, place)
            case client.ConversationItemRetrieve(item_id=item_id):
                self._outbox.send(server.ItemRetrieved(item=self._conversation.retrieve(item_id)))
            case client.ConversationItemDelete(item_id=item_id):
                self._conversation.delete(item_id)
                self._outbox.send(server.ItemDeleted(item_id=item_id))
                self._transcripts.drop(item_id)
                self._answers.go_on()
            case client.ConversationItemTruncate(item_id=item_id, content_index=index, audio_end_ms=end_ms):
                if index:
                    raise RemoteProtocolError("There is only content 0.", code="invalid_value", param="content_index")
                self._truncate(item_id, end_ms)
                self._outbox.send(server.ItemTruncated(item_id=item_id, content_index=index, audio_end_ms=end_ms))
            case _:
                hint = "protocol.codec.decode_client makes one of JSON"
                raise LocalProtocolError(f"{type(event).__name__} is no client event", hint)

    def _update(self, config: SessionConfig) -> None:
        begun = self._intake.buffer.end or self._conversation.last() or self._answers.busy
        if config.type != self.config.type and begun:
            message = "The type of a session cannot change after its first audio, item or response."
            raise RemoteProtocolError(message, code="invalid_value", param="session.type")
        self._answers.check_voice(config.audio.output.voice, "session.audio.output.voice")
        if config.audio.input.format != self.config.audio.input.format and self._intake.buffer.end:
            message = "The input format cannot change after audio was appended."
            raise RemoteProtocolError(message, code="invalid_value", param="session.audio.input.format")
        if config.audio.input.format != self.config.audio.input.format:
            self._intake = self._intake.with_format(config.audio.input)
        else:
            self._happen(self._intake.catch_up())
            self._intake.configure(config.audio.input)
        self.config = self._answers.config = config
        self._answers.ahead.cancel()
        if self._idle_timeout_ms is None:
            self._answers.idle.suspend()
        self._outbox.send(server.SessionUpdated(session=self._object()))
        self._answers.go_on()  # an alarm may have waited for audio that is dropped now

    def _object(self) -> SessionObject:
        values = {name: getattr(self.config, name) for name in SessionConfig.model_fields}
        if self._only_words:
            values["object"] = "realtime.transcription_session"
        return SessionObject(id=self.id, expires_at=self._expires_at, **values)

    def _truncate(self, item_id: str, end_ms: int) -> None:
        run = self._answers.current
        so_far = run.recorded() if run is not None and run.item_id == item_id else None
        self._conversation.truncate(item_id, end_ms, so_far)

    # -------------------------------------------------------------------------------------------------- the user

    def _feed(self, data: bytes) -> None:
        self._happen(self._intake.feed(data))

    def _happen(self, decided: Iterator[Happened]) -> None:
        for happened in decided:
            match happened:
                case Began(at_ms=at_ms):
                    self._interrupt(at_ms)
                case Paused(words=words):
                    self._answers.prepare(words)
                case Utterance():
                    self._take(happened)

    def _interrupt(self, at_ms: int) -> None:
        """The user began to speak."""
        self._answers.ahead.cancel()  # nobody asked for what was prepared for the turn before
        rules = self.config.audio.input.turn_detection
        if rules is not None and rules.interrupt_response:
            self._answers.interrupt(at_ms)
        self._answers.idle.disarm()

    @property
    def _only_words(self) -> bool:
        """A transcription session: nothing answers."""
        return self.config.type == "transcription"

    @property
    def _idle_timeout_ms(self) -> int | None:
        rules = self.config.audio.input.turn_detection
        return rules.idle_timeout_ms if isinstance(rules, ServerVad) and not self._only_words else None

    def _time_out(self, from_ms: int) -> None:
        """Nobody has spoken for idle_timeout_ms: what is held of the silence becomes an item, and is answered."""
        self._happen(self._intake.catch_up())
        if self._intake.speaking:
            return
        buffer, now_ms = self._intake.buffer, self._intake.now_ms
        pcm = buffer.slice(buffer.start, buffer.end)
        held_ms = len(pcm) // 2 * 1000 // buffer.rate
        self._intake.clear()
        item_id = self._ids.next("item")
        self._outbox.send(server.TimeoutTriggered(audio_start_ms=from_ms, audio_end_ms=now_ms, item_id=item_id))
        self._commit(Utterance(item_id, pcm, now_ms - held_ms, now_ms, None, {"rule": "idle_timeout"}, True))
        self._answers.nudge()
        self._answers.go_on()

    def _expire(self, longest_ms: int) -> list[Output]:
        """ "Your session hit the maximum duration": the error, every open ask ends, and nothing more is done."""
        message = f"Your session hit the maximum duration of {_duration(longest_ms)}."
        self._outbox.send(server.ErrorEvent(error=ErrorDetail(code="session_expired", message=message)))
        self._over = True
        return self.end()

    def _take(self, taken: Utterance) -> None:
        """An utterance becomes an item, and is answered if its end was detected and that is wanted."""
        self._commit(taken)
        rules = self.config.audio.input.turn_detection
        if self._only_words:
            return
        if taken.by_voice and rules is not None and rules.create_response:
            self._answers.reply()
        else:
            self._answers.expect()
        self._answers.go_on()

    def _commit(self, taken: Utterance) -> None:
        item = UserMessage(id=taken.item_id, status="completed", content=(InputAudio(),))
        self._answers.idle.disarm()
        behind = self._conversation.add(item)
        form = self.config.audio.input.format
        length_ms = taken.end_ms - taken.start_ms
        self._conversation.record(taken.item_id, Recorded(taken.pcm, wire_rate(form), length_ms, form))
        if taken.ask_id is not None:
            self._transcripts.committed(taken.ask_id, taken.item_id, length_ms)
        self._outbox.send(server.BufferCommitted(item_id=taken.item_id, previous_item_id=behind, reason=taken.reason))
        self._outbox.send(server.ItemAdded(item=item, previous_item_id=behind))
        self._outbox.send(server.ItemDone(item=item, previous_item_id=behind))

    def _hear_words(self, ask_id: str, answer: Answer) -> None:
        """A recogniser's answer."""
        if isinstance(answer, Partial):
            self._intake.hear_words(ask_id, answer)
        elif isinstance(answer, Failed):
            self._intake.lose_words(ask_id)
        shown = self._only_words or self.config.audio.input.transcription is not None
        if self._transcripts.take(ask_id, answer, shown=shown):
            self._answers.go_on()

    def end(self) -> list[Output]:
        """The client has gone: every open ask is cancelled."""
        open_id = self._intake.dictated_item[0] if self._intake.dictated_item else None
        for ask_id in [self._notify_id, *self._transcripts.asks]:
            if ask_id != open_id:  # which the intake cancels
                self._outbox.ask(Cancel(ask_id))
        self._intake.clear()
        self._answers.end()
        return self._outbox.take()


def _duration(ms: int) -> str:
    """In minutes where there are any, else in seconds: "60 minutes", "1 minute", "0.5 seconds"."""
    number, unit = (ms / 60_000, "minute") if ms >= 60_000 else (ms / 1_000, "second")
    return f"{number:g} {unit}{'' if number == 1 else 's'}"
