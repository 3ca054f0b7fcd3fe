"""`tui-assistant evaluate`: the detector's turns against labels beside the recordings, at one point or over a grid."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

from tui_assistant.commands import guard, recordings
from tui_assistant.commands.labelled import Made, Refused, hear, labelled
from tui_assistant.config import Flag, Settings, load
from tui_assistant.errors import UsageError

if TYPE_CHECKING:
    from tui_assistant.commands.evaluate_report import Result
    from tui_assistant.commands.parallel import Workers
    from tui_assistant.lab.evaluation import Score
    from tui_assistant.lab.sweep import Labelled, Point

LARGEST_DB = 120  # more than any converter resolves
BLOCK = 64  # points that one task runs over one recording, so that few long recordings keep many processors busy
SMALL_BYTES = 32 * 2**20  # some seconds of work: before workers have started, it is done
POINTS_AS_ONE = 60  # running the turn code at so many points takes as long as p(speech) itself


@dataclass(frozen=True, slots=True)
class Options:
    """What is done to the recordings first, what is turned, who does the work, and what comes out."""

    made: Made
    sweep: tuple[str, ...] = ()
    join_ms: int | None = None
    jobs: int | None = None  # 0: one for each processor; None: as many as the work is worth
    backend: str | None = None
    as_json: bool = False
    svg: str | None = None
    fail_over: int | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """From the command line's options, in which the settings stand too."""
        for flag in ("noise_db", "gain_db"):
            if given[flag] is not None and not abs(given[flag]) <= LARGEST_DB:
                words = f"--{flag.replace('_', '-')} {given[flag]}"
                raise UsageError(f"{words}: allowed is a number from -{LARGEST_DB} to {LARGEST_DB}")
        made = Made(**{each.name: given[each.name] for each in fields(Made)})
        return cls(made, **{each.name: given[each.name] for each in fields(cls) if each.name != "made"})


def run(words: Sequence[str], flags: Mapping[str, Flag], config: str | None, options: Options) -> int:
    """0; 3 when there are more than `fail_over` errors; 2 when a recording or its labels cannot be read.

    `words`: the folder and, where the shell has separated them from --sweep, further axes.
    """
    folder, more = _folder_of(words, sweeping=bool(options.sweep))
    settings = load(flags, config)
    recordings.check_settings(settings, flags)
    from tui_assistant.commands import evaluate_report as report
    from tui_assistant.lab import sweep

    axes = [sweep.parse_axis(text) for text in (*options.sweep, *more)]
    points = sweep.grid(axes, settings.turn_detection.vad())
    if options.svg is not None and not Path(options.svg).absolute().parent.is_dir():
        raise UsageError(f"--svg {options.svg}: there is no such folder")
    files = list(labelled(Path(folder)))
    worst, scored = _scored(files, Path(folder), points, settings, options)
    if not scored:
        if worst:
            return worst
        hint = "a.wav needs a.scv, a.txt (Audacity) or a.rttm; a recorded session marks.json"
        raise UsageError(f"{folder}: there is no WAV file with labels beside it", hint)
    result = report.Result.of(folder, settings, points, scored, options.join_ms)
    if options.svg is not None:
        _write(options.svg, report.picture(result))
    if options.as_json:
        click.echo(json.dumps(report.grid_data(result) if axes else report.data(result)))
    else:
        click.echo("\n".join(report.grid_table(result) if axes else report.table(result)))
    return worst or _judged(result, options.fail_over)


def _folder_of(words: Sequence[str], *, sweeping: bool) -> tuple[str, list[str]]:
    """`--sweep A B` gives one value to the option; B comes as a word, told from a folder by its `=`."""
    axes = [word for word in words if sweeping and "=" in word and not Path(word).is_dir()]
    folders = [word for word in words if word not in axes]
    if len(folders) != 1:
        said = f"there are {len(folders)}: {' '.join(folders)}" if folders else "there is none"
        raise UsageError(f"evaluate takes one folder; {said}", "`tui-assistant evaluate --help` shows how")
    return folders[0], axes


def _scored(
    files: Sequence[tuple[Path, Path]], folder: Path, points: Sequence[Point], settings: Settings, options: Options
) -> tuple[int, dict[str, list[Score]]]:
    """The worst exit status, and each readable file's scores at every point."""
    from tui_assistant.commands.parallel import Workers, progress

    jobs = options.jobs
    if jobs is None:
        size = sum(path.stat().st_size for path, _ in files) * (1 + len(points) / POINTS_AS_ONE)
        jobs = 1 if size < SMALL_BYTES and options.backend is None else 0
    worst = 0
    heard: dict[str, Labelled] = {}
    with Workers(jobs, options.backend) as workers:
        tasks = [(path, labels, settings.models.detector, options.made) for path, labels in files]
        with progress("recordings", len(tasks)) as count:
            answers = list(count(workers.each(hear, tasks)))
        for (path, _), answer in zip(files, answers, strict=True):
            if isinstance(answer, Refused):
                guard.tell(answer.message)
                worst = max(worst, answer.exit_status)
            else:
                heard[path.relative_to(folder).as_posix()] = answer
        return worst, _over_the_grid(workers, heard, points, _join_ms(settings, options))


def _over_the_grid(
    workers: Workers, heard: Mapping[str, Labelled], points: Sequence[Point], join_ms: int | None
) -> dict[str, list[Score]]:
    from tui_assistant.commands.parallel import progress
    from tui_assistant.lab.sweep import scores

    blocks = [points[at : at + BLOCK] for at in range(0, len(points), BLOCK)]
    tasks = [(each, block, join_ms) for each in heard.values() for block in blocks]
    with progress("turns", len(tasks)) as count:
        parts = list(count(workers.each(scores, tasks)))
    return {
        name: [score for part in parts[index * len(blocks) : (index + 1) * len(blocks)] for score in part]
        for index, name in enumerate(heard)
    }


def _join_ms(settings: Settings, options: Options) -> int | None:
    """semantic_vad has no silence of its own; the setting says what a pause is all the same."""
    if options.join_ms is None and settings.turn_detection.type == "semantic_vad":
        return settings.turn_detection.silence_duration_ms
    return options.join_ms


def _judged(result: Result, fail_over: int | None) -> int:
    fewest = min(total.errors for total in result.totals)
    if fail_over is None or fewest <= fail_over:
        return 0
    at_best = " at the best point" if len(result.totals) > 1 else ""
    from tui_assistant.commands.evaluate_report import errors_in_words

    guard.tell(f"{errors_in_words(fewest)}{at_best}, allowed are {fail_over}")
    return 3


def _write(name: str, text: str) -> None:
    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--svg {name}: cannot be written: {error.strerror}") from error
