"""`tui-assistant evaluate`: the detector's turns against labels beside the recordings."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from tui_assistant.commands import guard, recordings
from tui_assistant.config import Flag, Settings, load
from tui_assistant.errors import AssistantError, UsageError

if TYPE_CHECKING:
    from tui_assistant.lab.evaluation import Score
    from tui_assistant.lab.labels import Segment

COUNTS = ("reference", "found", "missed", "false", "split", "merged")


@dataclass(frozen=True, slots=True)
class Options:
    """What is done to the recordings first, and what comes out."""

    noise_db: float | None = None
    noise: Literal["white", "pink"] = "pink"
    gain_db: float = 0.0
    seed: int = 0
    as_json: bool = False
    fail_over: int | None = None


def run(folder: str, flags: Mapping[str, Flag], config: str | None, options: Options) -> int:
    """0; 3 when there are more than `fail_over` errors; 2 when a recording or its labels cannot be read."""
    settings = load(flags, config)
    recordings.check_settings(settings, getattr(flags.get("turn_detection.type"), "value", None))
    from tui_assistant.lab import evaluation

    worst = 0
    scores: dict[str, Score] = {}
    for path, labels in labelled(Path(folder)):
        name = path.relative_to(folder).as_posix()
        try:
            scores[name] = evaluate(path, labels, settings, options)
        except AssistantError as error:
            guard.tell(str(error))
            worst = max(worst, error.exit_status)
    if not scores:
        if worst:
            return worst
        raise UsageError(
            f"{folder}: there is no WAV file with labels beside it", "a.wav needs a.scv, a.txt (Audacity) or a.rttm"
        )
    total = evaluation.total(scores.values())
    click.echo(json.dumps(as_data(scores, total, settings)) if options.as_json else "\n".join(table(scores, total)))
    failed = options.fail_over is not None and total.errors > options.fail_over
    if failed:
        guard.tell(f"{total.errors} errors, allowed are {options.fail_over}")
    return worst or (3 if failed else 0)


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


def evaluate(path: Path, labels: Path, settings: Settings, options: Options) -> Score:
    """One recording's score. Raises UsageError that names the file."""
    from tui_assistant.audio.files import load_recording
    from tui_assistant.lab import degrade, evaluation
    from tui_assistant.protocol.session import MAX_RATE, MIN_RATE
    from tui_assistant.sound.resample import resample

    speech = read_labels(labels)
    recording = load_recording(path)
    samples = degrade.gain(recording.samples, options.gain_db) if options.gain_db else recording.samples
    if options.noise_db is not None:
        seed = options.seed ^ zlib.crc32(path.name.encode(errors="surrogateescape"))  # every file its own noise
        samples = degrade.add_noise(samples, recording.rate, speech, options.noise_db, options.noise, seed)
    rate = min(max(recording.rate, MIN_RATE), MAX_RATE)
    detector = recordings.new_detector(settings, rate)
    events = [*detector.feed(resample(samples, recording.rate, rate).tobytes()), *detector.flush()]
    return evaluation.score(speech, evaluation.turns(events), settings.turn_detection.silence_duration_ms)


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


def table(scores: Mapping[str, Score], total: Score) -> list[str]:
    """For people: a line per recording, the sum, and the latencies."""
    from tui_assistant.safetext import clean

    width = max(len("recording"), *(len(clean(name)) for name in scores))
    lines = [f"{'recording':{width}} {'turns':>6} {'found':>6} {'missed':>7} {'false':>6} {'split':>6} {'merged':>7}"]
    for name, score in [*scores.items(), ("sum", total)]:
        lines.append(
            f"{clean(name):{width}} {score.reference:6} {score.found:6} {score.missed:7} {score.false:6}"
            f" {score.split:6} {score.merged:7}"
        )
    onset, end = latencies(total)["onset_ms"], latencies(total)["end_ms"]
    lines.append(f"errors {total.errors}")
    lines.append(f"speech_started after the labelled beginning, ms: {_figures(onset)}")
    lines.append(f"speech_stopped after the labelled end, ms:       {_figures(end)}")
    return lines


def latencies(total: Score) -> dict[str, dict[str, float | None]]:
    """Median and 90th percentile in ms; None where no turn matched."""
    from tui_assistant.lab.evaluation import percentile

    return {
        name: {"median": _rounded(percentile(values, 0.5)), "p90": _rounded(percentile(values, 0.9))}
        for name, values in (("onset_ms", total.onset_ms), ("end_ms", total.end_ms))
    }


def as_data(scores: Mapping[str, Score], total: Score, settings: Settings) -> dict[str, Any]:
    """For programs: settings, sum and every recording."""

    def counts(score: Score) -> dict[str, int]:
        data = asdict(score)
        return {"errors": score.errors, **{name: data[name] for name in COUNTS}}

    return {
        "vad": settings.models.detector,
        "turn_detection": settings.turn_detection.vad().model_dump(),
        "total": {**counts(total), **latencies(total)},
        "files": {name: counts(score) for name, score in scores.items()},
    }


def _figures(values: Mapping[str, float | None]) -> str:
    if values["median"] is None:
        return "-"
    return f"median {values['median']:.0f}, p90 {values['p90']:.0f}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
