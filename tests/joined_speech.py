"""Clips of speech and stretches of a quiet room, joined to a recording of any length; and what goes up of it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from fakes import RATE, ScriptedDetector
from served_link import Listened, ServedLink

from tui_assistant.links.local_turns import Where
from tui_assistant.models import registry
from tui_assistant.protocol import server
from tui_assistant.protocol.session import ServerVad
from tui_assistant.sound.wav import read_wav

CLIPS = Path(__file__).parent / "data" / "speech"
ROOM = 10  # of the room's noise: its standard deviation in samples, -70 dBFS
PREFIX_MS = 300
BLOCK = 2 * RATE // 50  # bytes of 20 ms
SETTLED_MS = 1_000  # behind a clip: by then its turn is over


@cache
def clips() -> tuple[bytes, ...]:
    recordings = [read_wav(path.read_bytes(), path.name) for path in sorted(CLIPS.glob("*.wav"))]
    assert {recording.rate for recording in recordings} == {RATE}
    return tuple(recording.samples.astype("<i2").tobytes() for recording in recordings)


@dataclass(frozen=True)
class Joined:
    pcm: bytes  # int16 at RATE
    spoken: tuple[tuple[int, int], ...]  # bytes from and to, of each clip


def joined(seconds: int, silent: float, seed: int) -> Joined:
    """`silent`: the share of it in which nobody speaks."""
    chance, room = random.Random(seed), np.random.default_rng(seed)
    chosen: list[bytes] = []
    while sum(map(len, chosen)) < seconds * RATE * 2 * (1 - silent):
        chosen.append(chance.choice(clips()))
    gaps = [chance.uniform(0.3, 1.0) for _ in range(len(chosen) + 1)]
    rest = seconds * RATE * 2 - sum(map(len, chosen))
    pcm, spoken = b"", []
    for gap, clip in zip(gaps, [*chosen, b""], strict=True):
        quiet = int(rest * gap / sum(gaps)) // 2
        pcm += room.normal(0, ROOM, quiet).astype("<i2").tobytes()
        spoken.append((len(pcm), len(pcm) + len(clip)))
        pcm += clip
    return Joined(pcm, tuple(spoken[:-1]))


@dataclass(frozen=True)
class Went:
    """What went up of a recording, and its turns."""

    bytes_up: int
    turns: tuple[tuple[int, int], ...]  # ms of audio_start and audio_end
    needed: int  # bytes of speech and pre-roll: from each audio_start to the last speech of the turn
    while_silent: int  # events and pieces of audio in stretches where nobody has spoken for SETTLED_MS


async def sent(recording: Joined, turns: Where) -> Went:
    silero = registry.create(registry.Port.DETECTOR, "silero")
    served = ServedLink(silero if turns == "there" else ScriptedDetector())
    async with Listened(turns, served, detector="silero") as heard:
        heard.update(ServerVad(prefix_padding_ms=PREFIX_MS, create_response=False, interrupt_response=False))
        quiet = _quiet(recording)
        while_silent = 0
        for begin in range(0, len(recording.pcm), BLOCK):
            before = len(served.audio), len(served.sent)
            heard.link.feed(recording.pcm[begin : begin + BLOCK])
            while_silent += quiet[begin // BLOCK] and before != (len(served.audio), len(served.sent))
    starts = [event.audio_start_ms for event in heard.of(server.SpeechStarted)]
    stops = heard.of(server.SpeechStopped)
    ends = [event.audio_end_ms for event in stops]
    speech = sum(ends) - sum(starts) - sum(event.reason["silence_ms"] for event in stops)
    return Went(len(served.audio), tuple(zip(starts, ends, strict=True)), speech * RATE // 1000 * 2, while_silent)


def _quiet(recording: Joined) -> list[bool]:
    """Of each block: nobody speaks in it, and nobody has for SETTLED_MS."""
    quiet = [True] * (len(recording.pcm) // BLOCK + 1)
    for begin, end in recording.spoken:
        for block in range(begin // BLOCK, min(len(quiet), (end + SETTLED_MS * RATE // 500) // BLOCK + 1)):
            quiet[block] = False
    return quiet
