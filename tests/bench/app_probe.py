"""The assistant with one thing added: how late each microphone callback comes is written to a file at the end.

    python app_probe.py OUT.json LINES [the assistant's own options]

LINES lines stand in the transcript from the start.
"""

from __future__ import annotations

import atexit
import json
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))


def main() -> None:
    out, lines, sys.argv[1:] = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    stamps: list[tuple[int, float]] = []

    import tui_assistant.audio.devices as devices
    from tui_assistant.runtime import api, equipment
    from tui_assistant.runtime.talk import Talk

    open_microphone = devices.open_microphone

    def opened(*arguments: Any) -> Any:
        microphone: Any = open_microphone(*arguments)
        inner = microphone._take

        def take(samples: Any, taken_at: float) -> None:
            stamps.append((samples.size, time.monotonic()))
            inner(samples, taken_at)

        microphone._take = take
        return microphone

    start = Talk.start

    def started(talk: Talk, listener: Any) -> None:
        start(talk, listener)
        for number in range(lines):
            who = api.Speaker.BOT if number % 2 else api.Speaker.YOU
            text = f"line {number} of a long conversation, with words enough to be wrapped at least once on the screen"
            listener(api.LineChanged(api.Line(f"old{number}", "12:00:00", who, text, note="ended: silence")))

    def write() -> None:
        out.write_text(json.dumps(stamps))

    equipment.open_microphone = opened
    Talk.start = started  # type: ignore[method-assign]  # the bench looks inside
    atexit.register(write)
    from tui_assistant.cli import main as assistant

    assistant()


if __name__ == "__main__":
    main()
