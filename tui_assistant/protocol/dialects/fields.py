"""The fields of the flat session object and of response.create, and where each stands in ours.

Tables; what is not in them, nor in the dialect's echoed fields, is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from tui_assistant.protocol.dialects import values
from tui_assistant.protocol.dialects.values import Json, invalid

OMITTED = object()  # as the value of a field that is not told
LONGEST_OURS = 4_096  # tokens; the service of OpenAI names no more, Qwen's up to 65536
LOWEST_THRESHOLD = -1.0  # Qwen's scale; below 0 everything that could be speech is


@dataclass(frozen=True, slots=True)
class Context:
    """What reading a value may depend on."""

    param: str  # as an error names it
    current: Any  # our value now in force
    initial: Any  # our value that the dialect begins with
    stand_ins: dict[str, tuple[Any, Any]] = dataclass_field(default_factory=dict)
    """Filled while reading: our path -> (our value, what was sent and is to be echoed)."""


@dataclass(frozen=True, slots=True)
class Field:
    """`path` is ours, dotted. `show` gives the flat value, or OMITTED."""

    flat: str
    path: str
    read: Callable[[Any, Context], Any] = lambda value, context: value
    show: Callable[[Any], Any] = lambda value: value
    null_is_off: bool = False
    """null switches it off; for other fields it means what absence means: SDKs send it."""


def lookup(data: Any, path: str) -> Any:
    """The value at a dotted path; OMITTED when there is none."""
    for step in path.split("."):
        if not isinstance(data, Mapping) or step not in data:
            return OMITTED
        data = data[step]
    return data


def place(data: Json, path: str, value: Any) -> None:
    """Puts a value at a dotted path; objects are merged into what stands there."""
    *steps, last = path.split(".")
    for step in steps:
        inner = data.get(step)
        data[step] = data = dict(inner) if isinstance(inner, Mapping) else {}
    before = data.get(last)
    if not isinstance(value, Mapping) or not isinstance(before, Mapping):
        data[last] = value
        return
    merged = dict(before)
    for key, inner in value.items():
        place(merged, key, inner)
    data[last] = merged


def _format(value: Any, context: Context) -> Any:
    now = context.current if isinstance(context.current, Mapping) else {}
    rate = now.get("rate") or context.initial.get("rate")
    return values.audio_format(value, context.param, rate)


def _voice(value: Any, context: Context) -> Any:
    if value == "":
        raise invalid(context.param, value, "the name of a voice")
    return value


def _rate(value: Any, context: Context) -> Any:
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid(context.param, value, "samples per second")
    return value


def _audio(value: Any, context: Context) -> Any:
    """Qwen's newest form: session.audio.{input,output}.format, audio.output.voice, audio.input.turn_detection."""
    if not isinstance(value, Mapping):
        raise invalid(context.param, value, "an object")
    found: Json = {}
    for side, parts in value.items():
        if side not in ("input", "output") or not isinstance(parts, Mapping):
            raise invalid(f"{context.param}.{side}", parts, "input and output, each an object")
        for name, part in parts.items():
            param = f"{context.param}.{side}.{name}"
            if name == "format":
                part = values.format_object(part, param)
            elif name == "turn_detection" and side == "input":
                initial, current = (lookup(d, "input.turn_detection") for d in (context.initial, context.current))
                part = _turn_detection(part, Context(param, current, initial, context.stand_ins))
            elif name == "voice" and side == "output":
                part = _voice(part, Context(param, None, None))
            place(found, f"{side}.{name}", part)
    return found


THRESHOLD = "audio.input.turn_detection.threshold"


def _turn_detection(value: Any, context: Context) -> Any:
    """A bare string is a type. A type that was not in force begins with this dialect's defaults, not with ours."""
    if isinstance(value, str) and value != "none":
        value = {"type": value}
    if not isinstance(value, Mapping):
        return value
    if "type" in value and value["type"] is None:
        return None
    known = {key: inner for key, inner in value.items() if inner is not None or key == "idle_timeout_ms"}
    now = context.current if isinstance(context.current, Mapping) else {}
    kind = known.get("type", now.get("type", context.initial["type"]))
    if kind == context.initial["type"] and now.get("type") != kind:
        known = {**context.initial, **known}
    threshold = known.get("threshold")
    if isinstance(threshold, int | float) and LOWEST_THRESHOLD <= threshold < 0:
        known["threshold"] = 0.0
        context.stand_ins[THRESHOLD] = (0.0, threshold)
    return known


