"""The assistant as its user has it: in a terminal, with a microphone and a speaker of software, hearing speech."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sounds import command, sine, write
from tmux import Terminal
from virtual_audio import VirtualAudio

from tui_assistant.sound.wav import read_wav

SIZES = [pytest.param((120, 40), id="120x40"), pytest.param((80, 24), id="80x24")]
LEVEL = re.compile(r"(-?\d+|-∞) dBFS RMS")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[VirtualAudio]:
    """A microphone, a speaker and nobody else."""
    with VirtualAudio(tmp_path / "va") as audio:
        yield audio


def start(room: VirtualAudio, folder: Path, size: tuple[int, int], *arguments: str) -> Terminal:
    """The assistant, ready to listen, with nothing remembered from other runs."""
    env = {**room.env, "TUI_ASSISTANT_STATE": str(folder / "state"), "TUI_ASSISTANT_CONFIG": str(folder / "none.toml")}
    terminal = Terminal([sys.executable, "-m", "tui_assistant", *arguments], folder, size=size, env=env)
    terminal.wait_for(" IDLE ")
    terminal.wait_for("mic default")
    return terminal


YOU = re.compile(r"(\d\d:\d\d:\d\d) ▌?you\b")


def turns(screen: str, since: str = "") -> int:
    """How many lines of the user, later than the time of day `since`, stand on the screen."""
    return sum(clock > since for clock in YOU.findall(screen))


def last(screen: str) -> str:
    """The time of day of the user's last line."""
    return max(YOU.findall(screen), default="")


def level(screen: str) -> int:
    found = LEVEL.search(screen)
    assert found, screen
    return -999 if found[1] == "-∞" else int(found[1])


def settled(terminal: Terminal, turned: int = 0, since: str = "") -> str:
    """Waits until there are so many turns and nobody speaks any more."""
    time.sleep(1.0)  # the silence that ends a turn, and the answer's beginning; what else would come is seen by then
    return terminal.wait(lambda screen: turns(screen, since) >= turned and " IDLE " in screen)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("size", SIZES)
def test_a_conversation(room: VirtualAudio, tmp_path: Path, size: tuple[int, int]) -> None:
    clip = command("what time is it", tmp_path / "time.wav")
    with start(room, tmp_path, size) as terminal:
        player = room.begin_play(sine(-20, 3, tmp_path / "tone.wav"))
        terminal.wait(lambda screen: abs(level(screen) + 20) <= 1)
        player.wait(60)
        terminal.wait(lambda screen: level(screen) < -60)
        assert turns(terminal.screen()) == 0

        states = set()
        player = room.begin_play(clip)
        terminal.wait_for(" SPEECH ")
        player.wait(60)
        terminal.wait_for("bot")
        screen = settled(terminal, 1)
        assert turns(screen) == 1
        assert "what time is it" in screen
        assert re.search(r"bot\s+It('s| is) ", screen)
        for _ in range(10):
            states.add(" SPEECH " in terminal.screen())
            time.sleep(0.1)
        assert states == {False}  # nobody speaks: the state says so

        # deaf at the top of the slider, and not any more back at 0.5
        before = last(screen)
        terminal.keys("t")
        terminal.keys("End")
        terminal.keys("Escape")
        terminal.wait_for("server_vad 1.00/500")
        room.play(clip)
        assert turns(settled(terminal), before) == 0
        terminal.keys("t")
        terminal.type("0.5")
        terminal.keys("Enter")
        terminal.keys("Escape")
        terminal.wait_for("server_vad 0.50/500")
        room.play(clip)
        screen = settled(terminal, 1, before)
        assert turns(screen, before) == 1

        # push-to-talk: only between the two presses
        before = last(screen)
        terminal.keys("m")
        terminal.wait_for("PUSH-TO-TALK")
        terminal.wait_for("turn_detection null" if size[0] >= 120 else "keys inferred")  # what a narrow line keeps
        room.play(clip)
        assert turns(settled(terminal), before) == 0
        terminal.keys("Space")
        terminal.wait_for(" SPEECH ")
        room.play(clip)
        terminal.keys("Space")
        screen = settled(terminal, 1, before)
        assert turns(screen, before) == 1
        assert screen.rindex("▌bot") > screen.rindex("▌you")

        # and hands-free again
        before = last(screen)
        terminal.keys("m")
        terminal.wait_for("HANDS-FREE")
        room.play(clip)
        assert turns(settled(terminal, 1, before), before) == 1
        terminal.keys("q")
        assert terminal.wait_status() == 0


