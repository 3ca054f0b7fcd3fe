"""A server that breaks the contract in one place fails the row that says so, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import faulty_server as faults
import pytest

from tui_assistant.conformance.checks import CHECKS, run
from tui_assistant.conformance.verdict import Answer
from tui_assistant.conformance.wire import GA
from tui_assistant.testing.server import realtime_server

ALL_AT_ONCE = len(CHECKS)
# All rows against one fault take six seconds, five of which idle_timeout_ms needs by the protocol: a fault of each kind
# (a rule ignored, an order, a commit, a clear, an answer) in the normal run, all of them by hand with -m soak.
IN_THE_NORMAL_RUN = {
    faults.SilenceIgnored,
    faults.StoppedAfterCommitted,
    faults.CommitStops,
    faults.ClearForgetsTheTurn,
    faults.AlwaysInterrupts,
}


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with realtime_server(answers=["This is a long answer that can be interrupted. " * 20]) as url:
        yield url


async def _no(url: str, speech: bytes) -> dict[str, str]:
    """What was seen in the rows that are not kept."""
    verdicts = await run(url, speech, at_once=ALL_AT_ONCE)
    assert [verdict.name for verdict in verdicts if verdict.answer == Answer.NOT_OFFERED] == []
    return {verdict.name: verdict.seen for verdict in verdicts if verdict.answer == Answer.NO}


def test_every_row_has_its_fault() -> None:
    assert list(faults.FAULTS.values()) == list(CHECKS)


@pytest.mark.soak  # the faults below say so too, each for all rows but one
async def test_the_proxy_alone_turns_no_row(upstream: str, speech: Callable[[int], bytes]) -> None:
    async with faults.faulty_server(upstream, faults.Fault) as url:
        assert await _no(url, speech(GA.rate)) == {}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, marks=() if fault in IN_THE_NORMAL_RUN else pytest.mark.soak, id=fault.__name__)
        for fault in faults.FAULTS
    ],
)
async def test_a_fault_turns_exactly_its_row(
    upstream: str, speech: Callable[[int], bytes], fault: type[faults.Fault]
) -> None:
    async with faults.faulty_server(upstream, fault) as url:
        no = await _no(url, speech(GA.rate))
    assert list(no) == [faults.FAULTS[fault]], no
