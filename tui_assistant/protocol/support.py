"""How far the local server keeps the Realtime protocol: one row for each client event, server event and field.

The README's table comes from here, and tests hold every row against the codec's unions and against what an update does.
Names are those of the GA dialect as of November 2026.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Reach(Enum):
    """What becomes of an event or a field."""

    WORKS = "works"
    ECHOED = "accepted and echoed without effect"
    ACCEPTED = "accepted without effect"  # where no object of the server has a place to echo it
    FIXED = "accepted; the server's own value stays and is echoed"
    REFUSED = "refused by name"
    UNSENT = "never sent"  # a server event that nothing here leads to


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    reach: Reach
    note: str = ""


def _rows(reach: Reach, *names: str, note: str = "") -> tuple[Row, ...]:
    return tuple(Row(name, reach, note) for name in names)


CLIENT_EVENTS: tuple[Row, ...] = (
    *_rows(
        Reach.WORKS,
        "session.update",
        "input_audio_buffer.append",
        "input_audio_buffer.commit",
        "input_audio_buffer.clear",
        "conversation.item.create",
        "conversation.item.retrieve",
        "conversation.item.truncate",
        "conversation.item.delete",
        "response.create",
        "response.cancel",
    ),
    Row("output_audio_buffer.clear", Reach.REFUSED, "WebRTC and SIP only"),
)

SERVER_EVENTS: tuple[Row, ...] = (
    *_rows(
        Reach.WORKS,
        "session.created",
        "session.updated",
        "conversation.created",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.retrieved",
        "conversation.item.deleted",
        "conversation.item.truncated",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
        "conversation.item.input_audio_transcription.failed",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "input_audio_buffer.cleared",
        "input_audio_buffer.timeout_triggered",
        "response.created",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.delta",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.done",
        "error",
    ),
    Row("conversation.item.created", Reach.UNSENT, "the beta dialect's; GA has added and done"),
    Row("conversation.item.input_audio_transcription.segment", Reach.UNSENT, "no recogniser tells speakers apart"),
    Row("rate_limits.updated", Reach.UNSENT, "there are no limits to report"),
    *_rows(
        Reach.UNSENT,
        "input_audio_buffer.dtmf_event_received",
        "output_audio_buffer.started",
        "output_audio_buffer.stopped",
        "output_audio_buffer.cleared",
        note="WebRTC and SIP only",
    ),
    *_rows(
        Reach.UNSENT,
        "mcp_list_tools.in_progress",
        "mcp_list_tools.completed",
        "mcp_list_tools.failed",
        "response.mcp_call_arguments.delta",
        "response.mcp_call_arguments.done",
        "response.mcp_call.in_progress",
        "response.mcp_call.completed",
        "response.mcp_call.failed",
        note="the server calls no MCP tools",
    ),
)

_VAD = "audio.input.turn_detection"
SESSION_FIELDS: tuple[Row, ...] = (
    Row(
        "type", Reach.WORKS, '"realtime"; "transcription", also by ?intent=transcription: turns and words, no responses'
    ),
    *_rows(Reach.FIXED, "id", "object", "expires_at", note="read-only; clients send whole sessions back"),
    Row("model", Reach.FIXED, "chosen where the server is started"),
    *_rows(
        Reach.WORKS,
        "instructions",
        "output_modalities",
        "max_output_tokens",
        "audio.input.transcription",
        "audio.input.transcription.language",
        _VAD,
        f"{_VAD}.type",
        f"{_VAD}.threshold",
        f"{_VAD}.prefix_padding_ms",
        f"{_VAD}.silence_duration_ms",
        f"{_VAD}.eagerness",
        f"{_VAD}.create_response",
        f"{_VAD}.interrupt_response",
        "audio.output.format",
        "audio.output.voice",
        "audio.output.speed",
    ),
    Row("audio.input.format", Reach.WORKS, "until the first audio; PCM at 8000 to 48000 Hz, G.711"),
    Row(f"{_VAD}.idle_timeout_ms", Reach.WORKS, "with server_vad"),
    *_rows(
        Reach.WORKS,
        f"{_VAD}.hysteresis",
        f"{_VAD}.min_speech_ms",
        note="this engine's own; echoed only to a client that set them",
    ),
    Row("tools", Reach.WORKS, "functions, where the responder calls any; MCP tools are refused"),
    Row("tool_choice", Reach.WORKS, "where the responder calls functions"),
    Row("parallel_tool_calls", Reach.ECHOED),
    *_rows(Reach.ECHOED, "audio.input.transcription.model", "audio.input.transcription.prompt"),
    Row("audio.input.noise_reduction", Reach.ECHOED, "the local engine applies none"),
    *_rows(Reach.ECHOED, "include", "prompt", "reasoning", "tracing", "truncation"),
    *_rows(
        Reach.REFUSED,
        "audio.input.transcription.languages",
        "audio.input.transcription.keywords",
        "audio.input.transcription.delay",
        "audio.input.noise_reduction.strength",
        "audio.output.voice.id",
    ),
    *_rows(
        Reach.REFUSED,
        "modalities",
        "voice",
        "speed",
        "input_audio_format",
        "output_audio_format",
        "input_audio_transcription",
        "input_audio_noise_reduction",
        "turn_detection",
        "max_response_output_tokens",
        "temperature",
        note="the beta dialect's name",
    ),
)

RESPONSE_FIELDS: tuple[Row, ...] = (
    *_rows(Reach.WORKS, "instructions", "output_modalities", "audio", "max_output_tokens", "metadata"),
    *_rows(Reach.WORKS, "tools", "tool_choice", note="where the responder calls functions"),
    Row("conversation", Reach.WORKS, '"none" runs beside the conversation, at most 8 at once'),
    Row("input", Reach.WORKS, "items and item references; sound in it is not listened to"),
    *_rows(Reach.ACCEPTED, "parallel_tool_calls", "prompt", "reasoning", note="a response does not echo them"),
)
