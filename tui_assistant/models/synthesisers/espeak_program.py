"""espeak-ng as the system's own program, where espeakng-loader is missing."""

from __future__ import annotations

import contextlib
import shutil
import struct
import subprocess
import threading
from collections.abc import Iterator
from typing import IO

from tui_assistant.engine.ports import AudioChunk, Cancellation
from tui_assistant.errors import ModelError

_HEADER_BYTES = 44  # a plain WAV header; its lengths are not true, because the program writes to a pipe
_RATE_AT = 24  # where the sample rate stands in it
_CHUNK_MS = 50
_LIST_TIMEOUT_S = 5.0


class Program:
    """Starts one process per sentence."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.voices = frozenset(_voices(path))

    def say(self, text: str, voice: str, words_per_minute: int, cancellation: Cancellation) -> Iterator[AudioChunk]:
        # The text goes by stdin: no limit of length, and it is never taken for an option.
        arguments = [self._path, "--stdout", "--stdin", "-b", "1", "-v", voice, "-s", str(words_per_minute)]
        with subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            cancellation.on_cancel(process.kill)
            threading.Thread(target=_write, args=(process.stdin, text), daemon=True).start()
            try:
                header = process.stdout.read(_HEADER_BYTES)
                if len(header) < _HEADER_BYTES:
                    if cancellation.cancelled:
                        return
                    raise ModelError("espeak-ng said nothing")
                (rate,) = struct.unpack_from("<I", header, _RATE_AT)
                while (pcm := process.stdout.read(rate * _CHUNK_MS // 1000 * 2)) and not cancellation.cancelled:
                    yield AudioChunk(pcm[: len(pcm) // 2 * 2], rate)
            finally:
                process.kill()


def find() -> Program:
    """Raises ModelError when the system has no espeak-ng."""
    path = shutil.which("espeak-ng")
    if path is None:
        raise ModelError("the program espeak-ng is not installed")
    return Program(path)


def _write(stdin: IO[bytes], text: str) -> None:
    # The program may have been killed in the middle of the text.
    with contextlib.suppress(OSError), stdin:
        stdin.write(text.encode())


def _voices(path: str) -> Iterator[str]:
    try:
        table = subprocess.run([path, "--voices"], capture_output=True, timeout=_LIST_TIMEOUT_S, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise ModelError("the program espeak-ng does not work") from error
    for line in table.decode("utf-8", "replace").splitlines()[1:]:
        columns = line.split()  # priority, language, ...
        if len(columns) > 1:
            yield columns[1].lower()
