"""The setup's page of the models, by keys: marking, fetching, stopping, and what is said of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from fake_talk import FakeTalk
from textual.pilot import Pilot

from tui_assistant.runtime.setup_api import Fetching, ModelInfo
from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.drawing.runs import text_of
from tui_assistant.tui.screens.main import MainScreen
from tui_assistant.tui.screens.setup import SetupScreen
from tui_assistant.tui.setupflow import Step
from tui_assistant.tui.widgets.lines import Lines

SIZES = pytest.mark.parametrize("size", [(120, 40), (80, 24)])
TINY = ModelInfo(
    "recogniser",
    "moonshine-tiny",
    False,
    download=45_233_709,
    fetch="moonshine-tiny",
    licence="MIT",
    gives="hears free speech",
    extra="pip install 'tui-assistant[moonshine]'",
)
PIPER = ModelInfo(
    "synthesiser",
    "piper",
    True,
    download=63_206_088,
    fetch="piper-en_US-joe-medium",
    held=63_206_088,
    licence="CC0-1.0",
    gives="speaks like a human",
)
KNOWN = (
    ModelInfo("recogniser", "pocketsphinx", True, used=True),
    ModelInfo("synthesiser", "espeak", True, used=True),
    TINY,
    PIPER,
)


@asynccontextmanager
async def at_models(
    talk: FakeTalk, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[AssistantApp, Pilot[None]]]:
    talk.fake_setup.known = talk.fake_setup.known or KNOWN
    app = AssistantApp(talk)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.1)
        await pilot.press("k", "s", "s", "s", "s")
        await pilot.pause(0.2)
        assert isinstance(app.screen, SetupScreen)
        assert app.screen.flow.step is Step.MODELS
        yield app, pilot


def words(app: AssistantApp) -> str:
    lines = app.screen.query_one("#setup", Lines)
    return " ".join(" ".join(text_of(line) for line in lines.lines[: lines.size.height]).split())


def asked(talk: FakeTalk) -> list[tuple[object, ...]]:
    return [call for call in talk.calls if call[:2] in (("setup", "fetch"), ("setup", "stop_fetching"))]


@SIZES
async def test_what_is_in_use_and_what_the_others_cost_and_give(size: tuple[int, int]) -> None:
    talk = FakeTalk()
    async with at_models(talk, size) as (app, pilot):
        page = words(app)
        assert "In use: pocketsphinx writes down, espeak speaks." in page
        assert "▸ moonshine-tiny 45.2 MB MIT writes down" in page
        assert "moonshine-tiny hears free speech. ! It also needs: pip install 'tui-assistant[moonshine]'" in page
        assert "g gets and uses the marked one" in page
        assert "a chat server on this machine" in page
        await pilot.press("down", "down", "down")
        page = words(app)
        assert "▸ piper 63.2 MB CC0-1.0 speaks here" in page
        assert "piper speaks like a human." in page
        assert "g uses the marked one" in page
        assert asked(talk) == []  # nothing without being asked


@SIZES
async def test_one_key_fetches_and_escape_stops_without_leaving(size: tuple[int, int]) -> None:
    talk = FakeTalk()
    async with at_models(talk, size) as (app, pilot):
        await pilot.press("g")
        assert asked(talk) == [("setup", "fetch", "moonshine-tiny")]
        assert "moonshine-tiny: its server is asked ..." in words(app)
        talk.fake_setup.fetching = Fetching("moonshine-tiny", 11_300_000, 45_233_709)
        await pilot.press("g", "down")  # one at a time; another may be looked at
        await pilot.pause(0.2)
        assert "━━━━━━━━━━──────────────────────────────" in words(app)
        assert "11.3 of 45.2 MB" in words(app)
        assert "esc stops the download" in words(app)
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert isinstance(app.screen, SetupScreen)
        assert "! Stopped." in words(app)
        assert asked(talk) == [("setup", "fetch", "moonshine-tiny"), ("setup", "stop_fetching")]
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert isinstance(app.screen, MainScreen)


async def test_what_came_of_it_is_said_and_the_list_is_looked_at_again() -> None:
    talk = FakeTalk()
    async with at_models(talk) as (app, pilot):
        await pilot.press("g")
        talk.fake_setup.fetching = Fetching("moonshine-tiny", 5, 5, over=True, words="It is used \x1b[2J soon.")
        talk.fake_setup.known = (*KNOWN[:2], replace(TINY, usable=True, held=45_233_709), PIPER)
        await pilot.pause(0.3)
        assert "soon." in words(app)
        assert "\x1b" not in words(app)
        assert "▸ moonshine-tiny 45.2 MB MIT writes down here" in words(app)
        talk.fake_setup.fetching = Fetching("piper", over=True, failed=True, words="no server")
        await pilot.press("down")
        assert "soon" not in words(app)  # another is looked at


async def test_a_download_goes_on_behind_what_is_accepted_and_not_behind_what_is_left() -> None:
    for key, stopped in (("enter", False), ("escape", True)):
        talk = FakeTalk()
        async with at_models(talk) as (app, pilot):
            await pilot.press("g", "enter")
            await pilot.pause(0.1)
            assert isinstance(app.screen, SetupScreen)
            assert app.screen.flow.step is Step.RESULT
            await pilot.press(key)
            await pilot.pause(0.2)
            assert isinstance(app.screen, MainScreen)
            assert (("setup", "stop_fetching") in talk.calls) is stopped


async def test_a_download_that_runs_is_there_when_the_page_comes_back() -> None:
    talk = FakeTalk()
    talk.fake_setup.fetching = Fetching("moonshine-tiny", 1_000_000, 45_233_709)
    async with at_models(talk) as (app, _):
        assert "1.0 of 45.2 MB" in words(app)


async def test_the_marked_one_stays_in_view() -> None:
    talk = FakeTalk()
    talk.fake_setup.known = tuple(replace(TINY, name=f"model-{number}") for number in range(6))
    async with at_models(talk, (30, 10)) as (app, pilot):
        for number in range(1, 6):
            await pilot.press("down")
            assert f"▸ model-{number} " in words(app)
        await pilot.press(*["down"] * 20)
        assert "names one elsewhere." in words(app)  # the rest can be scrolled to
        await pilot.press(*["up"] * 5)
        assert "▸ model-0" in words(app)


async def test_what_is_being_loaded_is_said_and_not_stopped() -> None:
    talk = FakeTalk()
    async with at_models(talk) as (app, pilot):
        await pilot.press("g")
        talk.fake_setup.fetching = Fetching("moonshine-tiny", 5, 5, loading=True)
        await pilot.pause(0.2)
        assert "moonshine-tiny is here, and is being loaded ..." in words(app)
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert isinstance(app.screen, MainScreen)  # it goes on behind
