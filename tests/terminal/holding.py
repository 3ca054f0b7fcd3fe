"""Holding and tapping in a real terminal, and what came of it: the figures that the README's table is made of."""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from xvfb import RELEASED, Window

PROBE = str(Path(__file__).parent / "talk_probe.py")
TAIL_MS = 200.0
COMMIT = "input_audio_buffer.commit"


@contextmanager
def assistant(terminal: str, folder: Path, *arguments: str) -> Iterator[Window]:
    """The screen in that terminal, once it listens and knows the keyboard."""
    with Window(terminal, [sys.executable, PROBE, str(folder / "log"), *arguments], folder) as window:
        window.until(lambda: window.events("microphone") and _answered(terminal, window), 40)
        time.sleep(0.5)
        window.focus()
        yield window


def _answered(terminal: str, window: Window) -> bool:
    """Whether what is known of the keyboard is the terminal's own answer, not the guess before it."""
    answer = "released" if terminal in RELEASED else "inferred"
    return any(event["method"] == answer for event in window.events("keyboard"))


def sent(window: Window, kind: str = "") -> list[float]:
    """When such client events were sent; all of them without `kind`."""
    return [event["now"] for event in window.events("sent") if kind in ("", event["type"])]


def types(window: Window) -> list[str]:
    return [event["type"] for event in window.events("sent")]


def phase(window: Window) -> str:
    return str(window.events("phase")[-1]["phase"])


def rest(window: Window) -> None:
    """Waits until nobody holds the floor any more."""
    window.until(lambda: phase(window) == "free")
    time.sleep(0.35)


@dataclass(frozen=True, slots=True)
class Figures:
    """All in milliseconds, one for each hold or repeat."""

    press: list[float]  # from the key going down to the edge in the input thread
    release: list[float]  # from the key going up to its release there; empty where there is none
    commit: list[float]  # from the key going up to the commit, without the tail
    ours: list[float]  # of that, from the release in the input thread: what is not the terminal's
    first: list[float]  # from the press to the first repeat
    repeats: list[float]  # between repeats

    def row(self, terminal: str, method: str) -> str:
        """A row of the README's table."""
        release = f"{statistics.median(self.release):.1f} (max {max(self.release):.1f})" if self.release else "-"
        gaps = sorted(self.repeats)
        return (
            f"| {terminal} | {method} | {release} "
            f"| {statistics.median(self.commit):.0f} (p95 {at(self.commit, 0.95):.0f}, max {max(self.commit):.0f}) "
            f"| {statistics.median(self.first) if self.first else 0:.0f} "
            f"| {statistics.median(gaps) if gaps else 0:.0f} / {at(gaps, 0.95) if gaps else 0:.0f} |"
        )


def at(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def hold(window: Window, times: int, ms: float) -> Figures:
    """Holds space so often, each for `ms`; fails when one brings no commit, or two."""
    pressed, released = [], []
    for number in range(times):
        before = len(sent(window, COMMIT))
        down, up = window.keys.hold("space", ms)
        pressed.append(down)
        released.append(up)
        window.until(lambda before=before: len(sent(window, COMMIT)) > before)  # type: ignore[misc]  # its value now
        rest(window)
        assert len(sent(window, COMMIT)) == before + 1, f"hold {number}"
    commits = sent(window, COMMIT)[-times:]
    edges = [(event["edge"], event["at"]) for event in window.events("key")]
    downs, ups, firsts, gaps = [], [], [], []
    for down, up in zip(pressed, released, strict=True):
        own = [(kind, when) for kind, when in edges if down <= when < up + TAIL_MS]
        beats = [when for kind, when in own if kind != "release"]
        downs.append(beats[0] - down)
        ups += [when - up for kind, when in own if kind == "release"]
        firsts += [beats[1] - beats[0]] if len(beats) > 1 else []
        gaps += [b - a for a, b in itertools.pairwise(beats[1:])]
    delays = [commit - up - TAIL_MS for commit, up in zip(commits, released, strict=True)]
    ours = [delay - up for delay, up in zip(delays, ups, strict=False)]
    return Figures(downs, ups, delays, ours, firsts, gaps)


def tap(window: Window, times: int) -> None:
    """Taps: each latches, and the next one sends. Fails when one does not."""
    for number in range(times):
        before = len(sent(window, COMMIT))
        window.keys.hold("space", 60)
        window.until(lambda: phase(window) == "latched")
        time.sleep(0.3)
        assert len(sent(window, COMMIT)) == before, f"tap {number} has not been sent yet"
        window.keys.hold("space", 60)
        window.until(lambda before=before: len(sent(window, COMMIT)) > before)  # type: ignore[misc]  # its value now
        rest(window)
        assert len(sent(window, COMMIT)) == before + 1, f"tap {number}"
