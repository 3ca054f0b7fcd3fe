"""The setup and the fit in the running app: keys, what is applied and kept, foreign names, both sizes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from fake_talk import FakeTalk, scene
from setup_room import QUIET, hear, sentence
from textual.pilot import Pilot

from tui_assistant.client.hold import Method
from tui_assistant.client.tuning import Tuning
from tui_assistant.client.turns import Mark, TurnRecord
from tui_assistant.lab.fit import NoFit
from tui_assistant.runtime.api import EchoMeasured, Keyboard
from tui_assistant.runtime.setup_api import ModelInfo
from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.drawing.runs import text_of
from tui_assistant.tui.screens import fit as fit_screen
from tui_assistant.tui.screens.fit import FitScreen
from tui_assistant.tui.screens.main import MainScreen
from tui_assistant.tui.screens.setup import SetupScreen
from tui_assistant.tui.setupflow import SENTENCE, Step
from tui_assistant.tui.widgets.keybar import KeyBar
from tui_assistant.tui.widgets.lines import Lines
from tui_assistant.tui.widgets.tune import Tune

SIZES = pytest.mark.parametrize("size", [(120, 40), (80, 24)])
EVIL = "\x1b]0;owned\x07mic\u202e"


@asynccontextmanager
async def running(talk: FakeTalk, size: tuple[int, int] = (120, 40)) -> AsyncIterator[tuple[AssistantApp, Pilot[None]]]:
    app = AssistantApp(talk)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.1)
        yield app, pilot


def shown(app: AssistantApp) -> str:
    return "\n".join(text_of(line) for line in app.screen.query_one("#setup", Lines).lines)


def words(app: AssistantApp) -> str:
    """Without line breaks."""
    return " ".join(shown(app).split())


async def step(app: AssistantApp, pilot: Pilot[None], wanted: Step) -> None:
    for _ in range(100):
        await pilot.pause(0.05)
        if isinstance(app.screen, SetupScreen) and app.screen.flow.step is wanted:
            return
    raise AssertionError(shown(app))


async def measure(talk: FakeTalk, app: AssistantApp, pilot: Pilot[None], *pauses_ms: int) -> None:
    """From `k` to the page after the sentence."""
    await pilot.press("k", "enter")
    await pilot.pause(0.1)
    screen = app.screen
    assert isinstance(screen, SetupScreen)
    assert screen.size.height < 24 or "be quiet" in shown(app)
    screen.flow.since -= 2.0  # the breath before the silence
    await pilot.pause(0.15)
    hear(talk, QUIET)
    await step(app, pilot, Step.SENTENCE)
    await pilot.pause(0.15)
    assert screen.size.height < 24 or SENTENCE in words(app)
    hear(talk, sentence(*pauses_ms))
    await step(app, pilot, Step.KEYS)


@SIZES
async def test_from_the_first_key_to_accepted_values(size: tuple[int, int]) -> None:
    talk = FakeTalk()
    talk.fake_setup.echo = EchoMeasured(-12.0, 60, 1.0, -70.0)
    talk.fake_setup.known = (
        ModelInfo("recogniser", "pocketsphinx", True, used=True),
        ModelInfo("judge", "smart-turn", False, download=8_679_182, fetch="smart-turn", licence="BSD-2-Clause"),
    )
    async with running(talk, size) as (app, pilot):
        await measure(talk, app, pilot, 608)
        assert talk.calls == [("interrupt",), ("setup", "begin")]
        assert "keys toggle" in shown(app)
        await pilot.press("enter", "enter")
        await pilot.pause(0.2)
        assert "echo canceller" in shown(app)
        assert "at -12 dB after 60 ms" in words(app)
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert "In use: pocketsphinx writes down." in words(app)
        assert "▸ smart-turn 8.7 MB BSD-2-Clause judges turns" in words(app)
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert "silence_duration_ms 500 900 ◂" in words(app)
        assert "predicted cut-offs a minute" in shown(app)
        assert "2 turns joined at" in shown(app)
        await pilot.press("enter")
        await pilot.pause(0.2)
        accepted = Tuning(silence_duration_ms=900)
        assert isinstance(app.screen, MainScreen)
        assert ("setup", "keep", accepted, "echo canceller") in talk.calls
        assert ("setup", "end") in talk.calls
        assert talk.calls[-1] == ("apply", accepted)


async def test_adjusting_opens_the_sliders_with_the_accepted_values() -> None:
    talk = FakeTalk()
    async with running(talk) as (app, pilot):
        await measure(talk, app, pilot, 608)
        await pilot.press("s", "s", "s", "a")
        await pilot.pause(0.2)
        assert isinstance(app.screen, MainScreen)
        assert isinstance(app.focused, Tune)
        assert talk.snap.tuning.silence_duration_ms == 900
        await pilot.press("u")
        await pilot.pause(0.1)
        assert talk.snap.tuning.silence_duration_ms == 500  # the calibration can be undone


@SIZES
async def test_leaving_changes_nothing_and_is_not_asked_again(size: tuple[int, int]) -> None:
    talk = FakeTalk()
    talk.fake_setup.offered = True
    async with running(talk, size) as (app, pilot):
        await pilot.pause(0.1)
        offer = "\n".join(text_of(line) for line in app.screen.query_one("#notices", Lines).lines)
        assert offer.strip() == "→ First time here? k sets up microphone and keyboard in 45 s."
        await measure(talk, app, pilot, 608)
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert isinstance(app.screen, MainScreen)
        assert talk.calls == [("interrupt",), ("setup", "begin"), ("setup", "end"), ("setup", "decline")]
        assert app.screen.query_one("#notices", Lines).lines == ()


async def test_a_gain_that_was_tried_is_taken_back_by_leaving() -> None:
    talk = FakeTalk()
    async with running(talk) as (app, pilot):
        await pilot.press("k", "enter")
        await pilot.pause(0.1)
        assert isinstance(app.screen, SetupScreen)
        app.screen.flow.since -= 2.0
        await pilot.pause(0.15)
        hear(talk, QUIET)
        await step(app, pilot, Step.SENTENCE)
        await pilot.pause(0.15)
        hear(talk, sentence(160, level=-46.0))
        await pilot.pause(0.3)
        assert "at -46 dBFS: +20 dB bring it towards -26. The gain is set to +20 dB for now" in words(app)
        await pilot.press("escape")
        await pilot.pause(0.1)
        applied = [call[1] for call in talk.calls if call[0] == "apply"]
        assert applied == [Tuning(gain_db=20.0), Tuning()]


async def test_the_offer_gives_way_to_a_suggestion_and_never_opens_anything() -> None:
    talk = FakeTalk()
    talk.fake_setup.offered = True
    async with running(talk) as (app, pilot):
        await pilot.pause(0.5)
        assert isinstance(app.screen, MainScreen)
        app.screen.notices.board.suggestion = "No microphone was found."
        await pilot.pause(0.1)
        drawn = "\n".join(text_of(line) for line in app.screen.notices.lines)
        assert "No microphone was found." in drawn
        assert "First time" not in drawn


@SIZES
async def test_foreign_names_reach_the_page_clean(size: tuple[int, int]) -> None:
    talk = FakeTalk(scene(4_100, microphone=EVIL, keyboard=Keyboard(Method.INFERRED, EVIL, f"why {EVIL}")))
    talk.fake_setup.known = (
        ModelInfo("judge", EVIL, False, mend=EVIL),
        ModelInfo("judge", EVIL, True, used=True),
        ModelInfo("judge", EVIL, False, fetch=EVIL, licence=EVIL, gives=EVIL, extra=EVIL, download=5),
    )
    async with running(talk, size) as (app, pilot):
        await pilot.press("k")
        pages = []
        for _ in range(6):
            await pilot.pause(0.1)
            pages.append(shown(app))
            await pilot.press("s")
        text = "\n".join(pages)
        assert "mic" in text
        assert not set(text) & set("\x1b\x07\u202e")


async def test_an_echo_without_the_setup_is_nobodys() -> None:
    talk = FakeTalk()
    async with running(talk) as (app, pilot):
        talk.post(EchoMeasured(-3.0, 50, 1.0))
        await pilot.pause(0.1)
        assert isinstance(app.screen, MainScreen)


def cut_off(talk: FakeTalk) -> TurnRecord:
    """One turn that was cut at a pause of 608 ms, and went on."""
    hear(talk, [*QUIET, *sentence(608), *sentence(160)], decided=True)
    onset = len(QUIET) * 32 + 320
    return TurnRecord("item_1", onset, onset + 64, onset + 960, onset + 960 + 512, mark=Mark.CUT_OFF)


async def fitted(app: AssistantApp, pilot: Pilot[None]) -> str:
    for _ in range(100):
        await pilot.pause(0.05)
        if isinstance(app.screen, FitScreen) and app.screen.found is not None:
            await pilot.pause(0.05)
            return words(app)
    raise AssertionError("no fit")


def keys_shown(app: AssistantApp) -> str:
    return "".join(text for line in app.screen.query_one("#keys", KeyBar).lines for text, _ in line)


@SIZES
async def test_a_fit_says_what_it_mends_and_enter_sets_it(size: tuple[int, int]) -> None:
    talk = FakeTalk()
    talk.snap = replace(talk.snap, frames=())
    talk.records = (cut_off(talk), TurnRecord("item_2", 0, 64))
    async with running(talk, size) as (app, pilot):
        await pilot.press("F")
        text = await fitted(app, pilot)
        assert "silence_duration_ms 500 → 700" in text
        assert "mends “cut off” at 3.5 s" in text
        assert "breaks no other turn" in text
        assert "use them" in keys_shown(app)
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert talk.calls == [("apply", Tuning(silence_duration_ms=700))]


async def test_without_marks_the_fit_says_how_to_mark() -> None:
    talk = FakeTalk()
    async with running(talk) as (app, pilot):
        await pilot.press("F")
        text = await fitted(app, pilot)
        assert "Nothing is marked: j goes to the transcript" in text
        assert "use them" not in keys_shown(app)  # there are none
        assert "leave" in keys_shown(app)
        assert app.screen.query_one("#dialog").size.height < 6  # as high as what it says
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert isinstance(app.screen, MainScreen)
        assert talk.calls == []


@pytest.mark.parametrize(("size", "lines"), [((30, 8), 40), ((60, 12), 30), ((200, 60), 1)])
async def test_any_size_will_do(size: tuple[int, int], lines: int) -> None:
    """`lines`: more than do not fit; each press takes its time."""
    talk = FakeTalk()
    talk.fake_setup.echo = EchoMeasured(-12.0, 60, 1.0, -70.0)
    async with running(talk, size) as (app, pilot):
        await measure(talk, app, pilot, 608)
        await pilot.press("enter", "enter", "enter", "enter")
        await step(app, pilot, Step.RESULT)
        await pilot.press(*["down"] * lines)
        await pilot.pause(0.2)
        assert "esc leaves" in words(app)  # the last line can be scrolled to
        await pilot.press(*["up"] * (lines + 5))
        await pilot.pause(0.2)
        assert "silence" in shown(app).splitlines()[0]


@pytest.mark.parametrize("keys", [["escape"], ["escape", "q"]])
async def test_a_search_that_is_left_disturbs_nobody(keys: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    looked, go_on = threading.Event(), threading.Event()

    def slow(*_: object) -> NoFit:
        go_on.wait(5)
        looked.set()
        return NoFit("nothing")

    monkeypatch.setattr(fit_screen, "fit_of", slow)
    talk = FakeTalk()
    async with running(talk) as (app, pilot):
        await pilot.press("F")
        assert "Looking for values" in words(app)
        await pilot.press(*keys)
        go_on.set()
        assert await asyncio.to_thread(looked.wait, 5)
        await pilot.pause(0.2)
        assert app.return_code in (0, None)
        assert talk.calls == []
