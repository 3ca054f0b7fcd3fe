"""semantic_vad's eagerness, and idle_timeout_ms."""

from __future__ import annotations

import asyncio

from tui_assistant.conformance.peer import Peer
from tui_assistant.conformance.verdict import ANSWER_S, DONE, STOPPED, Check, NotOfferedError, brief, configure, vad
from tui_assistant.conformance.wire import Event

LONGEST_MS = {"low": 8000, "medium": 4000, "high": 2000, "auto": 4000}  # "max timeouts of 8s, 4s, and 2s"
SLACK_MS = 500  # for what a detector takes to be speech behind the last sound
MARGIN_MS = 200  # less is not another eagerness
BEGUN = 0.28  # of "what time is it": "what", which nobody takes for a whole sentence
LOAD_S = 1.0  # a server may load what judges the end of a thought when it is first asked for
# Who judges by words has to know them before the silence has lasted: else the speed of the machine is compared. So the
# speech and the first silence come as fast as anybody speaks.
WORDS_MS = 1100
IDLE_MS = 5000  # the smallest that is allowed
LATE_S = 5  # beyond it


async def _offered(peer: Peer, rules: Event, key: str) -> None:
    """Sets `rules`. Raises NotOfferedError when the session does not show `key` afterwards."""
    await configure(peer, rules, needs=(key,))
    if key not in peer.wire.rules(peer.of("session.updated")[-1]["session"]):
        raise NotOfferedError(f"{key} is not taken over")


async def _wait_ms(peer: Peer, speech: bytes, eagerness: str) -> int:
    """How long the server waits behind the beginning of a question; beyond LONGEST_MS when it does not end the turn.

    Whoever has finished is answered soon at any eagerness.
    """
    speech = speech[: round(len(speech) / 2 * BEGUN) * 2]
    rules = {"type": "semantic_vad", "eagerness": eagerness, "create_response": False}
    await _offered(peer, rules, "eagerness")
    await asyncio.sleep(LOAD_S)
    begin, end_ms = len(peer.events), peer.written_ms + peer.length_ms(speech)
    await peer.speak(speech + peer.silence(WORDS_MS), paced=True)
    await peer.speak(peer.silence(LONGEST_MS["low"] + 2 * SLACK_MS))
    await peer.wait(STOPPED, seconds=5)
    await peer.settle()
    stops = peer.of(STOPPED, begin)
    return stops[-1]["audio_end_ms"] - end_ms if stops else 10**6


def eagerness(value: str, *, other: str, sign: int) -> Check:
    """`value` waits longer (sign 1), shorter (-1) or as long (0) as `other`, and never over its maximum."""

    async def check(peer: Peer, speech: bytes) -> tuple[bool, str]:
        waits = await _wait_ms(peer, speech, value)
        others = await _wait_ms(peer, speech, other)
        if waits == 10**6:
            return False, "the turn does not end"
        compared = abs(waits - others) < SLACK_MS if sign == 0 else (waits - others) * sign >= MARGIN_MS
        return compared and waits <= LONGEST_MS[value] + SLACK_MS, f"{waits} ms; {other} {others} ms"

    return check


async def idle_timeout(peer: Peer, speech: bytes) -> tuple[bool, str]:
    await _offered(peer, vad(idle_timeout_ms=IDLE_MS), "idle_timeout_ms")
    await peer.speak(peer.silence(1000))
    await peer.ask()
    await peer.send("response.cancel")  # nothing to be played: the time begins at once
    await peer.wait(DONE, seconds=ANSWER_S)
    event = await peer.wait("input_audio_buffer.timeout_triggered", seconds=IDLE_MS / 1000 + LATE_S)
    if not event:
        return False, f"nothing {IDLE_MS} ms after the answer"
    done = await peer.wait(DONE, seconds=ANSWER_S)
    order = ["input_audio_buffer.timeout_triggered", "input_audio_buffer.committed", "response.created"]
    behind = [name for name in peer.types[peer.types.index(order[0]) :] if name in order]
    return bool(done) and behind == order, brief(behind)
