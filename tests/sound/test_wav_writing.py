from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np

from tui_assistant.sound.wav import WavWriter, read_wav

SIGNAL = (np.arange(-3000, 3000) * 5).astype(np.int16)


def test_the_file_is_whole_after_every_write(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        writer = WavWriter(file, 24_000)
        for end in range(100, 1001, 100):
            writer.write(SIGNAL[end - 100 : end])
            with wave.open(str(path)) as other:  # the standard library's reader
                assert (other.getframerate(), other.getnchannels(), other.getsampwidth()) == (24_000, 1, 2)
                assert other.readframes(10_000) == SIGNAL[:end].astype("<i2").tobytes()
            assert writer.samples == end
    assert not read_wav(path.read_bytes(), "a.wav").truncated


def test_what_was_written_reads_back() -> None:
    file = io.BytesIO()
    writer = WavWriter(file, 16_000)
    writer.write(SIGNAL)
    writer.write(SIGNAL[:0])
    writer.write(SIGNAL[::2])
    recording = read_wav(file.getvalue(), "a.wav")
    assert np.array_equal(recording.samples, np.concatenate([SIGNAL, SIGNAL[::2]]))
    assert recording.rate == 16_000


def test_an_empty_recording_is_a_valid_file() -> None:
    file = io.BytesIO()
    WavWriter(file, 16_000)
    with wave.open(io.BytesIO(file.getvalue())) as other:
        assert other.getnframes() == 0


def test_a_kill_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "killed.wav"
    code = (
        "import sys, time, numpy as np\n"
        "from tui_assistant.sound.wav import WavWriter\n"
        "writer = WavWriter(open(sys.argv[1], 'wb'), 16000)\n"
        "for block in range(25):\n"
        "    writer.write(np.full(160, block, np.int16))\n"
        "print('written', flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        os.kill(process.pid, signal.SIGKILL)
    recording = read_wav(path.read_bytes(), "killed.wav")
    assert np.array_equal(recording.samples, np.repeat(np.arange(25), 160))
    assert not recording.truncated


def test_beyond_four_gibibytes_the_size_says_unknown() -> None:
    file = io.BytesIO()
    writer = WavWriter(file, 16_000)
    writer.write(SIGNAL)
    writer._bytes = 2**32 - 10  # as after 37 hours at this rate; nothing that long is written here
    file.seek(0)
    header_only = _Discarding(file)
    writer._file = header_only  # type: ignore[assignment]
    writer.write(SIGNAL)
    assert file.getvalue()[4:8] == file.getvalue()[40:44] == b"\xff\xff\xff\xff"
    assert read_wav(file.getvalue(), "a.wav").samples.size == SIGNAL.size


class _Discarding:
    """Writes into the header only, so that a sparse file of 4 GiB is not needed."""

    def __init__(self, file: io.BytesIO) -> None:
        self._file, self._at = file, 0

    def seek(self, offset: int) -> None:
        self._at = offset

    def write(self, data: bytes) -> None:
        if self._at < 44:
            self._file.seek(self._at)
            self._file.write(data)

    def flush(self) -> None: ...


def test_silence_of_any_length_between_samples() -> None:
    file = io.BytesIO()
    writer = WavWriter(file, 16_000)
    writer.pad(3)
    writer.write(np.array([7, 8], np.int16))
    writer.pad(0)
    writer.pad(1)
    writer.write(np.array([9], np.int16))
    assert writer.samples == 7
    assert list(read_wav(file.getvalue(), "x").samples) == [0, 0, 0, 7, 8, 0, 9]
