"""The checks. Each opens a session of its own, and says yes or no with the figure or the order that it saw."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tui_assistant.conformance.peer import RATE, Peer

SILENCE_MS = 1500  # behind the speech: longer than any silence_duration_ms of the checks


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row of the table."""

    name: str
    passed: bool
    seen: str


Check = Callable[[Peer, bytes], Awaitable[Verdict]]


def _silence(ms: int) -> bytes:
    return bytes(RATE * ms // 1000 * 2)


def _vad(**fields: Any) -> dict[str, Any]:
    return {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500, **fields}


def _in_order(names: list[str], wanted: list[str]) -> bool:
    """`wanted` stand in `names` in that order, others between them."""
    rest = iter(names)
    return all(name in rest for name in wanted)


async def order_server_vad(peer: Peer, speech: bytes) -> Verdict:
    """speech_started, speech_stopped, committed, the item, the answer."""
    await peer.configure(_vad())
    await peer.speak(speech + _silence(SILENCE_MS))
    await peer.wait("response.done")
    wanted = [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "response.done",
    ]
    seen = [name for name in peer.types if name in wanted]
    return Verdict("order in server_vad mode", _in_order(peer.types, wanted), " ".join(dict.fromkeys(seen)))


async def order_manual(peer: Peer, speech: bytes) -> Verdict:
    """commit, committed, the item; the answer only when it is asked for."""
    await peer.configure(None)
    await peer.speak(speech + _silence(SILENCE_MS))
    await peer.listen(0.5)
    early = [name for name in peer.types if name.startswith(("input_audio_buffer.", "response."))]
    await peer.send("input_audio_buffer.commit")
    await peer.wait("conversation.item.done")
    await peer.listen(0.5)
    unasked = "response.created" in peer.types
    await peer.send("response.create")
    await peer.wait("response.done")
    wanted = ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done", "response.created"]
    passed = not early and not unasked and _in_order(peer.types, [*wanted, "response.done"])
    return Verdict("order in manual mode", passed, f"before the commit: {', '.join(early) or 'nothing'}")


async def one_stopped_per_item(peer: Peer, speech: bytes) -> Verdict:
    """Every announced item is stopped once."""
    await peer.configure(_vad(create_response=False))
    await peer.speak((speech + _silence(SILENCE_MS)) * 2)
    await peer.listen(2.0)
    started = [event["item_id"] for event in peer.events if event["type"].endswith("speech_started")]
    stopped = [event["item_id"] for event in peer.events if event["type"].endswith("speech_stopped")]
    passed = bool(started) and started == stopped and len(set(started)) == len(started)
    return Verdict("one speech_stopped per item", passed, f"{len(started)} started, {len(stopped)} stopped")


async def silence_moves_the_end(peer: Peer, speech: bytes) -> Verdict:
    """silence_duration_ms sets how much silence is inside a turn."""
    ends = []
    for silence_ms in (300, 900):
        await peer.configure(_vad(silence_duration_ms=silence_ms, create_response=False))
        begin, begin_ms = len(peer.events), peer.written_ms
        await peer.speak(speech + _silence(SILENCE_MS))
        await peer.listen(1.0)
        stops = [event for event in peer.events[begin:] if event["type"].endswith("speech_stopped")]
        if not stops:
            return Verdict("silence_duration_ms", False, f"no turn ends at {silence_ms} ms")
        ends.append(stops[-1]["audio_end_ms"] - begin_ms)
    moved = ends[1] - ends[0]
    return Verdict("silence_duration_ms", 500 <= moved <= 700, f"600 ms more move the end by {moved} ms")


async def empty_commit(peer: Peer, speech: bytes) -> Verdict:
    """A commit of nothing is an error that names the event, and the session goes on."""
    await peer.configure(None)
    await peer.send("input_audio_buffer.commit", event_id="empty")
    event = await peer.wait("error", "input_audio_buffer.committed")
    error = event.get("error", {})
    alive = bool(await peer.configure(None))
    code = error.get("code")
    passed = code == "input_audio_buffer_commit_empty" and error.get("event_id") == "empty" and alive
    return Verdict("commit of an empty buffer", passed, f"error {code}")


CHECKS: tuple[Check, ...] = (order_server_vad, order_manual, one_stopped_per_item, silence_moves_the_end, empty_commit)


async def run(url: str, speech: bytes, token: str | None = None) -> list[Verdict]:
    """All checks, one after the other. `speech`: one utterance, int16 mono at RATE. Raises LinkError."""
    verdicts = []
    for check in CHECKS:
        async with Peer(url, token) as peer:
            verdicts.append(await check(peer, speech))
    return verdicts
