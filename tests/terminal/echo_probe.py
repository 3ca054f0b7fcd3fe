"""A conversation on real devices whose answers never end: one JSON object a line, with client time in seconds.

    python echo_probe.py SECONDS FOLDER [ECHO]

The link detects turns as the engine does. "onset": it heard a user; "answer": one begins; "seen": duplex and ERLE;
"over": after SECONDS or at the end of stdin, with losses. FOLDER/mic.npy is what the microphone recorded, and "over"
says from when on.
"""

from __future__ import annotations

import base64
import json
import sys
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

import numpy as np  # noqa: E402
from conversation import answer_begins, answer_ends, updated  # noqa: E402  # found through the line above
from echo_room import speech  # noqa: E402

from tui_assistant import ServerVad, TurnDetector  # noqa: E402
from tui_assistant.audio.base import Microphone  # noqa: E402
from tui_assistant.links.base import LinkEvents, LinkStatus  # noqa: E402
from tui_assistant.protocol import client, server  # noqa: E402
from tui_assistant.runtime.options import TalkOptions  # noqa: E402
from tui_assistant.runtime.recording import Recorder  # noqa: E402
from tui_assistant.runtime.talk import Talk  # noqa: E402
from tui_assistant.runtime.taps import TappedMicrophone  # noqa: E402
from tui_assistant.sound.samples import Samples  # noqa: E402

RATE, PLAYED_RATE = 16_000, 24_000
ANSWER = ("lj_0002", "lj_0004", "lj_0006", "lj_0008")
PAUSE_S = 1.2  # between answers
AFTER_ONSET_S = 2.5  # for who interrupted to say the rest


def say(what: str, **fields: object) -> None:
    sys.stdout.write(json.dumps({"what": what, "now": time.monotonic(), **fields}) + "\n")  # at once: two threads do
    sys.stdout.flush()


class AnsweringLink:
    """Answers all the time, unless it is interrupted."""

    name, input_rate, output_rate, observes, fine = "answering", RATE, PLAYED_RATE, False, True

    def __init__(self) -> None:
        self._detector = TurnDetector(ServerVad(), sample_rate=RATE)
        self._events: LinkEvents | None = None
        self.counters: dict[str, int] = {}
        self.talk: Talk | None = None
        self.sound = speech(*ANSWER, rate=PLAYED_RATE)
        self._number = 0
        self.next_at = 0.0
        self.onsets = 0

    async def open(self, events: LinkEvents) -> None:
        self._events = events
        events.status(LinkStatus(True, "ready"))

    def send(self, event: client.ClientEvent) -> None:
        if isinstance(event, client.SessionUpdate) and self._events is not None:
            rules = event.session["audio"]["input"]["turn_detection"]
            self._events.server_event(updated(ServerVad(**rules) if rules else None))

    def feed(self, pcm: bytes) -> None:
        assert self._events is not None
        for event in self._detector.feed(pcm):
            if event.type == "input_audio_buffer.speech_started":
                self.onsets += 1
                self.next_at = time.monotonic() + AFTER_ONSET_S
                say("onset", reason=event.reason)
                self._events.server_event(
                    server.SpeechStarted(item_id=event.item_id, audio_start_ms=event.audio_start_ms, at_ms=event.at_ms)
                )
                self._end("cancelled")
            else:
                self._events.server_event(
                    server.SpeechStopped(item_id=event.item_id, audio_end_ms=event.audio_end_ms, at_ms=event.at_ms)
                )

    def look(self) -> None:
        """On the Talk thread, again and again."""
        if self._events is None or time.monotonic() < self.next_at:
            return
        self._number += 1
        self.next_at = time.monotonic() + self.sound.size / PLAYED_RATE + PAUSE_S
        say("answer")
        for event in answer_begins("so it goes", item=f"a{self._number}", id=f"r{self._number}"):
            self._events.server_event(event)
        for begin in range(0, self.sound.size, PLAYED_RATE):
            data = base64.b64encode(self.sound[begin : begin + PLAYED_RATE].tobytes()).decode()
            delta = server.OutputAudioDelta(response_id=f"r{self._number}", item_id=f"a{self._number}", delta=data)
            self._events.server_event(delta)
        self._end("completed")

    def _end(self, status: str) -> None:
        if self._number and self._events is not None:
            for event in answer_ends(status, item=f"a{self._number}", id=f"r{self._number}"):
                self._events.server_event(event)

    async def ready(self) -> None:
        """It always is."""

    async def close(self) -> None:
        """Nothing is open."""


class Tape(Recorder):
    """Keeps what the microphone recorded, and when."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[Samples] = []
        self.rate = 0
        self.began: float | None = None

    def microphone(self, microphone: Microphone | None) -> Microphone | None:
        self._source = microphone
        return TappedMicrophone(microphone, self) if microphone is not None else None

    def heard(self, samples: Samples, rate: int, lost: int) -> None:
        self.pieces.append(np.concatenate([np.zeros(lost, np.int16), samples]))
        self.rate = rate
        assert self._source is not None
        now = time.monotonic()
        end = now + (self._source.position - self._source.position_at(now)) / rate
        self.began = end - sum(map(len, self.pieces)) / rate


def main() -> None:
    seconds, folder = float(sys.argv[1]), Path(sys.argv[2])
    echo = sys.argv[3] if len(sys.argv) > 3 else "auto"
    link, tape = AnsweringLink(), Tape()
    talk = link.talk = Talk(link, TalkOptions(echo=echo, tune_process=True, remember=False), recorder=tape)
    told: list[str] = []
    talk.start(lambda notice: told.append(str(notice)))
    end = time.monotonic() + seconds
    seen_at = 0.0
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    while time.monotonic() < end and not ended.is_set():
        time.sleep(0.02)
        snapshot = talk.snapshot()
        if not snapshot.microphone:
            continue
        talk._call(link.look)
        if time.monotonic() > seen_at:
            seen_at = time.monotonic() + 0.25
            say("seen", duplex=snapshot.duplex, erle_db=snapshot.erle_db, state=str(snapshot.state))
    counters = dict(talk.snapshot().counters)
    talk.close()
    np.save(folder / "mic.npy", np.concatenate([np.zeros(0, np.int16), *tape.pieces]))
    say("over", began=tape.began, rate=tape.rate, counters=counters, onsets=link.onsets, told=told[-5:])


if __name__ == "__main__":
    main()
