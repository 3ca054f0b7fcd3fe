"""How well the offline recogniser and the matcher understand spoken requests, and at what cost. Run as a program:

    PYTHONPATH=tests python tests/bench/bench_skills.py [--seed N] [--sentences N] [--folder DIR]

Prints right intents and values per voice (flite, and espeak-ng where installed), false accepts on read speech, the time
of finish(), CPU per second of audio, and the matcher's time. `--folder`: a directory with manifest.json (fields file,
norm, set) and WAV files of 16 kHz mono for figures on other recordings; they are measured set by set.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
import wave
from dataclasses import dataclass, field
from pathlib import Path

from models.skills.spoken_requests import espeak, flite, judged, requests

from tui_assistant.engine.ports import Recogniser
from tui_assistant.models.recognisers.pocketsphinx import create
from tui_assistant.models.skills.brain import Brain
from tui_assistant.models.skills.notebook import Notebook
from tui_assistant.models.skills.timerbook import TimerBook

VOICES = ("slt", "rms", "awb", "kal16")
ESPEAK_VOICES = ("en-us", "en-gb")
CLIPS = Path(__file__).parent.parent / "data" / "speech"


@dataclass
class Cost:
    finals: list[float] = field(default_factory=list)
    cpu: float = 0.0
    audio: float = 0.0

    def recognise(self, recogniser: Recogniser, pcm: bytes) -> str:
        stream = recogniser.open(None)
        cpu = time.process_time()
        for start in range(0, len(pcm), 640):
            stream.accept(pcm[start : start + 640])
        started = time.perf_counter()
        text = stream.finish().text
        self.finals.append(time.perf_counter() - started)
        self.cpu += time.process_time() - cpu
        self.audio += len(pcm) / 32_000
        stream.close()
        return text

    def __str__(self) -> str:
        ordered = sorted(self.finals)
        p50, p95 = (1e3 * ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.95))
        return (
            f"finish() p50 {p50:.1f} ms, p95 {p95:.1f} ms, max {1e3 * ordered[-1]:.1f} ms; "
            f"{1e3 * self.cpu / self.audio:.0f} ms CPU per audio second"
        )


def read(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        return file.readframes(file.getnframes())


def voices(brain: Brain, cost: Cost, seed: int, count: int) -> None:
    spoken = [(voice, flite) for voice in VOICES]
    if shutil.which("espeak-ng"):
        spoken += [(voice, espeak) for voice in ESPEAK_VOICES]
    with tempfile.TemporaryDirectory() as folder:
        for voice, speak in spoken:
            recogniser = create({})  # a fresh one: it knows nothing of the voice yet
            wrong = []
            for request in requests(seed, count):
                heard = cost.recognise(recogniser, speak(request.text, voice, Path(folder)))
                if not judged(request, brain.understand(heard)):
                    wrong.append(f"    {request.text!r} heard as {heard!r}")
            print(f"{speak.__name__} {voice}: {1 - len(wrong) / count:.1%} of {count}", *wrong, sep="\n")


def false_accepts(brain: Brain, cost: Cost, clips: list[tuple[str, bytes]]) -> None:
    recogniser = create({})
    done = asked = 0
    for name, pcm in clips:
        heard = cost.recognise(recogniser, pcm)
        understood = brain.understand(heard)
        done += understood.intent is not None and not understood.confirm
        asked += understood.confirm
        outcome = understood.intent.skill.name if understood.intent else "-"
        print(f"    {name:32} {outcome}{' ?' if understood.confirm else ''}  {heard!r}")
    print(f"  a skill ran on {done}, a question was asked on {asked}, of {len(clips)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--sentences", type=int, default=60)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    started = time.perf_counter()
    create({})
    print(f"seed {options.seed}; the recogniser starts in {time.perf_counter() - started:.1f} s")
    brain, cost = Brain(TimerBook(), Notebook()), Cost()
    voices(brain, cost, options.seed, options.sentences)
    print("read speech that is no request:")
    false_accepts(brain, cost, [(path.name, read(path)) for path in sorted(CLIPS.glob("*.wav"))])
    if options.folder:
        manifest = json.loads((options.folder / "manifest.json").read_text(encoding="utf-8"))
        for group in sorted({entry["set"] for entry in manifest}):
            print(f"{group}:")
            files = [entry["file"] for entry in manifest if entry["set"] == group]
            false_accepts(brain, cost, [(name, read(options.folder / name)) for name in files])
    print(cost)
    times = []
    for request in requests(options.seed, 200):
        begun = time.thread_time()
        brain.understand(request.text)
        times.append(1e3 * (time.thread_time() - begun))
    times.sort()
    print(f"matcher: p50 {times[100]:.2f} ms, p95 {times[190]:.2f} ms, max {times[-1]:.2f} ms CPU")


if __name__ == "__main__":
    sys.exit(main())
