"""What server_vad's fields do, and what happens without it."""

from __future__ import annotations

from typing import Any

from tui_assistant.conformance.peer import Peer
from tui_assistant.conformance.verdict import SILENCE_MS, STARTED, STOPPED, configure, silence, vad

LEAD_MS = 1000  # before the speech: room for the longest prefix


async def _turn(peer: Peer, speech: bytes, **fields: Any) -> tuple[list[int], list[int]]:
    """The starts and ends of turns in one utterance, in ms from its first sample."""
    await configure(peer, vad(**fields))
    begin, begin_ms = len(peer.events), peer.written_ms + LEAD_MS
    await peer.speak(silence(LEAD_MS) + speech + silence(SILENCE_MS))
    await peer.settle()
    starts = [event["audio_start_ms"] - begin_ms for event in peer.of(STARTED, begin)]
    return starts, [event["audio_end_ms"] - begin_ms for event in peer.of(STOPPED, begin)]


async def threshold(peer: Peer, speech: bytes) -> tuple[bool, str]:
    usual, _ = await _turn(peer, speech, threshold=0.5)
    highest, _ = await _turn(peer, speech, threshold=1.0)
    return bool(usual) and not highest, f"{len(usual)} turns at 0.5, {len(highest)} at 1.0"


async def prefix_padding(peer: Peer, speech: bytes) -> tuple[bool, str]:
    short, _ = await _turn(peer, speech, prefix_padding_ms=100)
    long, _ = await _turn(peer, speech, prefix_padding_ms=500)
    if not short or not long:
        return False, "no turn begins"
    moved = short[0] - long[0]
    return 330 <= moved <= 470, f"400 ms more move the start by {moved} ms"


async def silence_duration(peer: Peer, speech: bytes) -> tuple[bool, str]:
    _, short = await _turn(peer, speech, silence_duration_ms=300)
    _, long = await _turn(peer, speech, silence_duration_ms=900)
    if not short or not long:
        return False, "no turn ends"
    moved = long[-1] - short[-1]
    return 500 <= moved <= 700, f"600 ms more move the end by {moved} ms"


async def nothing_without(peer: Peer, speech: bytes) -> tuple[bool, str]:
    await configure(peer, None)
    await peer.speak(speech + silence(SILENCE_MS))
    await peer.settle()
    early = [name for name in peer.types if name.startswith(("input_audio_buffer.", "response."))]
    return not early, f"{len(early)} events"


async def on_when_unset(peer: Peer, speech: bytes) -> tuple[bool, str]:
    created = await peer.wait("session.created")
    shown = created.get("session", {}).get("audio", {}).get("input", {}).get("turn_detection") or {}
    await peer.speak(silence(LEAD_MS) + speech + silence(SILENCE_MS))
    await peer.settle()
    turns = len(peer.of(STOPPED))
    return shown.get("type") == "server_vad" and turns > 0, f"{shown.get('type')}, {turns} turns"


async def one_stop(peer: Peer, speech: bytes) -> tuple[bool, str]:
    await configure(peer, vad())
    await peer.speak((speech + silence(SILENCE_MS)) * 2)
    await peer.settle()
    started = [event["item_id"] for event in peer.of(STARTED)]
    stopped = [event["item_id"] for event in peer.of(STOPPED)]
    passed = bool(started) and started == stopped and len(set(started)) == len(started)
    return passed, f"{len(started)} started, {len(stopped)} stopped"
