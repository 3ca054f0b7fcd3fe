"""Piper voices as the Synthesiser: neural, offline, quick on a CPU.

piper-tts is GPL-3 and holds eSpeak NG, and this project is neither: this module runs in a worker process only, which
talks to the assistant through pipes; nothing else may import it.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tui_assistant.engine.ports import AudioChunk, Cancellation, Speak
from tui_assistant.errors import ModelError
from tui_assistant.models.catalogue import PIPER_DEFAULT, PIPER_PREFIX, piper_voice
from tui_assistant.models.store import Store


class Piper:
    """The Synthesiser. A voice is loaded when it is first wanted; the one of the settings at once."""

    name = "piper"

    def __init__(self, store: Store, voice: str) -> None:
        self._store = store
        self._default = voice
        self._loaded = {voice: load(store, voice)}

    def speak(self, request: Speak, cancellation: Cancellation) -> Iterator[AudioChunk]:
        """Mono, mostly at 22.05 kHz; a chunk as soon as its sentence is computed. A strange voice is the default."""
        from tui_assistant.models.synthesisers import network

        text = request.text.strip()
        if not text or cancellation.cancelled:
            return
        voice = self._voice(request.voice)
        voice.session.begin()
        cancellation.on_cancel(voice.session.stop)
        configuration = importlib.import_module("piper.config")
        scale = voice.config.length_scale / min(max(request.speed, 0.25), 1.5)
        try:
            for sentence in voice.synthesize(text, configuration.SynthesisConfig(length_scale=scale)):
                yield from network.chunks(sentence.audio_float_array, sentence.sample_rate, cancellation)
                if cancellation.cancelled:
                    return
        except Exception:  # a run that was stopped ends in whatever the library makes of it; anything else goes on up
            if not cancellation.cancelled:
                raise

    def _voice(self, name: str) -> Any:
        if name != self._default and self._store_has(name):
            if name not in self._loaded:
                try:
                    self._loaded[name] = load(self._store, name)
                except ModelError:  # damaged: a sentence in another voice is better than none
                    self._loaded[name] = self._loaded[self._default]
            return self._loaded[name]
        return self._loaded[self._default]

    def _store_has(self, name: str) -> bool:
        return piper_voice(name) is not None and self._store.installed(PIPER_PREFIX + name)


def load(store: Store, voice: str) -> Any:
    """A PiperVoice whose runs can be stopped. Raises ModelError for files that are missing or damaged."""
    folder = store.path(PIPER_PREFIX + voice)
    library = importlib.import_module("piper.voice")  # ImportError: the registry says which line of pip brings it
    configuration = importlib.import_module("piper.config")
    from tui_assistant.models.synthesisers import network  # here: that a voice is missing is said sooner without numpy

    try:
        config = configuration.PiperConfig.from_dict(json.loads((folder / f"{voice}.onnx.json").read_text("utf-8")))
        return library.PiperVoice(session=network.session(str(folder / f"{voice}.onnx")), config=config)
    except Exception as error:  # onnxruntime's own exceptions share no base class but this one
        name = PIPER_PREFIX + voice
        again = f"tui-assistant models remove {name}; tui-assistant models get {name}"
        raise ModelError(f"the voice {voice} cannot be loaded", again) from error


def create(options: Mapping[str, Any]) -> Piper:
    """Options: `voice`, as en_US-joe-medium; `folder`, where downloaded models are, if not in the usual place.

    Raises ModelError where the voice, or any where none is named, is missing.
    """
    folder = options.get("folder")
    store = Store(Path(folder) if folder else None)
    return Piper(store, _chosen(store, str(options.get("voice") or "")))


def _chosen(store: Store, wanted: str) -> str:
    if piper_voice(wanted) is not None:  # a name of another family of voices says nothing here
        return wanted
    there = [entry.name for entry in store.entries() if entry.name.startswith(PIPER_PREFIX)]
    found = [name for name in there if store.installed(name)]
    return found[0].removeprefix(PIPER_PREFIX) if found else PIPER_DEFAULT
