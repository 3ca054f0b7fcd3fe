"""The loop of openai-python's example examples/realtime/push_to_talk_app.py, rebuilt to be measured.

    python example_loop.py URL

What it has in common with the example is what costs: a Textual screen, a sounddevice stream at 24 kHz that is polled by
an endless coroutine (sleep(0) while 20 ms are not there yet), one append per 20 ms through the openai package, and a
player that fills its callback from a queue. Talking is on from the start, as after the example's key k; q quits.
"""

from __future__ import annotations

import asyncio
import base64
import sys
import threading
from typing import Any, ClassVar

import sounddevice
from openai import AsyncOpenAI
from textual.app import App, ComposeResult
from textual.widgets import RichLog, Static

RATE = 24_000
PIECE = RATE // 50


class Player:
    """A queue of bytes behind an output stream."""

    def __init__(self) -> None:
        self._lock, self._bytes = threading.Lock(), bytearray()
        self._stream = sounddevice.RawOutputStream(
            samplerate=RATE, channels=1, dtype="int16", blocksize=RATE // 20, callback=self._fill
        )

    def add(self, pcm: bytes) -> None:
        with self._lock:
            self._bytes += pcm
        if not self._stream.active:
            self._stream.start()

    def _fill(self, out: Any, frames: int, _time: Any, _status: Any) -> None:
        with self._lock:
            have = bytes(self._bytes[: 2 * frames])
            del self._bytes[: 2 * frames]
        out[:] = have.ljust(2 * frames, b"\0")


class Example(App[None]):
    BINDINGS: ClassVar = [("q", "quit", "Quit")]

    def __init__(self, url: str) -> None:
        super().__init__()
        self._client = AsyncOpenAI(api_key="none", websocket_base_url=url)
        self._player = Player()
        self._connected = asyncio.Event()
        self._connection: Any = None

    def compose(self) -> ComposeResult:
        yield Static("connecting", id="session")
        yield Static("talking", id="status")
        yield RichLog(wrap=True, highlight=True)

    def on_mount(self) -> None:
        self.run_worker(self._receive())
        self.run_worker(self._send())

    async def _receive(self) -> None:
        texts: dict[str, str] = {}
        async with self._client.realtime.connect(model="any") as self._connection:
            self._connected.set()
            async for event in self._connection:
                if event.type == "session.created":
                    self.query_one("#session", Static).update(f"session {event.session.id}")
                elif event.type == "response.output_audio.delta":
                    self._player.add(base64.b64decode(event.delta))
                elif event.type == "response.output_audio_transcript.delta":
                    texts[event.item_id] = texts.get(event.item_id, "") + event.delta
                    self.query_one(RichLog).clear().write(texts[event.item_id])

    async def _send(self) -> None:
        stream = sounddevice.RawInputStream(samplerate=RATE, channels=1, dtype="int16")
        stream.start()
        await self._connected.wait()
        while True:
            if stream.read_available < PIECE:
                await asyncio.sleep(0)
                continue
            pcm, _ = stream.read(PIECE)
            await self._connection.input_audio_buffer.append(audio=base64.b64encode(pcm).decode())


if __name__ == "__main__":
    Example(sys.argv[1]).run()
