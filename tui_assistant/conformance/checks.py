"""The rows, and how they are run: each in a session of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from tui_assistant.conformance import answering, buffering, detection, order, patience
from tui_assistant.conformance.peer import Peer
from tui_assistant.conformance.verdict import Answer, Check, NotOfferedError, Verdict

AT_ONCE = 3  # sessions: most of a check is waiting

CHECKS: Mapping[str, Check] = {
    "threshold": detection.threshold,
    "prefix_padding_ms": detection.prefix_padding,
    "silence_duration_ms": detection.silence_duration,
    "null detects nothing": detection.nothing_without,
    "default when unset": detection.on_when_unset,
    "one speech_stopped per item": detection.one_stop,
    "order in server_vad mode": order.server_vad,
    "order in manual mode": order.manual,
    "commit in speech": buffering.commit_in_speech,
    "commit while idle": buffering.commit_idle,
    "commit in manual mode": buffering.commit_manual,
    "commit of an empty buffer": buffering.commit_empty,
    "clear in speech": buffering.clear_in_speech,
    "clear while idle": buffering.clear_idle,
    "clear in manual mode": buffering.clear_manual,
    "create and interrupt": answering.barge_in(create=True, interrupt=True),
    "create, no interrupt": answering.barge_in(create=True, interrupt=False),
    "interrupt, no create": answering.barge_in(create=False, interrupt=True),
    "neither create nor interrupt": answering.barge_in(create=False, interrupt=False),
    "response.cancel": answering.cancel,
    "one response at a time": answering.one_at_a_time,
    "truncate": answering.truncate,
    "eagerness low": patience.eagerness("low", other="medium", sign=1),
    "eagerness medium": patience.eagerness("medium", other="auto", sign=0),
    "eagerness high": patience.eagerness("high", other="medium", sign=-1),
    "idle_timeout_ms": patience.idle_timeout,
}


async def run(
    url: str, speech: bytes, token: str | None = None, *, checks: Mapping[str, Check] = CHECKS, at_once: int = AT_ONCE
) -> list[Verdict]:
    """All checks, in the order of the table. `speech`: one utterance, int16 mono at RATE. Raises LinkError."""
    turns = asyncio.Semaphore(at_once)

    async def one(name: str, check: Check) -> Verdict:
        async with turns, Peer(url, token) as peer:
            try:
                kept, seen = await check(peer, speech)
            except NotOfferedError as reason:
                return Verdict(name, Answer.NOT_OFFERED, str(reason))
            except (KeyError, TypeError, AttributeError, IndexError) as error:
                # An event without a field that it must have.
                return Verdict(name, Answer.NO, f"an event is malformed: {error}")
            return Verdict(name, Answer.YES if kept else Answer.NO, seen)

    return await asyncio.gather(*(one(name, check) for name, check in checks.items()))
