"""What the screen costs: CPU at 30 frames a second, moving and at rest, and the time to the first paint.

    python tests/bench/bench_screen.py [SECONDS]

Prints figures and asserts nothing: they depend on the machine.
"""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fake_talk import FakeTalk, scene, talked  # noqa: E402  # the path is set just above

from tui_assistant.tui.app import AssistantApp  # noqa: E402

SIZES = ((120, 40), (80, 24))
FIRST_PAINT = """
import sys; sys.path[:0] = {path!r}
from fake_talk import FakeTalk, scene
from tui_assistant.tui.run import run_app
sys.exit(run_app(FakeTalk(scene(4100))))
"""


def moving() -> FakeTalk:
    """Snapshots as they come: the frames of the last 8 s, anew each time, in real time."""
    start = time.monotonic()
    precomputed = {ms: scene(ms) for ms in range(8_000, 24_000, 32)}  # making them up must not be measured
    keys = sorted(precomputed)

    def live(_: int) -> object:
        at = int((time.monotonic() - start) * 1000) % 16_000 + 8_000
        return precomputed[keys[min(len(keys) - 1, (at - 8_000) // 32)]]

    talk = FakeTalk(live=live)  # type: ignore[arg-type]  # snapshots, by construction
    talk.first = talked()
    return talk


async def cpu(talk: FakeTalk, size: tuple[int, int], seconds: float) -> float:
    """CPU time of this process over wall time, in per cent of one core, with the headless driver."""
    app = AssistantApp(talk)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.5)
        cpu_0, wall_0 = time.process_time(), time.perf_counter()
        await asyncio.sleep(seconds)
        return 100 * (time.process_time() - cpu_0) / (time.perf_counter() - wall_0)


def in_terminal(seconds: float) -> tuple[float, float]:
    """(seconds from exec to the first paint, CPU % with frames standing still) of a real process on a pty."""
    code = FIRST_PAINT.format(path=[str(ROOT), str(ROOT / "tests")])
    master, slave = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-c", code], stdin=slave, stdout=slave, stderr=slave, close_fds=True)
    os.close(slave)
    seen, painted = b"", 0.0
    while b"HANDS-FREE" not in seen:
        seen += os.read(master, 65_536)
    painted = time.perf_counter() - start

    def drain() -> None:
        try:
            while os.read(master, 65_536):
                pass
        except OSError:
            return

    threading.Thread(target=drain, daemon=True).start()
    time.sleep(1.0)
    before = _cpu_of(child.pid)
    time.sleep(seconds)
    used = 100 * (_cpu_of(child.pid) - before) / seconds
    os.write(master, b"q")
    child.wait(5)
    return painted, used


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 6.0
    for size in SIZES:
        figure = asyncio.run(cpu(moving(), size, seconds))
        print(f"{size[0]}x{size[1]} moving   {figure:5.1f} % of a core")
    rest = FakeTalk(scene(7_000))
    print(f"120x40 at rest  {asyncio.run(cpu(rest, (120, 40), seconds)):5.1f} % of a core")
    if Path("/proc").exists():
        painted, used = in_terminal(seconds)
        print(f"first paint     {painted:5.2f} s from exec")
        print(f"pty at rest     {used:5.1f} % of a core")


if __name__ == "__main__":
    main()
