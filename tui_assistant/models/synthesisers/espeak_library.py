"""espeak-ng as a shared library, through ctypes. GPL-3: in a worker process only (see espeak.py).

Function names, constants and structures: speak_lib.h of espeak-ng 1.52.
"""

from __future__ import annotations

import contextlib
import ctypes
import queue
import threading
from collections.abc import Iterator

from tui_assistant.engine.ports import AudioChunk, Cancellation
from tui_assistant.errors import ModelError

_AUDIO_OUTPUT_SYNCHRONOUS = 2  # espeak_Synth returns when all is said; samples go to the callback, not to a device
_INITIALIZE_DONT_EXIT = 0x8000  # or it ends the process when its data is missing
_CHARS_UTF8 = 1
_POS_CHARACTER = 1
_RATE = 1
_BUFFER_MS = 50  # length of a chunk: half of what the port allows
_GO_ON, _STOP = 0, 1
_AHEAD = 200  # chunks (10 s) that may be made before somebody takes them

_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class _VoiceEntry(ctypes.Structure):
    """espeak_VOICE, as far as it is read."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),  # pairs of a priority byte and a zero-terminated code
        ("identifier", ctypes.c_char_p),
    )


class Library:
    """A loaded libespeak-ng: one per process, one call at a time (both are the library's own limits)."""

    def __init__(self, path: str, data: str) -> None:
        try:
            self._lib = ctypes.CDLL(path)
        except OSError as error:
            raise ModelError("the library of espeakng-loader does not load on this system") from error
        self._lib.espeak_Initialize.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int)
        self._lib.espeak_SetSynthCallback.argtypes = (_CALLBACK,)
        self._lib.espeak_SetVoiceByName.argtypes = (ctypes.c_char_p,)
        self._lib.espeak_SetParameter.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int)
        self._lib.espeak_Synth.argtypes = (
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int),
            *(ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p),
        )
        self._lib.espeak_ListVoices.argtypes = (ctypes.c_void_p,)
        self._lib.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceEntry))
        self._rate = self._lib.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, _BUFFER_MS, data.encode(), _INITIALIZE_DONT_EXIT
        )
        if self._rate <= 0:
            raise ModelError("espeak-ng cannot read its voices")
        # Kept as an attribute: the library holds only a pointer to it.
        self._callback = _CALLBACK(self._take)
        self._lib.espeak_SetSynthCallback(self._callback)
        self._chunks: queue.Queue[bytes | None] = queue.Queue(_AHEAD)
        self._stop = threading.Event()
        self.voices = frozenset(self._languages())

    def say(self, text: str, voice: str, words_per_minute: int, cancellation: Cancellation) -> Iterator[AudioChunk]:
        """Yields while the library still synthesises. Returning early, or a cancel, stops it at its next chunk."""
        self._lib.espeak_SetVoiceByName(voice.encode())
        self._lib.espeak_SetParameter(_RATE, words_per_minute, 0)  # after the voice, which sets its own
        self._chunks = queue.Queue(_AHEAD)
        self._stop.clear()
        thread = threading.Thread(target=self._synthesise, args=(text,), name="espeak", daemon=True)
        thread.start()
        try:
            while (pcm := self._chunks.get()) is not None and not cancellation.cancelled:
                yield AudioChunk(pcm, self._rate)
        finally:
            self._stop.set()
            thread.join()

    def _synthesise(self, text: str) -> None:
        data = text.encode()
        # Neither SSML nor phoneme input is switched on: "<" and "[[" are read as they stand.
        self._lib.espeak_Synth(data, len(data) + 1, 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None)
        self._hand_over(None)

    def _take(self, samples: ctypes._Pointer[ctypes.c_short], count: int, events: int | None) -> int:
        """The library's callback, on the thread that is in espeak_Synth."""
        if self._stop.is_set():
            return _STOP
        if samples and count > 0 and not self._hand_over(ctypes.string_at(samples, count * 2)):
            return _STOP
        return _GO_ON

    def _hand_over(self, pcm: bytes | None) -> bool:
        """Waits for room; False when nobody wants any more."""
        while not self._stop.is_set():
            with contextlib.suppress(queue.Full):
                self._chunks.put(pcm, timeout=0.05)
                return True
        return False

    def _languages(self) -> Iterator[str]:
        entries = self._lib.espeak_ListVoices(None)
        index = 0
        while entries[index]:
            languages = entries[index].contents.languages
            if languages:
                yield languages[1:].decode("utf-8", "replace").lower()  # the first one; the priority byte left out
            index += 1


def load() -> Library:
    """The library of espeakng-loader. Raises ModelError when it is missing or unusable."""
    try:
        import espeakng_loader
    except ImportError as error:
        raise ModelError("espeakng-loader is not installed") from error
    try:
        path, data = espeakng_loader.get_library_path(), espeakng_loader.get_data_path()
    except RuntimeError as error:
        raise ModelError("espeakng-loader has lost its data") from error
    return Library(path, data)
