"""What goes up of a recording while turns are detected here, beside streaming all of it. By hand:

    PYTHONPATH=tests python tests/bench/bench_upload.py [SECONDS [SILENT [SEED]]]     (600, 0.7, 7)

The recording is clips of tests/data/speech with stretches of a quiet room between them; the turns are those of Silero.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes import RATE  # the tests' folder has to be on the path first
from joined_speech import joined, sent


async def main(seconds: int, silent: float, seed: int) -> None:
    recording = joined(seconds, silent, seed)
    here, there = await sent(recording, "here"), await sent(recording, "there")
    second = 2 * RATE
    print(f"{seconds} s, {silent:.0%} silent, seed {seed}: {len(recording.spoken)} clips, {len(there.turns)} turns")
    print(f"the same turns: {here.turns == there.turns}")
    print(f"streaming      {there.bytes_up / second:7.1f} s of audio  {there.bytes_up:>10} bytes")
    print(f"speech only    {here.bytes_up / second:7.1f} s of audio  {here.bytes_up:>10} bytes")
    print(f"needed         {here.needed / second:7.1f} s: speech with its pre-roll")
    print(f"of the needed  {here.bytes_up / here.needed:7.3f} went up")
    print(f"sent while nobody spoke: {here.while_silent}")


if __name__ == "__main__":
    given = sys.argv[1:]
    asyncio.run(
        main(
            int(given[0]) if given else 600,
            float(given[1]) if len(given) > 1 else 0.7,
            int(given[2]) if len(given) > 2 else 7,
        )
    )
