"""What the fuzzers call for the files that a user may hand us. Any bytes in; only the documented errors are caught.

Each function returns whether the bytes were taken.
"""

from __future__ import annotations

import io
import json
import os
import struct
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tui_assistant import config_file
from tui_assistant.config import check, fields, read_file
from tui_assistant.errors import ConfigError, UsageError
from tui_assistant.lab.labels import FORMATS
from tui_assistant.lab.marks import parse_marks, parse_turns
from tui_assistant.record import reader
from tui_assistant.record.format import AUDIO_NAME, EVENTS_NAME, FRAMES_NAME, LOG_NAME, META_NAME
from tui_assistant.sound.wav import read_wav
from tui_assistant.state import (
    STATE_VARIABLE,
    KeptConversation,
    Remembered,
    RememberedDevices,
    RememberedKeys,
    RememberedSetup,
)

MOST_FRAMES = 2**16  # a header may promise more than is there; no more may come out than went in
FILES = (META_NAME, LOG_NAME, AUDIO_NAME, EVENTS_NAME, FRAMES_NAME)


def wav(data: bytes) -> bool:
    """A recording comes out whole or cut off at the end, never longer than the file."""
    try:
        recording = read_wav(data, "f.wav")
    except UsageError:
        return False
    assert recording.samples.dtype == np.int16
    assert 0 < len(recording.samples) * recording.channels <= len(data)
    return True


def config(data: bytes) -> bool:
    """config.toml is read and checked; a change of one value changes that one alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_bytes(data)
        try:
            before = read_file(path)
            check(before, str(path), {}, {})
            _, after = config_file.with_values(path, {"vad.threshold": 0.25})
        except ConfigError:
            return False
    wanted = {**before, "vad": {**before.get("vad", {}), "threshold": 0.25}}
    assert repr(tomllib.loads(after)) == repr(wanted) or tomllib.loads(after) == wanted  # NaN is not itself
    return True


def labels(data: bytes) -> bool:
    """The label formats, and the marks and events of a recorded session."""
    text = data.decode("utf-8", "replace")
    parsers: list[Callable[[str], object]] = [*FORMATS.values(), parse_marks, parse_turns]
    taken = 0
    for parse in parsers:
        try:
            parse(text)
            taken += 1
        except UsageError:
            pass
    return taken > 0


def recording(data: bytes) -> bool:
    """One recording: its files, each behind the other, parted by NUL NUL."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in zip(FILES, data.split(b"\0\0", len(FILES) - 1), strict=False):
            (Path(folder) / name).write_bytes(content)
        taken = 0
        for read in (reader.read_meta, _rate, _list(reader.read_input_log), _list(reader.read_events), _frames):
            try:
                read(Path(folder))
                taken += 1
            except UsageError:
                pass
    return taken > 0


def state(data: bytes) -> bool:
    """What is remembered: a file that makes no sense is put aside, and the defaults are used."""
    topics: tuple[type[Remembered], ...] = (KeptConversation, RememberedDevices, RememberedKeys, RememberedSetup)
    taken = 0
    with tempfile.TemporaryDirectory() as folder:
        kept, os.environ[STATE_VARIABLE] = os.environ.get(STATE_VARIABLE), folder
        try:
            for topic in topics:
                path = Path(folder) / f"{topic.topic}.json"
                path.write_bytes(data)
                loaded = topic.load()
                loaded.save()
                assert topic.load() == loaded
                taken += not path.with_suffix(".json.bad").exists()
        finally:
            os.environ.pop(STATE_VARIABLE)
            if kept is not None:
                os.environ[STATE_VARIABLE] = kept
    return taken > 0


