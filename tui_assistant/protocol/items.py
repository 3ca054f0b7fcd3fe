"""Conversation items and responses, as they stand in events."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from tui_assistant.protocol.session import AudioFormat, Data, FunctionTool, MaxOutputTokens, Modalities, ToolChoice

ItemStatus = Literal["completed", "incomplete", "in_progress"]


class InputText(Data):
    type: Literal["input_text"] = "input_text"
    text: str


class InputAudio(Data):
    """Spoken words of the user. `audio` (base64) stands only in `conversation.item.retrieved`."""

    type: Literal["input_audio"] = "input_audio"
    audio: str | None = None
    transcript: str | None = None


class OutputText(Data):
    type: Literal["output_text"] = "output_text"
    text: str


class OutputAudio(Data):
    """Spoken words of the assistant. `audio` (base64) stands only in `conversation.item.retrieved`."""

    type: Literal["output_audio"] = "output_audio"
    audio: str | None = None
    transcript: str | None = None


class ItemBase(Data):
    id: str | None = None
    object: Literal["realtime.item"] = "realtime.item"
    status: ItemStatus | None = None


class SystemMessage(ItemBase):
    type: Literal["message"] = "message"
    role: Literal["system"] = "system"
    content: tuple[InputText, ...]


class UserMessage(ItemBase):
    type: Literal["message"] = "message"
    role: Literal["user"] = "user"
    content: tuple[Annotated[InputText | InputAudio, Field(discriminator="type")], ...]


class AssistantMessage(ItemBase):
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    content: tuple[Annotated[OutputText | OutputAudio, Field(discriminator="type")], ...]


class FunctionCall(ItemBase):
    type: Literal["function_call"] = "function_call"
    name: str
    arguments: str
    call_id: str | None = None


class FunctionCallOutput(ItemBase):
    type: Literal["function_call_output"] = "function_call_output"
    call_id: str
    output: str


Message = Annotated[SystemMessage | UserMessage | AssistantMessage, Field(discriminator="role")]
Item = Annotated[Message | FunctionCall | FunctionCallOutput, Field(discriminator="type")]


class Part(Data):
    """The part of `response.content_part.*`; its type is "audio" or "text", not the item's content type."""

    type: Literal["audio", "text"]
    text: str | None = None
    transcript: str | None = None


class ErrorDetail(Data):
    """The error of an `error` event, a failed transcription or a failed response."""

    type: str = "invalid_request_error"
    code: str | None = None
    message: str = ""
    param: str | None = None
    event_id: str | None = None


class FailureDetail(Data):
    type: str | None = None
    code: str | None = None
    message: str | None = None


class StatusDetails(Data):
    """Why a response is not `completed`."""

    type: Literal["completed", "cancelled", "failed", "incomplete"]
    reason: Literal["turn_detected", "client_cancelled", "max_output_tokens", "content_filter"] | None = None
    error: FailureDetail | None = None


class ResponseAudioOutput(Data):
    format: AudioFormat
    voice: str


class ResponseAudio(Data):
    output: ResponseAudioOutput


class InputTokenDetails(Data):
    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    cached_tokens: int = 0


class OutputTokenDetails(Data):
    text_tokens: int = 0
    audio_tokens: int = 0


class Usage(Data):
    total_tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    input_token_details: InputTokenDetails = InputTokenDetails()
    output_token_details: OutputTokenDetails = OutputTokenDetails()


class Response(Data):
    """A response in an event: every key is always there, nulls included."""

    id: str
    object: Literal["realtime.response"] = "realtime.response"
    status: Literal["in_progress", "completed", "cancelled", "failed", "incomplete"] = "in_progress"
    status_details: StatusDetails | None = None
    output: tuple[Item, ...] = ()
    conversation_id: str | None = None
    output_modalities: Modalities = ("audio",)
    max_output_tokens: MaxOutputTokens = "inf"
    audio: ResponseAudio
    metadata: dict[str, str] | None = None
    usage: Usage | None = None


class ItemReference(Data):
    """An item of the conversation, in the `input` of a response."""

    type: Literal["item_reference"] = "item_reference"
    id: str


InputItem = Annotated[Message | FunctionCall | FunctionCallOutput | ItemReference, Field(discriminator="type")]

MAX_METADATA = 16  # pairs; "keys up to 64 characters, values up to 512"
Metadata = Annotated[
    dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]],
    Field(max_length=MAX_METADATA),
]


class OptionsAudioOutput(Data):
    format: AudioFormat | None = None
    voice: str | None = None


class OptionsAudio(Data):
    output: OptionsAudioOutput = OptionsAudioOutput()


class ResponseOptions(Data):
    """The `response` of `response.create`: what differs from the session for this one response."""

    instructions: str | None = None
    output_modalities: Modalities | None = None
    audio: OptionsAudio = OptionsAudio()
    max_output_tokens: MaxOutputTokens | None = None
    metadata: Metadata | None = None
    tools: tuple[FunctionTool, ...] | None = None
    tool_choice: ToolChoice | None = None
    conversation: Literal["auto", "none"] = "auto"
    """"none": beside the conversation, which it reads and does not change."""
    input: tuple[InputItem, ...] | None = None
    """The context instead of the conversation; () is none at all."""
    # Accepted without effect (support.py says so too), as in the session; a response has no place to echo them.
    parallel_tool_calls: bool | None = None
    prompt: dict[str, Any] | None = None
    reasoning: dict[str, Any] | None = None


JsonObject = dict[str, Any]
