"""One response, from response.created to response.done."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Literal

from tui_assistant.engine import tokens
from tui_assistant.engine.ahead import Ahead
from tui_assistant.engine.asking import respond_ask
from tui_assistant.engine.conversation import Conversation, Recorded
from tui_assistant.engine.ids import Ids
from tui_assistant.engine.outbox import Outbox
from tui_assistant.engine.ports import (
    Answer,
    AudioChunk,
    Cancel,
    ChatMessage,
    Failed,
    FunctionCallDelta,
    Responded,
    Spoken,
    TextDelta,
)
from tui_assistant.engine.voice import Voice
from tui_assistant.engine.written import Where, WrittenCall, WrittenMessage
from tui_assistant.errors import LocalProtocolError
from tui_assistant.protocol import server
from tui_assistant.protocol.items import (
    ErrorDetail,
    FailureDetail,
    Item,
    JsonObject,
    Response,
    ResponseAudio,
    ResponseAudioOutput,
    ResponseOptions,
    StatusDetails,
)
from tui_assistant.protocol.session import SessionConfig

CancelReason = Literal["turn_detected", "client_cancelled"]
_End = Literal["completed", "cancelled", "failed", "incomplete"]
# What a responder may say in its metadata of how its model ended, and the protocol's word for it.
_CUT_SHORT: dict[str, Literal["max_output_tokens", "content_filter"]] = {
    "length": "max_output_tokens",
    "content_filter": "content_filter",
}


class ResponseState(Enum):
    """How far a response is."""

    WAITING = "created; the user's words are not all known yet"
    THINKING = "the responder writes; its sentences are being spoken"
    FINISHING = "the text is complete; the rest is being spoken"
    DONE = "response.done was sent"


NEXT = {
    ResponseState.WAITING: {ResponseState.THINKING, ResponseState.DONE},
    ResponseState.THINKING: {ResponseState.FINISHING, ResponseState.DONE},
    ResponseState.FINISHING: {ResponseState.DONE},
    ResponseState.DONE: set[ResponseState](),
}


class ResponseRun:
    """Asks the responder and the synthesiser, and sends the events of one response in the protocol's order."""

    def __init__(
        self,
        config: SessionConfig,
        options: ResponseOptions,
        *,
        session_id: str,
        conversation: Conversation,
        ids: Ids,
        outbox: Outbox,
        metadata: dict[str, str] | None = None,
    ) -> None:
        """`metadata` is the server's own, beside the client's in `options`."""
        self.options = options
        self._session_id = session_id
        self.outside = options.conversation == "none"
        self._conversation = None if self.outside else conversation
        self._ids = ids
        self._outbox = outbox
        self._config = config
        modalities = options.output_modalities or config.output_modalities
        self._spoken = modalities == ("audio",)
        chosen = {key: value for key, value in options.audio.output if value is not None}
        output = config.audio.output.model_copy(update=chosen)
        self._voice = Voice(output, ids, outbox)
        self._respond_id: str | None = None
        self._message: WrittenMessage | None = None
        self._call: WrittenCall | None = None  # the one that is being written
        self._places = 0  # items opened so far
        self._output: dict[int, Item] = {}  # those that are closed
        self._message_place = 0
        self._call_place = 0
        self._counted = 0  # output so far, as max_output_tokens counts it
        self._metadata = {**(options.metadata or {}), **(metadata or {})}
        self._heard_ms = 0
        self._read = self._written = 0  # text tokens
        self._cut_short: StatusDetails | None = None
        self.state = ResponseState.WAITING
        self.response = Response(
            id=ids.next("resp"),
            conversation_id=None if self.outside else f"conv_{session_id}",
            output_modalities=modalities,
            max_output_tokens=options.max_output_tokens or config.max_output_tokens,
            audio=ResponseAudio(output=ResponseAudioOutput(format=output.format, voice=output.voice)),
            metadata=self._metadata or None,
        )
        outbox.send(server.ResponseCreated(response=self.response))

    @property
    def id(self) -> str:
        return self.response.id

    @property
    def has_sounded(self) -> bool:
        """Audio of it has been sent."""
        return bool(self._voice.pcm)

    def ask(self, messages: tuple[ChatMessage, ...], heard_ms: int = 0, ahead: Ahead | None = None) -> None:
        """The user's words are known: the responder is asked, if it was not `ahead` of time.

        `heard_ms`: of audio behind the messages.
        """
        self._to(ResponseState.THINKING)
        self._heard_ms = heard_ms
        request = respond_ask(self._config, self.options, self._session_id, messages)
        self._read = sum(tokens.of_text(text) for text in (request.instructions, *(line.text for line in messages)))
        prepared = ahead.take(request) if ahead is not None else None
        if prepared is None:
            self._respond_id = self._ids.next("ask")
            self._outbox.ask(replace(request, ask_id=self._respond_id))
            return
        self._respond_id, answers = prepared
        for answer in answers:
            if self._respond_id is not None:  # else the limit of tokens is reached
                self._responder(answer)

    def say(self, text: str) -> None:
        """The answer is known already."""
        self._to(ResponseState.THINKING)
        self._write(text)
        if self.state is ResponseState.THINKING:
            self._end_text()

    def finish_empty(self) -> None:
        """There is nothing to answer."""
        self._close("completed")

    def answer(self, ask_id: str, answer: Answer) -> bool:
        """Takes an answer to one of its asks; False when the ask is not one of its own."""
        if self.state is ResponseState.DONE:
            return False
        if ask_id == self._respond_id:
            self._responder(answer)
        elif ask_id == self._voice.ask_id:
            self._synthesiser(answer)
        else:
            return False
        return True

    def cancel(self, reason: CancelReason, why: JsonObject | None = None) -> None:
        """Ends at once: open parts and items are closed, nothing follows."""
        if self._respond_id is not None:
            self._outbox.ask(Cancel(self._respond_id))
        self._close("cancelled", StatusDetails(type="cancelled", reason=reason), why)

    def _responder(self, answer: Answer) -> None:
        match answer:
            case TextDelta(text=text):
                self._write(text)
            case FunctionCallDelta():
                self._write_call(answer)
            case Responded(metadata=metadata, input_tokens=read, output_tokens=written):
                self._respond_id = None
                self._metadata |= metadata
                self._read, self._written = read or self._read, written
                if reason := _CUT_SHORT.get(metadata.get("incomplete", "")):
                    self._cut_short = StatusDetails(type="incomplete", reason=reason)
                self._end_text()
            case Failed(code=code, message=message):
                error = FailureDetail(type="server_error", code=code, message=message)
                self._close("failed", StatusDetails(type="failed", error=error))
            case _:
                raise LocalProtocolError(f"a responder cannot answer {type(answer).__name__}")

    def _synthesiser(self, answer: Answer) -> None:
        match answer:
            case AudioChunk():
                self._send_audio(self._voice.audio(answer))
            case Spoken():
                self._send_audio(self._voice.spoken())
                self._end_if_said()
            case Failed(code=code, message=message):
                # The text is still worth having: it goes on without a voice.
                self._voice.fail()
                self._outbox.send(server.ErrorEvent(error=ErrorDetail(type="server_error", code=code, message=message)))
                self._end_if_said()
            case _:
                raise LocalProtocolError(f"a synthesiser cannot answer {type(answer).__name__}")

    def _write(self, delta: str) -> None:
        allowed = self._allowed(delta)
        if allowed:
            if self._message is None:
                self._message_place = self._places
                where = self._next_place()
                self._message = WrittenMessage(where, self._outbox, self._conversation, spoken=self._spoken)
            self._message.write(allowed)
            if self._spoken:
                self._voice.text(allowed)
        if len(allowed) < len(delta):
            self._reach_limit()

    def _write_call(self, delta: FunctionCallDelta) -> None:
        allowed = self._allowed(delta.arguments)
        call = self._call
        if call is None or call.asked_as != delta.call_id:
            self._close_call("completed")
            self._call_place = self._places
            where = self._next_place()
            taken = self._conversation is not None and self._conversation.has_call(delta.call_id)
            call_id = self._ids.next("call") if taken or not delta.call_id else delta.call_id
            self._call = call = WrittenCall(where, self._outbox, self._conversation, call_id=call_id, name=delta.name)
            call.asked_as = delta.call_id
        call.write(allowed)
        if len(allowed) < len(delta.arguments):
            self._reach_limit()

    def _allowed(self, delta: str) -> str:
        """As much of the delta as max_output_tokens leaves room for."""
        limit = self.response.max_output_tokens
        if isinstance(limit, int) and self._counted + tokens.of_delta(delta) > limit:
            delta = tokens.first(delta, limit - self._counted)
        self._counted += tokens.of_delta(delta)
        return delta

    def _reach_limit(self) -> None:
        """No more is written; what was written is still spoken."""
        if self._respond_id is not None:
            self._outbox.ask(Cancel(self._respond_id))
            self._respond_id = None
        self._cut_short = StatusDetails(type="incomplete", reason="max_output_tokens")
        self._end_text()

    def _end_text(self) -> None:
        self._to(ResponseState.FINISHING)
        self._close_call("incomplete" if self._cut_short else "completed")
        if self._spoken:
            self._voice.finish_text()
        self._end_if_said()

    def _end_if_said(self) -> None:
        if self.state is ResponseState.FINISHING and not self._voice.busy:
            self._close("incomplete" if self._cut_short else "completed", self._cut_short)

    def _send_audio(self, data: bytes) -> None:
        if self._message is not None:
            self._message.sound(data)

    def _next_place(self) -> Where:
        place, self._places = self._places, self._places + 1
        return {"response_id": self.id, "item_id": self._ids.next("item"), "output_index": place}

    def _close(self, end: _End, details: StatusDetails | None = None, why: JsonObject | None = None) -> None:
        self._to(ResponseState.DONE)
        self._voice.stop()
        status: Literal["completed", "incomplete"] = "completed" if end == "completed" else "incomplete"
        self._close_call(status)
        written = self.text
        if self._message is not None:
            item = self._message.close(status, self.recorded())
            self._output[self._message_place] = item
        for item_done in self._output.values():
            written += getattr(item_done, "arguments", "")
        self.response = self.response.model_copy(
            update={
                "status": end,
                "status_details": details,
                "output": tuple(self._output[place] for place in sorted(self._output)),
                "metadata": self._metadata or None,
                "usage": tokens.usage(
                    read=self._read,
                    written=self._written or tokens.of_text(written),
                    heard_ms=self._heard_ms,
                    said_ms=self._voice.said_ms,
                ),
            }
        )
        self._outbox.send(server.ResponseDone(response=self.response, reason=why))

    def _close_call(self, status: Literal["completed", "incomplete"]) -> None:
        if self._call is not None:
            self._output[self._call_place] = self._call.close(status)
            self._call = None

    def recorded(self) -> Recorded:
        """The sound of the answer so far."""
        voice = self._voice
        return Recorded(bytes(voice.pcm), voice.rate, voice.said_ms, voice.form, voice.words)

    @property
    def said_ms(self) -> int:
        """How long its sound is so far."""
        return self._voice.said_ms

    @property
    def item_id(self) -> str | None:
        """The message being written, None before its first word."""
        return self._message.item_id if self._message is not None else None

    @property
    def text(self) -> str:
        """What was written so far."""
        return self._message.text if self._message is not None else ""

    def _to(self, state: ResponseState) -> None:
        if state not in NEXT[self.state]:
            raise LocalProtocolError(f"a response cannot go from {self.state.name} to {state.name}")
        self.state = state
