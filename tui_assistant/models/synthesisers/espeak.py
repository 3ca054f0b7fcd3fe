"""espeak-ng as the offline voice.

espeak-ng is GPL-3 and this project is not: it stays a separate program. This module runs in a worker process only,
which talks to the assistant through pipes; nothing else may import it.

The library comes with the package espeakng-loader; where that is missing or does not load, the system's own program
`espeak-ng` is used.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any, Protocol

from tui_assistant.engine.ports import AudioChunk, Cancellation, Speak
from tui_assistant.errors import ModelError

DEFAULT_VOICE = "en-us"
_WORDS_PER_MINUTE = 175  # espeak's own default, a calm reader
_SLOWEST, _FASTEST = 80, 450  # what espeak-ng accepts; outside it takes its default instead
_MIN_SPEED, _MAX_SPEED = 0.25, 1.5  # what the protocol allows
# \x01 begins commands inside the text (espeak's own, older than SSML), and the other controls are no speech either.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]+")
_SPEAKABLE = re.compile(r"\w|[^\w\s\x00-\x7f]")  # a letter, a digit, or a sign that may have a name


class Voice(Protocol):
    """One way to reach espeak-ng."""

    voices: frozenset[str]

    def say(self, text: str, voice: str, words_per_minute: int, cancellation: Cancellation) -> Iterator[AudioChunk]: ...


class Espeak:
    """The Synthesiser."""

    name = "espeak"

    def __init__(self, engine: Voice, voice: str = DEFAULT_VOICE) -> None:
        self._engine = engine
        self._voice = voice if voice.lower() in engine.voices else DEFAULT_VOICE

    @property
    def voices(self) -> tuple[str, ...]:
        """Names that `Speak.voice` may have besides "default"."""
        return tuple(sorted(self._engine.voices))

    def speak(self, request: Speak, cancellation: Cancellation) -> Iterator[AudioChunk]:
        """Mono, at 22.05 kHz as a rule. A voice that only another vendor has ("alloy") is the default one."""
        text = _CONTROLS.sub(" ", request.text.encode("utf-8", "replace").decode()).strip()
        if not _SPEAKABLE.search(text) or cancellation.cancelled:
            return
        voice = request.voice.lower() if request.voice.lower() in self._engine.voices else self._voice
        yield from self._engine.say(text, voice, words_per_minute(request.speed), cancellation)


def words_per_minute(speed: float) -> int:
    """espeak's rate for the protocol's `speed` (0.25 to 1.5). Under 0.46 it is as slow as espeak can speak."""
    speed = min(max(speed, _MIN_SPEED), _MAX_SPEED) if speed == speed else 1.0  # not a number: as usual
    return min(max(round(_WORDS_PER_MINUTE * speed), _SLOWEST), _FASTEST)


def create(options: dict[str, Any]) -> Espeak:
    """Options: `voice`, a name of espeak-ng ("en-us", "de", ...). Raises ModelError when there is no espeak-ng."""
    from tui_assistant.models.synthesisers import espeak_library, espeak_program

    reasons = []
    for engine in (espeak_library.load, espeak_program.find):
        try:
            return Espeak(engine(), str(options.get("voice") or DEFAULT_VOICE))
        except ModelError as error:
            reasons.append(str(error))
            print("espeak-ng:", error, file=sys.stderr)
    raise ModelError(f"there is no voice: {'; '.join(reasons)}", "pip install 'tui-assistant[local]'")
