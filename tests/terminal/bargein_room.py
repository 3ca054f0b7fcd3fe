"""Speaks over answers on the virtual microphone and finds in the speaker's recording what became of them.

What waits, waits for what the recordings hold, and a clip that the busy machine did not deliver whole is spoken again,
over a new answer: it says nothing about us.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
from bargein_probe import RATE as ANSWER_RATE
from bargein_probe import answer
from virtual_audio import RATE, MonitorRecording, VirtualAudio

from tui_assistant.sound.resample import resample
from tui_assistant.sound.wav import read_wav

ROOT = Path(__file__).parents[2]
SECONDS = 6.0  # of an answer
STEP = RATE // 200  # 5 ms
FED_RATE = 16_000
CUT = "conversation.item.truncate"
SILENT_S = 1.0  # so long a silence is no underrun
PATIENCE_S = 60.0
WHOLE = 0.9  # of the clip's energy in one place
TRIES = 4
LEAST = 60.0  # about -55 dBFS


@dataclass(frozen=True, slots=True)
class Spoken:
    """One answer and what was said over it. Seconds of time.monotonic(), unless said otherwise."""

    onset: float  # the first sound at the microphone
    silence: float  # the speaker's last sound of this answer
    heard_ms: float  # of the answer, by its own samples
    duck: float  # from the decision to half the level, in ms; NaN: there was none
    flush: float  # when the speaker was told to be silent; NaN: it was not
    needed_ms: float  # of the voice had been heard when the speaker was told so: samples, whatever time they took
    events: tuple[dict[str, object], ...]

    @property
    def cut_ms(self) -> int | None:
        """What was told to the server."""
        return next((int(str(e["audio_end_ms"])) for e in self.events if "audio_end_ms" in e), None)

    @property
    def types(self) -> list[str]:
        return [str(event["type"]) for event in self.events]


class Clocked:
    """A recording whose samples have times. What is late only ever makes them later: the earliest are right."""

    def __init__(self, recording: MonitorRecording) -> None:
        self.recording = recording
        self.zero = math.inf  # the first sample's
        for _ in range(50):
            self.look()
            time.sleep(0.003)

    def look(self) -> float:
        """Seconds recorded so far."""
        position = self.recording.position()
        self.zero = min(self.zero, time.monotonic() - position)
        return position


class Conversation:
    """The probe in a process of its own, and recordings of the speaker and the microphone."""

    def __init__(self, room: VirtualAudio, folder: Path) -> None:
        env = {**room.env, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}:{ROOT / 'tests/terminal'}"}
        env["TUI_ASSISTANT_STATE"] = str(folder / "state")
        self._room, self._notes, self._answers = room, folder / "notes.jsonl", 0
        self._probe = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/terminal/bargein_probe.py"), str(self._notes), str(SECONDS)],
            env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._probe.stdout is not None
        assert self._probe.stdout.readline() == "ready\n"
        self.speaker = Clocked(room.begin_record(folder / "speaker.wav"))
        self.microphone = Clocked(room.begin_record(folder / "microphone.wav", "va_mic"))

    def __enter__(self) -> Conversation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._probe.kill()
        self._probe.wait(5)

    def over(self, clip: Path, moment: float, until: str) -> tuple[int, float, float] | None:
        """Speaks `clip` so long into a new answer; waits for the event and the answer's end.

        Returns the answer's number and where both recordings were when it began; None: the clip was not heard whole.
        """
        number, self._answers = self._answers, self._answers + 1
        begun = self.speaker.look(), self.microphone.look()
        assert self._probe.stdin is not None
        self._probe.stdin.write("\n")
        self._probe.stdin.flush()
        self._wait(lambda: self._loud(begun[0]).size > 0)
        time.sleep(moment)
        self._room.play(clip)
        self._wait(lambda: until in self.types(number) or self._silent())
        self._wait(self._silent)
        return (number, *begun) if whole(clip, self.microphone.recording.samples(begun[1])) else None

    def events(self, number: int) -> list[dict[str, object]]:
        """Of one answer."""
        found: list[list[dict[str, object]]] = []
        for line in self._notes.read_text().splitlines():
            event = json.loads(line)
            if event["type"] == "answer":
                found.append([])
            found[-1].append(event)
        return found[number] if number < len(found) else []

    def types(self, number: int) -> list[str]:
        return [str(event["type"]) for event in self.events(number)]

    def stop(self) -> np.ndarray:
        """Returns all that the engine was fed."""
        self.speaker.recording.stop()
        self.microphone.recording.stop()
        assert self._probe.stdin is not None
        self._probe.stdin.close()
        self._probe.wait(PATIENCE_S)
        return np.frombuffer(Path(f"{self._notes}.pcm").read_bytes(), "<i2")

    def _loud(self, begin: float) -> np.ndarray:
        return np.flatnonzero(np.abs(self.speaker.recording.samples(begin).astype(int)) > LEAST)

    def _silent(self) -> bool:
        return self._loud(self.speaker.look() - SILENT_S).size == 0

    def _wait(self, condition) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, self._notes.read_text()
            self.speaker.look()
            self.microphone.look()
            time.sleep(0.01)


def interrupt(room: VirtualAudio, folder: Path, clip: Path, moments: list[float], until: str = CUT) -> list[Spoken]:
    """Plays an answer for each of `moments`, seconds into it at which `clip` is spoken, until the event `until`."""
    places: list[tuple[int, float, float]] = []
    with Conversation(room, folder) as talk:
        for moment in moments:
            tried = (talk.over(clip, moment, until) for _ in range(TRIES))
            place = next((found for found in tried if found is not None), None)
            assert place is not None, "the machine never delivered the clip whole"
            places.append(place)
        fed = talk.stop()
        said, heard = read(talk.speaker.recording.path), read(talk.microphone.recording.path)
        return [
            _spoken(
                talk, said[int(speaker * RATE) :], heard[int(microphone * RATE) :], fed, number, speaker, microphone
            )
            for number, speaker, microphone in places
        ]


def _spoken(
    talk: Conversation, said: np.ndarray, heard: np.ndarray, fed: np.ndarray, number: int, speaker: float,
    microphone: float,
) -> Spoken:  # fmt: skip
    """`said` and `heard` begin where the answer does; `speaker` and `microphone`: where that is in the recordings."""
    begin, *events = talk.events(number)
    of_this = tuple(events)
    zero = talk.speaker.zero + speaker
    silence = answered(said)
    flush = next((event for event in of_this if event["type"] == "Flush"), None)
    duck = next((float(str(event["at"])) - zero for event in of_this if event["type"] == "Duck"), math.nan)
    needed = math.nan
    if flush is not None:
        before = np.abs(fed[int(str(begin["fed"])) : int(str(flush["fed"]))].astype(int))
        needed = (len(before) - int(np.argmax(before > LEAST))) * 1000 / FED_RATE
    return Spoken(
        talk.microphone.zero + microphone + sounds(heard)[0],
        zero + silence,
        position(said[: int(silence * RATE)], number),
        fallen(said, duck),
        float(str(flush["at"])) if flush is not None else math.nan,
        needed,
        of_this,
    )


def whole(clip: Path, heard: np.ndarray) -> bool:
    """Whether the clip is somewhere in what was heard, without holes."""
    source = read_wav(clip.read_bytes(), clip.name)
    wanted = resample(source.samples, source.rate, RATE).astype(np.float64)
    size = len(wanted) + len(heard)
    match = np.fft.irfft(np.fft.rfft(heard.astype(np.float64), size) * np.conj(np.fft.rfft(wanted, size)), size)
    return bool(match.max() > WHOLE * np.dot(wanted, wanted))


def read(path: Path) -> np.ndarray:
    return np.asarray(read_wav(path.read_bytes(), path.name).samples, np.float64)


def sounds(samples: np.ndarray) -> tuple[float, float]:
    """The first and the last moment that is louder than LEAST, to a millisecond."""
    loud = _loud_ms(samples)
    return loud[0] / 1000, (loud[-1] + 1) / 1000


def answered(samples: np.ndarray) -> float:
    """The last loud moment before a silence of SILENT_S: of the first answer in `samples`."""
    loud = _loud_ms(samples)
    ends = np.flatnonzero(np.diff(loud) >= SILENT_S * 1000 * 0.9)
    return float(loud[ends[0]] + 1 if ends.size else loud[-1] + 1) / 1000


def _loud_ms(samples: np.ndarray) -> np.ndarray:
    step = RATE // 1000
    level = np.sqrt((samples[: len(samples) // step * step].reshape(-1, step) ** 2).mean(1))
    return np.flatnonzero(level > LEAST)


def fallen(said: np.ndarray, since: float) -> float:
    """How many ms after `since` the level, of 5 ms, is half of what it was before."""
    if math.isnan(since):
        return math.nan
    near = said[int((since - 0.2) * RATE) : int((since + 0.3) * RATE)]
    level = np.sqrt((near[: len(near) // STEP * STEP].reshape(-1, STEP) ** 2).mean(1))
    usual = np.median(level[:30])
    return float(np.argmax(level[38:] < usual / 2)) * 5 - 10  # 38: 10 ms early, as the two clocks may differ


def position(heard: np.ndarray, number: int) -> float:
    """Where in the answer the end of `heard` is, in ms, by correlation."""
    original = answer(number, SECONDS).astype(np.float64)
    factor = RATE // ANSWER_RATE
    tail = heard[-int(0.12 * RATE) :][::factor]  # the answer has nothing above 4 kHz
    size = len(original) + len(tail)
    product = np.fft.irfft(np.fft.rfft(original, size) * np.conj(np.fft.rfft(tail, size)), size)
    return (int(np.argmax(product[: len(original)])) + len(tail)) * 1000 / ANSWER_RATE
