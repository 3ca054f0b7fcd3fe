"""The flat dialects: what each calls things, and what it begins with. Tables only.

Sources: the openai package's types.beta.realtime, the dashscope package, and Alibaba's documentation of 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from pydantic import Field as Limits

from tui_assistant.protocol.dialects import fields
from tui_assistant.protocol.dialects.base import Quirks
from tui_assistant.protocol.dialects.fields import Field
from tui_assistant.protocol.session import Audio, AudioInput, AudioOutput, Data, PcmFormat, ServerVad, SessionConfig
from tui_assistant.protocol.session import Transcription as Transcribing

# Our name -> the flat one; None: the flat dialects have no such event.
FLAT_NAMES: dict[str, str | None] = {
    "conversation.item.added": "conversation.item.created",
    "conversation.item.done": None,
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
}


class BetaEchoed(Data):
    """What a beta client may set and nothing here follows."""

    temperature: float = Limits(default=0.8, ge=0.6, le=1.2)


class QwenEchoed(Data):
    """What a Qwen client may set and nothing here follows; the defaults are those of qwen3.5-omni."""

    temperature: float = Limits(default=0.7, ge=0.0, lt=2.0)
    top_p: float = Limits(default=0.8, gt=0.0, le=1.0)
    top_k: int | None = Limits(default=20, ge=0)
    repetition_penalty: float = Limits(default=1.0, ge=0.0)
    presence_penalty: float = Limits(default=1.5, ge=-2.0, le=2.0)
    seed: int = Limits(default=-1, ge=-1, le=2**31 - 1)
    smooth_output: bool | None = None
    enable_search: bool = False
    search_options: dict[str, Any] | None = None
    translation: dict[str, Any] | None = None
    video: dict[str, Any] | None = None
    audio: dict[str, Any] | None = None
    """The newer form of formats and voice; it works, and stands in the echo as it was sent."""


_BETA_CONFIG = SessionConfig()


@dataclass(frozen=True, slots=True)
class FlatQuirks(Quirks):
    """One flat dialect."""

    config: SessionConfig = _BETA_CONFIG
    echoed: type[Data] = BetaEchoed
    session: tuple[Field, ...] = ()
    """The fields of the session object, in their order; of two for one value the later one counts."""
    response: tuple[Field, ...] = ()
    """The fields of response.create."""
    names: Mapping[str, str | None] = dataclass_field(default_factory=lambda: dict(FLAT_NAMES))
    unsent: frozenset[tuple[str, str]] = frozenset()
    """(event, field) that this dialect does not have."""
    usage_details: tuple[str, ...] = ("token_details",)
    """Spellings of usage.input_... and usage.output_...; all are sent."""
    text_of_speech: bool = False
    """Spoken parts carry their words in `text` too."""
    words_first: bool = False
    """A spoken answer's transcript is closed before its audio."""
    messages: Mapping[str, str] = dataclass_field(default_factory=dict)
    """The service's own words for an error code."""
    refused: Mapping[str, str] = dataclass_field(default_factory=dict)
    """Client events that are known and not offered, with the reason."""
    finish: bool = False
    """`session.finish` is answered by `session.finished`."""


BETA = FlatQuirks(
    session=fields.BETA_SESSION,
    response=fields.RESPONSE,
    unsent=frozenset({("response.function_call_arguments.done", "name")}),
    refused={"transcription_session.update": "set input_audio_transcription with session.update"},
)

_QWEN_CONFIG = SessionConfig(
    audio=Audio(
        input=AudioInput(
            format=PcmFormat(rate=16_000),
            transcription=Transcribing(model="local"),
            turn_detection=ServerVad(silence_duration_ms=800),
        ),
        output=AudioOutput(format=PcmFormat(rate=24_000)),
    )
)

QWEN = FlatQuirks(
    config=_QWEN_CONFIG,
    echoed=QwenEchoed,
    session=fields.QWEN_SESSION,
    response=fields.RESPONSE,
    names={**FLAT_NAMES, "conversation.created": None},
    unsent=frozenset(
        {("input_audio_buffer.committed", "previous_item_id"), ("conversation.item.created", "previous_item_id")}
    ),
    usage_details=("token_details", "tokens_details"),
    text_of_speech=True,
    words_first=True,
    messages={
        "response_cancel_not_active": "Conversation has none active response",
        "conversation_already_has_active_response": "Conversation already has an active response",
    },
    refused={"input_image_buffer.append": "the models here see no images"},
    finish=True,
)