def _list(read: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda folder: list(read(folder))  # type: ignore[call-overload]  # each of them gives an iterator


_frames = _list(reader.read_frames)


def _rate(folder: Path) -> int:
    rate = reader.read_meta(folder).input_rate
    assert 8_000 <= rate <= 48_000
    return rate


# ------------------------------------------------------------------------------------------------------------- seeds


def wav_seeds() -> list[bytes]:
    """Every sample format, one of them of unknown length, one with a chunk before the audio."""
    seeds = []
    for code, width in ((1, 1), (1, 2), (1, 3), (1, 4), (3, 4), (3, 8), (6, 1), (7, 1)):
        for channels in (1, 2):
            form = struct.pack(
                "<HHIIHH", code, channels, 16_000, 16_000 * width * channels, width * channels, width * 8
            )
            seeds.append(_riff(b"fmt ", form, b"data", bytes(range(64)) * width))
    extensible = struct.pack("<HHIIHHHHIH14s", 0xFFFE, 1, 8_000, 16_000, 2, 16, 22, 16, 4, 1, b"\0" * 14)
    seeds.append(_riff(b"fmt ", extensible, b"LIST", b"INFO", b"data", bytes(64)))
    seeds.append(seeds[2][:4] + b"\xff" * 4 + seeds[2][8:40] + b"\xff" * 4 + seeds[2][44:])
    return seeds


def _riff(*parts: bytes) -> bytes:
    file = io.BytesIO()
    for name, content in zip(parts[::2], parts[1::2], strict=True):
        file.write(name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2))
    return b"RIFF" + struct.pack("<I", 4 + file.tell()) + b"WAVE" + file.getvalue()


def config_seeds() -> list[bytes]:
    every = "".join(f"# {key} = {field.default!r}\n" for key, field in fields().items())
    return [
        every.encode(),
        b'[vad]\nthreshold = 0.4 # so\nkind = "server_vad"\n',
        b'vad = {threshold = 0.4}\n[mcp.files]\ncommand = ["x"]\n[personas.a]\ninstructions = "b"\n',
        b'vad.threshold = 0.3\nmode = "push-to-talk"\n[presets.mine]\nthreshold = 0.5\n',
        b"[[vad]]\nthreshold = nan\n",
    ]


def labels_seeds() -> list[bytes]:
    return [
        b"a,0.0,1.5,1,1.5,2.0,0,2.0,3.25,1",
        b"0.5\t1.5\tspeech\n\\\t100\t200\n2.0\t2.5\tnoise\n",
        json.dumps([{"start": 0.5, "end": 1.0}]).encode(),
        b'{"marks": [{"item_id": "i", "mark": "cut_off", "onset_ms": 1, "end_ms": 2, "audio_start_ms": 1}]}',
        b'{"at_ms": 1, "frame": 1, "fed_ms": 1.0, "from": "server", "event": '
        b'{"type": "input_audio_buffer.speech_started",'
        b' "audio_start_ms": 5, "item_id": "i"}}\n',
    ]


def recording_seeds() -> list[bytes]:
    meta = b'{"format": 1, "replayable": true, "link": {"input_rate": 16000}, "ended_ms": 5}'
    log = b'{"call":"begin","data":{},"at_ms":0}\n{"call":"feed","data":{},"at_ms":1,"offset":0,"length":4}\n'
    events = b'{"at_ms":1,"frame":0,"fed_ms":1.0,"from":"client","event":{"type":"input_audio_buffer.commit"}}\n'
    frames = (
        b'{"at_ms":32,"end_ms":32,"p":0.5,"rms_dbfs":-30.0,"phase":"idle","judged":null,"source":"engine"}\n'
        b'{"at_ms":64,"end_ms":null,"p":1.0,"rms_dbfs":-9.0,"phase":"quiet","judged":0.5,"source":"estimate"}\n'
    )
    return [b"\0\0".join((meta, log, b"abcd", events, frames)), meta]


def state_seeds() -> list[bytes]:
    return [
        b'{"lines": [{"who": "you", "text": "hello"}], "input": "mic", "output": ""}',
        b'{"terminals": {"kitty": {"first_ms": 500, "median_ms": 33, "p95_ms": 40}}}',
        b'{"offered": 2, "settled": true, "microphones": {"m": {"gain_db": 6.0, "threshold": 0.5, "duplex": "full"}}}',
    ]
