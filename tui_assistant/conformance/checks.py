"""The rows, and how they are run: each in a session of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from tui_assistant.conformance import answering, buffering, detection, order, patience
from tui_assistant.conformance.peer import BrokenOffError, Peer
from tui_assistant.conformance.verdict import Answer, Check, NotOfferedError, Verdict
from tui_assistant.conformance.wire import AUTO, GA, Wire, recognised, wire_for
from tui_assistant.errors import LinkError

AT_ONCE = 3  # sessions: most of a check is waiting
LONGEST_S = 120  # of a check; most take two seconds

CHECKS: Mapping[str, Check] = {
    "threshold": detection.threshold,
    "prefix_padding_ms": detection.prefix_padding,
    "silence_duration_ms": detection.silence_duration,
    "audio_start_ms": detection.start_of_speech,
    "audio_end_ms": detection.end_of_speech,
    "null detects nothing": detection.nothing_without,
    "default when unset": detection.on_when_unset,
    "default silence_duration_ms": detection.usual_silence,
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
    url: str,
    speech: bytes,
    token: str | None = None,
    wire: Wire = GA,
    *,
    checks: Mapping[str, Check] = CHECKS,
    at_once: int = AT_ONCE,
) -> list[Verdict]:
    """All checks, in the order of the table. `speech`: one utterance, int16 mono at the wire's rate."""
    turns = asyncio.Semaphore(at_once)

    async def one(name: str, check: Check) -> Verdict:
        async with turns:
            answer, seen = await _answer(check, Peer(url, token, wire), speech)
            return Verdict(name, answer, seen)

    return await asyncio.gather(*(one(name, check) for name, check in checks.items()))


async def _answer(check: Check, peer: Peer, speech: bytes) -> tuple[Answer, str]:
    try:
        async with asyncio.timeout(LONGEST_S), peer:
            kept, seen = await check(peer, speech)
    except NotOfferedError as reason:
        return Answer.NOT_OFFERED, str(reason)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        # An event without a field that it must have.
        return Answer.NO, f"an event is malformed: {error}"
    except (BrokenOffError, LinkError) as error:
        return Answer.NO, str(error)
    except TimeoutError:
        return Answer.NO, f"not done in {LONGEST_S} s"
    return Answer.YES if kept else Answer.NO, seen


async def find_wire(url: str, token: str | None = None, dialect: str = AUTO) -> Wire:
    """The dialect of the server at `url`, by a session with it. Raises LinkError where there is no Realtime server."""
    wire = wire_for(url, dialect)
    async with Peer(url, token, wire) as peer:
        session = await peer.greet()
    return recognised(wire, session) if dialect == AUTO else wire
