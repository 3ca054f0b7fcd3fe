from __future__ import annotations

from dataclasses import replace

import pytest

from tui_assistant.client.cost import Cost
from tui_assistant.links.traffic import Sending, Traffic
from tui_assistant.protocol.usage import Tokens
from tui_assistant.runtime.api import Mode, Snapshot
from tui_assistant.tui.drawing.runs import text_of, width_of
from tui_assistant.tui.drawing.status import status
from tui_assistant.tui.drawing.traffic import line, mark, words

TRAFFIC = Traffic(
    place="api.openai.com",
    leaves=True,
    sending=Sending.SOUND,
    up_ms=83_400,
    down_ms=45_900,
    up_bytes=5_440_000,
    down_bytes=812_345,
    tokens=Tokens(input_text=80, input_audio=514, cached_text=320, cached_audio=320, output_text=60, output_audio=250),
)
REMOTE = Snapshot(link="openai", microphone="Built-in 48k", traffic=TRAFFIC, cost=Cost(0.0323, "USD"))


def test_all_there_is_to_say() -> None:
    assert words(REMOTE) == ("↑ 1:23 ↓ 45 s · 5.4 MB ↑ 812 kB ↓ · 1.2k tokens in (640 cached) 310 out · ≈ 0.0323 USD")
    assert words(Snapshot()) == ""
    quiet = Snapshot(traffic=Traffic(place="127.0.0.1", up_ms=3_723_000))
    assert words(quiet) == "↑ 1:02:03 ↓ 0 s · 0 kB ↑ 0 kB ↓"


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (120, "wire   ↑ 1:23 ↓ 45 s · 5.4 MB ↑ 812 kB ↓ · 1.2k tokens in (640 cached) 310 out · ≈ 0.0323 USD"),
        (78, "wire   ↑ 1:23 ↓ 45 s · 1.2k tokens in (640 cached) 310 out · ≈ 0.0323 USD"),
        (58, "wire   ↑ 1:23 ↓ 45 s · 1.2k in 310 out · ≈ 0.0323 USD"),
        (36, "wire   ↑ 1:23 ↓ 45 s · ≈ 0.0323 USD"),
        (24, "wire   ↑ 1:23 ↓ 45 s"),
        (12, "wire   ↑ 1:…"),
    ],
)
def test_as_much_as_there_is_room_for(width: int, text: str) -> None:
    assert text_of(line(REMOTE, width)) == text
    assert width_of(line(REMOTE, width)) <= width


def test_a_currency_is_foreign_text() -> None:
    assert "\x1b" not in words(replace(REMOTE, cost=Cost(1, "\x1b[31mX")))
    assert "\n" not in words(replace(REMOTE, traffic=replace(TRAFFIC, place="a\nb", measured=False)))


@pytest.mark.parametrize("width", [80, 60, 40])
@pytest.mark.parametrize("muted", [False, True])
@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("sending", list(Sending))
@pytest.mark.parametrize("state", ["ready", "reconnecting"])
def test_the_mark_is_there_in_every_state_and_says_what_goes_out(
    width: int, muted: bool, mode: Mode, sending: Sending, state: str
) -> None:
    snapshot = replace(
        REMOTE,
        mode=mode,
        muted=muted,
        link_state=state,
        recording=True,
        counters={"late": 3, "dropped": 12},
        latency_ms=560,
        traffic=replace(TRAFFIC, sending=sending),
    )
    text = text_of(status(snapshot, width))
    assert f"↗ {sending.value}" in text
    assert width_of(status(snapshot, width)) <= width
    assert str(mode) in text


def test_not_sending_is_told_from_sending_without_colours() -> None:
    texts = {text_of((mark(replace(REMOTE, traffic=replace(TRAFFIC, sending=each))) or ("", ""),)) for each in Sending}
    assert texts == {"↗ sending", "↗ sending silence", "↗ not sending"}


def test_on_this_machine_there_is_no_mark() -> None:
    here = replace(REMOTE, traffic=replace(TRAFFIC, leaves=False))
    assert mark(here) is None
    assert "↗" not in text_of(status(here, 200)) + text_of(status(Snapshot(), 200))
    assert "↑ 1:23" in text_of(line(here, 80)), "what goes over the wire is shown all the same"
