"""How many tokens a `usage` object means, in kinds that do not overlap. Pure.

On the wire they do overlap: `cached_tokens` are among the `input_tokens`, and text and audio are parts of either sum.
The services spell the parts `input_token_details` (OpenAI) or `input_tokens_details` (Qwen), leave some out, or send
nulls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

MOST = 10**12  # what is more is no count of tokens


@dataclass(frozen=True, slots=True)
class Tokens:
    """Each token is in one kind. Audio without tokens that was transcribed by the second is in `transcription_s`."""

    input_text: int = 0
    input_audio: int = 0
    cached_text: int = 0
    cached_audio: int = 0
    output_text: int = 0
    output_audio: int = 0
    transcription_input: int = 0
    transcription_output: int = 0
    transcription_s: float = 0.0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def cached(self) -> int:
        return self.cached_text + self.cached_audio

    @property
    def read(self) -> int:
        """All that went in, what was cached too."""
        return self.input_text + self.input_audio + self.cached + self.transcription_input

    @property
    def written(self) -> int:
        return self.output_text + self.output_audio + self.transcription_output


def of_response(usage: Any) -> Tokens:
    """`response.usage` of a response.done, in either spelling.

    What is neither called text nor audio counts as text. Where it isn't said what was cached, it was text first, which
    is cheaper: an estimate from it is rather too high than too low.
    """
    given = _mapping(usage)
    came, went = _details(given, "input"), _details(given, "output")
    read = _sum(given, "input_tokens", came)
    written = _sum(given, "output_tokens", went)
    if not read and not written:
        read = _count(given.get("total_tokens"))
    audio = min(read, _count(came.get("audio_tokens")))
    text = read - audio
    parts = _mapping(came.get("cached_tokens_details"))
    cached = min(read, _sum(came, "cached_tokens", parts))
    cached_audio = min(cached, audio, _count(parts.get("audio_tokens")))
    cached_text = min(cached - cached_audio, text)
    cached_audio = cached - cached_text
    said = min(written, _count(went.get("audio_tokens")))
    return Tokens(
        input_text=text - cached_text,
        input_audio=audio - cached_audio,
        cached_text=cached_text,
        cached_audio=cached_audio,
        output_text=written - said,
        output_audio=said,
    )


def of_transcription(usage: Any) -> Tokens:
    """`usage` of a transcription that is completed: by tokens, or by seconds of audio."""
    given = _mapping(usage)
    if given.get("type") == "duration" or "seconds" in given:
        return Tokens(transcription_s=_number(given.get("seconds")))
    return Tokens(
        transcription_input=_sum(given, "input_tokens", _details(given, "input")),
        transcription_output=_sum(given, "output_tokens", _details(given, "output")),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _details(usage: Mapping[str, Any], side: str) -> Mapping[str, Any]:
    return _mapping(usage.get(f"{side}_token_details")) or _mapping(usage.get(f"{side}_tokens_details"))


def _sum(usage: Mapping[str, Any], key: str, parts: Mapping[str, Any]) -> int:
    """What stands at `key`; where it doesn't, what its parts amount to."""
    if (told := _count(usage.get(key))) > 0:
        return told
    return sum(_count(parts.get(f"{kind}_tokens")) for kind in ("text", "audio", "image"))


def _count(value: Any) -> int:
    return int(_number(value))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST:
        return 0
    return value
