"""Prints figures of the audio devices on the virtual microphone and speaker; asserts nothing about time.

    python tests/bench/bench_audio.py [SECONDS]

Lateness: how much later than its regular place a microphone callback comes (the earliest ones define the places), with
the program idle and with another thread that holds the interpreter as long as it may. Flush: the call.
Played: the count against the sound heard, at the moment of the flush.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

RATE = 48_000
ROOT = Path(__file__).parents[2]
FLUSHES = 20


def lateness(backend: str, seconds: float, busy: bool) -> None:
    from tui_assistant.audio.devices import open_microphone

    stamps: list[tuple[int, float]] = []
    microphone = open_microphone(backend=backend)  # type: ignore[arg-type]  # comes from our own command line
    inner = microphone._take  # type: ignore[attr-defined]  # the bench looks inside

    def take(samples: np.ndarray, taken_at: float) -> None:
        stamps.append((samples.size, time.monotonic()))
        inner(samples, taken_at)

    microphone._take = take  # type: ignore[attr-defined]
    over = threading.Event()
    if busy:
        sys.setswitchinterval(0.0005)  # as the program does at its start
        threading.Thread(target=hold, args=(over,), daemon=True).start()
    microphone.start()
    before = time.process_time()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        microphone.read()
        time.sleep(0.01)
    cpu = time.process_time() - before
    microphone.close()
    over.set()
    stamps = stamps[50:]  # the start comes in a burst
    places = np.cumsum([size for size, _ in stamps]) / microphone.rate
    late = np.array([at for _, at in stamps]) - places
    late = (late - np.percentile(late, 1)) * 1000
    p50, p99 = np.percentile(late, [50, 99])
    load = "busy interpreter" if busy else f"idle, {100 * cpu / seconds:.1f} % of a core"
    print(
        f"{backend:9} lateness   p50 {p50:5.2f}  p99 {p99:5.2f}  max {late.max():6.2f} ms  ({late.size} calls, {load})"
    )


def hold(over: threading.Event) -> None:
    """Python code that never waits, such as a screen drawing."""
    total = 0
    while not over.is_set():
        total += sum(number * number for number in range(1000))


def flush(backend: str) -> None:
    from tui_assistant.audio.devices import open_speaker

    monitor = subprocess.Popen(
        ["parec", "-d", "va_speaker.monitor", "--format=s16le", f"--rate={RATE}", "--channels=1", "--latency-msec=10"],
        stdout=subprocess.PIPE,
    )
    heard: list[bytes] = []
    assert monitor.stdout is not None
    reader = threading.Thread(target=lambda: heard.extend(iter(lambda: monitor.stdout.read(4800), b"")), daemon=True)
    reader.start()
    speaker = open_speaker(backend=backend)  # type: ignore[arg-type]  # comes from our own command line
    speaker.start()
    sine = (9000 * np.sin(2 * np.pi * 1000 * np.arange(2 * speaker.rate) / speaker.rate)).astype(np.int16)
    calls, counts = [], []
    for number in range(FLUSHES):
        before = speaker.played()
        speaker.write(sine)
        end = time.monotonic() + 0.5 + number * 0.007
        while time.monotonic() < end:
            speaker.pending()
            time.sleep(0.01)
        at = time.monotonic()
        speaker.flush()
        calls.append((time.monotonic() - at) * 1000)
        counts.append(speaker.played() - before)
        time.sleep(0.35)
    speaker.close()
    time.sleep(0.3)
    monitor.terminate()
    reader.join(5)
    loud = np.flatnonzero(np.abs(np.frombuffer(b"".join(heard), np.int16).astype(int)) > 300)
    pieces = np.split(loud, np.flatnonzero(np.diff(loud) > 0.1 * RATE) + 1)
    print(f"{backend:9} flush call p50 {np.median(calls):5.2f}  max {max(calls):5.2f} ms  ({FLUSHES} times)")
    if len(pieces) != FLUSHES:
        print(f"{backend:9} heard {len(pieces)} pieces of {FLUSHES}: no figure for the count")
        return
    error = [1000 * (count - (piece[-1] - piece[0] + 1)) / RATE for count, piece in zip(counts, pieces, strict=True)]
    print(f"{backend:9} played - heard p50 {np.median(error):5.1f}  min {min(error):5.1f}  max {max(error):5.1f} ms")


def main() -> None:
    if len(sys.argv) > 2:
        backend, seconds = sys.argv[1], float(sys.argv[2])
        lateness(backend, seconds, busy=False)
        flush(backend)
        lateness(backend, seconds, busy=True)
        return
    place = ROOT / "tests/terminal/virtual_audio.py"
    spec = importlib.util.spec_from_file_location("virtual_audio", place)
    assert spec is not None
    assert spec.loader is not None
    virtual_audio = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(virtual_audio)
    seconds = sys.argv[1] if len(sys.argv) > 1 else "20"
    with tempfile.TemporaryDirectory() as folder, virtual_audio.VirtualAudio(Path(folder)) as audio:
        for backend in ("portaudio", "miniaudio"):
            subprocess.run(
                [sys.executable, __file__, backend, seconds],
                env={**audio.env, "PYTHONPATH": str(ROOT)},
                stderr=subprocess.DEVNULL,
                check=True,
            )


if __name__ == "__main__":
    main()
