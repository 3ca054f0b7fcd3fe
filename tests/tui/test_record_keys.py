"""r records, w saves the conversation; and REC is seen at every width."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_running import running
from fake_talk import FakeTalk, scene, talked

from tui_assistant.tui.drawing.status import status
from tui_assistant.tui.screens.main import MainScreen
from tui_assistant.tui.widgets.typeline import FileLine


def named(screen: object) -> FileLine:
    assert isinstance(screen, MainScreen)
    return screen.file_line


async def test_r_begins_and_ends_a_recording_and_rec_is_shown() -> None:
    async with running() as (talk, app, pilot):
        await pilot.press("r")
        assert talk.calls == [("record", None)]
        await pilot.pause(0.1)
        assert "● REC" in app.screen.query_one("#status").render_line(0).text
        await pilot.press("r")
        assert talk.calls == [("record", None)] * 2
        await pilot.pause(0.1)
        assert "REC" not in app.screen.query_one("#status").render_line(0).text


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_recording_is_seen_at_every_width(width: int) -> None:
    busy = scene(4_100, recording=True, link_state="loading the recogniser", microphone="", counters={"lost": 3})
    assert "● REC" in "".join(text for text, _ in status(busy, width))


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_w_asks_for_the_file_and_enter_saves(size: tuple[int, int]) -> None:
    talk = FakeTalk(scene(4_100))
    talk.first = talked()
    async with running(talk, size) as (_, app, pilot):
        await pilot.press("w")
        line = named(app.screen)
        assert line.has_focus
        assert line.display
        assert line.value.startswith("transcript-20")
        assert line.value.endswith(".md")
        await pilot.press("-", "2", "space", "r", "end", *["backspace"] * 3, *".srt")
        proposed = line.value
        assert proposed.endswith("-2 r.srt")
        await pilot.press("enter")
        await pilot.pause()
        assert talk.calls == [("save_transcript", Path(proposed))]
        assert not line.display
        await pilot.press("x")
        assert talk.calls[-1] == ("toggle_mute",)


async def test_escape_leaves_without_saving() -> None:
    async with running() as (talk, app, pilot):
        await pilot.press("w", "escape")
        await pilot.pause()
        assert talk.calls == []
        assert not named(app.screen).display
        await pilot.press("w")
        assert named(app.screen).value.startswith("transcript-20")
        for _ in range(40):
            await pilot.press("backspace")
        await pilot.press("end", "backspace", "backspace", "backspace", "enter")
        assert talk.calls == []


async def test_n_begins_a_new_conversation() -> None:
    async with running() as (talk, _, pilot):
        await pilot.press("n")
        assert talk.calls == [("new_conversation",)]
        await pilot.press("t", "n")  # on the sliders it opens the presets, as before
        assert talk.calls == [("new_conversation",)]


@pytest.mark.parametrize(
    ("keys", "name"), [("talk.srt", "talk.srt"), ("talk.md", "talk.md"), ("talk", "talk.md"), ("v1.2", "v1.2.md")]
)
async def test_a_suffix_typed_before_the_proposed_one_is_the_suffix(keys: str, name: str) -> None:
    talk = FakeTalk(scene(4_100))
    talk.first = talked()
    async with running(talk) as (_, _app, pilot):
        await pilot.press("w", "ctrl+u", *("full_stop" if key == "." else key for key in keys), "enter")
        await pilot.pause()
        assert talk.calls == [("save_transcript", Path(name))]
