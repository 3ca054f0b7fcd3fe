"""The screen on a Talk that only writes down what it is told: one JSON object a line, with client time. For terminals.

python key_probe.py LOG [released|inferred|toggle]
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from fake_talk import FakeTalk, scene  # noqa: E402  # found through the line above, as all of these

from tui_assistant.client.hold import KeyEdge, Method  # noqa: E402
from tui_assistant.runtime.api import Keyboard  # noqa: E402
from tui_assistant.tui.keys.router import KeyWishes  # noqa: E402
from tui_assistant.tui.run import run_app  # noqa: E402


class WritingTalk(FakeTalk):
    def __init__(self, path: str) -> None:
        super().__init__(scene(100))
        self._path = Path(path)
        self._lock = threading.Lock()
        self.write("started", pid=os.getpid())

    def write(self, what: str, **fields: object) -> None:
        line = json.dumps({"what": what, "now": time.monotonic() * 1000, **fields}) + "\n"
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(line)

    def key(self, edge: KeyEdge) -> None:
        self.write("key", edge=edge.edge, at=edge.at_ms)

    def blur(self) -> None:
        self.write("blur")

    def use_keyboard(self, keyboard: Keyboard) -> None:
        super().use_keyboard(keyboard)
        self.write("keyboard", method=keyboard.method, terminal=keyboard.terminal, why=keyboard.why)

    def talk(self) -> None:
        self.write("talk")

    def say(self, text: str) -> None:
        self.write("say", text=text)

    def toggle_mode(self) -> None:
        self.write("mode")


if __name__ == "__main__":
    wish = Method(sys.argv[2]) if len(sys.argv) > 2 else None
    sys.exit(run_app(WritingTalk(sys.argv[1]), keys=KeyWishes(method=wish)))
