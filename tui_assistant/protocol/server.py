"""Events from the server to the client (GA names).

`reason` and `at_ms` are ours: why a decision fell, and at which input time. The codec leaves them out of the wire
unless the client asked for them with `?explain=1`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tui_assistant.protocol.items import ErrorDetail, Item, JsonObject, Part, Response
from tui_assistant.protocol.session import Data, SessionObject


class ServerEventBase(Data):
    event_id: str = ""


class SessionCreated(ServerEventBase):
    type: Literal["session.created"] = "session.created"
    session: SessionObject


class SessionUpdated(ServerEventBase):
    type: Literal["session.updated"] = "session.updated"
    session: SessionObject


class ConversationRef(Data):
    id: str
    object: Literal["realtime.conversation"] = "realtime.conversation"


class ConversationCreated(ServerEventBase):
    type: Literal["conversation.created"] = "conversation.created"
    conversation: ConversationRef


class SpeechStarted(ServerEventBase):
    """Speech begins. `audio_start_ms` is the onset less the prefix padding; the item to come has this `item_id`.

    `at_ms` is the end of the deciding frame in input time; `reason` the rule and the figures that decided.
    """

    type: Literal["input_audio_buffer.speech_started"] = "input_audio_buffer.speech_started"
    item_id: str
    audio_start_ms: int
    at_ms: int | None = None
    reason: JsonObject | None = None


class SpeechStopped(ServerEventBase):
    """The turn is over. `audio_end_ms` includes the silence that ended it."""

    type: Literal["input_audio_buffer.speech_stopped"] = "input_audio_buffer.speech_stopped"
    item_id: str
    audio_end_ms: int
    at_ms: int | None = None
    reason: JsonObject | None = None


class BufferCommitted(ServerEventBase):
    type: Literal["input_audio_buffer.committed"] = "input_audio_buffer.committed"
    item_id: str
    previous_item_id: str | None = None
    reason: JsonObject | None = None


class TimeoutTriggered(ServerEventBase):
    """Nobody spoke for idle_timeout_ms: from the end of the last answer's sound to now; the item is of that silence."""

    type: Literal["input_audio_buffer.timeout_triggered"] = "input_audio_buffer.timeout_triggered"
    audio_start_ms: int
    audio_end_ms: int
    item_id: str


class BufferCleared(ServerEventBase):
    type: Literal["input_audio_buffer.cleared"] = "input_audio_buffer.cleared"


class ItemAdded(ServerEventBase):
    type: Literal["conversation.item.added"] = "conversation.item.added"
    item: Item
    previous_item_id: str | None = None


class ItemDone(ServerEventBase):
    type: Literal["conversation.item.done"] = "conversation.item.done"
    item: Item
    previous_item_id: str | None = None


class ItemRetrieved(ServerEventBase):
    type: Literal["conversation.item.retrieved"] = "conversation.item.retrieved"
    item: Item


class ItemDeleted(ServerEventBase):
    type: Literal["conversation.item.deleted"] = "conversation.item.deleted"
    item_id: str


class ItemTruncated(ServerEventBase):
    type: Literal["conversation.item.truncated"] = "conversation.item.truncated"
    item_id: str
    content_index: int
    audio_end_ms: int


class TranscriptionDelta(ServerEventBase):
    """Words of a turn that still goes on: `delta` only appends.

    `text` is all firm words so far, `stash` what may still change; these two do not stand on the GA wire.
    """

    type: Literal["conversation.item.input_audio_transcription.delta"] = (
        "conversation.item.input_audio_transcription.delta"
    )
    item_id: str
    content_index: int = 0
    delta: str = ""
    text: str = ""
    stash: str = ""


class DurationUsage(Data):
    type: Literal["duration"] = "duration"
    seconds: float


class TranscriptionCompleted(ServerEventBase):
    type: Literal["conversation.item.input_audio_transcription.completed"] = (
        "conversation.item.input_audio_transcription.completed"
    )
    item_id: str
    content_index: int = 0
    transcript: str
    usage: DurationUsage


