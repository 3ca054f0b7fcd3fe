"""Three tables: the programs in their terminals, the server on one core, and how soon answers come."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench_app import cpu_and_memory, processes
from serve_process import serving
from sounds import command
from tmux import Terminal
from virtual_audio import VirtualAudio

BENCH = Path(__file__).parent
ROOT = BENCH.parents[1]
SETTLE_S = 4.0  # the models load, the first screen is drawn
REQUESTS = ("what time is it", "set a timer for five minutes", "what is twelve times four", "how are you")
Row = Sequence[str]


@dataclass
class Program:
    """One program, and its shares of a core while the room is silent and while somebody speaks."""

    title: str
    line: list[str]
    shows: str  # stands on its screen once it runs
    silent: list[float] = field(default_factory=list)
    spoken: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)


def app_rows(seconds: float, rounds: int) -> Iterator[Row]:
    assistant = [sys.executable, "-m", "tui_assistant"]
    cores = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as name, serving(4 * rounds + 4) as served:
        os.sched_setaffinity(0, cores)  # serving() has put this process, and what it starts, on one
        url = served.url.removesuffix("/realtime")
        programs = [
            Program("tui-assistant: hears, answers and speaks here", assistant, " IDLE "),
            Program("tui-assistant --link: the same job as the next", [*assistant, "--link", served.url], " IDLE "),
            Program(
                "openai-python's push_to_talk loop", [sys.executable, str(BENCH / "example_loop.py"), url], "session"
            ),
        ]
        for number in range(rounds):
            for program in programs:
                print(f"app: round {number + 1} of {rounds}, {program.title}", file=sys.stderr)
                folder = Path(name) / f"{number}-{programs.index(program)}"
                folder.mkdir()
                _measure(program, folder, seconds)
    yield "", "silent room", "somebody speaks", "memory (PSS)"
    for program in programs:
        shares = (f"{median(values):.0%} of a core" for values in (program.silent, program.spoken))
        yield program.title, *shares, f"{median(program.megabytes):.0f} MB"


def _measure(program: Program, folder: Path, seconds: float) -> None:
    with VirtualAudio(folder / "va") as room:
        env = {
            **room.env, "TUI_ASSISTANT_STATE": str(folder / "state"), "TUI_ASSISTANT_CONFIG": str(folder / "no.toml"),
            "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        clips = [command(text, folder / f"{number}.wav", after=2.0) for number, text in enumerate(REQUESTS)]
        mark = f"TABLE_MARK={folder.name}-{os.getpid()}"  # by which its process is found
        with Terminal(["env", mark, *program.line], folder, size=(120, 40), env=env) as terminal:
            terminal.wait_for(program.shows, 60)
            time.sleep(SETTLE_S)
            pids = processes(_marked(mark))
            program.silent.append(_share(pids, lambda: time.sleep(seconds)))
            program.spoken.append(_share(pids, lambda: _speak(room, clips, seconds)))
            program.megabytes.append(cpu_and_memory(pids)[1])
            terminal.keys("q")
            terminal.wait_status(20)


def _marked(mark: str) -> int:
    """The oldest process that has the mark in its environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except OSError:  # not ours to see, or gone
                continue
    return min(found)


def _share(pids: list[int], wait: Callable[[], object]) -> float:
    before, began = cpu_and_memory(pids)[0], time.monotonic()
    wait()
    return (cpu_and_memory(pids)[0] - before) / (time.monotonic() - began)


def _speak(room: VirtualAudio, clips: Sequence[Path], seconds: float) -> None:
    began, number = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        room.play(clips[number % len(clips)])
        number += 1


# -------------------------------------------------------------------------------------------------- the server


def serve_rows(seconds: float) -> Iterator[Row]:
    """By bench_serve: real turn detection on 24 kHz, 20 ms appends; nothing is transcribed."""
    sessions = 50
    line = ["bench_serve.py", "--part", "many", "--sessions", str(sessions), "--seconds", str(seconds), "--json"]
    many = json.loads(_bench(*line))["many sessions"]
    per_audio_s = many["cpu_ms_per_audio_s"]["server"] + many["cpu_ms_per_audio_s"]["workers"]
    events, latency = many["events"], many["latency_ms"]
    yield "", ""
    yield "CPU per session and second, the workers' with it", f"{per_audio_s:.1f} ms"
    yield "sessions that a core has time for, by that", f"{1000 / per_audio_s:.0f}"
    yield f"events of {sessions} sessions in {seconds:.0f} s", f"{events['right']} of {events['expected']} right"
    yield "from the deciding append to the event, p50 / p99", f"{latency['p50']:.0f} / {latency['p99']:.0f} ms"
    # else they are latencies of the machine
    yield "share of the time in which others had its core", f"{many['core_waited_for']:.0%}"
    yield "memory per session", f"{many['mib_per_session'] * 1024:.0f} KiB"


def reply_rows() -> Iterator[Row]:
    """By bench_reply: the local link at the pace of time."""
    out = _bench("bench_reply.py", "--turns", "12", allowed=(0, 1))  # 1: over its own bar; the figures stand there
    names = {
        "stopped": "to speech_stopped",
        "words": "to the last words",
        "audio": "to the first audio of a skill's answer",
    }
    yield "", "p50", "p95"
    for line in out.splitlines():
        figures = re.match(r"(\w+) +min +\d+ +p50 +(\d+) +p95 +(\d+)", line)
        if figures and figures[1] in names:
            yield names[figures[1]], f"{figures[2]} ms", f"{figures[3]} ms"


def _bench(*line: str, allowed: Sequence[int] = (0,)) -> str:
    print(f"running {' '.join(line)}", file=sys.stderr)
    env: Mapping[str, str] = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    done = subprocess.run([sys.executable, str(BENCH / line[0]), *line[1:]], env=env, stdout=subprocess.PIPE, text=True)
    if done.returncode not in allowed:
        raise SystemExit(f"{line[0]} ended with status {done.returncode}")
    return done.stdout
