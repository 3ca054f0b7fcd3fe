"""How `tui-assistant serve` bears many sessions on one core; prints figures and asserts nothing.

    PYTHONPATH=. python tests/bench/bench_serve.py [--sessions 50] [--seconds 30] [--rate 24000] [--workers 1]
        [--folder DIR] [--json]

The server, its workers with it, has the first core, the clients the last one. Every client sends 20 ms appends of
speech (tests/data/speech, or the WAV files in DIR, with pauses between), and each begins elsewhere in the recording.
Turn detection is the real one; nothing is transcribed, but the recogniser's worker gets all its audio; nothing answers.

Latency: from sending the append with which TurnDetector, given the same audio in the same pieces, makes the decision to
the receipt of speech_started or speech_stopped. Whatever TurnDetector says must come, with the same milliseconds, and
nothing else. `core_waited_for` is the share of time in which the server could have run but others had its core: unless
the machine was quiet, latencies are theirs. Second part: how long ten sessions wait for an answer while another one
sends an append of 15 MiB.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "bench")]

import numpy as np  # noqa: E402  # the number of threads is set just above
from serve_load import CHUNK_MS, LAST, LAST_QUESTION, Client, Load, append, question  # noqa: E402
from serve_process import Served, pin, serving  # noqa: E402

from tui_assistant import ServerVad, TurnDetector  # noqa: E402
from tui_assistant.protocol.client import MAX_APPEND_BYTES  # noqa: E402
from tui_assistant.sound.resample import resample  # noqa: E402
from tui_assistant.sound.wav import read_wav  # noqa: E402

SPEECH = ROOT / "tests" / "data" / "speech"
PAUSE_S = 0.8  # between two recordings: long enough to end a turn
OTHERS = 10  # sessions beside the big append
BIG_TIMES, BIG_S, BIG_AFTER_S = 3, 8.0, 1.0  # how often, how long the others speak, and when the big append comes
Event = tuple[str, int]  # type and milliseconds of audio


@dataclass(frozen=True, slots=True)
class Decided:
    """What TurnDetector says of one client's audio."""

    event: Event
    at_ms: int
    chunk: int  # the append with which it says it


def recording(folder: Path, rate: int) -> list[bytes]:
    """All recordings of `folder`, one after the other, in chunks."""
    pieces = []
    for path in sorted(folder.glob("*.wav")):
        sound = read_wav(path.read_bytes(), path.name)
        pieces += [resample(sound.samples, sound.rate, rate), np.zeros(round(PAUSE_S * rate), np.int16)]
    pcm = np.concatenate(pieces).astype("<i2").tobytes()
    size = rate * CHUNK_MS // 1000 * 2
    return [pcm[begin : begin + size] for begin in range(0, len(pcm) - size + 1, size)]


def expected(chunks: Sequence[bytes], first: int, count: int, rate: int) -> list[Decided]:
    detector = TurnDetector(ServerVad(), sample_rate=rate)
    found = []
    for index in range(count):
        for event in detector.feed(chunks[(first + index) % len(chunks)]):
            at_ms = event.at_ms
            assert at_ms is not None
            found.append(Decided(_key(event.model_dump()), at_ms, index))
    return found


def _key(event: dict[str, Any]) -> Event:
    started = event["type"].endswith("started")
    return event["type"], event["audio_start_ms" if started else "audio_end_ms"]


def many(served: Served, options: argparse.Namespace) -> dict[str, Any]:
    """The first part."""
    chunks = recording(options.folder, options.rate)
    count = round(options.seconds * 1000) // CHUNK_MS
    before_mib = served.memory_mib()
    clients = connect(served.url, options.sessions, len(chunks), options.rate)
    load = Load(clients, [append(chunk) for chunk in chunks])
    served.settle()
    used, waited_s = served.cpu_s(), served.waited_s()
    load.run(options.seconds)
    waited_s = served.waited_s() - waited_s
    used = {name: after - used[name] for name, after in served.cpu_s().items()}
    memory_mib = served.memory_mib()
    decisions = [expected(chunks, client.first, count, options.rate) for client in clients]
    for client in clients:
        client.close()
    audio_s = options.sessions * options.seconds
    return {
        "sessions": options.sessions,
        "seconds": options.seconds,
        "rate": options.rate,
        **compare(clients, decisions),
        "send_late_ms": spread(load.late),
        "cpu_ms_per_audio_s": {name: round(1000 * seconds / audio_s, 3) for name, seconds in used.items()},
        "core_used": round(sum(used.values()) / options.seconds, 3),
        "core_waited_for": round(waited_s / options.seconds, 3),
        "server_mib": round(memory_mib["server"], 1),
        "mib_per_session": round((memory_mib["server"] - before_mib["server"]) / options.sessions, 3),
        "closed": sum(client.closed for client in clients),
    }


