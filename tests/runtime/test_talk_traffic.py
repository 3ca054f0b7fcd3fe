"""What the screen is told of the wire, and of audio that leaves this machine another way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from talk_desk import Desk

from tui_assistant.client.cost import Prices
from tui_assistant.commands.assistant import written_down_elsewhere
from tui_assistant.config import Flag, load
from tui_assistant.links.traffic import Sending, Traffic
from tui_assistant.protocol import server
from tui_assistant.protocol.usage import Tokens
from tui_assistant.runtime import api


def test_traffic_and_its_cost_are_in_the_picture(open_desk: Callable[..., Desk]) -> None:
    seen = [Traffic(place="api.openai.com", leaves=True)]
    prices = Prices(currency="EUR", output_audio=64)
    desk = open_desk(traffic=lambda: seen[-1], prices=prices)
    assert desk.snapshot.traffic == seen[0]
    assert str(desk.snapshot.cost) == "≈ 0.0000 EUR"
    seen.append(replace(seen[0], up_ms=900, tokens=Tokens(output_audio=10_000, output_text=3)))
    desk.until(lambda: desk.snapshot.traffic == seen[1])
    assert str(desk.snapshot.cost) == "≥ 0.64 EUR"


def test_without_a_wire_there_is_nothing_to_say(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    assert (desk.snapshot.traffic, desk.snapshot.cost) == (None, None)


def test_a_turn_that_is_written_down_elsewhere_is_marked_while_it_lasts(open_desk: Callable[..., Desk]) -> None:
    elsewhere = Traffic(place="asr.example", leaves=True, measured=False)
    desk = open_desk(traffic=lambda: elsewhere)

    def sending() -> Sending | None:
        return desk.snapshot.traffic.sending if desk.snapshot.traffic else None

    desk.until(lambda: sending() is Sending.NOTHING)
    desk.link.say(server.SpeechStarted(item_id="u1", audio_start_ms=0))
    desk.until(lambda: desk.snapshot.state is api.State.SPEECH)
    desk.until(lambda: sending() is Sending.SOUND)
    desk.link.say(server.SpeechStopped(item_id="u1", audio_end_ms=500))
    desk.link.say(server.BufferCommitted(item_id="u1"))
    desk.link.say(server.TranscriptionCompleted(item_id="u1", transcript="", usage=server.DurationUsage(seconds=0.5)))
    desk.until(lambda: desk.snapshot.state is api.State.IDLE)
    desk.until(lambda: sending() is Sending.NOTHING)


@pytest.mark.parametrize(
    ("recogniser", "url", "offline", "place"),
    [
        ("transcriptions", "https://asr.example:8443/v1", False, "asr.example"),
        ("transcriptions", "http://127.0.0.1:8000/v1", False, None),
        ("transcriptions", "https://asr.example/v1", True, None),
        ("transcriptions", "", False, None),
        ("pocketsphinx", "https://asr.example/v1", False, None),
    ],
)
def test_when_a_conversation_here_lets_audio_out(recogniser: str, url: str, offline: bool, place: str | None) -> None:
    values = {"models.recogniser": recogniser, "transcription.url": url, "models.offline": offline}
    found = written_down_elsewhere(load({key: Flag(key, value) for key, value in values.items()}))
    assert (found and found.place) == place
    assert found is None or (found.leaves and not found.measured)
