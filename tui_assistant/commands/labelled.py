"""A folder of recordings with labels beside them, and what the detector hears in one of them."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from tui_assistant.commands import guard
from tui_assistant.errors import AssistantError, UsageError

if TYPE_CHECKING:
    from tui_assistant.lab.labels import Segment
    from tui_assistant.lab.sweep import Labelled

# Names in the folder of a recorded session; a track whose rate changed goes on in mic-2.wav, and so on.
META_NAME, MARKS_NAME, EVENTS_NAME = "meta.json", "marks.json", "events.jsonl"
MICROPHONE, ASSISTANT = re.compile(r"mic(-\d+)?\.wav"), re.compile(r"assistant(-\d+)?\.wav")

Parsed = TypeVar("Parsed")


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
    """Every WAV file under `folder` that has labels beside it, with those; a line on stderr about the others.

    In the folder of a recorded session the microphone's tracks have marks.json, unless they have labels of their own;
    what the assistant said is nobody's speech.
    """
    from tui_assistant.lab.labels import FORMATS

    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder")
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".wav"):
        beside = [path.with_suffix(suffix) for suffix in FORMATS]
        if any(path.with_name(name).is_file() for name in (META_NAME, MARKS_NAME)):
            if ASSISTANT.fullmatch(path.name):
                continue
            beside += [path.with_name(MARKS_NAME)] if MICROPHONE.fullmatch(path.name) else []
        found = next((each for each in beside if each.is_file()), None)
        if found is None:
            guard.tell(f"{path}: left out, there are no labels beside it")
        else:
            yield path, found


def read_labels(path: Path) -> list[Segment]:
    """The speech of a label file that is no marks.json. Raises UsageError that names it."""
    from tui_assistant.lab.labels import FORMATS

    return _read(path, FORMATS[path.suffix])


def _read(path: Path, parse: Callable[[str], Parsed]) -> Parsed:
    try:
        return parse(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text at byte {error.start}") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}") from error


def hear(path: Path, labels: Path, vad: str, made: Made) -> Labelled | Refused:
    """p(speech) of one recording. Runs in a worker: what is wrong with the file is an answer, not an exception."""
    from tui_assistant.lab.sweep import Labelled

    try:
        if labels.name == MARKS_NAME:
            return _hear_marked(path, labels, vad, made)
        speech = read_labels(labels)
        return Labelled(_probabilities(path, speech, vad, made), tuple(speech))
    except AssistantError as error:
        return Refused(str(error), error.exit_status)


def _hear_marked(path: Path, marks_file: Path, vad: str, made: Made) -> Labelled:
    """A track of a recorded session. Noise is measured against all of it, because the speech is known only after."""
    from tui_assistant.engine.ports import FRAME_MS
    from tui_assistant.lab import whatif
    from tui_assistant.lab.evaluation import found
    from tui_assistant.lab.labels import Segment, within
    from tui_assistant.lab.marks import labels, parse_marks, parse_turns
    from tui_assistant.lab.sweep import Labelled
    from tui_assistant.protocol.session import ServerVad

    marked = _read(marks_file, parse_marks)
    events = path.with_name(EVENTS_NAME)
    turns = _read(events, parse_turns) if events.is_file() else None
    probabilities = _probabilities(path, [], vad, made)
    begin = _begin_s(path)
    track = Segment(begin, begin + len(probabilities) * FRAME_MS / 1000)
    heard = [each.speech.moved(begin) for each in found(whatif.turns(probabilities, ServerVad()))]
    speech, judged = labels(marked, turns, heard)
    return Labelled(
        probabilities,
        tuple(each.moved(-begin) for each in within(speech, track)),
        None if judged is None else tuple(each.moved(-begin) for each in within(judged, track)),
    )


def _begin_s(path: Path) -> float:
    """When a session's track began, on the session's clock; 0 where meta.json does not say."""
    try:
        tracks = json.loads(path.with_name(META_NAME).read_bytes())["tracks"]
        return float(next(each["begins_ms"] for each in tracks if each["file"] == path.name)) / 1000
    except (OSError, ValueError, KeyError, TypeError, StopIteration, RecursionError):
        return 0.0


def _probabilities(path: Path, speech: list[Segment], vad: str, made: Made) -> tuple[float, ...]:
    from tui_assistant.audio.files import load_recording
    from tui_assistant.engine.frontend import FrontEnd
    from tui_assistant.lab import degrade
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
    return tuple(frame.p for frame in frames)
