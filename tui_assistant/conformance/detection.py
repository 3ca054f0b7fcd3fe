"""What server_vad's fields do, and what happens without it."""

from __future__ import annotations

from typing import Any

from tui_assistant.conformance.peer import Peer
from tui_assistant.conformance.verdict import SILENCE_MS, STARTED, STOPPED, configure, vad

LEAD_MS = 1000  # before the speech: room for the longest prefix
PREFIX_MS, PATIENCE_MS = 300, 500
EDGE_MS = 250  # between what a detector takes to be speech and what is loud; it moves by the same in all turns
BLOCK_MS, QUIET_DB = 20, 35


async def _turn(peer: Peer, speech: bytes, **fields: Any) -> tuple[list[int], list[int]]:
    """The starts and ends of turns in one utterance, in ms from its first sample."""
    await configure(peer, vad(**fields))
    return await _listen(peer, speech)


async def _listen(peer: Peer, speech: bytes) -> tuple[list[int], list[int]]:
    begin, begin_ms = len(peer.events), peer.written_ms + LEAD_MS
    await peer.speak(peer.silence(LEAD_MS) + speech + peer.silence(SILENCE_MS))
    await peer.settle()
    starts = [event["audio_start_ms"] - begin_ms for event in peer.of(STARTED, begin)]
    return starts, [event["audio_end_ms"] - begin_ms for event in peer.of(STOPPED, begin)]


async def threshold(peer: Peer, speech: bytes) -> tuple[bool, str]:
    usual, _ = await _turn(peer, speech, threshold=0.5)
    highest, _ = await _turn(peer, speech, threshold=1.0)
    return bool(usual) and not highest, f"turns: {len(usual)} at 0.5, {len(highest)} at 1.0"


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
    await peer.speak(speech + peer.silence(SILENCE_MS))
    await peer.settle()
    early = [name for name in peer.types if name.startswith(("input_audio_buffer.", "response."))]
    return not early, f"{len(early)} events"


async def start_of_speech(peer: Peer, speech: bytes) -> tuple[bool, str]:
    """audio_start_ms is the first sound less prefix_padding_ms."""
    starts, _ = await _turn(peer, speech, prefix_padding_ms=PREFIX_MS)
    if not starts:
        return False, "no turn begins"
    late = starts[0] + PREFIX_MS - _sounds(peer, speech)[0]
    return abs(late) <= EDGE_MS, f"{late:+} ms from first sound - {PREFIX_MS} ms"


async def end_of_speech(peer: Peer, speech: bytes) -> tuple[bool, str]:
    """audio_end_ms is the last sound and silence_duration_ms."""
    _, ends = await _turn(peer, speech, silence_duration_ms=PATIENCE_MS)
    if not ends:
        return False, "no turn ends"
    late = ends[-1] - PATIENCE_MS - _sounds(peer, speech)[1]
    return abs(late) <= EDGE_MS, f"{late:+} ms from last sound + {PATIENCE_MS} ms"


def _sounds(peer: Peer, speech: bytes) -> tuple[int, int]:
    """From where to where, in ms, blocks of an utterance are not QUIET_DB under its loudest."""
    samples = memoryview(speech).cast("h")
    block = peer.wire.rate * BLOCK_MS // 1000
    powers = [sum(x * x for x in samples[i : i + block]) for i in range(0, len(samples), block)]
    loud = [i for i, power in enumerate(powers) if power > max(powers) * 10 ** (-QUIET_DB / 10)]
    return loud[0] * BLOCK_MS, (loud[-1] + 1) * BLOCK_MS


async def on_when_unset(peer: Peer, speech: bytes) -> tuple[bool, str]:
    shown = peer.wire.rules(await peer.greet())
    await peer.speak(peer.silence(LEAD_MS) + speech + peer.silence(SILENCE_MS))
    await peer.settle()
    turns = len(peer.of(STOPPED))
    return shown.get("type") == "server_vad" and turns > 0, f"{shown.get('type')}; turns: {turns}"


async def usual_silence(peer: Peer, speech: bytes) -> tuple[bool, str]:
    """A turn that nobody has set silence_duration_ms for ends as one that it is set for."""
    await peer.configure({"type": "server_vad", "create_response": False})  # answers are of no use; else all is unset
    unset = await _listen(peer, speech)
    documented = (await _turn(peer, speech, silence_duration_ms=peer.wire.silence_ms))[1]
    if not unset[1] or not documented:
        return False, "no turn ends"
    moved = unset[1][-1] - documented[-1]
    return abs(moved) <= EDGE_MS / 2, f"{moved:+} ms from a turn with {peer.wire.silence_ms} ms set"


async def one_stop(peer: Peer, speech: bytes) -> tuple[bool, str]:
    await configure(peer, vad())
    await peer.speak((speech + peer.silence(SILENCE_MS)) * 2)
    await peer.settle()
    started = [event["item_id"] for event in peer.of(STARTED)]
    stopped = [event["item_id"] for event in peer.of(STOPPED)]
    passed = bool(started) and started == stopped and len(set(started)) == len(started)
    return passed, f"{len(started)} started, {len(stopped)} stopped"
