"""The app in a terminal, with a microphone that hears the same question again and again, and what can go wrong.

Every question has to become one turn, whatever happens meanwhile; what the app wrote down tells (`--record`).
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sounds import command
from tmux import Terminal
from virtual_audio import VirtualAudio

ROOT = Path(__file__).parents[2]
# The time of day of all its processes, as if it had been set. libfaketime cannot: after a jump it lets time.sleep fail.
CLOCK = """import time
real = time.time
def jumped():
    with open({path!r}) as file:
        return real() + float(file.read() or 0)
time.time = jumped
"""
SIZE = (120, 40)
SIZES = [(20, 6), (80, 24), (200, 50), (60, 15), (121, 41), (40, 40)]
PATIENCE_S = 60.0  # for a busy machine
STOP_S, STALL_S = 2.5, 2.5  # longer than the question
TIMER_S = 4
TRUSTED_S = 0.6  # a microphone from which nothing comes for longer has gone
JUMPS_S = (7_200, -7_200, 90, -90)  # of the time of day
COUNTER = re.compile(r"! (\w+) (\d+)")
COMMITTED, ANSWERED = "input_audio_buffer.committed", "response.done"


class AppRoom:
    """One running app. Each method named in FAULTS is something that goes wrong while a question is spoken."""

    def __init__(self, folder: Path, audio: VirtualAudio, seed: int) -> None:
        self.audio = audio
        self.asked = 0
        self.counters: dict[str, int] = {}  # losses, as the screen showed them
        self._random = random.Random(seed)
        self._recording = folder / "recording"
        self._clock = folder / "clock"
        self._clock.write_text("0")
        (folder / "sitecustomize.py").write_text(CLOCK.format(path=str(self._clock)))
        self._clip = command("what time is it", folder / "time.wav")
        env = {
            **audio.env,
            "TUI_ASSISTANT_STATE": str(folder / "state"),
            "TUI_ASSISTANT_CONFIG": str(folder / "none.toml"),
            "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT))),
        }
        # with headphones the app hears us while it answers: every question counts
        program = [sys.executable, "-m", "tui_assistant", "--headphones", "--record", str(self._recording)]
        self.terminal = Terminal(program, folder, size=SIZE, env=env)

    @contextmanager
    def open(self) -> Iterator[AppRoom]:
        with self.terminal:
            self.terminal.wait_for(" IDLE ", PATIENCE_S)
            self.terminal.wait_for("mic default", PATIENCE_S)
            self.ask()  # the models are loaded
            self.until(lambda: self.count(ANSWERED) > 0, "the first answer")
            yield self

    # ------------------------------------------------------------------------------------------- what it heard

    def events(self) -> list[dict[str, object]]:
        """Everything that it has written down; the last line may be half written."""
        lines = (self._recording / "events.jsonl").read_text().splitlines(keepends=True)
        return [json.loads(line)["event"] for line in lines if line.endswith("\n")]

    def count(self, kind: str) -> int:
        return sum(event["type"] == kind for event in self.events())

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not come:\n{self.terminal.screen()}"
            time.sleep(0.1)

    def ask(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Speaks the question, and waits until it is a turn."""
        player = self.audio.begin_play(self._clip)
        meanwhile()
        player.wait(PATIENCE_S)
        self.asked += 1
        self.until(lambda: self.count(COMMITTED) >= self.asked, f"turn {self.asked}")
        self.counters |= {name: int(amount) for name, amount in COUNTER.findall(self.terminal.screen())}

    def leave(self) -> None:
        """Quits by q, pressed once."""
        self.terminal.keys("q")
        assert self.terminal.wait_status() == 0

    # ------------------------------------------------------------------------------------------ what goes wrong

    def stop(self, seconds: float = STOP_S) -> None:
        """The whole program stands still, its models too."""
        time.sleep(self._random.uniform(0, 1.0))  # also in the middle of the question
        # not the shell in the terminal: when that stands still, tmux lets everything go on
        *processes, _shell = _tree(int(self.terminal.ask("#{pane_pid}")))
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        for pid in processes:
            os.kill(pid, signal.SIGCONT)

    def stall(self, seconds: float = STALL_S) -> None:
        """The terminal takes nothing."""
        terminal = int(self.terminal.ask("#{pid}"))
        os.kill(terminal, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(terminal, signal.SIGCONT)

    def resize(self) -> None:
        for size in [*self._random.sample(SIZES, len(SIZES)), SIZE]:
            self.terminal.resize(*size)
            time.sleep(self._random.uniform(0.02, 0.2))

    def other_default(self) -> None:
        """Another speaker and another microphone, which do not hear each other, become the default ones for a while.

        PulseAudio moves the app's streams there and back; one that was moved may stand still, until the app notices
        and opens another.
        """
        sinks = ("other", "other_room")
        modules = [self.audio.pactl("load-module", "module-null-sink", f"sink_name={sink}") for sink in sinks]
        self.audio.pactl("set-default-sink", "other")
        self.audio.pactl("set-default-source", "other_room.monitor")
        time.sleep(0.5)
        self.audio.pactl("set-default-sink", "va_speaker")
        self.audio.pactl("set-default-source", "va_mic")
        for module in modules:
            self.audio.pactl("unload-module", module)
        time.sleep(2 * TRUSTED_S)
        self.until(self.hears, "the microphone")

    def set_clock(self) -> None:
        """The time of day jumps while a timer runs, which takes as long as it takes."""
        timers, alarms = self._spoken().count("Timer set for"), self._alarms()
        self.terminal.keys("i")
        self.terminal.wait_for("type a message", PATIENCE_S)
        self.terminal.type(f"set a timer for {TIMER_S} seconds")
        self.terminal.keys("Enter")
        began = time.monotonic()
        self.until(lambda: self._spoken().count("Timer set for") > timers, "the timer")
        offset = int(self._clock.read_text()) + self._random.choice(JUMPS_S)
        self._clock.write_text(str(offset))
        self.until(lambda: self._alarms() > alarms, "the alarm")
        assert time.monotonic() - began >= TIMER_S  # at once, after a jump forward, would be wrong too

    def hears(self) -> bool:
        """Whether audio has come in until just now."""
        tail = (self._recording / "input.log").read_bytes()[-50_000:].splitlines()[1:-1]  # the last may be half written
        calls = [json.loads(line) for line in tail]
        fed = [call["at_ms"] for call in calls if call["call"] == "feed"]
        return bool(fed) and calls[-1]["at_ms"] - fed[-1] < TRUSTED_S * 1000 / 2

    def unplug(self) -> None:
        """Both devices go and come back; what is said meanwhile nobody hears, and the screen says so."""
        self.audio.pactl("set-sink-mute", "va_speaker", "1")  # for a moment the app hears this one
        self.audio.unload_microphone()
        self.audio.unload_speaker()
        self.terminal.wait_for("has gone", PATIENCE_S)
        self.audio.load_speaker()
        self.audio.load_microphone()
        self.terminal.wait_for("is back", PATIENCE_S)
        self.terminal.wait(lambda screen: "no microphone" not in screen and "mic default" in screen, PATIENCE_S)
        self.until(self.hears, "the microphone")

    def _alarms(self) -> int:
        return self._spoken().count("timer is done")

    def _spoken(self) -> str:
        """All transcripts of answers, one a line."""
        done = "response.output_audio_transcript.done"
        return "\n".join(str(event["transcript"]) for event in self.events() if event["type"] == done)


# By name, and whether the question is spoken meanwhile; after the others it is spoken then.
FAULTS: dict[str, bool] = {
    "stop": True,
    "stall": True,
    "resize": True,
    "other_default": False,  # PulseAudio moves streams to what is the default: then nobody hears this microphone
    "set_clock": False,
    "unplug": False,
}


def suffer(room: AppRoom, fault: str) -> None:
    action = getattr(room, fault)
    if FAULTS[fault]:
        room.ask(meanwhile=action)
    else:
        action()
        room.ask()


def _tree(pid: int) -> Iterator[int]:
    """A process and all below it, itself last."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        children = ""
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended meanwhile
            children = (task / "children").read_text()
        for child in children.split():
            yield from _tree(int(child))
    yield pid


def memory_mib(room: AppRoom) -> float:
    """RSS of the app's own process."""
    (app,) = Path(f"/proc/{room.terminal.ask('#{pane_pid}')}/task").iterdir()
    pid = (app / "children").read_text().split()[0]
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))
