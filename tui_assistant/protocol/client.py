"""Events from the client to the server (GA names)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tui_assistant.protocol.items import Item, JsonObject, ResponseOptions
from tui_assistant.protocol.session import Data

MAX_APPEND_BYTES = 15 * 2**20  # the protocol's documented maximum of audio in one append
MAX_COMMAS = 20_000  # in one event: base64 has none, and a text with so many is longer than any model's context


class ClientEventBase(Data):
    event_id: Annotated[str, Field(max_length=512)] | None = None  # 512: the OpenAPI specification


class SessionUpdate(ClientEventBase):
    """Changes some of the configuration; `session` holds only what changes."""

    type: Literal["session.update"] = "session.update"
    session: JsonObject


class InputAudioBufferAppend(ClientEventBase):
    """Audio (base64) in the session's input format, any length up to MAX_APPEND_BYTES."""

    type: Literal["input_audio_buffer.append"] = "input_audio_buffer.append"
    audio: str


class InputAudioBufferCommit(ClientEventBase):
    """Makes the buffer a user item; never starts a response."""

    type: Literal["input_audio_buffer.commit"] = "input_audio_buffer.commit"


class InputAudioBufferClear(ClientEventBase):
    """Drops what is in the buffer."""

    type: Literal["input_audio_buffer.clear"] = "input_audio_buffer.clear"


class ConversationItemCreate(ClientEventBase):
    """`previous_item_id`: absent = at the end, "root" = at the front, else behind that item."""

    type: Literal["conversation.item.create"] = "conversation.item.create"
    item: Item
    previous_item_id: str | None = None


class ConversationItemRetrieve(ClientEventBase):
    type: Literal["conversation.item.retrieve"] = "conversation.item.retrieve"
    item_id: str


class ConversationItemTruncate(ClientEventBase):
    """Cuts an assistant's spoken item to what was heard, and drops its transcript."""

    type: Literal["conversation.item.truncate"] = "conversation.item.truncate"
    item_id: str
    content_index: int = Field(default=0, ge=0)
    audio_end_ms: int = Field(ge=0)


class ConversationItemDelete(ClientEventBase):
    type: Literal["conversation.item.delete"] = "conversation.item.delete"
    item_id: str


class ResponseCreate(ClientEventBase):
    type: Literal["response.create"] = "response.create"
    response: ResponseOptions | None = None


class ResponseCancel(ClientEventBase):
    type: Literal["response.cancel"] = "response.cancel"
    response_id: str | None = None


ClientEvent = Annotated[
    SessionUpdate
    | InputAudioBufferAppend
    | InputAudioBufferCommit
    | InputAudioBufferClear
    | ConversationItemCreate
    | ConversationItemRetrieve
    | ConversationItemTruncate
    | ConversationItemDelete
    | ResponseCreate
    | ResponseCancel,
    Field(discriminator="type"),
]
