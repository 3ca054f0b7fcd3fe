"""One response, from response.created to response.done."""

from __future__ import annotations

from enum import Enum
from typing import Literal, TypedDict

from tui_assistant.engine.conversation import Conversation, Recorded
from tui_assistant.engine.ids import Ids
from tui_assistant.engine.outbox import Outbox
from tui_assistant.engine.ports import (
    Answer,
    AudioChunk,
    Cancel,
    ChatMessage,
    Failed,
    Respond,
    Responded,
    Spoken,
    TextDelta,
)
from tui_assistant.engine.voice import Voice
from tui_assistant.errors import LocalProtocolError
from tui_assistant.protocol import server
from tui_assistant.protocol.codec import encode_audio
from tui_assistant.protocol.items import (
    AssistantMessage,
    ErrorDetail,
    FailureDetail,
    Item,
    ItemStatus,
    JsonObject,
    OutputAudio,
    OutputText,
    OutputTokenDetails,
    Part,
    Response,
    ResponseAudio,
    ResponseAudioOutput,
    ResponseOptions,
    StatusDetails,
    Usage,
)
from tui_assistant.protocol.session import SessionConfig

CancelReason = Literal["turn_detected", "client_cancelled"]
_End = Literal["completed", "cancelled", "failed"]


class _Where(TypedDict):
    """Where in the conversation a part of a response belongs."""

    response_id: str
    item_id: str


class ResponseState(Enum):
    """How far a response is."""

    WAITING = "created; the user's words are not all known yet"
    THINKING = "the responder writes; its sentences are being spoken"
    FINISHING = "the text is complete; the rest is being spoken"
    DONE = "response.done was sent"


_NEXT = {
    ResponseState.WAITING: {ResponseState.THINKING, ResponseState.FINISHING, ResponseState.DONE},
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
    ) -> None:
        self._config = config
        self._session_id = session_id
        self._conversation = conversation
        self._ids = ids
        self._outbox = outbox
        self._instructions = options.instructions if options.instructions is not None else config.instructions
        self._spoken = (options.output_modalities or config.output_modalities) == ("audio",)
        self._voice = Voice(config.audio.output, ids, outbox)
        self._respond_id: str | None = None
        self._item_id: str | None = None
        self._text = ""
        self._metadata = dict(options.metadata or {})
        self._usage = Usage()
        self.state = ResponseState.WAITING
        self.response = Response(
            id=ids.next("resp"),
            conversation_id=f"conv_{session_id}",
            output_modalities=options.output_modalities or config.output_modalities,
            max_output_tokens=options.max_output_tokens or config.max_output_tokens,
            audio=ResponseAudio(
                output=ResponseAudioOutput(format=config.audio.output.format, voice=config.audio.output.voice)
            ),
            metadata=options.metadata,
        )
        outbox.send(server.ResponseCreated(response=self.response))

    @property
    def id(self) -> str:
        return self.response.id

    def ask(self, messages: tuple[ChatMessage, ...]) -> None:
        """The user's words are known: the responder is asked."""
        self._to(ResponseState.THINKING)
        self._respond_id = self._ids.next("ask")
        limit = self.response.max_output_tokens
        tokens = limit if isinstance(limit, int) else None
        self._outbox.ask(Respond(self._respond_id, self._session_id, messages, self._instructions, tokens))

    def say(self, text: str) -> None:
        """The answer is known already."""
        self._to(ResponseState.THINKING)
        self._write(text)
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
            case Responded(metadata=metadata, input_tokens=read, output_tokens=written):
                self._respond_id = None
                self._metadata |= metadata
                self._usage = Usage(
                    total_tokens=read + written,
                    input_tokens=read,
                    output_tokens=written,
                    output_token_details=OutputTokenDetails(text_tokens=written),
                )
                self._end_text()
            case Failed(code=code, message=message):
                self._respond_id = None
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
        if not delta:
            return
        if self._item_id is None:
            self._open_item()
        self._text += delta
        where = self._where()
        if self._spoken:
            self._outbox.send(server.OutputAudioTranscriptDelta(**where, delta=delta))
            self._voice.text(delta)
        else:
            self._outbox.send(server.OutputTextDelta(**where, delta=delta))

    def _end_text(self) -> None:
        self._to(ResponseState.FINISHING)
        if self._spoken:
            self._voice.finish_text()
        self._end_if_said()

    def _end_if_said(self) -> None:
        if self.state is ResponseState.FINISHING and not self._voice.busy:
            self._close("completed")

    def _send_audio(self, data: bytes) -> None:
        if data and self._item_id is not None:
            self._outbox.send(server.OutputAudioDelta(**self._where(), delta=encode_audio(data)))

    def _open_item(self) -> None:
        self._item_id = self._ids.next("item")
        item = self._item("in_progress", with_content=False)
        self._outbox.send(server.OutputItemAdded(response_id=self.id, output_index=0, item=item))
        behind = self._conversation.add(item)
        self._outbox.send(server.ItemAdded(item=item, previous_item_id=behind))
        part = Part(type="audio", transcript="") if self._spoken else Part(type="text", text="")
        self._outbox.send(server.ContentPartAdded(**self._where(), part=part))

    def _close(self, end: _End, details: StatusDetails | None = None, why: JsonObject | None = None) -> None:
        self._to(ResponseState.DONE)
        self._voice.stop()
        output: tuple[Item, ...] = ()
        if self._item_id is not None:
            output = (self._close_item("completed" if end == "completed" else "incomplete"),)
        self.response = self.response.model_copy(
            update={
                "status": end,
                "status_details": details,
                "output": output,
                "metadata": self._metadata or None,
                "usage": self._usage,
            }
        )
        self._outbox.send(server.ResponseDone(response=self.response, reason=why))

    def _close_item(self, status: ItemStatus) -> AssistantMessage:
        """Every part and item that was opened is closed, also when the response was cut off."""
        where = self._where()
        item = self._item(status)
        if self._spoken:
            self._outbox.send(server.OutputAudioDone(**where))
            self._outbox.send(server.OutputAudioTranscriptDone(**where, transcript=self._text))
            part = Part(type="audio", transcript=self._text)
        else:
            self._outbox.send(server.OutputTextDone(**where, text=self._text))
            part = Part(type="text", text=self._text)
        self._outbox.send(server.ContentPartDone(**where, part=part))
        self._outbox.send(server.OutputItemDone(response_id=self.id, output_index=0, item=item))
        if self._conversation.in_progress(where["item_id"]):
            self._conversation.complete(item, self.recorded())
            self._outbox.send(server.ItemDone(item=item, previous_item_id=self._conversation.before(where["item_id"])))
        return item

    def recorded(self) -> Recorded:
        """The sound of the answer so far."""
        return Recorded(bytes(self._voice.pcm), self._voice.rate, self._voice.said_ms)

    @property
    def item_id(self) -> str | None:
        """The item being written, None before its first word."""
        return self._item_id

    @property
    def text(self) -> str:
        """What was written so far."""
        return self._text

    def _item(self, status: ItemStatus, *, with_content: bool = True) -> AssistantMessage:
        content: tuple[OutputText | OutputAudio, ...] = ()
        if with_content:
            content = (OutputAudio(transcript=self._text) if self._spoken else OutputText(text=self._text),)
        return AssistantMessage(id=self._item_id, status=status, content=content)

    def _where(self) -> _Where:
        return {"response_id": self.id, "item_id": self._item_id or ""}

    def _to(self, state: ResponseState) -> None:
        if state not in _NEXT[self.state]:
            raise LocalProtocolError(f"a response cannot go from {self.state.name} to {state.name}")
        self.state = state
