"""Pictures of the setup and the fit. After a wanted change: --snapshot-update, and look at each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from fake_talk import FakeTalk, scene, talked
from setup_room import QUIET, hear, sentence
from textual.pilot import Pilot

from tui_assistant.client.hold import Method
from tui_assistant.client.turns import Mark, TurnRecord
from tui_assistant.runtime.api import EchoMeasured, Keyboard
from tui_assistant.runtime.setup_api import Fetching, ModelInfo
from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.screens.fit import FitScreen
from tui_assistant.tui.screens.main import MainScreen
from tui_assistant.tui.screens.setup import SetupScreen
from tui_assistant.tui.setupflow import Step

Compare = Callable[..., bool]
SIZES = pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=["wide", "small"])
MODELS = (
    ModelInfo("detector", "silero", True, used=True),
    ModelInfo("detector", "webrtc", True),
    ModelInfo("judge", "words", True),
    ModelInfo("judge", "best", True, used=True),
    ModelInfo("recogniser", "pocketsphinx", True, used=True),
    ModelInfo("recogniser", "moonshine-tiny", True, download=45_233_709, fetch="t", held=45_233_709, licence="MIT"),
    ModelInfo("recogniser", "moonshine-small", False, download=142_301_474, fetch="s", held=22_400_000, licence="MIT"),
    ModelInfo("responder", "skills", True, used=True),
    ModelInfo("synthesiser", "espeak", False, mend="pip install 'tui-assistant[local]'"),
    ModelInfo(
        "judge",
        "smart-turn",
        False,
        download=8_679_182,
        fetch="smart-turn",
        licence="BSD-2-Clause",
        gives="hears whether you have finished, for semantic_vad",
        extra="pip install 'tui-assistant[semantic]'",
    ),
)
WHY = "xterm doesn't report key releases: holding works, it ends when auto-repeat does"


def furnished() -> FakeTalk:
    talk = FakeTalk(scene(4_100, frames=(), keyboard=Keyboard(Method.INFERRED, "xterm", WHY)))
    talk.first = talked()
    talk.fake_setup.echo = EchoMeasured(-12.0, 64, 1.0, -68.0)
    talk.fake_setup.known = MODELS
    return talk


def alone(pilot: Pilot[None]) -> None:
    """Takes away what shines through from the main screen: it has its own pictures."""
    (main,) = [screen for screen in pilot.app.screen_stack if isinstance(screen, MainScreen)]
    for widget in main.children:
        widget.visible = False


def reached(talk: FakeTalk, wanted: Step) -> Callable[[Pilot[None]], object]:
    """Goes through the setup up to that page, with a pause of 608 ms in the sentence."""

    async def before(pilot: Pilot[None]) -> None:
        await pilot.pause(0.2)
        await pilot.press("k")
        await pilot.pause(0.1)
        screen = pilot.app.screen
        assert isinstance(screen, SetupScreen)
        flow, clock = screen.flow, [100.0]
        screen._clock = lambda: clock[0]
        flow.since = flow.now = 100.0
        if wanted > Step.WELCOME:
            await pilot.press("enter")
            flow.update(talk.snap, 101.6)  # a breath later
        clock[0] = 101.6
        for sounds, page in ((QUIET, Step.SENTENCE), (sentence(608), Step.KEYS)):
            if flow.step < wanted:
                hear(talk, sounds)
                flow.update(talk.snap, clock[0])
                flow.update(talk.snap, clock[0])
                assert flow.step is page
        while flow.step < wanted:
            await pilot.press("enter")
            await pilot.pause(0.05)
        alone(pilot)
        await pilot.pause(0.2)
        assert flow.step is wanted

    return before


@SIZES
@pytest.mark.parametrize("step", [Step.WELCOME, Step.SENTENCE, Step.RESULT], ids=lambda step: step.name.lower())
def test_the_setup(snap_compare: Compare, size: tuple[int, int], step: Step) -> None:
    talk = furnished()
    assert snap_compare(
        AssistantApp(talk, theme="dark", clock=lambda: 0.0), terminal_size=size, run_before=reached(talk, step)
    )


@pytest.mark.parametrize("step", [Step.KEYS, Step.CHIRP, Step.MODELS], ids=lambda step: step.name.lower())
def test_the_pages_between(snap_compare: Compare, step: Step) -> None:
    talk = furnished()
    assert snap_compare(
        AssistantApp(talk, theme="light", clock=lambda: 0.0), terminal_size=(80, 24), run_before=reached(talk, step)
    )


@SIZES
def test_a_download(snap_compare: Compare, size: tuple[int, int]) -> None:
    talk = furnished()
    to_models = reached(talk, Step.MODELS)

    async def before(pilot: Pilot[None]) -> None:
        await to_models(pilot)  # type: ignore[misc]  # as declared for snap_compare it may also not wait
        await pilot.press("down", "g")
        talk.fake_setup.fetching = Fetching("moonshine-small", 61_000_000, 142_301_474)
        await pilot.pause(0.3)

    assert snap_compare(AssistantApp(talk, theme="dark", clock=lambda: 0.0), terminal_size=size, run_before=before)


def test_the_result_without_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    talk = furnished()
    assert snap_compare(
        AssistantApp(talk, clock=lambda: 0.0), terminal_size=(80, 24), run_before=reached(talk, Step.RESULT)
    )


@SIZES
def test_a_fit(snap_compare: Compare, size: tuple[int, int]) -> None:
    talk = furnished()
    hear(talk, [*QUIET, *sentence(608), *sentence(160)], decided=True)
    onset = len(QUIET) * 32 + 320
    talk.records = (TurnRecord("u3", onset, onset + 64, onset + 960, onset + 1_472, mark=Mark.CUT_OFF),)
    talk.snap = replace(talk.snap, state_ms=0)

    async def before(pilot: Pilot[None]) -> None:
        await pilot.pause(0.2)
        await pilot.press("F")
        for _ in range(100):
            await pilot.pause(0.05)
            screen = pilot.app.screen
            if isinstance(screen, FitScreen) and screen.found is not None:
                break
        alone(pilot)
        await pilot.pause(0.2)

    assert snap_compare(AssistantApp(talk, theme="dark", clock=lambda: 0.0), terminal_size=size, run_before=before)
