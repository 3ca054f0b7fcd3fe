"""Who decides about a voice over an answer where the conversation runs elsewhere, and that the screen says it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator

import pytest
from talk_desk import Desk, noise
from websockets.sync.server import ServerConnection, serve

from tui_assistant.links.vendors.endpoint import endpoint
from tui_assistant.links.websocket import WebSocketLink
from tui_assistant.runtime.options import TalkOptions
from tui_assistant.testing.server import realtime_server
from tui_assistant.tui.drawing.runs import text_of
from tui_assistant.tui.drawing.status import status

PATIENCE_S = 60.0
# A service that has these and no more, whatever it is asked: Qwen's omni models.
ITS_OWN_WAY = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 800}
SESSION = {
    "id": "sess_1", "object": "realtime.session", "model": "qwen", "modalities": ["text", "audio"],
    "input_audio_format": "pcm16", "output_audio_format": "pcm16", "turn_detection": ITS_OWN_WAY,
}  # fmt: skip


@pytest.fixture
def called() -> Iterator[Callable[[str], Desk]]:
    desks: list[Desk] = []

    def call(url: str) -> Desk:
        link = WebSocketLink(endpoint(url, {}))
        desks.append(Desk(link, TalkOptions(recording=noise(20), output="none", remember=False)))  # type: ignore[arg-type]
        return desks[-1]

    yield call
    for desk in desks:
        desk.talk.close()


@pytest.fixture
def stubborn() -> Iterator[str]:
    """The address of a service in Qwen's dialect that leaves its clients no choice."""

    def talk(socket: ServerConnection) -> None:
        socket.send(json.dumps({"type": "session.created", "event_id": "e1", "session": SESSION}))
        for frame in socket:
            if json.loads(frame)["type"] == "session.update":
                socket.send(json.dumps({"type": "session.updated", "event_id": "e2", "session": SESSION}))

    with serve(talk, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/api-ws/v1/realtime"
        server.shutdown()


@pytest.mark.parametrize("path", ["/v1/realtime", "/api-ws/v1/realtime"])
def test_our_own_server_lets_us_decide_in_both_dialects(called: Callable[[str], Desk], path: str) -> None:
    with realtime_server(heard=[], answers=[]) as url:
        desk = called(url.replace("/v1/realtime", path))
        desk.until(lambda: desk.snapshot.barge_in == "two-stage", PATIENCE_S)
        assert not desk.snapshot.turn_detection.create_response
        assert "barge-in in two stages" in text_of(status(desk.snapshot, 140))


def test_where_a_service_leaves_no_choice_it_interrupts_and_the_screen_says_so(
    called: Callable[[str], Desk], stubborn: str
) -> None:
    desk = called(stubborn)
    desk.until(lambda: desk.snapshot.barge_in == "server", PATIENCE_S)
    for width in (80, 120):
        assert "barge-in by server" in text_of(status(desk.snapshot, width))
