"""What the whole program costs, on the virtual microphone and speaker; prints figures and asserts nothing.

    python tests/bench/bench_app.py [SECONDS]

Turn detection: CPU per audio second and the speed of `detect`. First paint: from the start of the process to the first
status line. App: CPU and memory of all its processes (PSS: what they share is counted once) while commands are spoken
to it in a terminal of 120x40 with a transcript of 300 lines, and how late the microphone's callbacks came. Answer: from
the end of speech to the first audio of a skill's answer, without the device.
"""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # CPU figures are of one thread
ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "terminal")]

import numpy as np  # noqa: E402  # the number of threads is set just above
from sounds import command  # noqa: E402
from tmux import Terminal  # noqa: E402
from virtual_audio import VirtualAudio  # noqa: E402

SPEECH = ROOT / "tests" / "data" / "speech"
REQUESTS = ("what time is it", "set a timer for five minutes", "what is twelve times four", "how are you")
LINES = 300


def turn_detector() -> None:
    from tui_assistant import ServerVad, TurnDetector

    with wave.open(str(SPEECH / "jfk.wav")) as file:
        pcm = file.readframes(file.getnframes()) * 6
    seconds = len(pcm) / 32_000
    best = 1e9
    for _ in range(5):
        detector = TurnDetector(ServerVad())
        began = time.process_time()
        for begin in range(0, len(pcm), 640):
            detector.feed(pcm[begin : begin + 640])
        best = min(best, (time.process_time() - began) / seconds)
    print(f"TurnDetector, 20 ms of 16 kHz at a time   {best * 1000:.2f} ms CPU per audio second")


def detect(folder: Path) -> None:
    with wave.open(str(SPEECH / "jfk.wav")) as file:
        once = file.readframes(file.getnframes())
    long = folder / "long.wav"
    with wave.open(str(long), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(once * 60)
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "tui_assistant", "detect", str(long)], check=True, capture_output=True)
    took = time.monotonic() - began
    seconds = len(once) * 60 / 32_000
    print(f"detect, start-up included                 {seconds / took:.0f} times real time ({seconds:.0f} s of audio)")


def first_paint(env: dict[str, str]) -> None:
    figures = []
    for _ in range(5):
        began = time.monotonic()
        child, terminal = pty.fork()
        if child == 0:
            os.environ |= env | {"COLUMNS": "120", "LINES": "40", "TERM": "xterm-256color"}
            os.execv(sys.executable, [sys.executable, "-m", "tui_assistant"])
        seen = b""
        while b"HANDS-FREE" not in seen:
            seen += os.read(terminal, 65_536)
        figures.append(time.monotonic() - began)
        os.write(terminal, b"q")
        try:
            while os.read(terminal, 65_536):
                pass
        except OSError:  # the other side is closed
            pass
        os.waitpid(child, 0)
        os.close(terminal)
    print(f"first paint                               {min(figures):.2f} to {max(figures):.2f} s")


def processes(root: int) -> list[int]:
    """`root` and all that it started."""
    children = Path(f"/proc/{root}/task/{root}/children").read_text().split()
    for thread in Path(f"/proc/{root}/task").iterdir():
        children += (thread / "children").read_text().split()
    return [root] + [pid for child in {int(c) for c in children} for pid in processes(child)]


def cpu_and_memory(pids: list[int]) -> tuple[float, float]:
    """Seconds of CPU so far, and megabytes."""
    ticks = kilobytes = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
        pss = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        kilobytes += int(pss[1]) if pss else 0
    return ticks / os.sysconf("SC_CLK_TCK"), kilobytes / 1024


