"""A Talk on the machine's microphone and speaker whose answers are noise: what it plays can be found in a recording.

    python bargein_probe.py OUTPUT SECONDS     one answer of so many seconds for each line on stdin, until that ends

The turns come from a real engine with its detector. Every line of OUTPUT is JSON: an answer, what was cut, or ducked;
"fed": how many samples the engine had been fed by then. Those are in OUTPUT.pcm at the end, at 16 kHz.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from pathlib import Path

import numpy as np
from conversation import answer_begins, answer_ends
from session_link import SessionLink

from tui_assistant.client import effects as do
from tui_assistant.engine.session import Session
from tui_assistant.models import registry
from tui_assistant.models.registry import Port
from tui_assistant.protocol import client, server
from tui_assistant.protocol.session import Audio, AudioInput, PcmFormat, SessionConfig
from tui_assistant.runtime.options import TalkOptions
from tui_assistant.runtime.talk import Talk

RATE = 24_000


def answer(number: int, seconds: float) -> np.ndarray:
    """Noise under 4 kHz, another one for each number."""
    white = np.random.default_rng(number).standard_normal(int(RATE * seconds))
    smooth = np.convolve(white, np.hanning(7), "same")
    return (smooth / np.abs(smooth).max() * 12_000).astype(np.int16)


class NoiseLink(SessionLink):
    """Answers on demand; the engine hears nothing of it."""

    def __init__(self, output: Path) -> None:
        super().__init__([])
        config = SessionConfig(audio=Audio(input=AudioInput(format=PcmFormat(rate=16_000))))
        self.session = Session(registry.create(Port.DETECTOR, "silero"), config)
        self._output = output.open("w", buffering=1)
        self.counters = {}

    def send(self, event: client.ClientEvent) -> None:
        if isinstance(event, client.ResponseCancel | client.ConversationItemTruncate):
            self.note(event.model_dump(mode="json"))
        elif not isinstance(event, client.ResponseCreate):
            super().send(event)

    def note(self, what: dict[str, object]) -> None:
        print(json.dumps({"at": time.monotonic(), "fed": len(self.audio) // 2, **what}), file=self._output)

    def answer(self, number: int, seconds: float) -> list[server.ServerEvent]:
        self.note({"type": "answer"})
        item, response = f"a{number}", f"resp_{number}"
        sound = base64.b64encode(answer(number, seconds).tobytes()).decode()
        delta = server.OutputAudioDelta(response_id=response, item_id=item, delta=sound)
        return [*answer_begins("noise", item, response), delta, *answer_ends("completed", item, response)]


def main(output: str, seconds: str) -> None:
    link = NoiseLink(Path(output))
    talk = Talk(link, TalkOptions(headphones=True, remember=False, tune_process=True))  # type: ignore[arg-type]
    hands = talk._hands
    hands._watch = lambda effect: (
        link.note({"type": type(effect).__name__}) if isinstance(effect, do.Duck | do.Unduck | do.Flush) else None
    )
    talk.start(lambda notice: None)
    while talk.snapshot().link_state != "ready" or not talk.snapshot().microphone:
        time.sleep(0.01)
    print("ready", flush=True)
    for number, _ in enumerate(sys.stdin):
        while talk._dialogue.user_open:  # who interrupted the last one; an answer into a turn would be stopped at once
            time.sleep(0.01)
        talk._call(lambda n=number: [link._events.server_event(e) for e in link.answer(n, float(seconds))])
    talk.close()
    Path(output + ".pcm").write_bytes(link.audio)


if __name__ == "__main__":
    main(*sys.argv[1:])
