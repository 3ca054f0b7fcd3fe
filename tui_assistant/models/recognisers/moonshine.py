"""Moonshine as the Recogniser: free speech, offline, in streams. Package moonshine-voice (MIT), models MIT.

The library's own voice activity detection is off (a threshold of 0): the turn is ours, and cut in two the words get
worse. Its default model is the largest; here the size is always said.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from tui_assistant.engine.ports import FRAME_RATE, Final, Partial
from tui_assistant.errors import ModelError
from tui_assistant.models.catalogue import MOONSHINE_BATCH, MOONSHINE_SMALL, MOONSHINE_TINY
from tui_assistant.models.store import Store

# Names of the library's ModelArch.
_KINDS = {MOONSHINE_TINY: "TINY_STREAMING", MOONSHINE_SMALL: "SMALL_STREAMING", MOONSHINE_BATCH: "TINY"}
# Options of the library, as text. Its detector would cut at pauses of its own, and never sooner than after 15 s.
_OPTIONS = {"vad_threshold": "0", "vad_max_segment_duration": "150", "return_audio_data": "false"}
UPDATE_S = 0.4  # of audio between two looks at the words, where a look takes less than that
BATCH_UPDATE_S = 1.0  # each look of the batch model reads everything anew, and the end has to wait for one under way
_SLOWEST = 10  # times that, however long a look took: a stall must not silence the words for long
_LEAST_S = 0.1  # what is shorter than this holds no word


class MoonshineStream:
    """One utterance."""

    def __init__(self, stream: Any, update_s: float = UPDATE_S) -> None:
        """`stream`: of moonshine_voice, started."""
        self._stream: Any = stream
        self._update_s = update_s
        self._carry = b""
        self._unread = 0  # samples since the last look
        self._heard = 0  # samples
        self._wait_s = update_s
        self._shown = Partial("")

    def accept(self, pcm: bytes) -> Partial | None:
        import numpy as np  # here: that the model is missing is said sooner without it

        pcm = self._carry + pcm
        whole = len(pcm) & ~1
        self._carry = pcm[whole:]
        samples = np.frombuffer(pcm[:whole], "<i2").astype(np.float32) / 32_768
        self._stream.add_audio(samples, FRAME_RATE)
        self._heard += len(samples)
        self._unread += len(samples)
        if self._unread < self._wait_s * FRAME_RATE:
            return None
        self._unread = 0
        began = monotonic()
        lines = self._stream.update_transcription().lines
        # A look has to cover at least as much audio as the last one took time, or it falls ever further behind.
        self._wait_s = min(max(self._update_s, monotonic() - began), self._update_s * _SLOWEST)
        return self._partial(lines)

    def finish(self) -> Final:
        if self._heard < _LEAST_S * FRAME_RATE:
            return Final("")
        transcript = self._stream.stop()
        if transcript is None:  # the library tells its listeners of an error, and returns nothing
            raise ModelError("Moonshine could not finish the sentence", "say it again")
        return Final(_joined(transcript.lines))

    def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _partial(self, lines: Any) -> Partial | None:
        firm = _joined(line for line in lines if line.is_complete)
        loose = _joined(line for line in lines if not line.is_complete)
        found = Partial(firm, loose)
        if found == self._shown:
            return None
        self._shown = found
        return found


def _joined(lines: Any) -> str:
    return " ".join(text for line in lines if (text := line.text.strip()))


class Moonshine:
    """The Recogniser: one model, a stream for each utterance."""

    def __init__(self, name: str, transcriber: Any) -> None:
        """`transcriber`: a moonshine_voice Transcriber."""
        self.name = name
        self._transcriber = transcriber

    def open(self, language: str | None) -> MoonshineStream:
        # Longer than any utterance: looks are taken by MoonshineStream, when it has time for one.
        stream = self._transcriber.create_stream(update_interval=1e6)
        stream.start()
        return MoonshineStream(stream, BATCH_UPDATE_S if self.name == MOONSHINE_BATCH else UPDATE_S)


def load(name: str, options: Mapping[str, Any]) -> Moonshine:
    """`folder`: where downloaded models are, if not in the usual place. Raises ModelError where one is missing."""
    folder = options.get("folder")
    path = Store(Path(folder) if folder else None).path(name)
    library = importlib.import_module("moonshine_voice.transcriber")  # ImportError: the registry says what brings it
    kind = importlib.import_module("moonshine_voice.moonshine_api").ModelArch[_KINDS[name]]
    try:
        recogniser = Moonshine(name, library.Transcriber(path, kind, options=_OPTIONS))
        warm = recogniser.open(None)
        warm.accept(bytes(FRAME_RATE))  # the first look is slow: not while somebody waits
        warm.finish()
        warm.close()
    except Exception as error:  # the library's errors share no base class with those of what it loads
        again = f"tui-assistant models remove {name}; tui-assistant models get {name}"
        raise ModelError(f"the model {name} cannot be loaded", again) from error
    return recogniser


def create_tiny(options: Mapping[str, Any]) -> Moonshine:
    """As `load`: 45 MB, streaming."""
    return load(MOONSHINE_TINY, options)


def create_small(options: Mapping[str, Any]) -> Moonshine:
    """As `load`: 142 MB, streaming, better."""
    return load(MOONSHINE_SMALL, options)


def create_batch(options: Mapping[str, Any]) -> Moonshine:
    """As `load`: 44 MB, not streaming: it reads the whole utterance anew for each look and at the end."""
    return load(MOONSHINE_BATCH, options)
