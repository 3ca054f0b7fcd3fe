"""Which responses run, which wait, and who may speak next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from tui_assistant.engine.ahead import Ahead
from tui_assistant.engine.asking import respond_ask
from tui_assistant.engine.conversation import Conversation
from tui_assistant.engine.idle import IdleTimer
from tui_assistant.engine.ids import Ids
from tui_assistant.engine.outbox import Outbox
from tui_assistant.engine.ports import Alarm, Answer, ChatMessage
from tui_assistant.engine.response import CancelReason, ResponseRun, ResponseState
from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol.items import Item, ItemReference, JsonObject, ResponseOptions
from tui_assistant.protocol.session import SessionConfig

EXPECTED_MS = 1_000  # of real time: a client that commits sends response.create at once, a slow link included
MAX_OUTSIDE = 8  # responses outside the conversation at once: more is a client that has gone astray
WORDLESS = (ChatMessage("user", ""),)  # what the responder hears where no word was said, so that it answers nothing old
SILENCE = (ChatMessage("system", "The user has been silent for a while."), *WORDLESS)  # that was too long


Speculate = Literal["never", "answered", "always"]
"""Whether an answer is prepared at a pause, before the turn is over: "answered", where the session answers turns by
itself; "always", also where the client asks for each answer (most of them would be for nothing if it did not).
"""


class Answers:
    """At most one response writes to the conversation; those outside of it run beside it."""

    def __init__(
        self,
        session_id: str,
        config: SessionConfig,
        conversation: Conversation,
        ids: Ids,
        outbox: Outbox,
        *,
        words_missing: Callable[[], bool],
        speaking: Callable[[], bool],
        speculate: Speculate,
    ) -> None:
        self.config = config
        self._session_id = session_id
        self._conversation = conversation
        self._ids = ids
        self._outbox = outbox
        self._words_missing = words_missing
        self._speaking = speaking
        self._speculate = speculate
        self.current: ResponseRun | None = None
        self.ahead = Ahead(ids, outbox)
        self.idle = IdleTimer()
        self.has_sounded = False
        self._nudged = False  # the running answer is to a silence
        self._outside: dict[str, ResponseRun] = {}
        self._queued: ResponseOptions | None = None  # one answer that waits for the running one to end
        self._alarms: list[Alarm] = []
        self._expecting = False  # an utterance was committed that the client has to ask an answer for
        self._expecting_since: int | None = None  # in the time of `tick`

    @property
    def busy(self) -> bool:
        """A response runs, in the conversation or beside it."""
        return self.current is not None or bool(self._outside)

    def create(self, options: ResponseOptions) -> None:
        """response.create. Raises RemoteProtocolError; then nothing has changed."""
        if options.conversation == "auto" and self.current is not None:
            message = (
                f"Conversation already has an active response in progress: {self.current.id}. "
                "Wait until the response is finished before creating a new one."
            )
            raise RemoteProtocolError(message, code="conversation_already_has_active_response")
        if options.conversation == "none" and len(self._outside) >= MAX_OUTSIDE:
            message = f"{MAX_OUTSIDE} responses outside the conversation are in progress. Wait until one is finished."
            raise RemoteProtocolError(message, code="rate_limit_exceeded", param="response.conversation")
        for place, item in enumerate(options.input or ()):
            if isinstance(item, ItemReference):
                self._conversation.get(item.id, f"response.input.{place}.id")
        self.check_voice(options.audio.output.voice, "response.audio.output.voice")
        if options.conversation == "none":
            run = self._run(options)
            self._outside[run.id] = run
        else:
            self._expecting = False
            self._start(options)
        self.go_on()

    def check_voice(self, voice: str | None, param: str) -> None:
        """ "Voice cannot be changed during the session once the model has responded with audio at least once." """
        if self.has_sounded and voice not in (None, self.config.audio.output.voice):
            message = "Cannot update a conversation's voice if assistant audio is present."
            raise RemoteProtocolError(message, code="cannot_update_voice", param=param)

    def prepare(self, words: str) -> None:
        """The user may have finished with these words: an answer is prepared. Empty: they go on."""
        self.ahead.cancel()
        if words and self._speculates and self.current is None and not self._words_missing():
            messages = (*self._conversation.messages(), ChatMessage("user", words))
            self.ahead.ask(respond_ask(self.config, ResponseOptions(), self._session_id, messages))

    @property
    def _speculates(self) -> bool:
        rules = self.config.audio.input.turn_detection
        if self._speculate == "never" or rules is None or self.config.type == "transcription":
            return False
        return rules.create_response or self._speculate == "always"

    def reply(self) -> None:
        """A turn is over and wants its answer: at once, or when the running one ends."""
        if self.current is None:
            self._start(ResponseOptions())
        else:
            self._queued = ResponseOptions()

    def nudge(self) -> None:
        """Nobody has spoken for too long."""
        self._start(ResponseOptions())
        self._nudged = True

    def expect(self) -> None:
        """The client will ask: an alarm that began to speak now would make its response.create fail."""
        self._expecting, self._expecting_since = True, None

    def ring(self, alarm: Alarm) -> None:
        self._alarms.append(alarm)
        self.go_on()

    def answer(self, ask_id: str, answer: Answer) -> None:
        if self.ahead.answer(ask_id, answer):
            return
        runs = [*([self.current] if self.current is not None else []), *self._outside.values()]
        for run in runs:
            if run.answer(ask_id, answer):
                self.has_sounded = self.has_sounded or run.has_sounded
                self.go_on()
                return

    def cancel(self, response_id: str | None) -> None:
        """Without an id it means the one that writes to the conversation."""
        outside = self._outside.pop(response_id or "", None)
        if outside is not None:
            outside.cancel("client_cancelled", {"rule": "cancel"})
            return
        if self.current is None or response_id not in (None, self.current.id):
            message = "Cancellation failed: no active response found"
            raise RemoteProtocolError(message, code="response_cancel_not_active")
        self._end("client_cancelled", {"rule": "cancel"})
        self.go_on()

    def interrupt(self, at_ms: int) -> None:
        """The user began to speak, and that ends the running answer and the one that waits."""
        if self.current is not None:
            self._queued = None
            self._end("turn_detected", {"rule": "interrupt_response", "at_ms": at_ms})

    def end(self) -> None:
        """The session is over."""
        self.ahead.cancel()
        if self.current is not None:
            self._end("client_cancelled", {"rule": "end"})
        for run in self._outside.values():
            run.cancel("client_cancelled", {"rule": "end"})
        self._outside.clear()

    def tick(self, now_ms: int) -> None:
        if self._expecting and self._alarms:
            since = self._expecting_since = now_ms if self._expecting_since is None else self._expecting_since
            if now_ms - since >= EXPECTED_MS:
                self._expecting = False
                self.go_on()

    @property
    def deadline(self) -> int | None:
        if not (self._expecting and self._alarms):
            return None
        return 0 if self._expecting_since is None else self._expecting_since + EXPECTED_MS

    def go_on(self) -> None:
        """Does what had to wait: asks once the words are known, starts what is queued, lets an alarm speak."""
        for run in list(self._outside.values()):
            self._ask_if_known(run)
            if run.state is ResponseState.DONE:
                del self._outside[run.id]
        while True:
            if self.current is not None:
                self._ask_if_known(self.current)
                if self.current.state is not ResponseState.DONE:
                    return
                self.idle.arm(self.current.said_ms)
            self.current = None
            if self._queued is not None:
                options, self._queued = self._queued, None
                self._start(options)
            elif self._alarms and not self._speaking() and not self._expecting:
                alarm = self._alarms.pop(0)
                self._start(ResponseOptions(), {"origin": "timer", **alarm.metadata}).say(alarm.text)
            else:
                return

    def _start(self, options: ResponseOptions, metadata: dict[str, str] | None = None) -> ResponseRun:
        self.idle.disarm()
        self._nudged = False
        self.current = self._run(options, metadata)
        return self.current

    def _run(self, options: ResponseOptions, metadata: dict[str, str] | None = None) -> ResponseRun:
        return ResponseRun(
            self.config,
            options,
            session_id=self._session_id,
            conversation=self._conversation,
            ids=self._ids,
            outbox=self._outbox,
            metadata=metadata,
        )

    def _end(self, reason: CancelReason, why: JsonObject) -> None:
        run, self.current = self.current, None
        if run is not None:
            run.cancel(reason, why)
            self.idle.arm(run.said_ms)

    def _ask_if_known(self, run: ResponseRun) -> None:
        given = run.options.input
        reads = given is None or any(
            isinstance(item, ItemReference) for item in given
        )  # what stands in the conversation
        if run.state is not ResponseState.WAITING or (reads and self._words_missing()):
            return
        if given is not None:
            items = [item for item in map(self._resolve, given) if item is not None]
            run.ask(self._conversation.messages(items), self._conversation.heard_ms(items))
            return
        nudged = self._nudged and run is self.current
        wordless = self._conversation.wordless
        if wordless and not nudged and not run.outside and run.options.instructions is None:
            self.ahead.cancel()
            run.finish_empty()  # no word was recognised: a cough gets no answer
        else:
            messages = self._conversation.messages() + (SILENCE if nudged else WORDLESS if wordless else ())
            run.ask(messages, self._conversation.heard_ms(), None if run.outside else self.ahead)

    def _resolve(self, item: Item | ItemReference) -> Item | None:
        """An item that was deleted while words were awaited is not read."""
        if isinstance(item, ItemReference):
            return self._conversation.get(item.id) if item.id in self._conversation else None
        return item
