from __future__ import annotations

from dataclasses import replace

import pytest
from fake_talk import FakeTalk, scene

from tui_assistant.runtime.api import Line, LineChanged, Speaker
from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.drawing.runs import text_of
from tui_assistant.tui.widgets import conversation as module
from tui_assistant.tui.widgets.conversation import Conversation

FIRST = Line("u1", "12:00:00", Speaker.YOU, "what", stash="ti", final=False)
SECOND = Line("b1", "12:00:01", Speaker.BOT, "It is noon.")


def texts(conversation: Conversation) -> list[str]:
    return [text_of(row) for row in conversation.rows]


async def test_a_known_key_replaces_the_line_in_its_place() -> None:
    talk = FakeTalk(scene(7_000))
    app = AssistantApp(talk)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.1)
        conversation = app.screen.query_one(Conversation)
        assert "Just speak" in texts(conversation)[1]
        talk.post(LineChanged(FIRST), LineChanged(SECOND))
        await pilot.pause(0.1)
        assert texts(conversation) == ["12:00:00 ▌you  what ti …", "", "12:00:01 ▌bot  It is noon."]
        talk.post(LineChanged(replace(FIRST, text="what time is it", stash="", final=True, note="ended: silence")))
        await pilot.pause(0.1)
        assert texts(conversation) == [
            "12:00:00 ▌you  what time is it",
            "         ▌     ended: silence",
            "",
            "12:00:01 ▌bot  It is noon.",
        ]


async def test_the_oldest_leave_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_UTTERANCES", 5)
    talk = FakeTalk(scene(7_000))
    talk.first = [LineChanged(replace(SECOND, key=str(n), text=f"n{n}")) for n in range(12)]
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.2)
        rows = texts(app.screen.query_one(Conversation))
        assert [row[-3:].strip() for row in rows] == ["n7", "n8", "n9", "n10", "n11"]


async def test_what_is_selected_can_be_copied() -> None:
    talk = FakeTalk(scene(7_000))
    talk.first = [LineChanged(SECOND)]
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.2)
        assert await pilot.mouse_down("#conversation", offset=(17, 1))
        await pilot.hover("#conversation", offset=(27, 1))
        await pilot.mouse_up("#conversation", offset=(27, 1))
        await pilot.pause()
        selected = app.screen.get_selected_text()
        assert selected
        assert selected in "12:00:01 ▌bot  It is noon."
        await pilot.press("ctrl+c")
        assert app.clipboard == selected
        assert app.return_code is None, "with a selection ctrl+c copies and does not end"


async def test_who_has_scrolled_back_is_told_the_way_to_the_end() -> None:
    talk = FakeTalk(scene(7_000))
    talk.first = [LineChanged(replace(SECOND, key=str(n))) for n in range(20)]
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.2)
        conversation = app.screen.query_one(Conversation)
        assert not conversation.border_subtitle
        await pilot.press("pageup")
        talk.post(LineChanged(replace(SECOND, key="new")))
        await pilot.pause(0.2)
        assert (conversation.border_subtitle, conversation.follow) == ("↓ more · end", False)
        await pilot.press("end")
        await pilot.pause()
        assert (conversation.border_subtitle, conversation.follow) == ("", True)
        await pilot.press("home")
        await pilot.resize_terminal(80, 80)
        await pilot.pause(0.2)
        assert (conversation.border_subtitle, conversation.follow) == ("", True), "all of it is in view"
