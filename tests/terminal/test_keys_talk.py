"""Holding SPACE to talk in real terminals, from the key on the X server to the commit on the link."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from holding import COMMIT, TAIL_MS, Figures, assistant, at, hold, phase, rest, sent, tap, types
from xvfb import RELEASED, TERMINALS, Window

EXACT_MS = 20.0  # a commit follows the end of the tail within this, where releases are reported
INFERRED_MS = 900.0  # from the key going up to the commit, tail included
# Longer than a tap, also where a busy terminal passes the press on 150 ms later than the release; inferred, longer than
# the pause before the first repeat.
HOLD_MS = {True: 450.0, False: 900.0}


def left_as_it_was(window: Window, released: bool) -> None:
    window.keys.tap("q")
    assert window.ended() == 0
    assert window.left() == {"settings": "same\n", "keyboard": "\x1b[?0u" if released else "", "after": ""}


def in_time(figures: Figures, released: bool, share: float) -> bool:
    """Whether that share of the commits came in time. Keys pass through an X server, a terminal that draws in software
    and the scheduler of a machine that may have other work, other tests among it."""
    if not released:
        return at(figures.commit, share) + TAIL_MS <= INFERRED_MS
    return at(figures.commit, share) <= EXACT_MS and at(figures.ours, share) <= EXACT_MS


def talk(terminal: str, folder: Path, holds: int, taps: int, share: float) -> None:
    """`share`: of the commits that must come in time; see `in_time`."""
    released = terminal in RELEASED
    with assistant(terminal, folder) as window:
        method = window.events("keyboard")[-1]["method"]
        assert method == ("released" if released else "inferred")
        figures = hold(window, holds, HOLD_MS[released])
        tap(window, taps)
        commits = holds + taps
        assert types(window)[1:] == ["input_audio_buffer.clear", COMMIT, "response.create"] * commits
        print(figures.row(terminal, method))
        assert in_time(figures, released, share), figures.commit
        left_as_it_was(window, released)


@pytest.mark.parametrize("terminal", TERMINALS)
def test_holds_and_taps(terminal: str, tmp_path: Path) -> None:
    talk(terminal, tmp_path, holds=5, taps=3, share=0.2)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("terminal", TERMINALS)
def test_fifty_holds_and_ten_taps(terminal: str, tmp_path: Path) -> None:
    talk(terminal, tmp_path, holds=50, taps=10, share=0.9)


@pytest.mark.parametrize("terminal", TERMINALS)
def test_the_focus_goes_in_mid_hold_and_the_words_are_sent(terminal: str, tmp_path: Path) -> None:
    with assistant(terminal, tmp_path) as window:
        window.keys.down("space")
        window.until(lambda: phase(window) == "held")
        time.sleep(0.5)
        window.focus(False)
        window.until(lambda: sent(window, COMMIT))
        rest(window)
        window.keys.up("space")
        window.focus()
        time.sleep(1.0)
        assert len(sent(window, COMMIT)) == 1, "nothing goes on by itself"
        hold(window, 1, 900)
        left_as_it_was(window, terminal in RELEASED)


@pytest.mark.parametrize("terminal", ["kitty", "xterm"])
def test_holding_in_hands_free_is_push_to_talk_for_that_long(terminal: str, tmp_path: Path) -> None:
    with assistant(terminal, tmp_path, "hands-free") as window:
        before = len(types(window))
        hold(window, 1, 900)
        asked = types(window)[before:]
        assert asked[0] == asked[-1] == "session.update"
        assert asked[-3:-1] == [COMMIT, "response.create"]
        left_as_it_was(window, terminal in RELEASED)
