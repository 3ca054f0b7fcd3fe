"""Device code in a process of its own: PortAudio reads the virtual server's address only when it is loaded.

    python audio_driver.py capture BACKEND OUT.npy
    python audio_driver.py play BACKEND IN.npy [FLUSH_AFTER_S]
    python audio_driver.py watch BACKEND input|output

Prints one JSON object a line. `capture` and `watch` go on until stdin ends, `capture` until it is silent, too.
"""

from __future__ import annotations

import json
import sys
import threading
import time

import numpy as np

from tui_assistant.audio.devices import open_microphone, open_speaker
from tui_assistant.errors import DeviceError

POLL_S = 0.01  # as the Talk does
SILENT_S = 0.5


def say(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


def stdin_ends() -> threading.Event:
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    return over


def capture(backend: str, out: str) -> None:
    microphone = open_microphone(backend=backend)
    microphone.start()
    say(ready=True, rate=microphone.rate, name=microphone.name)
    pieces, ahead_ms, taken, over = [], [], 0, stdin_ends()
    started = sounded = time.monotonic()
    while not over.is_set() or time.monotonic() - sounded < SILENT_S:
        time.sleep(POLL_S)
        now, new = time.monotonic(), microphone.read()
        pieces.append(new)
        taken += new.size
        sounded = now if new.any() else sounded
        ahead_ms.append(1000 * (microphone.position_at(now) - taken) / microphone.rate)
        state = microphone.state
    np.save(out, np.concatenate(pieces))
    say(state=state, lost=microphone.lost, ahead_ms=float(np.median(ahead_ms)), seconds=now - started)
    microphone.close()
    say(state=microphone.state)


def play(backend: str, source: str, flush_after: str | None = None) -> None:
    sound = np.load(source)
    speaker = open_speaker(backend=backend)
    speaker.start()
    say(ready=True, rate=speaker.rate, name=speaker.name)
    written, begun, log = 0, time.monotonic(), []
    for start in range(0, sound.size, 2400):
        speaker.write(sound[start : start + 2400])
        written += sound[start : start + 2400].size
    flushed: dict[str, float] = {}
    while speaker.pending() and time.monotonic() - begun < 30:
        time.sleep(POLL_S)
        log.append(speaker.played())
        if flush_after is not None and not flushed and time.monotonic() - begun > float(flush_after):
            at = time.monotonic()
            speaker.flush()
            flushed = {"flush_ms": (time.monotonic() - at) * 1000, "flush_played": speaker.played()}
            assert speaker.pending() == 0
    say(
        written=written,
        played=speaker.played(),
        monotone=log == sorted(log),
        seconds=time.monotonic() - begun,
        state=speaker.state,
        underruns=speaker.underruns,
        **flushed,
    )
    if flushed:  # ready for the next answer
        time.sleep(0.4)
        speaker.write(sound[:4800])
        while speaker.pending():
            time.sleep(POLL_S)
        say(again=speaker.played())
    time.sleep(0.2)
    speaker.close()


def watch(backend: str, side: str) -> None:
    """Says each change of state, and opens the device again as the Talk does."""
    opener = open_microphone if side == "input" else open_speaker
    device = opener(backend=backend)
    device.start()
    said, retry_at, over, sounds = "", 0.0, stdin_ends(), False
    while not over.is_set():
        time.sleep(POLL_S)
        if side == "input":
            loud = bool(np.abs(device.read().astype(int)).max(initial=0) > 1000)
        else:
            if device.pending() < device.rate // 2:
                device.write(np.full(device.rate // 10, 3000, np.int16))
            loud = False
        state = device.state
        if state != said or (loud and not sounds):
            say(state=state, at=time.monotonic(), loud=loud)
        said, sounds = state, loud
        if state == "lost" and time.monotonic() >= retry_at:
            retry_at = time.monotonic() + 0.5
            try:
                new = opener(backend=backend)
                new.start()
            except DeviceError as error:
                say(state="lost", at=time.monotonic(), loud=False, refused=str(error), hint=error.hint)
                continue
            device.close()
            device = new
    device.close()
    say(state=device.state, at=time.monotonic(), loud=False)


if __name__ == "__main__":
    {"capture": capture, "play": play, "watch": watch}[sys.argv[1]](*sys.argv[2:])