@pytest.mark.timeout(120)
def test_the_talk_key_in_hands_free_and_a_latched_turn_that_silence_sends(room: VirtualAudio, tmp_path: Path) -> None:
    """tmux's Space is a tap, which latches: it says neither that the key is held nor when it is released."""
    once = command("what time is it", tmp_path / "once.wav", before=0.45, after=0.45)
    spoken = read_wav(once.read_bytes(), "once.wav")
    both = np.tile(spoken.samples, 2)[: -int(0.4 * spoken.rate)]  # the key must come within 1.5 s of the last word
    twice = write(tmp_path / "twice.wav", both, spoken.rate)  # 900 ms end a turn nobody holds
    with start(room, tmp_path, (120, 40)) as terminal:
        terminal.keys("Space")
        terminal.wait_for(" SPEECH ")
        room.play(twice)
        screen = terminal.screen()
        assert "turn_detection null" in screen
        assert "ended:" not in screen
        terminal.keys("Space")
        terminal.wait_for("bot")
        screen = settled(terminal, 1)
        assert turns(screen) == 1
        assert "ended: sent by key" in screen
        assert "server_vad 0.50/500" in screen

        before = last(screen)
        terminal.keys("m")
        terminal.wait_for("PUSH-TO-TALK")
        terminal.keys("Space")
        terminal.wait_for(" SPEECH ")
        room.play(once)
        terminal.wait(lambda screen: turns(screen, before) == 1)  # nobody presses a second time
        assert turns(settled(terminal), before) == 1
        terminal.keys("q")
        assert terminal.wait_status() == 0


@pytest.mark.timeout(120)
def test_devices_that_go_and_come_back(room: VirtualAudio, tmp_path: Path) -> None:
    clip = command("what time is it", tmp_path / "time.wav")
    with start(room, tmp_path, (120, 40)) as terminal:
        room.unload_microphone()
        room.unload_speaker()
        terminal.wait_for("has gone")
        room.load_speaker()
        room.load_microphone()
        terminal.wait_for("is back")
        terminal.wait(lambda screen: "no microphone" not in screen)
        room.play(clip)
        terminal.wait_for("what time is it")
        terminal.wait_for("bot")
        terminal.keys("q")
        assert terminal.wait_status() == 0


@pytest.mark.timeout(120)
def test_a_model_that_dies_is_started_again(room: VirtualAudio, tmp_path: Path) -> None:
    clip = command("what time is it", tmp_path / "time.wav")
    with start(room, tmp_path, (120, 40)) as terminal:
        room.play(clip)
        terminal.wait_for("bot")
        settled(terminal)
        os.kill(worker(tmp_path, "pocketsphinx"), signal.SIGKILL)
        terminal.wait_for("recogniser")  # one line says what happened
        before = last(terminal.screen())
        room.play(clip)
        assert turns(settled(terminal, 1, before), before) == 1
        terminal.wait(lambda screen: screen.count("what time is it") == 2)
        terminal.keys("q")
        assert terminal.wait_status() == 0


def worker(folder: Path, model: str) -> int:
    """The process of a model, of the assistant whose state is in `folder`."""
    for entry in Path("/proc").iterdir():
        try:
            line, environment = ((entry / name).read_bytes() for name in ("cmdline", "environ"))
        except (OSError, ValueError):  # no process, or one that has just ended
            continue
        if b"worker_main" in line and model.encode() in line and str(folder).encode() in environment:
            return int(entry.name)
    raise AssertionError(f"no process of {model}")
