"""The scope's clock, the session's, the client's and the link's: one moment on all of them."""

from __future__ import annotations

import numpy as np
import pytest
from conversation import updated
from floor_desk import RULES, START_S, Silence, WritingLink

from tui_assistant.client import effects as do
from tui_assistant.client.dialogue import Dialogue
from tui_assistant.client.latency import Waterfall
from tui_assistant.client.tuning import Tuning
from tui_assistant.engine.observation import FrameSeen, TurnState
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import JsonObject
from tui_assistant.runtime.api import Phase
from tui_assistant.runtime.capture import Capture
from tui_assistant.runtime.history import History

QUIET = np.zeros(512, np.int16)
HELD: JsonObject = {"rule": "threshold", "p": 0.9, "threshold": 0.5, "held_ms": 64}


class Room:
    """The history of a link that observes or not; `estimate` and `see` add frames."""

    def __init__(self, *, observes: bool, push_to_talk: bool = False) -> None:
        self.link = WritingLink()
        self.link.observes = observes  # type: ignore[misc]  # one name for both kinds
        self.capture = Capture(16_000, Silence)
        self.dialogue = Dialogue(RULES, 24_000, push_to_talk=push_to_talk)
        self.dialogue.take(updated(None if push_to_talk else RULES), 0)
        self.history = History(self.link, self.capture, self.dialogue)  # type: ignore[arg-type]

    def take(self, event: server.ServerEvent) -> None:
        self.history.server_event(event)
        self.dialogue.take(event, 0)

    def estimate(self, count: int, p: float = 0.0, *, heard: bool = True) -> None:
        for _ in range(count):
            self.history.fed(QUIET.tobytes() if heard else b"")
            for frame in self.capture.estimate(QUIET):
                self.history.estimated(frame._replace(p=p), heard=heard)

    def see(self, end_ms: int, p: float, state: TurnState) -> None:
        self.history.seen(FrameSeen(end_ms, p, -30.0, state), shown=True)

    @property
    def now_ms(self) -> int:
        return self.history.scope.now_ms


def test_the_engines_time_is_found_on_the_scope_after_a_gap() -> None:
    room = Room(observes=True)
    room.estimate(10, heard=False)  # muted: the engine got silence, or nothing
    room.see(32, 0.9, TurnState.ONSET)
    room.see(64, 0.9, TurnState.SPEECH)
    room.take(server.SpeechStarted(item_id="u1", audio_start_ms=0, at_ms=64, reason=HELD))
    for frame in range(3, 20):
        room.see(frame * 32, 0.1, TurnState.WAITING)
    room.take(server.SpeechStopped(item_id="u1", audio_end_ms=608, at_ms=608, reason={"silence_ms": 544}))
    room.history.show(Tuning())
    (record,) = room.history.shown
    assert (record.onset_ms, record.started_ms) == (320, 384)
    assert (record.speech_end_ms, record.stopped_ms) == (384, 928)


def test_a_remote_servers_time_is_that_of_what_it_was_fed() -> None:
    room = Room(observes=False)
    room.estimate(10, heard=False)
    room.estimate(20, 0.9)
    room.take(server.SpeechStarted(item_id="u1", audio_start_ms=0))
    room.take(server.SpeechStopped(item_id="u1", audio_end_ms=640))
    room.history.show(Tuning())
    (record,) = room.history.shown
    assert record.onset_ms == 320 + 0 + 300
    assert record.stopped_ms == 320 + 640


def test_a_remote_turn_is_seen_in_the_phases() -> None:
    room = Room(observes=False)
    room.estimate(4)
    room.estimate(12, 0.9)
    room.take(server.SpeechStarted(item_id="u1", audio_start_ms=64))  # 300 ms of padding, the rest is speech
    room.estimate(1, 0.9)
    room.estimate(1, 0.1)
    room.estimate(1, 0.9, heard=False)
    phases = [frame.phase for frame in room.history.scope.frames]
    before = [Phase.QUIET] * 3 + [Phase.PADDING] * 9 + [Phase.SPEECH] * 4
    assert phases == [*before, Phase.SPEECH, Phase.WAITING, Phase.QUIET]
    assert not any(frame.decided for frame in room.history.scope.frames)


@pytest.mark.parametrize("ago_ms", [0, 96, 250])
def test_a_key_has_its_place_on_the_scope(ago_ms: int) -> None:
    from floor_desk import Counting

    room = Room(observes=True, push_to_talk=True)
    now = START_S
    microphone = Counting(lambda: now)
    microphone.start()
    room.capture.use(microphone)
    now += 0.64
    room.capture.read()
    room.estimate(20, heard=False)
    room.history.effect(do.TakeFloor((START_S + 0.64) * 1000 - ago_ms))
    now += 0.64
    room.capture.read()
    room.estimate(20, 0.8)
    room.history.effect(do.ReleaseFloor((START_S + 1.28) * 1000))
    room.history.effect(client.InputAudioBufferCommit())
    room.take(server.BufferCommitted(item_id="u1", reason={"rule": "commit"}))
    room.history.effect(Waterfall(0, 1, 2, 3, 4, turn_id="u1"))
    room.history.show(Tuning())
    (record,) = room.history.shown
    assert abs(record.started_ms - (640 - ago_ms)) <= 1
    assert record.why_stopped == {"rule": "commit", "released_ms": 1280}
    assert record.stopped_ms == 1280
    assert record.onset_ms == 640  # where its speech begins
    assert record.waterfall is not None
    assert record.waterfall.total == 10


def test_a_floor_that_is_kept_and_dropped_leaves_no_record() -> None:
    room = Room(observes=True, push_to_talk=True)
    for effect in (
        do.TakeFloor(0),
        do.ReleaseFloor(100),
        do.KeepFloor(),
        do.DropFloor(),
        client.InputAudioBufferCommit(),
    ):
        room.history.effect(effect)
    room.history.effect(client.InputAudioBufferCommit())
    room.take(server.BufferCommitted(item_id="u1", reason={"rule": "commit"}))
    room.history.show(Tuning())
    assert room.history.shown == ()
