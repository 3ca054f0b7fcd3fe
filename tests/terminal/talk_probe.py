"""The assistant's screen on a real Talk whose link only writes down: one JSON object a line, with client time.

    python talk_probe.py LOG [hands-free]

"sent": a client event and how much audio was fed before it; "key": an edge of the talk key; "phase" and "keyboard" as
the screen has them.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

import numpy as np  # noqa: E402
from conversation import updated  # noqa: E402  # found through the line above, as all of these

from tui_assistant.client.hold import KeyEdge  # noqa: E402
from tui_assistant.links.base import LinkEvents, LinkStatus  # noqa: E402
from tui_assistant.protocol import client  # noqa: E402
from tui_assistant.protocol.session import ServerVad  # noqa: E402
from tui_assistant.runtime.options import TalkOptions  # noqa: E402
from tui_assistant.runtime.talk import Talk  # noqa: E402
from tui_assistant.sound.wav import Recording  # noqa: E402
from tui_assistant.tui.run import run_app  # noqa: E402

RATE = 16_000
MINUTES = 15  # of noise, which is no speech: longer than any test
LOOK_S = 0.003


class Log:
    def __init__(self, path: str) -> None:
        self._file = Path(path).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115  # until the program ends
        self._lock = threading.Lock()

    def write(self, what: str, **fields: object) -> None:
        line = json.dumps({"what": what, "now": time.monotonic() * 1000, **fields}) + "\n"
        with self._lock:
            self._file.write(line)


class WritingLink:
    name, input_rate, output_rate, observes, fine = "writing", RATE, 24_000, False, True

    def __init__(self, log: Log) -> None:
        self._log = log
        self._fed = 0
        self._events: LinkEvents | None = None
        self.counters: dict[str, int] = {}

    async def open(self, events: LinkEvents) -> None:
        self._events = events
        events.status(LinkStatus(True, "ready"))

    def send(self, event: client.ClientEvent) -> None:
        self._log.write("sent", type=event.type, fed_ms=self._fed / RATE * 1000)
        self._fed = 0
        if isinstance(event, client.SessionUpdate) and self._events is not None:
            rules = event.session["audio"]["input"]["turn_detection"]
            self._events.server_event(updated(ServerVad(**rules) if rules else None))

    def feed(self, pcm: bytes) -> None:
        self._fed += len(pcm) // 2

    async def ready(self) -> None:
        """It always is."""

    async def close(self) -> None:
        self._log.write("closed")


class WritingTalk(Talk):
    def __init__(self, link: WritingLink, options: TalkOptions, log: Log) -> None:
        super().__init__(link, options)
        self._log = log

    def key(self, edge: KeyEdge) -> None:
        self._log.write("key", edge=edge.edge, at=edge.at_ms)
        super().key(edge)


def watch(talk: Talk, log: Log) -> None:
    """Writes down what changes on the screen."""
    phase, keyboard, microphone = None, None, ""
    while True:
        snapshot = talk.snapshot()
        if snapshot.hold.phase != phase:
            phase = snapshot.hold.phase
            log.write("phase", phase=phase)
        if snapshot.keyboard != keyboard:
            keyboard = snapshot.keyboard
            log.write("keyboard", method=keyboard.method, terminal=keyboard.terminal)
        if snapshot.microphone != microphone:
            microphone = snapshot.microphone
            log.write("microphone", name=microphone)
        time.sleep(LOOK_S)


def main() -> int:
    log = Log(sys.argv[1])
    second = np.random.default_rng(1).integers(-200, 200, RATE).astype(np.int16)
    options = TalkOptions(
        recording=Recording(np.tile(second, 60 * MINUTES), RATE, 1, False),
        recording_name="noise",
        output="none",
        push_to_talk="hands-free" not in sys.argv,
        tune_process=True,
        remember=False,
    )
    talk = WritingTalk(WritingLink(log), options, log)
    threading.Thread(target=watch, args=(talk, log), daemon=True).start()
    log.write("started", pid=os.getpid())
    return run_app(talk)


if __name__ == "__main__":
    sys.exit(main())