class TranscriptionError(Data):
    """What the service's `failed` event has: no event_id, unlike an `error` event."""

    type: str = "server_error"
    code: str | None = None
    message: str = ""
    param: str | None = None


class TranscriptionFailed(ServerEventBase):
    type: Literal["conversation.item.input_audio_transcription.failed"] = (
        "conversation.item.input_audio_transcription.failed"
    )
    item_id: str
    content_index: int = 0
    error: TranscriptionError


class ResponseCreated(ServerEventBase):
    type: Literal["response.created"] = "response.created"
    response: Response


class ResponseDone(ServerEventBase):
    type: Literal["response.done"] = "response.done"
    response: Response
    reason: JsonObject | None = None


class OutputItemAdded(ServerEventBase):
    type: Literal["response.output_item.added"] = "response.output_item.added"
    response_id: str
    output_index: int
    item: Item


class OutputItemDone(ServerEventBase):
    type: Literal["response.output_item.done"] = "response.output_item.done"
    response_id: str
    output_index: int
    item: Item


class ContentEventBase(ServerEventBase):
    """Where in a response a piece of content belongs."""

    response_id: str
    item_id: str
    output_index: int = 0
    content_index: int = 0


class ContentPartAdded(ContentEventBase):
    type: Literal["response.content_part.added"] = "response.content_part.added"
    part: Part


class ContentPartDone(ContentEventBase):
    type: Literal["response.content_part.done"] = "response.content_part.done"
    part: Part


class OutputTextDelta(ContentEventBase):
    type: Literal["response.output_text.delta"] = "response.output_text.delta"
    delta: str


class OutputTextDone(ContentEventBase):
    type: Literal["response.output_text.done"] = "response.output_text.done"
    text: str


class OutputAudioDelta(ContentEventBase):
    """`delta`: base64 in the session's output format."""

    type: Literal["response.output_audio.delta"] = "response.output_audio.delta"
    delta: str


class OutputAudioDone(ContentEventBase):
    type: Literal["response.output_audio.done"] = "response.output_audio.done"


class OutputAudioTranscriptDelta(ContentEventBase):
    type: Literal["response.output_audio_transcript.delta"] = "response.output_audio_transcript.delta"
    delta: str


class OutputAudioTranscriptDone(ContentEventBase):
    type: Literal["response.output_audio_transcript.done"] = "response.output_audio_transcript.done"
    transcript: str


class CallEventBase(ServerEventBase):
    """Where in a response a function call belongs."""

    response_id: str
    item_id: str
    output_index: int = 0
    call_id: str


class FunctionCallArgumentsDelta(CallEventBase):
    type: Literal["response.function_call_arguments.delta"] = "response.function_call_arguments.delta"
    delta: str


class FunctionCallArgumentsDone(CallEventBase):
    type: Literal["response.function_call_arguments.done"] = "response.function_call_arguments.done"
    name: str
    arguments: str


class ErrorEvent(ServerEventBase):
    type: Literal["error"] = "error"
    error: ErrorDetail


ServerEvent = Annotated[
    SessionCreated
    | SessionUpdated
    | ConversationCreated
    | SpeechStarted
    | SpeechStopped
    | BufferCommitted
    | BufferCleared
    | TimeoutTriggered
    | ItemAdded
    | ItemDone
    | ItemRetrieved
    | ItemDeleted
    | ItemTruncated
    | TranscriptionDelta
    | TranscriptionCompleted
    | TranscriptionFailed
    | ResponseCreated
    | ResponseDone
    | OutputItemAdded
    | OutputItemDone
    | ContentPartAdded
    | ContentPartDone
    | OutputTextDelta
    | OutputTextDone
    | OutputAudioDelta
    | OutputAudioDone
    | OutputAudioTranscriptDelta
    | OutputAudioTranscriptDone
    | FunctionCallArgumentsDelta
    | FunctionCallArgumentsDone
    | ErrorEvent,
    Field(discriminator="type"),
]
