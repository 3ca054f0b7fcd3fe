"""Many sessions on one server for a long time: every sample, every event, and the memory that it takes."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from paced_sessions import BLOCK, Paced, speech
from served import Served, serving

CALM_S = 1.0  # between two looks at the memory
P99_S = 10.0  # from an append to its event: far more than it takes, for machines with other work
MOST_SLOPE_MIB = 3.0  # per session and hour of audio: the texts of its conversation and the windows of what is kept
KEPT_MINUTES = 6.0  # of a session's audio: until then memory grows because the last 5 minutes are kept


async def watched(served: Served, clients: list[Paced], minutes: float) -> list[tuple[float, float, float]]:
    """Minutes of audio of each session so far, and MiB of the server and of the workers, until it is cancelled."""
    seen = []
    try:
        while True:
            memory = served.memory_mib()
            said = sum(client.counts["samples"] for client in clients) / len(clients) / 16_000 / 60
            seen.append((min(said, minutes), memory["server"], memory["workers"]))
            await asyncio.sleep(CALM_S)
    except asyncio.CancelledError:
        return seen


@pytest.mark.parametrize(
    ("sessions", "minutes", "speed"),
    [
        pytest.param(4, 1.0, 15.0, id="short"),
        pytest.param(20, 30.0, 1.0, id="long", marks=[pytest.mark.soak, pytest.mark.timeout(3_500)]),
    ],
)
async def test_every_sample_and_every_event_of_many_sessions(
    tmp_path: Path, sessions: int, minutes: float, speed: float
) -> None:
    step = len(speech()) // BLOCK // sessions
    clients = [Paced(number * step, minutes, speed) for number in range(sessions)]
    with serving(tmp_path, sessions) as served:
        files = served.files()
        watching = asyncio.create_task(watched(served, clients, minutes))
        began, used = time.monotonic(), served.cpu_s()
        await asyncio.gather(*(client.run(served.url) for client in clients))
        took, used = time.monotonic() - began, served.cpu_s() - used
        watching.cancel()
        seen = await watching
        async with asyncio.timeout(30):
            while served.files() > files:  # noqa: ASYNC110  # those of its clients, in another process
                await asyncio.sleep(0.05)
    counts = sum((client.counts for client in clients), Counter[str]())
    p50, p99 = np.percentile([value for client in clients for value in client.latencies_s], [50, 99])
    late = np.array([row for row in seen if row[0] >= KEPT_MINUTES])
    cpu_ms = used / sessions / minutes / 60 * 1000
    first, last = seen[0], seen[-1]
    print(f"\n{sessions} sessions, {minutes} min each, in {took:.0f} s: {dict(counts)}")
    print(f"append to event p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms; CPU {cpu_ms:.2f} ms per second of audio")
    print(f"MiB: server {first[1]:.1f} to {last[1]:.1f}, workers {first[2]:.1f} to {last[2]:.1f}")
    slopes = [np.polyfit(late[:, 0] / 60, late[:, column], 1)[0] / sessions for column in (1, 2) if len(late) > 10]
    print("MiB per session and hour of audio, server and workers:", [f"{slope:.2f}" for slope in slopes])
    assert [wrong for client in clients for wrong in client.wrong] == []
    assert counts["samples"] >= sessions * minutes * 60 * 16_000
    assert counts["decisions"] == 2 * counts["turns"] == 2 * counts["fetched"]
    assert counts["turns"] > sessions * minutes * 5
    assert counts["completed"] > 0
    assert p99 < P99_S
    assert all(slope < MOST_SLOPE_MIB for slope in slopes)
    assert len(slopes) == 2 or minutes <= KEPT_MINUTES
