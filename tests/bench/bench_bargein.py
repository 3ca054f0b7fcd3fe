"""How fast a voice interrupts an answer on the virtual microphone and speaker.

    python tests/bench/bench_bargein.py [TIMES]

onset to silence: from the first sound at the microphone to the last of the answer, by recordings of both. duck: from
its decision to half the level. flush: from the decision to the last sound. told - heard: what the server was told of
the answer against what was played. needed: of the voice, by samples, until the decision. Exit status 1 when one is over
its bar, which is meant for a machine with nothing else to do.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests/terminal")]


ONSET_MS, FLUSH_MS, TOLD_MS = 300, 30, 20  # the bars: median, p95 (and what the two clocks differ by), 9 of 10
CLOCKS_MS = 5


def main() -> int:
    from bargein_room import interrupt
    from sounds import command
    from virtual_audio import VirtualAudio

    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    chance = random.Random(6)
    with tempfile.TemporaryDirectory() as name, VirtualAudio(Path(name) / "va") as room:
        folder = Path(name)
        clip = command("no stop please wait", folder / "clip.wav", before=0.1)
        spoken = interrupt(room, folder, clip, [chance.uniform(0.3, 3.5) for _ in range(times)])
    cut = [each for each in spoken if each.cut_ms is not None]
    print(f"interrupted {len(cut)} of {times}")
    onset = [(each.silence - each.onset) * 1000 for each in cut]
    flush = [(each.silence - each.flush) * 1000 for each in cut]
    told = [float(each.cut_ms or 0) - each.heard_ms for each in cut]
    for title, figures in (
        ("needed", [each.needed_ms for each in cut]),
        ("onset to silence", onset),
        ("duck", [each.duck for each in cut]),
        ("flush", flush),
        ("told - heard", told),
    ):
        p50, p95 = np.percentile(figures, [50, 95])
        print(f"{title:17} p50 {p50:6.1f}  p95 {p95:6.1f}  min {min(figures):6.1f}  max {max(figures):6.1f} ms")
    near = sum(abs(ms) <= TOLD_MS for ms in told)
    print(f"told within {TOLD_MS} ms of what was heard: {near} of {len(told)}")
    fast = np.median(onset) <= ONSET_MS and np.percentile(flush, 95) <= FLUSH_MS + CLOCKS_MS
    return 0 if len(cut) == times and fast and near >= 0.9 * times else 1


if __name__ == "__main__":
    sys.exit(main())