def _limit(value: Any, context: Context) -> Any:
    """A longer limit than ours has is none."""
    if isinstance(value, int) and value > LONGEST_OURS:
        context.stand_ins["max_output_tokens"] = ("inf", value)
        return "inf"
    return value


def _tools(value: Any, context: Context) -> Any:
    return [values.tool(tool) for tool in value] if isinstance(value, list) else value


def _choice(value: Any, context: Context) -> Any:
    return values.tool(value) if isinstance(value, Mapping) else value


def _items(value: Any, context: Context) -> Any:
    return [values.item(item) for item in value] if isinstance(value, list) else value


def _shown_turn_detection(value: Any) -> Any:
    """idle_timeout_ms only where one is set: most flat dialects do not know it."""
    if value is None or value.get("idle_timeout_ms") is not None:
        return value
    return {key: inner for key, inner in value.items() if key != "idle_timeout_ms"}


def _shown_transcription(value: Any) -> Any:
    return value and values.without_nulls(value)


def _named(names: Mapping[str, str]) -> Callable[[Any], str]:
    return lambda value: names[value["type"]]


def _omit(value: Any) -> Any:
    return OMITTED


_G711 = {"audio/pcmu": "g711_ulaw", "audio/pcma": "g711_alaw"}
BETA_FORMATS = _named({"audio/pcm": "pcm16", **_G711})
QWEN_FORMATS = _named({"audio/pcm": "pcm", **_G711})

_MODALITIES = Field(
    "modalities",
    "output_modalities",
    lambda value, context: values.modalities(value, context.param),
    values.flat_modalities,
)
_COMMON = (
    Field("instructions", "instructions"),
    _MODALITIES,
    Field("voice", "audio.output.voice", _voice),
    Field(
        "input_audio_transcription",
        "audio.input.transcription",
        lambda value, context: values.transcription(value),
        _shown_transcription,
        null_is_off=True,
    ),
    Field("turn_detection", "audio.input.turn_detection", _turn_detection, _shown_turn_detection, null_is_off=True),
    Field("tool_choice", "tool_choice", _choice),
)

BETA_SESSION = (
    *_COMMON,
    Field("input_audio_format", "audio.input.format", _format, BETA_FORMATS),
    Field("output_audio_format", "audio.output.format", _format, BETA_FORMATS),
    Field("input_audio_noise_reduction", "audio.input.noise_reduction", null_is_off=True),
    Field("speed", "audio.output.speed"),
    Field("tools", "tools", _tools),
    Field("max_response_output_tokens", "max_output_tokens"),
    Field("tracing", "tracing", null_is_off=True),
)

_number_only: Callable[[Any], Any] = lambda value: OMITTED if value == "inf" else value  # noqa: E731  # a table's entry

QWEN_SESSION = (
    *_COMMON,
    Field("input_audio_format", "audio.input.format", _format, QWEN_FORMATS),
    Field("output_audio_format", "audio.output.format", _format, QWEN_FORMATS),
    Field("sample_rate", "audio.input.format.rate", _rate, _omit),
    Field("tools", "tools", _tools, lambda tools: [values.nested_tool(tool) for tool in tools]),
    Field("max_response_output_tokens", "max_output_tokens", _limit, _omit),
    Field("max_response_output_token", "max_output_tokens", _limit),
    Field("max_tokens", "max_output_tokens", _limit, _number_only),
    Field("audio", "audio", _audio, _omit),
)

RESPONSE = (
    Field("instructions", "instructions"),
    _MODALITIES,
    Field("max_response_output_tokens", "max_output_tokens", _limit),
    Field("max_tokens", "max_output_tokens", _limit),
    Field("voice", "audio.output.voice", _voice),
    Field("output_audio_format", "audio.output.format", _format),
    Field("metadata", "metadata"),
    Field("conversation", "conversation"),
    Field("tools", "tools", _tools),
    Field("tool_choice", "tool_choice", _choice),
    Field("input", "input", _items),
)
