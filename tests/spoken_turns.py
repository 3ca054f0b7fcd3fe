"""Spoken sentences through a whole session with a recogniser and a judge: how long it waits before the turn ends."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from needs import needs
from numpy.typing import NDArray

from tui_assistant.engine.outbox import Output
from tui_assistant.engine.ports import (
    Answer,
    Cancel,
    Judge,
    Recogniser,
    RecognitionStream,
    Transcribe,
    TranscribeAudio,
    TranscribeEnd,
    TurnJudge,
)
from tui_assistant.host.session import Session
from tui_assistant.protocol import server
from tui_assistant.protocol.session import Audio, AudioInput, PcmFormat, SemanticVad, SessionConfig
from tui_assistant.sound.resample import resample
from tui_assistant.sound.wav import read_wav

RATE = 16_000
CHUNK = 2 * RATE // 50  # bytes of 20 ms
SENTENCES = (
    "set a timer for five minutes",
    "what time is it",
    "what is seven times eight",
    "how many feet are in a mile",
    "cancel the timer",
    "what day is it today",
    "set the volume to fifty percent",
    "convert ten miles to kilometers",
    "read my notes",
    "what can you do",
)
FILLER = "uhm"


def flite(text: str, folder: Path, voice: str = "slt") -> NDArray[np.int16]:
    """`text` at 16 kHz in a quiet room, half a second before it, and behind it more than the longest wait."""
    needs("flite")
    target = folder / "said.wav"
    subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(target)], check=True, capture_output=True)
    recording = read_wav(target.read_bytes(), "said.wav")
    samples = recording.samples if recording.rate == RATE else resample(recording.samples, recording.rate, RATE)
    said = np.concatenate([np.zeros(RATE // 2, np.int16), samples, np.zeros(5 * RATE, np.int16)])
    noise = np.random.default_rng(1).normal(0, 20, said.size)
    return np.clip(said + noise, -32_768, 32_767).astype(np.int16)


@dataclass
class Ended:
    """The last end of a turn in a recording; `words` are what the judge saw, `judged` its P at each question."""

    wait_ms: int
    p: float
    judge: str
    words: str
    judged: list[float]


class Room:
    """One session; every ask is answered on the spot."""

    def __init__(self, recogniser: Recogniser | None, judge: TurnJudge, rules: SemanticVad | None = None) -> None:
        rules = rules or SemanticVad(create_response=False)
        audio = Audio(input=AudioInput(format=PcmFormat(rate=RATE), turn_detection=rules))
        self._session = Session(SessionConfig(audio=audio), judge=True)
        self._recogniser = recogniser
        self._judge = judge
        self._streams: dict[str, RecognitionStream] = {}
        self._words = ""
        self._judged: list[float] = []
        self.ends: list[Ended] = []
        self._take(self._session.begin())

    def hear(self, samples: NDArray[np.int16]) -> Ended:
        data = samples.astype("<i2").tobytes()
        for begin in range(0, len(data), CHUNK):
            self._take(self._session.feed(data[begin : begin + CHUNK]))
        return self.ends[-1]

    def _take(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Transcribe() if self._recogniser is not None:
                    self._streams[output.ask_id] = self._recogniser.open(None)
                case TranscribeAudio() if output.ask_id in self._streams:
                    self._answer(output.ask_id, self._streams[output.ask_id].accept(output.pcm))
                case TranscribeEnd() if output.ask_id in self._streams:
                    stream = self._streams.pop(output.ask_id)
                    self._answer(output.ask_id, stream.finish())
                    stream.close()
                case Cancel() if output.ask_id in self._streams:
                    self._streams.pop(output.ask_id).close()
                case Judge():
                    self._words = output.text
                    judged = self._judge.judge(output.pcm, output.text)
                    self._judged.append(round(judged.p, 3))
                    self._answer(output.ask_id, judged)
                case server.SpeechStopped(reason=dict() as reason):
                    wait, p, judge = reason["silence_ms"], reason["p"], reason["judge"]
                    assert isinstance(wait, int)
                    assert isinstance(p, float)
                    self.ends.append(Ended(wait, p, str(judge), self._words, self._judged))
                    self._judged = []

    def _answer(self, ask_id: str, answer: Answer | None) -> None:
        if answer is not None:
            self._take(self._session.answer(ask_id, answer))