def connect(url: str, count: int, chunks: int, rate: int) -> list[Client]:
    session = {
        "type": "realtime",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": rate},
                "turn_detection": {"type": "server_vad", "create_response": False},
            }
        },
    }
    clients = [Client(f"{url}?model=any&explain=1", number * chunks // count) for number in range(count)]
    for client in clients:
        client.open(session)
    return clients


def compare(clients: Sequence[Client], decisions: Sequence[list[Decided]]) -> dict[str, Any]:
    """What came against what was to come, one by one, and how long each took."""
    decided, reached, wrong, lost, extra = [], [], 0, 0, 0
    for client, wanted in zip(clients, decisions, strict=True):
        got = [(at, json.loads(text)) for at, text in client.received if b"input_audio_buffer.speech_" in text]
        for decision, come in zip_longest(wanted, got):
            if come is None:
                lost += 1
            elif decision is None:
                extra += 1
            elif _key(come[1]) != decision.event or come[1]["at_ms"] != decision.at_ms:
                wrong += 1
            else:
                decided.append(come[0] - client.sent[decision.chunk])
                reached.append(come[0] - client.sent[-(-decision.at_ms // CHUNK_MS) - 1])
    events = {"expected": sum(map(len, decisions)), "right": len(decided), "lost": lost, "extra": extra, "wrong": wrong}
    return {"events": events, "latency_ms": spread(decided), "latency_from_at_ms": spread(reached)}


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and max, in milliseconds."""
    if not seconds:
        return {}
    p50, p95, p99, high = np.percentile(np.array(seconds) * 1000, [50, 95, 99, 100])
    return {"p50": round(p50, 2), "p95": round(p95, 2), "p99": round(p99, 2), "max": round(high, 2)}


def beside_a_big_append(served: Served, options: argparse.Namespace) -> dict[str, Any]:
    """The second part: the delay of a probe that goes through the whole session, without and with the big append."""
    chunks = recording(options.folder, options.rate)
    big = append(np.random.default_rng(1).integers(-300, 300, MAX_APPEND_BYTES // 2, np.int16).astype("<i2").tobytes())
    calm: list[float] = []
    delayed: list[float] = []
    late: list[float] = []
    taken: list[float] = []
    waited_s, start = served.waited_s(), time.perf_counter()
    for _ in range(BIG_TIMES):
        clients = connect(served.url, OTHERS, len(chunks), options.rate)
        calm += probed(clients, chunks, None, late)
        sender, *clients = connect(served.url, 1 + OTHERS, len(chunks), options.rate)
        began = time.perf_counter()
        delayed += probed(clients, chunks, (sender, big + LAST_QUESTION, BIG_AFTER_S), late)
        taken += [at - began - BIG_AFTER_S for at, text in sender.received if LAST in text]
        sender.close()
    before, beside = spread(calm), spread(delayed)
    return {
        "sessions": OTHERS,
        "probe_ms": before,
        "probe_ms_beside": beside,
        "added_ms": {name: round(beside[name] - before[name], 2) for name in beside},
        "big_append_took_s": [round(seconds, 2) for seconds in taken],
        "send_late_ms": spread(late),
        "core_waited_for": round((served.waited_s() - waited_s) / (time.perf_counter() - start), 3),
    }


def probed(
    clients: Sequence[Client], chunks: Sequence[bytes], big: tuple[Client, bytes, float] | None, late: list[float]
) -> list[float]:
    """How long each probe of each client waited for its answer."""
    load = Load(clients, [append(chunk) for chunk in chunks], probe=question("probe"), big=big)
    load.run(BIG_S)
    late += load.late
    waits = []
    for client in clients:
        answers = [at for at, text in client.received if b'"probe"' in text]
        assert len(answers) == len(client.sent), "a probe was not answered"
        waits += [at - sent for at, sent in zip(answers, client.sent, strict=True)]
        client.close()
    return waits


def table(report: dict[str, Any]) -> None:
    for part, figures in report.items():
        print(f"\n{part}")
        for name, value in figures.items():
            shown = "   ".join(f"{key} {each}" for key, each in value.items()) if isinstance(value, dict) else value
            print(f"  {name:<22} {shown}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rate", type=int, default=24_000, help="of the clients' audio")
    parser.add_argument("--folder", type=Path, default=SPEECH, help="of WAV files with speech")
    parser.add_argument("--part", choices=("all", "many", "big"), default="all")
    parser.add_argument("--workers", type=int, default=1, help="of serve; all of them on the first core")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    options = parser.parse_args()
    report: dict[str, Any] = {}
    with serving(options.sessions + 2 * OTHERS + 2, options.workers) as served:
        pin(-1)
        print(f"server {served.pid} at {served.url}", file=sys.stderr)
        if options.part != "big":
            report["many sessions"] = many(served, options)
        if options.part != "many":
            report["beside an append of 15 MiB"] = beside_a_big_append(served, options)
    print(json.dumps(report)) if options.json else table(report)


if __name__ == "__main__":
    main()
