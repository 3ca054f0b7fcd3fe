"""What real terminals tell of a held key, and that they are left as they were. Without sound: the Talk only writes."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from xvfb import FIRST_REPEAT_MS, RELEASED, REPEAT_MS, TERMINALS, Window

PROBE = str(Path(__file__).parent / "key_probe.py")
HOLDS = 3
NAMES = {"kitty": "kitty", "foot": "foot", "xterm": "xterm", "xterm+tmux": "xterm+tmux"}


@contextmanager
def probe(terminal: str, folder: Path, *arguments: str) -> Iterator[Window]:
    """The screen in that terminal, once it takes keys."""
    with Window(terminal, [sys.executable, PROBE, str(folder / "log"), *arguments], folder) as window:
        answer = "released" if terminal in RELEASED else "inferred"  # of a terminal; until it comes it is guessed
        window.until(lambda: any(event["method"] == answer for event in window.events("keyboard")), 30)
        time.sleep(0.5)
        window.focus()
        yield window


def edges(window: Window) -> list[tuple[str, float]]:
    return [(event["edge"], event["at"]) for event in window.events("key")]


def held(window: Window, released: bool) -> float:
    """Holds space for a second and checks what is told of it; returns by how many ms the worst of it was off."""
    before = len(edges(window))
    down, up = window.keys.hold("space", 1_000)
    window.until(lambda: len(edges(window)) > before and (not released or edges(window)[-1][0] == "release"))
    time.sleep(0.5)
    seen = edges(window)[before:]
    kinds, times = [kind for kind, _ in seen], [at for _, at in seen]
    repeats = times[1:-1] if released else times[1:]
    assert set(kinds[1 : len(repeats) + 1]) == {"repeat" if released else "pulse"}
    assert kinds[0] == ("press" if released else "pulse")
    assert times[0] >= down
    if released:
        assert kinds[-1] == "release"
        assert times[-1] >= up
    gaps = sorted(b - a for a, b in itertools.pairwise(repeats))
    return max(
        times[0] - down,
        abs(repeats[0] - down - FIRST_REPEAT_MS),
        abs(gaps[len(gaps) // 2] - REPEAT_MS) * 10,  # that within 10 ms
        times[-1] - up,
    )


@pytest.mark.parametrize("terminal", TERMINALS)
def test_a_held_key_and_the_way_out(terminal: str, tmp_path: Path) -> None:
    with probe(terminal, tmp_path) as window:
        keyboard = window.events("keyboard")[-1]
        released = terminal in RELEASED
        assert keyboard["method"] == ("released" if released else "inferred"), keyboard
        assert keyboard["terminal"] == NAMES[terminal]
        assert bool(keyboard["why"]) is not released

        late = [held(window, released) for _ in range(HOLDS)]
        assert min(late) < 100, late  # the best of them: other work on the machine only ever adds

        # in the type line space is a space, and nothing of it goes to the Talk
        before = len(edges(window))
        window.keys.tap("i")
        time.sleep(0.3)
        for key in ("a", "space", "b"):
            window.keys.tap(key)
        window.keys.tap("Return")
        window.until(lambda: window.events("say"))
        assert [event["text"] for event in window.events("say")] == ["a b"]
        assert len(edges(window)) == before

        window.keys.tap("q")
        assert window.ended() == 0
        assert window.left() == {"settings": "same\n", "keyboard": "\x1b[?0u" if released else "", "after": ""}


@pytest.mark.parametrize(("terminal", "number"), [("kitty", signal.SIGTERM), ("xterm", signal.SIGHUP)])
def test_a_signal_in_mid_hold_leaves_the_terminal_as_it_was(terminal: str, number: int, tmp_path: Path) -> None:
    with probe(terminal, tmp_path) as window:
        window.keys.down("space")
        window.until(lambda: edges(window))
        os.kill(window.events("started")[0]["pid"], number)
        assert window.ended() == 128 + number
        window.keys.up("space")
        assert window.left()["settings"] == "same\n"
        # the key is still down: what it repeats is the shell's, as spaces and not as sequences
        assert window.left()["keyboard"].replace(" ", "") == ("\x1b[?0u" if terminal in RELEASED else "")
