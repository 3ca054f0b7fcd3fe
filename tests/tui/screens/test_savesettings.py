from __future__ import annotations

import pytest
from fake_talk import FakeTalk, scene

from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.drawing.runs import text_of
from tui_assistant.tui.screens.savesettings import SaveScreen
from tui_assistant.tui.widgets.keybar import KeyBar

DIFF = "--- config.toml\n+++ config.toml\n@@ -1 +1 @@\n-threshold = 0.5\n+threshold = 0.6\n"


def rows_of(app: AssistantApp) -> list[str]:
    strips = app.screen._compositor.render_strips(app.size)
    return ["".join(segment.text for segment in strip) for strip in strips]


@pytest.mark.parametrize("key", ["s", "ctrl+s"])
async def test_the_diff_is_shown_and_enter_saves(key: str) -> None:
    talk = FakeTalk(scene(7_000))
    talk.diff = DIFF
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("t", key)
        await pilot.pause(0.1)
        text = "\n".join(rows_of(app))
        assert "-threshold = 0.5" in text
        assert "+threshold = 0.6" in text
        assert talk.calls == [], "nothing is written before it was seen"
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert talk.calls == [("save_settings",)]
        assert not isinstance(app.screen, SaveScreen)


async def test_escape_leaves_the_file_as_it_is() -> None:
    talk = FakeTalk(scene(7_000))
    talk.diff = DIFF
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("t", "s", "down", "up", "escape")
        await pilot.pause(0.1)
        assert talk.calls == []
        assert not isinstance(app.screen, SaveScreen)


async def test_without_a_difference_nothing_is_written() -> None:
    talk = FakeTalk(scene(7_000))
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("t", "s")
        await pilot.pause(0.1)
        assert "nothing to save" in "\n".join(rows_of(app))
        assert text_of(app.screen.query_one(KeyBar).lines[0]).strip() == "esc leave it"
        await pilot.press("enter")
        assert talk.calls == []
