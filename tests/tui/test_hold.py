"""The talk key in the running app: where its edges go, and what is shown of it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from html import unescape

import pytest
from fake_talk import FakeTalk, scene
from textual import events
from textual.pilot import Pilot

from tui_assistant.client.hold import Edge, HoldPhase, KeyEdge, Method
from tui_assistant.runtime.api import HoldView, Keyboard, Mode, State
from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.drawing.runs import text_of
from tui_assistant.tui.keys.router import KeyWishes

XTERM = Keyboard(Method.INFERRED, "xterm", "xterm doesn't report key releases: holding works, too.")


@asynccontextmanager
async def running(
    talk: FakeTalk | None = None, size: tuple[int, int] = (120, 40), keys: KeyWishes | None = None
) -> AsyncIterator[tuple[FakeTalk, AssistantApp, Pilot[None]]]:
    talk = talk or FakeTalk(scene(4_100))
    app = AssistantApp(talk, keys=keys)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.1)
        yield talk, app, pilot


def pressed(app: AssistantApp, at_ms: float) -> bool:
    """A press and its release as the key driver reports them; whether the Talk has got them."""
    app.router.attach()
    app.router.answered(27)
    taken = app.router.take(KeyEdge(Edge.PRESS, at_ms))
    app.router.take(KeyEdge(Edge.RELEASE, at_ms + 20))
    return taken


def edges(talk: FakeTalk) -> list[object]:
    return [call[1] for call in talk.calls if call[0] == "key"]


def shown(app: AssistantApp) -> str:
    return unescape(re.sub(r"<[^>]+>", "", app.export_screenshot())).replace("\xa0", " ")


async def test_edges_reach_the_talk_on_the_main_screen_and_on_the_sliders() -> None:
    async with running() as (talk, app, pilot):
        assert pressed(app, 1_000)
        await pilot.press("t")
        assert pressed(app, 2_000)
        assert edges(talk) == [Edge.PRESS, Edge.RELEASE] * 2


@pytest.mark.parametrize("key", ["i", "d", "question_mark"])
async def test_no_edge_reaches_the_talk_from_a_text_field_or_a_dialog(key: str) -> None:
    async with running() as (talk, app, pilot):
        await pilot.press(key)
        assert not pressed(app, 1_000)
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert pressed(app, 2_000)
        assert edges(talk) == [Edge.PRESS, Edge.RELEASE]


async def test_space_in_the_text_field_is_a_space() -> None:
    async with running() as (talk, _, pilot):
        await pilot.press("i", "a", "space", "b", "enter")
        await pilot.pause()
        assert talk.calls == [("say", "a b")]


@pytest.mark.parametrize("opened", [(), ("t",), ("i",), ("d",), ("question_mark",)], ids=str)
async def test_the_toggle_key_works_everywhere(opened: tuple[str, ...]) -> None:
    async with running() as (talk, _, pilot):
        await pilot.press(*opened, "f2")
        assert talk.calls == [("talk",)]


async def test_a_quick_second_press_of_the_toggle_key_counts_a_little_later() -> None:
    async with running() as (talk, app, pilot):
        for at in (50.0, 50.4):
            event = events.Key("f2", None)
            event.time = at
            app.post_message(event)
        await pilot.pause(0.3)
        assert talk.calls == [("talk",), ("talk",)]


async def test_other_talk_keys_are_used_and_shown() -> None:
    talk = FakeTalk(scene(0, mode=Mode.PUSH_TO_TALK, turn_detection=None, keyboard=Keyboard(Method.RELEASED)))
    async with running(talk, keys=KeyWishes(talk="f4", toggle="ctrl+t")) as (_, app, pilot):
        await pilot.press("f4", "space", "ctrl+t", "f2")
        assert talk.calls == [("key", Edge.PULSE), ("talk",)]
        text = shown(app)
        assert "Hold  F4  and speak; let go to send." in text
        assert "hold F4 and speak" in text
        assert not re.search(r"\bspace\b", text)
        await pilot.press("question_mark")
        assert "ctrl+t" in shown(app)


@pytest.mark.parametrize(("phase", "word"), [(HoldPhase.HELD, "held"), (HoldPhase.LATCHED, "send")])
@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_talk_key_shows_where_it_stands(phase: HoldPhase, word: str, size: tuple[int, int]) -> None:
    talk = FakeTalk(scene(2_000, mode=Mode.PUSH_TO_TALK, turn_detection=None))
    async with running(talk, size) as (_, app, pilot):
        bar = app._main.key_bar
        before = text_of(bar.lines[0])
        talk.snap = replace(talk.snap, state=State.SPEECH, hold=HoldView(phase, 1_240, 26_800), talking=True)
        await pilot.pause(0.1)
        assert text_of(bar.lines[0]) == before.replace("talk", word)
        assert ("●" if phase is HoldPhase.HELD else "◉") in shown(app)
        talk.snap = replace(talk.snap, hold=HoldView())
        await pilot.pause(0.1)
        assert text_of(bar.lines[0]) == before


async def test_what_the_keyboard_cannot_do_is_said_once_when_push_to_talk_is_first_used() -> None:
    talk = FakeTalk(scene(0, keyboard=XTERM))
    async with running(talk) as (_, app, pilot):
        board = app._main.notices.board
        assert board.visible(0.0) == ()
        for _ in range(3):
            await pilot.press("m")
            await pilot.pause(0.1)
        assert [told.text for told in board.visible(0.0)] == [XTERM.why]
        assert "keys inferred" in shown(app)
        await pilot.press("question_mark")
        for _ in range(4):
            await pilot.press("pagedown")


async def test_holding_in_hands_free_counts_as_using_it() -> None:
    talk = FakeTalk(scene(0, keyboard=XTERM, hold=HoldView(HoldPhase.ARMED)))
    async with running(talk) as (_, app, _pilot):
        assert [told.text for told in app._main.notices.board.visible(0.0)] == [XTERM.why]
