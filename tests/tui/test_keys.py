"""Every key of the table, pressed in the running app."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random

import pytest
from app_running import running
from fake_talk import FakeTalk, scene, talked
from textual import events
from textual.widgets import Input

from tui_assistant.client.hold import Edge
from tui_assistant.runtime.api import Line, LineChanged, Mode, Speaker, State, Told
from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.drawing.runs import text_of
from tui_assistant.tui.screens.devices import DeviceScreen
from tui_assistant.tui.screens.help import HelpScreen
from tui_assistant.tui.screens.main import MainScreen
from tui_assistant.tui.widgets.conversation import Conversation
from tui_assistant.tui.widgets.devicelist import DeviceList
from tui_assistant.tui.widgets.keybar import KeyBar
from tui_assistant.tui.widgets.lines import Lines
from tui_assistant.tui.widgets.notices import Notices
from tui_assistant.tui.widgets.tune import Tune
from tui_assistant.tui.widgets.typeline import TypeLine


@pytest.mark.parametrize(
    ("key", "call"),
    [
        ("space", ("key", Edge.PULSE)),
        ("f2", ("talk",)),
        ("m", ("toggle_mode",)),
        ("v", ("switch_turns",)),
        ("escape", ("interrupt",)),
        ("x", ("toggle_mute",)),
        ("D", ("play_demo",)),
    ],
)
@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_a_key_is_a_call(key: str, call: tuple[str, ...], size: tuple[int, int]) -> None:
    async with running(size=size) as (talk, _, pilot):
        await pilot.press(key)
        assert talk.calls == [call]


async def test_the_toggle_key_held_down_talks_once() -> None:
    async with running() as (talk, app, pilot):
        for number in range(20):
            event = events.Key("f2", None)
            event.time = 50.0 + (0.5 + 0.03 * number if number else 0.0)  # as a terminal repeats a held key
            app.post_message(event)
        await pilot.pause(0.3)
        assert talk.calls == [("talk",)]


@pytest.mark.parametrize(("key", "status"), [("q", 0), ("ctrl+q", 0), ("ctrl+c", 130)])
async def test_the_ways_out(key: str, status: int) -> None:
    async with running() as (_, app, pilot):
        await pilot.press(key)
        await pilot.pause()
        assert app.return_code == status


async def test_typing_sends_the_line_as_typed_and_spaces_are_spaces() -> None:
    async with running() as (talk, app, pilot):
        await pilot.press("i")
        assert isinstance(app.screen.focused, TypeLine)
        await pilot.press("q", "space", "m", "x", "space", "space", "D", "question_mark", "enter")
        await pilot.pause()
        assert talk.calls == [("say", "q mx  D?")]
        assert app.screen.focused is None
        assert not app.screen.query_one(TypeLine).display


async def test_what_is_typed_right_behind_the_key_is_text_too() -> None:
    """All keys are there before the first one is dealt with: `n` must not begin a new conversation."""
    async with running() as (talk, app, pilot):
        for key in ("i", "n", "q", "space", "x", "m", "enter"):
            app.post_message(events.Key(key, " " if key == "space" else "\r" if key == "enter" else key))
        async with asyncio.timeout(60):
            while not talk.calls or app.screen.focused is not None:
                await pilot.pause(0.05)
        assert talk.calls == [("say", "nq xm")]
        await pilot.press("m")
        assert talk.calls[-1] == ("toggle_mode",)


@pytest.mark.parametrize("seed", range(12))
async def test_keys_keep_their_order_however_they_come(seed: int) -> None:
    """Some while nothing has the focus, some when the line has it and the first are still on their way."""
    random = Random(seed)
    names = {" ": "space", "\r": "enter", "<": "left", "#": "backspace"}
    async with running() as (talk, app, pilot):
        for character in "iab<<n#nq x\r":
            app.post_message(events.Key(names.get(character, character), None if character in "<#" else character))
            for _ in range(random.choice([0, 0, 1, 2, 5, 20])):
                await asyncio.sleep(0)
        async with asyncio.timeout(60):
            while not talk.calls or app.screen.focused is not None:
                await pilot.pause(0.05)
        assert talk.calls == [("say", "nq xab")]


async def test_nothing_typed_sends_nothing_and_escape_leaves() -> None:
    async with running() as (talk, app, pilot):
        await pilot.press("i", "space", "enter")
        await pilot.pause()
        await pilot.press("i", "a", "b", "escape")
        await pilot.pause()
        assert app.screen.focused is None
        await pilot.press("i")
        assert app.screen.query_one(TypeLine).value == ""
        assert talk.calls == []


async def test_the_talk_key_works_while_a_slider_has_the_focus() -> None:
    async with running() as (talk, app, pilot):
        await pilot.press("t", "space", "m", "x")
        assert isinstance(app.screen.focused, Tune)
        assert talk.calls == [("key", Edge.PULSE), ("toggle_mode",), ("toggle_mute",)]
        await pilot.press("q")
        await pilot.pause()
        assert app.return_code == 0


async def test_help_opens_scrolls_and_closes() -> None:
    async with running(size=(80, 24)) as (talk, app, pilot):
        for close in ("escape", "q", "question_mark"):
            await pilot.press("question_mark")
            assert isinstance(app.screen, HelpScreen)
            await pilot.press("down", "down", "space", close)
            assert isinstance(app.screen, MainScreen)
        assert talk.calls == [], "no key of the main screen acts in the help"
        assert app.return_code is None


async def test_the_device_list_chooses_by_the_name_as_it_came() -> None:
    talk = FakeTalk(scene(4_100))
    talk.known = type(talk.known)(("Built-in 48k", "Head\x1bset"), ("Built-in", "Monitor"), "Built-in 48k", "Monitor")
    async with running(talk) as (talk, app, pilot):
        await pilot.press("d")
        assert isinstance(app.screen, DeviceScreen)
        await pilot.press("down", "enter")
        await pilot.press("d", "right", "up", "enter")
        await pilot.press("d", "down", "escape")
        assert talk.calls == [("choose_devices", "Head\x1bset", None), ("choose_devices", None, "Built-in")]
        assert isinstance(app.screen, MainScreen)


async def test_the_arrow_stands_in_the_device_list_that_has_the_focus() -> None:
    async with running() as (_, app, pilot):
        await pilot.press("d")
        lists = {side: app.screen.query_one(f"#{side}", DeviceList) for side in ("inputs", "outputs")}
        for key, side in (("left", "inputs"), ("right", "outputs"), ("left", "inputs")):
            await pilot.press(key)
            await pilot.pause()
            marked = [name for name, each in lists.items() if any("▸" in text_of(row) for row in each.lines)]
            assert marked == [side], key


async def test_a_long_device_list_says_that_there_is_more() -> None:
    talk = FakeTalk(scene(4_100))
    names = tuple(f"card {number}" for number in range(30))
    talk.known = type(talk.known)(names, ("Built-in",), names[0], "Built-in")
    async with running(talk) as (_, app, pilot):
        await pilot.press("d")
        await pilot.pause()
        inputs, outputs = (app.screen.query_one(f"#{side}", DeviceList) for side in ("inputs", "outputs"))
        assert (inputs.border_subtitle, outputs.border_subtitle) == ("↓ more", "")
        await pilot.press(*["down"] * 20)
        assert inputs.border_subtitle == "↑↓ more"
        await pilot.press(*["down"] * 9)
        assert inputs.border_subtitle == "↑ more"


async def test_an_empty_device_list_says_so_and_enter_chooses_nothing() -> None:
    talk = FakeTalk(scene(4_100))
    talk.known = type(talk.known)()
    async with running(talk) as (talk, app, pilot):
        await pilot.press("d")
        assert "No microphone was found." in app.export_screenshot().replace("&#160;", " ")
        await pilot.press("down", "enter")
        assert talk.calls == []


async def test_the_mute_key_is_named_by_what_it_would_do() -> None:
    async with running() as (talk, app, pilot):
        bar = app.screen.query_one(KeyBar)
        assert " x mute " in text_of(bar.lines[0])
        talk.snap = replace(talk.snap, muted=True)
        await pilot.pause(0.1)
        assert " x unmute " in text_of(bar.lines[0])


async def test_the_mode_is_what_the_talk_says() -> None:
    async with running() as (talk, app, pilot):
        await pilot.press("m")
        await pilot.pause(0.1)
        assert talk.snap.mode is Mode.PUSH_TO_TALK
        shown = app.export_screenshot().replace("&#160;", " ")
        assert "PUSH-TO-TALK" in shown
        assert "turn_detection null" in shown


async def test_scrolling_back_stays_and_end_follows_again() -> None:
    talk = FakeTalk(scene(4_100))
    talk.first = [LineChanged(Line(str(n), "12:00:00", Speaker.YOU, f"line {n}")) for n in range(100)]
    async with running(talk, (80, 24)) as (talk, app, pilot):
        conversation = app.screen.query_one(Conversation)
        await pilot.pause(0.1)
        assert conversation.scroll_offset.y == conversation.max_scroll_y > 0
        await pilot.press("pageup", "up")
        back = conversation.scroll_offset.y
        talk.post(LineChanged(Line("new", "12:00:01", Speaker.BOT, "new")))
        await pilot.pause(0.1)
        assert conversation.scroll_offset.y == back < conversation.max_scroll_y
        await pilot.press("end")
        talk.post(LineChanged(Line("newer", "12:00:02", Speaker.BOT, "newer")))
        await pilot.pause(0.1)
        assert conversation.scroll_offset.y == conversation.max_scroll_y
        await pilot.press("home")
        assert conversation.scroll_offset.y == 0


async def test_a_click_on_the_key_bar_is_the_key() -> None:
    async with running() as (talk, _, pilot):
        await pilot.click("#keys", offset=(13, 0))
        await pilot.pause()
        assert talk.calls == [("toggle_mode",)]


async def test_notices_reach_the_conversation() -> None:
    talk = FakeTalk(scene(4_100))
    talk.first = talked()
    async with running(talk) as (_, app, pilot):
        await pilot.pause(0.1)
        shown = app.export_screenshot().replace("&#160;", " ")
        assert "set a timer for five minutes" in shown
        assert "[interrupted at 0.9 s]" in shown


@pytest.mark.parametrize("keys", [("i", "a"), ("w",), ("t", "n", "s", "a")], ids=" ".join)
async def test_without_colour_the_cursor_is_reversed(keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with running() as (_, app, pilot):
        await pilot.press(*keys)
        await pilot.pause()
        focused = app.screen.focused
        assert isinstance(focused, Input)
        strip = focused.render_line(0)
        assert sum(segment.cell_length for segment in strip if segment.style and segment.style.reverse) == 1


DIALOGS = [("question_mark",), ("d",), ("k",), ("F",), ("t", "n"), ("t", "s"), ("j", "enter")]


@pytest.mark.parametrize("keys", DIALOGS, ids=" ".join)
async def test_a_dialog_has_all_the_keys_and_at_80_columns_all_the_width(keys: tuple[str, ...]) -> None:
    talk = FakeTalk(scene(4_100))
    talk.first = talked()
    async with running(talk, size=(80, 24)) as (_, app, pilot):
        bar = app.screen.query_one(KeyBar)
        await pilot.press(*keys)
        await pilot.pause()
        assert text_of(bar.lines[0]) == ""
        assert app.screen.query_one(".dialog").size.width == 80
        assert app.screen.query_one(".dialog").region.y > 0, "the status line stays in view"
        assert text_of(app.screen.query_one(KeyBar).lines[0]).strip()
        await pilot.press("escape")
        await pilot.pause()
        assert "esc" in text_of(bar.lines[0])


async def test_what_is_told_behind_a_dialog_is_read_when_it_is_closed() -> None:
    now = [100.0]
    talk = FakeTalk(scene(4_100))
    app = AssistantApp(talk, clock=lambda: now[0])
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        notices = app.screen.query_one(Notices)
        await pilot.press("question_mark")
        await pilot.pause(0.1)
        talk.post(Told("The link is lost.", "error"))
        await pilot.pause(0.1)
        now[0] += 60.0
        await pilot.pause(0.1)
        assert notices.lines == ()
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert [text_of(line) for line in notices.lines] == [" ✗ The link is lost."]


@pytest.mark.parametrize(("size", "name"), [((120, 40), "#scope"), ((80, 24), "#compact")])
async def test_esc_is_said_to_interrupt_only_where_it_does(size: tuple[int, int], name: str) -> None:
    talk = FakeTalk(scene(4_100, state=State.SPEAKING))
    talk.first = talked()
    async with running(talk, size) as (_, app, pilot):
        shown = app.screen.query_one(name, Lines)
        for key, said in (("m", True), ("i", False), ("escape", True), ("j", False)):
            await pilot.press(key)
            await pilot.pause(0.1)
            assert any("esc interrupts" in text_of(line) for line in shown.lines) is said, key
