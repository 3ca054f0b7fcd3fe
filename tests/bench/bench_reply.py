"""End of speech to the first audio of the answer, over spoken turns at the pace of time. Run as a program:

    PYTHONPATH=tests python tests/bench/bench_reply.py [--turns N] [--silence MS] [--chat MS [--no-speculation|--saved]]

The local link with its real detector and its real models in worker processes; sentences said by flite. Without `--chat`
the skills answer. `--chat MS`: a chat server on this machine answers, MS after each request. Prints p50, p95 and where
the time went. `--saved`: with and without preparing answers. Exit status 1 when, with the skills, p95 is over the
silence + 50 ms, or when preparing saves less than MS (p50): on a machine with nothing else to do these are the bars.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from spoken_turns import CHUNK, SENTENCES, flite
from stub_server import DONE, Request, Step, StubServer, chunk, stream_head

from tui_assistant.client.latency import percentile
from tui_assistant.engine.observation import Observation
from tui_assistant.host.workers import WorkerSpec
from tui_assistant.links.base import LinkEvents, LinkStatus
from tui_assistant.links.local import LocalLink
from tui_assistant.models.registry import Port
from tui_assistant.protocol import client, server
from tui_assistant.protocol.session import ServerVad

CHUNK_S = 0.02
TOLERANCE_MS = 5  # of a median of 20
BAR_MS = 50  # on top of the silence that ends the turn


@dataclass
class Turn:
    """Milliseconds from the end of the last frame of speech."""

    marks: dict[str, float] = field(default_factory=dict)


class Stopwatch:
    """Takes a link's events; `begun_s` is when the first sample of the stream was due."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.begun_s = 0.0
        self._end_s = 0.0  # of the user's speech
        self.answered = asyncio.Event()
        self.events = LinkEvents(self._event, self._observe, self._status)

    def _observe(self, observation: Observation) -> None:
        """Frames are of no interest."""

    def _status(self, status: LinkStatus) -> None:
        if status.told:
            print(status.told, file=sys.stderr)

    def _event(self, event: server.ServerEvent) -> None:
        match event:
            case server.SpeechStopped(at_ms=int() as at_ms, reason=dict() as reason):
                silence_ms = reason["silence_ms"]
                assert isinstance(silence_ms, int)
                self._end_s = self.begun_s + (at_ms - silence_ms) / 1000
                self.turns.append(Turn())
                self._mark("stopped")
            case server.TranscriptionCompleted():
                self._mark("words")
            case server.OutputAudioTranscriptDelta():
                self._mark("text")
            case server.OutputAudioDelta():
                self._mark("audio")
            case server.ResponseDone():
                self.answered.set()

    def _mark(self, name: str) -> None:
        if self.turns:
            self.turns[-1].marks.setdefault(name, 1000 * (time.perf_counter() - self._end_s))


async def converse(link: LocalLink, recordings: list[bytes], rules: ServerVad) -> list[Turn]:
    watch = Stopwatch()
    await link.open(watch.events)
    await link.ready()
    audio = {"input": {"turn_detection": rules.model_dump(mode="json"), "transcription": {}}}
    link.send(client.SessionUpdate(session={"type": "realtime", "audio": audio}))
    watch.begun_s = time.perf_counter()
    sent = 0
    for pcm in recordings:
        watch.answered.clear()
        for begin in range(0, len(pcm), CHUNK):
            sent += 1
            await asyncio.sleep(max(0.0, watch.begun_s + sent * CHUNK_S - time.perf_counter()))
            link.feed(pcm[begin : begin + CHUNK])
            if watch.answered.is_set():
                break
    await link.close()
    return watch.turns


def chat_server(first_token_s: float) -> StubServer:
    """Says the same to everybody, word by word, so long after the request."""
    words = [chunk(word) for word in ("I ", "would ", "rather ", "not ", "say. ", "Ask ", "me ", "later.")]

    def answer(request: Request) -> list[Step]:
        return [stream_head(), first_token_s, *words, DONE]

    stub = StubServer()
    stub.handler = answer
    return stub


def specs(chat: StubServer | None) -> dict[Port, WorkerSpec]:
    responder = WorkerSpec(Port.RESPONDER, "skills")
    if chat is not None:
        responder = WorkerSpec(Port.RESPONDER, "chat", {"base_url": chat.url, "model": "m"})
    return {
        Port.RECOGNISER: WorkerSpec(Port.RECOGNISER, "pocketsphinx"),
        Port.RESPONDER: responder,
        Port.SYNTHESISER: WorkerSpec(Port.SYNTHESISER, "espeak"),
    }


def show(turns: list[Turn]) -> tuple[float, float]:
    """Prints the figures; returns p50 and p95 of the first audio."""
    middle = high = 0.0
    for name in ("stopped", "words", "text", "audio"):
        values = [turn.marks[name] for turn in turns if "audio" in turn.marks and name in turn.marks]
        middle, high = percentile(values, 50), percentile(values, 95)
        print(f"{name:8} min {min(values):6.0f}  p50 {middle:6.0f}  p95 {high:6.0f}  max {max(values):6.0f} ms")
    return middle, high


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--silence", type=int, default=500)
    parser.add_argument("--chat", type=int)
    parser.add_argument("--no-speculation", action="store_true")
    parser.add_argument("--saved", action="store_true")
    options = parser.parse_args()
    if not options.saved:
        return run(options, speculate=not options.no_speculation)[0]
    prepared, asked = (run(options, speculate=speculate)[1] for speculate in (True, False))
    saved = asked - prepared
    print(f"prepared answers come {saved:.0f} ms sooner (p50); the responder's first word takes {options.chat} ms")
    return 0 if saved >= options.chat - TOLERANCE_MS else 1


def run(options: argparse.Namespace, *, speculate: bool) -> tuple[int, float]:
    """Exit status, and p50 of the first audio."""
    chat = None if options.chat is None else chat_server(options.chat / 1000)
    with tempfile.TemporaryDirectory() as folder:
        said = [flite(text, Path(folder)).astype("<i2").tobytes() for text in SENTENCES]
    recordings = [said[number % len(said)] for number in range(options.turns)]
    link = LocalLink(specs(chat), speculate=speculate)
    turns = asyncio.run(converse(link, recordings, ServerVad(silence_duration_ms=options.silence)))
    answered = sum("audio" in turn.marks for turn in turns)
    print(f"{answered} of {len(recordings)} turns were answered ({len(turns)} were found); from the end of speech:")
    middle, high = show(turns)
    if chat is not None:
        print(f"{len(chat.requests)} requests to the chat server")
        return 0, middle
    return (0 if high <= options.silence + BAR_MS else 1), middle


if __name__ == "__main__":
    sys.exit(main())
