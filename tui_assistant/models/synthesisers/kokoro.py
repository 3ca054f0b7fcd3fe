"""Kokoro-82M as the Synthesiser: neural, offline, the best voices here, and the slowest.

kokoro-onnx (MIT) makes phonemes with phonemizer and eSpeak NG, which are GPL-3, and this project is not: this module
runs in a worker process only, which talks to the assistant through pipes; nothing else may import it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tui_assistant.engine.ports import AudioChunk, Cancellation, Speak
from tui_assistant.errors import ModelError
from tui_assistant.models.catalogue import KOKORO
from tui_assistant.models.store import Store

DEFAULT_VOICE = "af_heart"
# The first letter of a voice's name is its language (VOICES.md of Kokoro-82M), here as eSpeak NG names it.
_LANGUAGES = {
    "a": "en-us",
    "b": "en-gb",
    "e": "es",
    "f": "fr-fr",
    "h": "hi",
    "i": "it",
    "j": "ja",
    "p": "pt-br",
    "z": "cmn",
}
_SLOWEST, _FASTEST = 0.5, 2.0  # what the library accepts


class Kokoro:
    """The Synthesiser."""

    name = "kokoro"

    def __init__(self, engine: Any, voice: str) -> None:
        """`engine`: a kokoro_onnx.Kokoro whose session can be stopped."""
        self._engine = engine
        there = sorted(engine.voices)
        self._voice = voice if voice in there else DEFAULT_VOICE if DEFAULT_VOICE in there else there[0]

    def speak(self, request: Speak, cancellation: Cancellation) -> Iterator[AudioChunk]:
        """Mono, at 24 kHz, once the sentence is computed. A voice that only another vendor has is the default one."""
        from tui_assistant.models.synthesisers import network

        text = request.text.strip()
        if not any(letter.isalnum() for letter in text) or cancellation.cancelled:
            return
        voice = request.voice if request.voice in self._engine.voices else self._voice
        self._engine.sess.begin()
        cancellation.on_cancel(self._engine.sess.stop)
        speed = min(max(request.speed, _SLOWEST), _FASTEST)
        try:
            samples, rate = self._engine.create(text, voice, speed, _LANGUAGES.get(voice[:1], "en-us"))
        except Exception:  # a run that was stopped ends in whatever the library makes of it; anything else goes on up
            if cancellation.cancelled:
                return
            raise
        yield from network.chunks(samples, rate, cancellation)


def create(options: Mapping[str, Any]) -> Kokoro:
    """Options: `voice`, as af_heart; `folder`, where downloaded models are, if not in the usual place.

    Raises ModelError where the model is missing or damaged.
    """
    folder = options.get("folder")
    path = Store(Path(folder) if folder else None).path(KOKORO)
    return load(path / "kokoro-v1.0.onnx", path / "voices-v1.0.bin", str(options.get("voice") or ""))


def load(model: Path, voices: Path, voice: str) -> Kokoro:
    """`model` and `voices`: the files of the package kokoro-onnx's own releases."""
    library = importlib.import_module("kokoro_onnx")  # ImportError: the registry says which line of pip brings it
    from tui_assistant.models.synthesisers import network  # here: that a voice is missing is said sooner without numpy

    try:
        # The session's own path is onnxruntime's private _model_path, which from_session asks for.
        engine = library.Kokoro.from_session(network.session(str(model)), str(voices))
        return Kokoro(engine, voice)
    except Exception as error:  # onnxruntime's own exceptions share no base class but this one
        again = f"tui-assistant models remove {KOKORO}; tui-assistant models get {KOKORO}"
        raise ModelError("the voice kokoro cannot be loaded", again) from error
