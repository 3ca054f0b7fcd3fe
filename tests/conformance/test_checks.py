"""Our own server keeps the contract; what cannot be checked says why."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tui_assistant.conformance.checks import CHECKS, run
from tui_assistant.conformance.peer import RATE, Peer
from tui_assistant.conformance.verdict import Answer, NotOfferedError, Verdict
from tui_assistant.errors import LinkError
from tui_assistant.sound.resample import resample

SPEECH = Path(__file__).parents[1] / "data" / "speech" / "lj_0002.wav"


@pytest.fixture(scope="module")
def speech() -> bytes:
    with wave.open(str(SPEECH)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return resample(samples, file.getframerate(), RATE).tobytes()


@pytest.mark.realtime(heard=["hello"], answers=["This is a long answer that can be interrupted. " * 40])
async def test_our_own_server_keeps_every_row(realtime_server_url: str, speech: bytes) -> None:
    verdicts = await run(realtime_server_url, speech)
    assert [verdict.name for verdict in verdicts] == list(CHECKS)
    assert [verdict for verdict in verdicts if verdict.answer != Answer.YES] == []


async def test_a_row_that_cannot_be_checked_says_why(realtime_server_url: str) -> None:
    async def refused(peer: Peer, speech: bytes) -> tuple[bool, str]:
        raise NotOfferedError("no such setting")

    async def malformed(peer: Peer, speech: bytes) -> tuple[bool, str]:
        nothing: dict[str, Any] = {}
        return nothing["item_id"] == "", ""

    verdicts = await run(realtime_server_url, b"", checks={"one": refused, "two": malformed})
    assert verdicts == [
        Verdict("one", Answer.NOT_OFFERED, "no such setting"),
        Verdict("two", Answer.NO, "an event is malformed: 'item_id'"),
    ]


async def test_a_server_that_is_not_there_is_one_clear_line() -> None:
    with pytest.raises(LinkError, match=r"cannot open ws://127\.0\.0\.1:1/v1/realtime"):
        await run("ws://127.0.0.1:1/v1/realtime", b"")
