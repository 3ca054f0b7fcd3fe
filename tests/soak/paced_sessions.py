"""Clients of `serve` that speak for a long time, faster than real time, and check everything that comes back.

What must come is computed beside: TurnDetector gets the same audio in the same pieces, and each of its decisions has to
arrive with the same milliseconds, in the same order; each item that is committed is fetched, and its audio has to be
the bytes that were sent; each turn is answered once, with the voice of soak_models to the byte, unless the next turn
interrupts it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from soak_models import voice
from websockets.asyncio.client import ClientConnection, connect

from tui_assistant import ServerVad, TurnDetector
from tui_assistant.sound.resample import resample
from tui_assistant.sound.wav import read_wav

SPEECH = Path(__file__).parents[1] / "data" / "speech"
RATE = 16_000
BLOCK_MS = 100
BLOCK = RATE * BLOCK_MS // 1000 * 2  # bytes
IN_FLIGHT = 20  # blocks at most that the server may be behind: on a machine with other work a client waits for it
PAUSE_S, LAST_PAUSE_S = 0.8, 3.0  # between two recordings, and at the end: enough to end a turn
END_S = 60.0  # for what is still to come when all has been said, on a busy machine
SESSION = {
    "type": "realtime",
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": RATE},
            "turn_detection": {"type": "server_vad", "create_response": True, "interrupt_response": True},
        }
    },
}
Decision = tuple[str, int, int]  # type, milliseconds of audio, the deciding moment


@cache
def speech() -> bytes:
    """All our recordings with pauses between, in whole blocks: repeated by those who speak longer."""
    pieces = []
    for path in sorted(SPEECH.glob("*.wav")):
        sound = read_wav(path.read_bytes(), path.name)
        pieces += [resample(sound.samples, sound.rate, RATE), np.zeros(round(PAUSE_S * RATE), np.int16)]
    pcm = np.concatenate(pieces).astype("<i2").tobytes()
    return pcm[: len(pcm) // BLOCK * BLOCK]


@cache
def append(pcm: bytes) -> str:
    """The frame of one append; the speech is repeated, so most have been made already."""
    return json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode()})


@dataclass(slots=True)
class Paced:
    """One client. `wrong` says in words whatever was not as it must be."""

    first: int  # block of the speech with which it begins
    minutes: float
    speed: float  # times real time
    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)  # from an append to the event that it decides
    _expected: deque[tuple[Decision, float]] = field(default_factory=deque)
    _spans: dict[str, list[int]] = field(default_factory=dict)  # of items: begin and end in milliseconds
    _heard: dict[str, int] = field(default_factory=dict)  # of responses: bytes of their voice
    _said: bool = False
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, url: str) -> None:
        """Raises TimeoutError when something never comes."""
        async with connect(url + "?explain=1", proxy=None, max_size=None, ping_timeout=END_S) as socket:
            await socket.send(json.dumps({"type": "session.update", "session": SESSION}))
            listening = asyncio.create_task(self._listen(socket))
            try:
                await self._speak(socket)
                self._said = True
                self._look()
                async with asyncio.timeout(END_S):
                    await self._settled.wait()
            except TimeoutError:
                self.wrong.append(f"not settled: {dict(self.counts)}, still expected {list(self._expected)[:3]}")
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
            if not listening.cancelled() and (error := listening.exception()) is not None:
                raise error

    def _blocks(self) -> Iterator[bytes]:
        sound = speech()
        for number in range(round(self.minutes * 60_000 / BLOCK_MS)):
            begin = (self.first + number) * BLOCK % len(sound)
            yield sound[begin : begin + BLOCK]
        for _ in range(round(LAST_PAUSE_S * 1000 / BLOCK_MS)):
            yield bytes(BLOCK)

    async def _speak(self, socket: ClientConnection) -> None:
        detector = TurnDetector(ServerVad(), sample_rate=RATE)
        began = time.perf_counter()
        for number, pcm in enumerate(self._blocks()):
            decided = [_decision(event.model_dump()) for event in detector.feed(pcm)]
            frame = append(pcm)
            now = time.perf_counter()
            self._expected += [(decision, now) for decision in decided]
            await socket.send(frame)
            self.counts["samples"] += len(pcm) // 2
            if number % IN_FLIGHT == 0:  # its pong comes behind whatever the server has not read yet
                await (await socket.ping())
            due = began + (number + 1) * BLOCK_MS / 1000 / self.speed
            await asyncio.sleep(max(0.0, due - time.perf_counter()))

    async def _listen(self, socket: ClientConnection) -> None:
        async for text in socket:
            event = json.loads(text)
            take = _TAKEN.get(event["type"])
            if take is not None:
                question = take(self, event)
                if question is not None:
                    await socket.send(json.dumps(question))
                self._look()

    def _look(self) -> None:
        """Whether everything has come that has to."""
        counts = self.counts
        all_fetched = counts["decisions"] / 2 == counts["turns"] == counts["fetched"]
        all_answered = counts["turns"] == counts["completed"] + counts["interrupted"]
        if self._said and not self._expected and all_fetched and all_answered:
            self._settled.set()

    def _decided(self, event: dict[str, Any]) -> None:
        decision = _decision(event)
        self._spans.setdefault(event["item_id"], []).append(decision[1])
        if not self._expected:
            self.wrong.append(f"nobody decided {decision}")
            return
        expected, sent_at = self._expected.popleft()
        self.latencies_s.append(time.perf_counter() - sent_at)
        self.counts["decisions"] += 1
        if decision != expected:
            self.wrong.append(f"{decision} instead of {expected}")

    def _committed(self, event: dict[str, Any]) -> dict[str, Any]:
        self.counts["turns"] += 1
        return {"type": "conversation.item.retrieve", "item_id": event["item_id"]}

    def _fetched(self, event: dict[str, Any]) -> None:
        item = event["item"]
        begin_ms, end_ms = self._spans.pop(item["id"])
        audio = base64.b64decode(item["content"][0]["audio"] or "")
        sound = speech()
        silence_at = round(self.minutes * 60_000) * RATE // 1000 * 2
        begin, end = (ms * RATE // 1000 * 2 for ms in (begin_ms, end_ms))
        offset = self.first * BLOCK
        spoken = min(end, silence_at)
        turns = 2 + (spoken - begin) // len(sound)
        place = (offset + begin) % len(sound)
        wanted = (sound * turns)[place : place + max(0, spoken - begin)] + bytes(end - spoken)
        self.counts["fetched"] += 1
        self.counts["fetched_bytes"] += len(audio)
        if audio != wanted:
            self.wrong.append(f"item at {begin_ms} to {end_ms} ms: {len(audio)} bytes, which are not the {len(wanted)}")

    def _created(self, event: dict[str, Any]) -> None:
        self._heard[event["response"]["id"]] = 0

    def _sounded(self, event: dict[str, Any]) -> None:
        part, begin = base64.b64decode(event["delta"]), self._heard[event["response_id"]]
        self._heard[event["response_id"]] = begin + len(part)
        if part != voice()[begin : begin + len(part)]:
            self.wrong.append(f"the voice of {event['response_id']} is wrong after {begin} bytes")

    def _done(self, event: dict[str, Any]) -> None:
        response = event["response"]
        heard = self._heard.pop(response["id"])
        why = (response["status_details"] or {}).get("reason")
        if response["status"] == "completed" and heard == len(voice()):
            self.counts["completed"] += 1
        elif (response["status"], why) == ("cancelled", "turn_detected"):
            self.counts["interrupted"] += 1
        else:
            self.wrong.append(f"a response is {response['status']} {why} after {heard} of {len(voice())} bytes")

    def _refused(self, event: dict[str, Any]) -> None:
        self.wrong.append(f"error {event['error']['code']}: {event['error']['message']}")


_TAKEN: dict[str, Callable[[Paced, dict[str, Any]], dict[str, Any] | None]] = {
    "input_audio_buffer.speech_started": Paced._decided,
    "input_audio_buffer.speech_stopped": Paced._decided,
    "input_audio_buffer.committed": Paced._committed,
    "conversation.item.retrieved": Paced._fetched,
    "response.created": Paced._created,
    "response.output_audio.delta": Paced._sounded,
    "response.done": Paced._done,
    "error": Paced._refused,
}


def _decision(event: dict[str, Any]) -> Decision:
    started = event["type"].endswith("started")
    return event["type"], event["audio_start_ms" if started else "audio_end_ms"], event["at_ms"]
