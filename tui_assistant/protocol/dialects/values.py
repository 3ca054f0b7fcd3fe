"""Single values between the flat wire and ours. Each function takes a value as the peer sent it, of any shape.

What a function cannot read it passes on as it is: the validation behind it then refuses it by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui_assistant.errors import RemoteProtocolError

Json = dict[str, Any]

# Names of formats in 2025, in 2026 and in the SDKs; OpenAI's beta and Qwen's both.
FORMATS = {"pcm16": "audio/pcm", "pcm": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}
PCM24 = "pcm24"  # an output of Qwen's 2025 models, whose name is its rate
PCM24_RATE = 24_000
# What Qwen's newest format object may say beside type and rate: samples are 16-bit, mono, as everywhere.
_ONLY = {"sample_format": "s16le", "channels": 1, "packing": "interleaved"}
_FREE = frozenset({"channel_layout"})  # says nothing where there is one channel
_MODALITIES = ({"text"}, {"text", "audio"})


def invalid(param: str, value: object, expected: str) -> RemoteProtocolError:
    """A value that is refused; `expected` says what is allowed."""
    message = f"Invalid value for '{param}': {str(value)[:60]!r}. Expected: {expected}."
    return RemoteProtocolError(message, code="invalid_value", param=param)


def modalities(value: Any, param: str) -> list[str]:
    """Both mean spoken answers here: words are always sent along with the voice."""
    names = {name for name in value if isinstance(name, str)} if isinstance(value, list) else set()
    if names not in _MODALITIES or len(names) != len(value):
        message = f"Invalid modalities: {str(value)[:60]}. Supported combinations are: ['text'] and ['audio', 'text']."
        raise RemoteProtocolError(message, code="invalid_value", param=param)
    return ["audio"] if "audio" in names else ["text"]


def flat_modalities(value: Any) -> list[str]:
    return ["text", "audio"] if "audio" in value else ["text"]


def audio_format(value: Any, param: str, rate: int) -> Json:
    """A format's name, with the dialect's own `rate` for PCM."""
    if value == PCM24:
        return {"type": "audio/pcm", "rate": PCM24_RATE}
    kind = FORMATS.get(value) if isinstance(value, str) else None
    if kind is None:
        raise invalid(param, value, f"{', '.join(FORMATS)}")
    return {"type": kind, "rate": rate} if kind == "audio/pcm" else {"type": kind}


def format_object(value: Any, param: str) -> Json:
    """Qwen's newest form, {"type": "pcm", "sample_rate": 16000, ...}."""
    if not isinstance(value, Mapping):
        raise invalid(param, value, "an object with type and sample_rate")
    if value.get("type", "pcm") != "pcm":
        raise invalid(f"{param}.type", value["type"], "pcm")
    for key, other in value.items():
        if key in _ONLY and other not in (None, _ONLY[key]):
            raise invalid(f"{param}.{key}", other, str(_ONLY[key]))
        if key not in _ONLY and key not in _FREE and key not in ("type", "sample_rate"):
            message = f"Unknown parameter: '{param}.{key}'."
            raise RemoteProtocolError(message, code="unknown_parameter", param=f"{param}.{key}")
    given = value.get("sample_rate")
    return {"type": "audio/pcm"} if given is None else {"type": "audio/pcm", "rate": given}


def without_nulls(value: Any) -> Any:
    """The object without its nulls, which SDKs send for what was not said."""
    return {key: inner for key, inner in value.items() if inner is not None} if isinstance(value, Mapping) else value


def transcription(value: Any) -> Any:
    """Qwen's `corpus.text`, words that may come up, is our `prompt`."""
    known = without_nulls(value)
    corpus = known.pop("corpus", None) if isinstance(known, dict) else None
    if isinstance(corpus, Mapping) and isinstance(corpus.get("text"), str):
        known["prompt"] = corpus["text"]
    return known


def tool(value: Any) -> Any:
    """{"type": "function", "function": {...}} is taken as well as the flat form, on every flat wire."""
    if not isinstance(value, Mapping) or not isinstance(value.get("function"), Mapping):
        return without_nulls(value)
    return {"type": value.get("type"), **without_nulls(value["function"])}


def nested_tool(value: Json) -> Json:
    return {"type": value["type"], "function": {key: inner for key, inner in value.items() if key != "type"}}


_TO_CONTENT = {"text": "output_text", "audio": "output_audio"}
_FROM_CONTENT = {name: flat for flat, name in _TO_CONTENT.items()}
_TEXT_OF_OTHERS = "input_text"  # what "text" means in a message of user or system


def item(value: Any) -> Any:
    """A client's item: content types renamed, nulls left out."""
    if not isinstance(value, Mapping):
        return value
    known = dict(without_nulls(value))
    if isinstance(known.get("content"), list):
        known["content"] = [_content(part, known.get("role")) for part in known["content"]]
    return known


def _content(part: Any, role: Any) -> Any:
    known = without_nulls(part)
    kind = known.get("type") if isinstance(known, dict) else None
    if not isinstance(kind, str) or kind not in _TO_CONTENT:
        return known
    known["type"] = _TO_CONTENT[kind] if role == "assistant" or kind == "audio" else _TEXT_OF_OTHERS
    if known["type"] == "output_audio" and "text" in known:
        known.setdefault("transcript", known.pop("text"))
    return known


def flat_part(part: Json, *, text_too: bool) -> Json:
    """A piece of content; with `text_too` the words of spoken ones stand in `text` as well."""
    known = {**part, "type": _FROM_CONTENT.get(part["type"], part["type"])}
    return {**known, "text": known.get("transcript")} if text_too and known["type"] == "audio" else known


def flat_item(value: Json, *, text_too: bool) -> Json:
    if "content" not in value:
        return value
    return {**value, "content": [flat_part(part, text_too=text_too) for part in value["content"]]}
