"""One recording, talked to here and over the wire to our own server: the same events, turns, words and sound.

What a dialect's wire does not carry, or orders in its own way, is named below; the words of a turn are written down
beside the answer, on every link, and count in their own order.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from paced_talk import Settled, Told, converse
from recording import sentence

from tui_assistant.client.turns import TurnRecord
from tui_assistant.links.local import LocalLink
from tui_assistant.links.local_turns import LocalTurns, Where
from tui_assistant.links.vendors.endpoint import endpoint
from tui_assistant.links.websocket import WebSocketLink
from tui_assistant.runtime.api import Phase
from tui_assistant.testing.server import realtime_server, scripted

HEARD = ["what time is it", "tell me a story", "stop that"]
ANSWERS = ["It is noon.", "Once upon a time there was a very long answer. " * 3, "I have stopped."]

WORDS = "conversation.item.input_audio_transcription."
NOT_FLAT = ("conversation.created", "conversation.item.done")  # events that the flat dialects do not have
WORDS_FIRST = ("response.output_audio.done", "response.output_audio_transcript.done")  # Qwen has these the other way


def spoken(rate: int) -> np.ndarray[Any, np.dtype[np.int16]]:
    """A turn and its answer; a turn with a long one; and a turn that speaks over that."""
    said = sentence(rate, 1.8, 0.5) + sentence(rate, 1.6) + sentence(rate, 2.0)
    return np.frombuffer(said, "<i2").astype(np.int16)


def here(rate: int, folder: Path, patch: pytest.MonkeyPatch) -> Told:
    link = Settled(LocalLink(scripted(HEARD, ANSWERS), speculate=False))
    return converse(link, link, spoken(rate), rate, folder / "local", patch)


def over_the_wire(path: str, turns: Where, rate: int, folder: Path, patch: pytest.MonkeyPatch) -> Told:
    with realtime_server(HEARD, ANSWERS) as url:
        wire = Settled(WebSocketLink(endpoint(url.replace("/v1/realtime", path), {})))
        return converse(LocalTurns(wire, turns), wire, spoken(rate), rate, folder / turns, patch)


class Script:
    """The events of one conversation in an order and with names that do not depend on the link."""

    def __init__(self, told: Told, *, flat: bool) -> None:
        self._flat = flat
        self._names: dict[str, str] = {}
        self._count: Counter[str] = Counter()
        events = [event for event in told.events if not event["type"].startswith("session.")]
        if flat:
            events = [event for event in events if event["type"] not in NOT_FLAT]
        events = [self._renamed(event) for event in events]
        if flat:
            places = [at for at, event in enumerate(events) if event["type"] in WORDS_FIRST]
            for first, second in zip(places[::2], places[1::2], strict=True):
                events[first : second + 1] = sorted(events[first : second + 1], key=lambda event: str(event["type"]))
        self.words = [event for event in events if event["type"].startswith(WORDS)]
        self.rest = [event for event in events if not event["type"].startswith(WORDS)]

    def _renamed(self, data: Any, key: str = "") -> Any:
        if isinstance(data, dict):
            kept = {name: inner for name, inner in data.items() if name not in self._unsaid(data)}
            return {name: self._renamed(inner, name) for name, inner in kept.items()}
        if isinstance(data, list):
            return [self._renamed(inner) for inner in data]
        if isinstance(data, str) and key in ("id", "item_id", "previous_item_id", "response_id"):
            return self._name(data)
        return data

    def _name(self, name: str) -> str:
        if name not in self._names:
            kind = name.partition("_")[0]
            self._count[kind] += 1
            self._names[name] = f"{kind} {self._count[kind]}"
        return self._names[name]

    def _unsaid(self, data: dict[str, Any]) -> set[str]:
        unsaid = {"event_id", "usage"}  # numbers of the wire, and what it was billed: what went over it
        if data.get("object") == "realtime.response":
            unsaid |= {"audio", "conversation_id"}  # that nobody here reads
        if self._flat:
            unsaid |= {"previous_item_id"}
            unsaid |= {"text"} if data.get("type") == "audio" else set()  # Qwen says the words of a sound twice
        return unsaid


def turns(told: Told) -> list[TurnRecord]:
    """The records without the names of their items."""
    return [
        replace(each, item_id="", waterfall=each.waterfall and replace(each.waterfall, turn_id=""))
        for each in told.records
    ]


@pytest.mark.parametrize(
    ("path", "rate"), [("/v1/realtime", 24_000), ("/api-ws/v1/realtime", 16_000)], ids=["ga", "qwen"]
)
def test_a_conversation_is_the_same_here_and_over_the_wire(path: str, rate: int, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        local = here(rate, tmp_path, patch)
    assert [line["text"].strip() for line in local.lines][::2] == HEARD
    assert 0.5 < local.lines[3]["cut"] < 2.5  # the third turn spoke over the second answer
    flat = "api-ws" in path
    expected = Script(local, flat=flat)
    assert [event["type"] for event in expected.rest].count("input_audio_buffer.speech_stopped") == 3
    for who in ("there", "here"):
        with pytest.MonkeyPatch.context() as patch:
            told = over_the_wire(path, who, rate, tmp_path, patch)  # type: ignore[arg-type]
        found = Script(told, flat=flat)
        for one, other in zip(expected.rest, found.rest, strict=False):
            assert one == other, who
        assert len(expected.rest) == len(found.rest), who
        assert expected.words == found.words, who
        assert told.lines == local.lines, who
        assert turns(told) == turns(local), who
        assert told.heard == local.heard, who
        _same_picture(local, told, who)


def _same_picture(local: Told, told: Told, who: str) -> None:
    """All but the link's name and who detects turns, which is said where it is not we."""
    assert [(frame.at_ms, frame.p, frame.commit) for frame in told.frames] == [
        (frame.at_ms, frame.p, frame.commit) for frame in local.frames
    ]
    ours = [frame.phase for frame in local.frames]
    if who == "here":
        assert [frame.phase for frame in told.frames] == ours
        assert told.fed_s < 0.7 * local.fed_s
        assert not told.snapshot.local_estimate
    else:
        theirs = [frame.local for frame in told.frames]
        assert [each is Phase.SPEECH for each in theirs] == [each is Phase.SPEECH for each in ours]
        assert told.fed_s == pytest.approx(local.fed_s, abs=0.1)
        assert told.snapshot.local_estimate
    differing = {"link", "turns", "traffic", "cost", "frames", "local_estimate"}
    differing |= {"state_ms", "microphone_start_ms"}  # of real time
    names = [name for name in local.snapshot.__dataclass_fields__ if name not in differing]
    assert [getattr(told.snapshot, name) for name in names] == [getattr(local.snapshot, name) for name in names]
    assert told.snapshot.turns == who
