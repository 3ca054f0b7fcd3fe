"""Turns found in labelled recordings: ours, the plain rule on the same network, and WebRTC's detector.

    python tests/bench/bench_turns.py DIR [--noise white|pink] [--seed N]

DIR holds WAV files with labels beside them, as `tui-assistant evaluate DIR` takes them, and the scoring is the same.
Prints errors (missed + false + split + merged) at three silences under three conditions. Exit status 1 when ours makes
more errors in sum than the plain rule, or more than half of what WebRTC's mode 2 makes in either form.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tui_assistant import ServerVad
from tui_assistant.audio.files import load_recording
from tui_assistant.commands.labelled import labelled, read_labels
from tui_assistant.engine.frontend import FrontEnd
from tui_assistant.engine.ports import FRAME_MS, FRAME_RATE, FRAME_SAMPLES
from tui_assistant.lab import degrade, evaluation, whatif
from tui_assistant.lab.evaluation import Found, Score
from tui_assistant.lab.labels import Segment
from tui_assistant.models.registry import Port, create
from tui_assistant.sound.resample import resample

Samples = NDArray[np.int16]
SILENCES = (200, 500, 800)
CONDITIONS = ("clean", "10 dB noise", "-20 dB level")


def ours(samples: Samples, silence_ms: int) -> list[Found]:
    return _through_detector(samples, silence_ms, "silero")


def adapter(samples: Samples, silence_ms: int) -> list[Found]:
    """WebRTC's mode 2 as `--vad webrtc` has it: its 10 ms decisions as a share of each frame, under our rules."""
    return _through_detector(samples, silence_ms, "webrtc")


def plain(samples: Samples, silence_ms: int) -> list[Found]:
    """The plain rule on the plain network: 0.5 for two frames begins, under 0.35 is silence."""
    model = create(Port.DETECTOR, "silero", {"gain_db": 0})
    pieces = [samples[at : at + FRAME_SAMPLES] for at in range(0, len(samples) - FRAME_SAMPLES + 1, FRAME_SAMPLES)]
    return _plain_rule([model.probability(piece) for piece in pieces], FRAME_MS, silence_ms)


def library(samples: Samples, silence_ms: int) -> list[Found]:
    """The plain rule on the decisions of WebRTC's mode 2 over 30 ms, the longest frame that it takes."""
    import webrtcvad

    vad, size = webrtcvad.Vad(2), FRAME_RATE * 30 // 1000
    pieces = [samples[at : at + size] for at in range(0, len(samples) - size + 1, size)]
    return _plain_rule([float(vad.is_speech(piece.tobytes(), FRAME_RATE)) for piece in pieces], 30, silence_ms)


def _plain_rule(probabilities: Sequence[float], frame_ms: int, silence_ms: int) -> list[Found]:
    """Written apart from the engine."""
    found: list[Found] = []
    run, onset, started, last, now = 0, 0, 0, 0, 0
    for p in probabilities:
        now += frame_ms
        if not started:
            run = run + 1 if p >= 0.5 else 0
            if run == 2:
                onset, started, last = now - 2 * frame_ms, now, now
        elif p >= 0.35:
            last = now
        elif now - last >= silence_ms:
            found.append(_found(onset, last, started, now))
            run, started = 0, 0
    if started:
        found.append(_found(onset, now, started, now))
    return found


DETECTORS: dict[str, Callable[[Samples, int], list[Found]]] = {
    "ours": ours,
    "plain rule": plain,
    "webrtc adapter": adapter,
    "webrtc 30 ms": library,
}


def _through_detector(samples: Samples, silence_ms: int, vad: str) -> list[Found]:
    front = FrontEnd(FRAME_RATE, create(Port.DETECTOR, vad))
    probabilities = [frame.p for frame in (*front.push(samples), *front.flush())]
    return evaluation.found(whatif.turns(probabilities, ServerVad(silence_duration_ms=silence_ms)))


def _found(onset: int, last: int, started: int, stopped: int) -> Found:
    return Found(Segment(onset / 1000, last / 1000), started / 1000, stopped / 1000)


def recordings(folder: Path) -> list[tuple[str, Samples, list[Segment]]]:
    result = []
    for path, labels in labelled(folder):
        recording = load_recording(path)
        samples = resample(recording.samples, recording.rate, FRAME_RATE)
        result.append((path.name, samples, read_labels(labels)))
    return result


def under(condition: str, name: str, samples: Samples, speech: list[Segment], noise: str, seed: int) -> Samples:
    if condition == "-20 dB level":
        return degrade.gain(samples, -20)
    if condition == "10 dB noise":
        own = seed ^ zlib.crc32(name.encode())
        return degrade.add_noise(samples, FRAME_RATE, speech, 10, "white" if noise == "white" else "pink", own)
    return samples


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--noise", choices=["white", "pink"], default="pink")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    data = recordings(arguments.folder)
    sums = dict.fromkeys(DETECTORS, 0)
    print(
        f"{'condition':14}{'silence':>8}  {'detector':15}{'turns':>6}{'found':>6}{'missed':>7}{'false':>6}{'split':>6}",
        end="",
    )
    print(f"{'merged':>7}{'errors':>7}{'onset p50/p90':>15}{'end p50/p90':>14}")
    for condition in CONDITIONS:
        worse = [
            (under(condition, name, samples, speech, arguments.noise, arguments.seed), speech)
            for name, samples, speech in data
        ]
        for silence_ms in SILENCES:
            for name, detector in DETECTORS.items():
                score = evaluation.total(
                    evaluation.score(speech, detector(samples, silence_ms), silence_ms) for samples, speech in worse
                )
                sums[name] += score.errors
                print(f"{condition:14}{silence_ms:8}  {name:15}" + row(score))
    print("errors in sum: " + ", ".join(f"{name} {count}" for name, count in sums.items()))
    for name in ("plain rule", "webrtc adapter", "webrtc 30 ms"):
        print(f"ours is {sums['ours'] / max(1, sums[name]):.2f} of {name}")
    half = min(sums["webrtc adapter"], sums["webrtc 30 ms"]) / 2
    return 0 if sums["ours"] <= min(sums["plain rule"], half) else 1


def row(score: Score) -> str:
    def latency(values: tuple[float, ...]) -> str:
        middle, high = (evaluation.percentile(values, fraction) for fraction in (0.5, 0.9))
        return "-" if middle is None or high is None else f"{middle:.0f}/{high:.0f}"

    counts = f"{score.reference:6}{score.found:6}{score.missed:7}{score.false:6}{score.split:6}{score.merged:7}"
    return counts + f"{score.errors:7}{latency(score.onset_ms):>15}{latency(score.end_ms):>14}"


if __name__ == "__main__":
    sys.exit(main())