def app(room: VirtualAudio, folder: Path, seconds: float) -> None:
    out = folder / "stamps.json"
    env = {**room.env, "TUI_ASSISTANT_STATE": str(folder / "state"), "TUI_ASSISTANT_CONFIG": str(folder / "no.toml"),
           "PYTHONPATH": str(ROOT)}  # fmt: skip
    probe = [sys.executable, str(ROOT / "tests" / "bench" / "app_probe.py"), str(out), str(LINES)]
    clips = [command(text, folder / f"{number}.wav", after=2.0) for number, text in enumerate(REQUESTS)]
    with Terminal(probe, folder, size=(120, 40), env=env) as terminal:
        terminal.wait_for(" IDLE ", 20)
        time.sleep(3)  # the models load
        listing = subprocess.run(["pgrep", "-f", str(out)], capture_output=True, text=True, check=True).stdout
        own = [int(pid) for pid in listing.split() if "python" in Path(f"/proc/{pid}/comm").read_text()]
        pids = processes(own[0])
        before, _ = cpu_and_memory(pids)
        main_before, _ = cpu_and_memory(own[:1])
        began = time.monotonic()
        number = 0
        while time.monotonic() - began < seconds:
            room.play(clips[number % len(clips)])
            number += 1
        took = time.monotonic() - began
        after, memory = cpu_and_memory(pids)
        main_after, main_memory = cpu_and_memory(own[:1])
        terminal.keys("q")
        terminal.wait_status(10)
    share, main_share = (after - before) / took, (main_after - main_before) / took
    print(f"app, {len(pids)} processes, {number} commands spoken      {share:.1%} of a core, {memory:.0f} MB")
    print(f"    of which the process of the screen    {main_share:.1%} of a core, {main_memory:.0f} MB")
    stamps = json.loads(out.read_text())[100:]
    sizes = np.cumsum([size for size, _ in stamps]) / 48_000
    late = np.array([at for _, at in stamps]) - sizes
    late = (late - np.percentile(late, 1)) * 1000
    p50, p99 = np.percentile(late, [50, 99])
    print(f"    microphone callbacks late by          p50 {p50:.1f}  p99 {p99:.1f}  max {late.max():.1f} ms")


def answers(folder: Path, env: dict[str, str]) -> None:
    """Spoken from files to a silent speaker; the figures stand in the notes of the transcript."""
    from tui_assistant.commands.assistant import Options, build_talk
    from tui_assistant.config import Flag, load
    from tui_assistant.runtime import api

    os.environ |= env
    clip = folder / "all.wav"
    parts = []
    for number, text in enumerate(REQUESTS * 3):
        with wave.open(str(command(text, folder / f"a{number}.wav", after=4.5))) as file:
            parts.append(file.readframes(file.getnframes()))
    with wave.open(str(clip), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(b"".join(parts))
    settings = load({"audio.input": Flag("--input", str(clip)), "audio.output": Flag("--output", "none")})
    talk = build_talk(settings, Options(exit_after_input=True), None)
    notes: dict[str, str] = {}
    ended: list[api.Ended] = []

    def listen(notice: api.Notice) -> None:
        if isinstance(notice, api.LineChanged) and notice.line.who is api.Speaker.BOT and notice.line.note:
            notes[notice.line.key] = notice.line.note
        elif isinstance(notice, api.Ended):
            ended.append(notice)

    talk.start(listen)
    while not ended:
        time.sleep(0.1)
    talk.close()
    totals = []
    for note in notes.values():
        figures = dict(zip(*[iter(note.split(": ", 1)[1].split())] * 2, strict=False))
        totals.append(sum(int(figures[name]) for name in ("vad", "asr", "think", "voice")))
    p50, p95 = np.percentile(totals, [50, 95])
    print(f"end of speech to first audio, {len(totals)} answers  p50 {p50:.0f}  p95 {p95:.0f}  max {max(totals)} ms")
    print("    at silence_duration_ms 500; in order:  " + " ".join(map(str, totals)))


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        quiet = {"TUI_ASSISTANT_STATE": str(folder / "state"), "TUI_ASSISTANT_CONFIG": str(folder / "no.toml"),
                 "PYTHONPATH": str(ROOT)}  # fmt: skip
        os.environ["PYTHONPATH"] = str(ROOT)
        turn_detector()
        detect(folder)
        answers(folder, quiet)
        with VirtualAudio(folder / "va") as room:
            first_paint({**room.settings, **quiet})
            app(room, folder, seconds)


if __name__ == "__main__":
    main()
