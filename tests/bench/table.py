"""Ours beside what one would use instead, all in one run: tables in Markdown on stdout, progress on stderr.

    python tests/bench/table.py [DIR] [--parts cpu,turns,app,serve,reply] [--rounds N] [--seconds N]

DIR holds labelled recordings, as `tui-assistant evaluate DIR` takes them; without it there is no table of turns.
A peer that is not installed has the line that installs it in its row. `app`, `serve` and `reply` need Linux and the
programs of tests/terminal (tmux, PulseAudio, flite); they start processes, everything else happens in this one.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # CPU figures are of one thread wherever a library has a say
ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "bench"), str(ROOT / "tests"), str(ROOT / "tests" / "terminal")]

import table_detection  # noqa: E402  # the number of threads is set just above
import table_program  # noqa: E402

from tui_assistant.errors import UsageError  # noqa: E402

Row = Sequence[str]
PARTS = ("cpu", "turns", "app", "serve", "reply")


def markdown(rows: Iterable[Row]) -> str:
    """The first row is the heading; a short row leaves its last cells empty."""
    every = [list(row) for row in rows]
    width = len(every[0])
    lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in every]
    return "\n".join([lines[0], "|" + "---|" * width, *lines[1:]])


def machine() -> str:
    """Date, processor, what runs, and how busy it is: figures are of this machine at this time."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        processor = names[0] if names else processor
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return (
        f"{time.strftime('%Y-%m-%d')}, {processor}, {os.cpu_count()} cores, load {load}, "
        f"{platform.system()}, Python {platform.python_version()}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="labelled recordings")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--rounds", type=int, default=9, help="of the CPU figures, and of the programs' a third")
    parser.add_argument("--seconds", type=float, default=20.0, help="of audio in each of them")
    options = parser.parse_args(arguments)
    wanted = options.parts.split(",")
    if unknown := set(wanted) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if options.folder is None:
        wanted = [part for part in wanted if part != "turns"]
    elif not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder")
    rounds, seconds = options.rounds, options.seconds
    tables: dict[str, tuple[str, Callable[[], Iterable[Row]]]] = {
        "cpu": (
            f"CPU, ms per second of audio: median (least) of {rounds} rounds over {seconds:.0f} s of speech",
            lambda: table_detection.cpu_rows(seconds, rounds),
        ),
        "turns": (
            "Turns in labelled speech, clean, with 10 dB pink noise and at -20 dB together; times are p50 / p90",
            lambda: table_detection.turn_rows(options.folder),
        ),
        "app": (
            "Programs in a terminal of 120x40, virtual microphone and speaker",
            lambda: table_program.app_rows(seconds, max(1, rounds // 3)),
        ),
        "serve": ("The server on one core", lambda: table_program.serve_rows(seconds)),
        "reply": ("From the end of speech, silence_duration_ms 500", table_program.reply_rows),
    }
    print(f"{machine()}\n")
    try:
        for part in wanted:
            title, rows = tables[part]
            print(f"{title}\n\n{markdown(rows())}\n", flush=True)
    except UsageError as error:  # a file of DIR cannot be read
        parser.error(error.message)
    return 0


if __name__ == "__main__":
    sys.exit(main())
