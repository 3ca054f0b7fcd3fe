"""The recognisers and voices that are installed, through their own adapters: what each costs and gives.

    PYTHONPATH=. python tests/bench/bench_models.py [NAME ...]

Recognisers hear the clips of tests/data/speech in pieces of 100 ms, as fast as they can: word error rate, CPU per
second of audio, and how long the last words take once the sentence is over. Voices say ten answers of the skills: the
time to the first sound, CPU per second of audio, and how long a cancellation takes. Models that are not here are named.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import threading
import time
import wave
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from tui_assistant.engine.ports import Speak
from tui_assistant.errors import AssistantError
from tui_assistant.host.inbox import Flag
from tui_assistant.models.registry import Port, create
from tui_assistant.sound.resample import resample

CLIPS = Path(__file__).parents[1] / "data" / "speech"
RECOGNISERS = ("pocketsphinx", "moonshine-batch", "moonshine-tiny", "moonshine-small")
VOICES = ("espeak", "piper", "kokoro")
ANSWERS = (
    "It is noon.",
    "It is two minutes past twelve.",
    "Timer set for five minutes.",
    "The timer has eleven seconds left.",
    "Seven times eight is fifty-six.",
    "Ten miles are sixteen point one kilometres.",
    "Today is Friday, the sixth of March.",
    "I have written it down.",
    "There are three notes.",
    "Did you mean: what time is it?",
)
RATE = 16_000
PIECE = RATE // 10 * 2  # bytes


def clips() -> list[tuple[str, bytes]]:
    """Text and 16 kHz samples of each."""
    found = []
    for entry in json.loads((CLIPS / "manifest.json").read_text()):
        with wave.open(str(CLIPS / entry["file"])) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            found.append((entry["text"], resample(samples, file.getframerate(), RATE).tobytes()))
    return found


def words(text: str) -> list[str]:
    text = re.sub(r"\bmr\b\.?", "mister", text.lower().replace("-", " "))
    return re.findall(r"[a-z0-9']+", text)


def errors(said: list[str], heard: list[str]) -> int:
    """Words that differ: the edit distance."""
    row = list(range(len(heard) + 1))
    for at, word in enumerate(said, 1):
        above, row[0] = row[0], at
        for other, known in enumerate(heard, 1):
            above, row[other] = row[other], min(row[other] + 1, row[other - 1] + 1, above + (word != known))
    return row[-1]


def hear(name: str) -> str:
    began = time.perf_counter()
    model = create(Port.RECOGNISER, name)
    loaded = time.perf_counter() - began
    wrong, all_words, seconds, cpu, ends = 0, 0, 0.0, 0.0, []
    for text, pcm in clips():
        stream: Any = model.open(None)
        before = time.process_time()
        for start in range(0, len(pcm), PIECE):
            stream.accept(pcm[start : start + PIECE])
        over = time.perf_counter()
        final = stream.finish()
        ends.append(1000 * (time.perf_counter() - over))
        cpu += time.process_time() - before
        stream.close()
        seconds += len(pcm) / 2 / RATE
        wrong += errors(words(text), words(final.text))
        all_words += len(words(text))
    return (
        f"{name:16} load {loaded:.1f} s  word errors {100 * wrong / all_words:.1f} % of {all_words}  "
        f"CPU {cpu / seconds:.2f} s per s  last words after {median(ends):.0f} ms (slowest {max(ends):.0f})"
    )


def say(name: str) -> str:
    began = time.perf_counter()
    model = create(Port.SYNTHESISER, name)
    loaded = time.perf_counter() - began
    firsts, seconds, cpu = [], 0.0, 0.0
    for text in ANSWERS:
        before, asked, first = time.process_time(), time.perf_counter(), None
        for chunk in model.speak(Speak("a", text), Flag()):
            first = first or time.perf_counter() - asked
            seconds += len(chunk.pcm) / 2 / chunk.rate
        firsts.append(1000 * (first or 0))
        cpu += time.process_time() - before
    return (
        f"{name:16} load {loaded:.1f} s  first sound after {median(firsts):.1f} ms (slowest {max(firsts):.1f})  "
        f"CPU {cpu / seconds:.3f} s per s  a cancellation takes {cancelled(model):.1f} ms"
    )


def cancelled(model: Any) -> float:
    """ms from the cancellation of a long text to the end of `speak`."""
    flag, at = Flag(), [0.0]

    def cancel() -> None:
        at[0] = time.perf_counter()
        flag.cancel()

    threading.Timer(0.1, cancel).start()
    for _ in model.speak(Speak("a", " ".join(ANSWERS * 5)), flag):
        time.sleep(0.005)  # somebody takes it
    return 1000 * (time.perf_counter() - at[0])


def main() -> None:
    wanted = sys.argv[1:] or [*RECOGNISERS, *VOICES]
    for name in wanted:
        try:
            print(hear(name) if name in RECOGNISERS else say(name), flush=True)
        except AssistantError as error:
            print(f"{name:16} not here: {error}", flush=True)
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB at most, of all together")


if __name__ == "__main__":
    main()
