"""Two tables: what finding turns costs, and how many errors are made, ours beside the peers in the same run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # it is also a program of its own

import numpy as np
from bench_turns import CONDITIONS, recordings, under
from peers import CONTENDERS, FRAME_SAMPLES, INSTALL, OURS, WEBRTC_MS, Contender, Find, Samples

from tui_assistant.engine.ports import FRAME_RATE
from tui_assistant.errors import UsageError
from tui_assistant.lab import evaluation
from tui_assistant.lab.evaluation import Score
from tui_assistant.sound.resample import resample
from tui_assistant.sound.wav import read_wav

SPEECH = Path(__file__).parents[1] / "data" / "speech"
PAUSE_S = 0.8  # between two recordings: long enough to end a turn
COMMON_MS = 500  # the silence at which all are compared
BROKEN = "does not start: what it printed says why"
MARK = "cpu-ms "  # begins the lines of a child
Row = Sequence[str]


def speech(seconds: float) -> Samples:
    """The recordings of the tests with pauses between, as long as wanted."""
    pieces = []
    for path in sorted(SPEECH.glob("*.wav")):
        sound = read_wav(path.read_bytes(), path.name)
        pieces += [resample(sound.samples, sound.rate, FRAME_RATE), np.zeros(round(PAUSE_S * FRAME_RATE), np.int16)]
    return np.resize(np.concatenate(pieces), round(seconds * FRAME_RATE))


def ready(kind: str) -> tuple[list[Contender], list[Row]]:
    """Those that are installed, and a line for each that is not."""
    there = [each for each in CONTENDERS if each.installed is not None]
    missing = [each for each in CONTENDERS if each.installed is None]
    for each in missing:
        print(f"{kind}: {each.name} is not installed", file=sys.stderr)
    return there, [(each.name, f"not installed: `{INSTALL[each.package or '']}`") for each in missing]


# ------------------------------------------------------------------------------------------------------- CPU


@dataclass
class Cost:
    """CPU ms per second of audio, one figure per round, from a process of its own."""

    contender: Contender
    process: subprocess.Popen[str]
    whole: list[float] = field(default_factory=list)
    network: list[float] = field(default_factory=list)

    def measure(self) -> None:
        assert self.process.stdin is not None
        print(file=self.process.stdin, flush=True)
        whole, network = self.answer()
        self.whole.append(whole)
        self.network.append(network)

    def answer(self) -> tuple[float, float]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(MARK):  # libraries greet there, too
                whole, network = line.removeprefix(MARK).split()
                return float(whole), float(network)
        raise EOFError


def cpu_rows(seconds: float, rounds: int) -> Iterator[Row]:
    """All of them in every round: what else the machine does falls on all alike."""
    there, missing = ready("cpu")
    with ExitStack() as stack:
        costs = []
        for each in there:
            line = [sys.executable, __file__, each.name, str(seconds)]
            process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            stack.enter_context(process)  # waits for it, after ...
            stack.callback(process.kill)
            costs.append(Cost(each, process))
        for cost in tuple(costs):
            try:
                cost.answer()  # loaded and warm
            except EOFError:
                costs.remove(cost)
                missing.append((cost.contender.title, BROKEN))
        for number in range(rounds):
            print(f"cpu: round {number + 1} of {rounds}", file=sys.stderr)
            for cost in costs:
                cost.measure()
    own = next(cost for cost in costs if cost.contender is OURS)
    yield "", "network alone", "from 20 ms of sound to turns", "against ours"
    for cost in costs:
        ratio = statistics.median(its / ours for its, ours in zip(cost.whole, own.whole, strict=True))
        yield cost.contender.title, _span(cost.network), _span(cost.whole), f"{ratio:.1f}"
    yield from missing


def _child(name: str, seconds: float) -> None:
    """Answers once when it is ready, then for every line."""
    contender = next(each for each in CONTENDERS if each.name == name)
    whole, network = _works(contender, speech(seconds))
    print(MARK, 0, 0, flush=True)
    for _ in sys.stdin:
        print(MARK, _cpu(whole) * 1000 / seconds, _cpu(network) * 1000 / seconds, flush=True)


def _works(contender: Contender, samples: Samples) -> tuple[Callable[[], object], Callable[[], object]]:
    """The whole and the network alone, warm."""
    assert contender.find is not None
    assert contender.predict is not None
    find, predict = contender.find(), contender.predict()
    # webrtcvad by itself takes 10, 20 or 30 ms
    size = FRAME_RATE * WEBRTC_MS // 1000 if contender.package == "webrtcvad-wheels" else FRAME_SAMPLES
    frames = list(samples[: len(samples) // size * size].reshape(-1, size))
    for frame in frames[:30]:
        predict(frame)
    if not find(samples, None):
        raise SystemExit(f"{contender.name} hears nothing in speech: it is not driven as it should be")
    return lambda: find(samples, None), lambda: [predict(frame) for frame in frames]


def _cpu(work: Callable[[], object]) -> float:
    """Seconds, of all threads."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def _span(values: Sequence[float]) -> str:
    """The median, and the least: what disturbs only ever adds."""
    return f"{statistics.median(values):.2f} ({min(values):.2f})"


# ----------------------------------------------------------------------------------------------------- turns


def turn_rows(folder: Path, *, noise: str = "pink", seed: int = 0) -> Iterator[Row]:
    """Errors summed over three conditions: at one silence for all, then at the one that each is shipped with."""
    there, missing = ready("turns")
    data = recordings(folder)
    if not data:
        raise UsageError(f"{folder} holds no recording with labels beside it")
    worse = [
        (under(condition, name, samples, labels, noise, seed), labels)
        for condition in CONDITIONS
        for name, samples, labels in data
    ]
    yield "", "silence", "turns", "missed", "false", "split", "merged", "errors", "onset ms", "end ms"
    turns = {each: find for each in there if each.shipped_ms is not None and (find := _loaded(each)) is not None}
    missing += [(each.title, BROKEN) for each in there if each.shipped_ms is not None and each not in turns]
    shipped = sorted({each.shipped_ms or 0 for each in turns} - {COMMON_MS})
    plan = [(each, COMMON_MS) for each in turns]
    plan += [(each, at) for at in shipped for each in turns if each is OURS or each.shipped_ms == at]
    for each, silence_ms in plan:
        print(f"turns: {each.name} at {silence_ms} ms", file=sys.stderr)
        find, as_shipped = turns[each], silence_ms == each.shipped_ms
        score = evaluation.total(
            evaluation.score(labels, find(samples, None if as_shipped else silence_ms), silence_ms)
            for samples, labels in worse
        )
        yield each.title, f"{silence_ms}{', as shipped' if as_shipped else ''}", *_scored(score)
    yield from missing


def _loaded(contender: Contender) -> Find | None:
    try:
        return contender.find() if contender.find is not None else None
    except ImportError as error:  # a part of it is not installed
        print(f"turns: {contender.name}: {error}", file=sys.stderr)
        return None


def _scored(score: Score) -> Row:
    def latency(values: tuple[float, ...]) -> str:
        shown = [evaluation.percentile(values, fraction) for fraction in (0.5, 0.9)]
        return " / ".join("-" if value is None else f"{value:.0f}" for value in shown)

    counts = score.reference, score.missed, score.false, score.split, score.merged
    return *map(str, counts), f"**{score.errors}**", latency(score.onset_ms), latency(score.end_ms)


if __name__ == "__main__":
    _child(sys.argv[1], float(sys.argv[2]))
