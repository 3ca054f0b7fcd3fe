"""A folder of recordings with labels beside them, and what the detector hears in one of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tui_assistant.commands import guard
from tui_assistant.errors import AssistantError, UsageError

if TYPE_CHECKING:
    from tui_assistant.lab.labels import Segment
    from tui_assistant.lab.sweep import Heard


@dataclass(frozen=True, slots=True)
class Made:
    """What is done to the recordings first."""

    noise_db: float | None = None
    noise: Literal["white", "pink"] = "pink"
    gain_db: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """A recording that cannot be scored: one line, and the exit status."""

    message: str
    exit_status: int


def labelled(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Every WAV file under `folder` that has a label file beside it, with that; a line on stderr about the others."""
    from tui_assistant.lab.labels import FORMATS

    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder")
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".wav"):
        beside = [path.with_suffix(suffix) for suffix in FORMATS]
        found = next((each for each in beside if each.is_file()), None)
        if found is None:
            guard.tell(f"{path}: left out, there are no labels beside it")
        else:
            yield path, found


def read_labels(path: Path) -> list[Segment]:
    """The speech of a label file. Raises UsageError that names it."""
    from tui_assistant.lab.labels import FORMATS

    try:
        return FORMATS[path.suffix](path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text at byte {error.start}") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}") from error


def hear(path: Path, labels: Path, vad: str, made: Made) -> Heard | Refused:
    """p(speech) of one recording. Runs in a worker: what is wrong with the file is an answer, not an exception."""
    try:
        return _hear(path, read_labels(labels), vad, made)
    except AssistantError as error:
        return Refused(str(error), error.exit_status)


def _hear(path: Path, speech: list[Segment], vad: str, made: Made) -> Heard:
    from tui_assistant.audio.files import load_recording
    from tui_assistant.engine.frontend import FrontEnd
    from tui_assistant.lab import degrade
    from tui_assistant.lab.sweep import Heard
    from tui_assistant.models.registry import Port, create
    from tui_assistant.protocol.session import MAX_RATE, MIN_RATE
    from tui_assistant.sound.resample import resample

    recording = load_recording(path)
    samples = degrade.gain(recording.samples, made.gain_db) if made.gain_db else recording.samples
    if made.noise_db is not None:
        seed = made.seed ^ zlib.crc32(path.name.encode(errors="surrogateescape"))  # every file its own noise
        samples = degrade.add_noise(samples, recording.rate, speech, made.noise_db, made.noise, seed)
    rate = min(max(recording.rate, MIN_RATE), MAX_RATE)
    front = FrontEnd(rate, create(Port.DETECTOR, vad))
    frames = [*front.push(resample(samples, recording.rate, rate)), *front.flush()]
    return Heard(tuple(frame.p for frame in frames), tuple(speech))
