from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from fake_talk import FakeTalk, scene, talked
from heard import frames_of, spoken
from textual.pilot import Pilot

from tui_assistant.client.tuning import Tuning
from tui_assistant.client.turns import TurnRecord
from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.drawing.runs import text_of
from tui_assistant.tui.scope_cursor import onsets_of
from tui_assistant.tui.screens.main import MainScreen
from tui_assistant.tui.widgets.compact import Compact
from tui_assistant.tui.widgets.conversation import Conversation
from tui_assistant.tui.widgets.scope import LINGER_S, Scope

FRAMES = frames_of(spoken())
SIZES = pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=["wide", "small"])


def heard(frames: int = 500, **changes: object) -> FakeTalk:
    talk = FakeTalk(replace(scene(7_000), frames=FRAMES[:frames], **changes))  # type: ignore[arg-type]  # named fields
    talk.first = talked()
    return talk


class Desk:
    """The screen with the scope on it."""

    def __init__(self, talk: FakeTalk, pilot: Pilot[None], now: list[float]) -> None:
        self.talk, self.pilot, self.now = talk, pilot, now
        screen = pilot.app.screen
        assert isinstance(screen, MainScreen)
        self.screen, self.scope = screen, screen.query_one(Scope)

    def text(self, widget: type[Scope] | type[Compact] = Scope) -> str:
        return "\n".join(text_of(line) for line in self.screen.query_one(widget).lines)

    def row(self, name: str, widget: type[Scope] | type[Compact] = Scope) -> str:
        rows = [row for row in self.text(widget).split("\n") if row.strip().startswith(name)]
        assert len(rows) == 1, self.text(widget)
        return rows[0]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause(0.1)

    async def tune(self, **values: object) -> None:
        self.talk.snap = replace(self.talk.snap, tuning=replace(self.talk.snap.tuning, **values))  # type: ignore[arg-type]
        await self.pilot.pause(0.1)


@asynccontextmanager
async def desk(talk: FakeTalk | None = None, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Desk]:
    now = [0.0]
    talk = talk or heard()
    async with AssistantApp(talk, clock=lambda: now[0]).run_test(size=size) as pilot:
        await pilot.pause(0.1)
        yield Desk(talk, pilot, now)


async def test_zooming() -> None:
    async with desk() as on:
        assert on.scope.border_title == "Scope · 10 s"
        await on.press("plus")
        assert on.scope.border_title == "Scope · 5 s"
        await on.press("plus")
        assert on.scope.border_title == "Scope · 5 s"
        for _ in range(9):
            await on.press("minus")
        assert on.scope.border_title == "Scope · 120 s"
        assert "now" in on.text()


@SIZES
async def test_while_it_is_paused_it_stands_still_and_the_level_goes_on(size: tuple[int, int]) -> None:
    async with desk(size=size) as on:
        await on.press("p")
        assert on.scope.has_focus
        assert on.scope.border_title is not None
        assert on.scope.border_title.endswith("paused")
        assert float(on.row("here").split()[1]) == pytest.approx(16.0, abs=0.2)
        chart, level = on.row("turn"), on.row("mic")
        louder = replace(on.talk.snap.level, rms_dbfs=-12.0)
        on.talk.snap = replace(on.talk.snap, frames=FRAMES[:600], level=louder)
        await on.pilot.pause(0.1)
        assert on.row("turn") == chart
        assert on.row("mic") != level
        await on.press("escape")
        assert not on.scope.paused
        assert not on.scope.has_focus
        if size == (80, 24):
            assert on.scope.size.height == 0
            assert on.screen.query_one("#conversation").size.height > 5
        else:
            assert on.row("turn") != chart


@SIZES
async def test_the_cursor_moves_and_the_figures_with_it(size: tuple[int, int]) -> None:
    async with desk(size=size) as on:
        await on.press("p", "up")
        onset = [at for at in onsets_of(FRAMES[:500]) if at < 16_000][-1]
        figures = on.row("here")
        assert "speech" in figures or "dBFS" in figures
        at = float(figures.split()[1])
        assert abs(at - onset / 1000) <= 0.2
        await on.press("shift+left")
        assert float(on.row("here").split()[1]) == pytest.approx(at - 2.0, abs=0.2)
        await on.press("home")
        assert float(on.row("here").split()[1]) < 0.3
        assert "▲" in on.text()


async def test_end_follows_what_is_heard() -> None:
    async with desk() as on:
        await on.press("p", "home", "end")
        assert on.scope.border_title == "Scope · 10 s · live"
        on.talk.snap = replace(on.talk.snap, frames=FRAMES[:600])
        await on.pilot.pause(0.1)
        assert float(on.row("here").split()[1]) == pytest.approx(19.2, abs=0.2)
        await on.press("left")
        assert on.scope.border_title == "Scope · 10 s · paused"


@SIZES
async def test_a_turn_of_the_transcript_is_shown(size: tuple[int, int]) -> None:
    async with desk(size=size) as on:
        on.scope.show_turn(onsets_of(FRAMES)[1])
        await on.pilot.pause(0.2)
        assert on.scope.has_focus
        assert float(on.row("here").split()[1]) == pytest.approx(onsets_of(FRAMES)[1] / 1000, abs=0.2)


@SIZES
async def test_g_on_a_line_of_the_transcript_goes_to_its_turn(size: tuple[int, int]) -> None:
    talk = heard()
    onset = onsets_of(FRAMES)[2]
    talk.records = (TurnRecord("u3", onset, onset + 64),)
    async with desk(talk, size) as on:
        await on.press("j")
        on.screen.query_one(Conversation).choose("u3")
        await on.press("g")
        await on.pilot.pause(0.2)
        assert on.scope.has_focus
        assert float(on.row("here").split()[1]) == pytest.approx(onset / 1000, abs=0.2)
        await on.press("escape")
        assert on.screen.focused is None


async def test_a_turn_of_long_ago_is_not_made_up() -> None:
    talk = heard()
    talk.snap = replace(talk.snap, frames=FRAMES[300:500])
    async with desk(talk) as on:
        on.scope.show_turn(2_000)
        await on.pilot.pause(0.2)
        assert "nothing is kept" in on.row("here")


async def test_a_click_pauses_there() -> None:
    async with desk() as on:
        await on.pilot.click("#scope", offset=(2 + 7 + 10, 6))
        await on.pilot.pause(0.1)
        assert on.scope.paused
        axis = next(row for row in on.text().split("\n") if "▲" in row)
        assert axis.index("▲") == 7 + 10


async def test_the_talk_key_still_talks_and_zoom_zooms_while_it_is_paused() -> None:
    async with desk() as on:
        await on.press("p", "minus")
        assert on.scope.border_title == "Scope · 20 s · paused"
        await on.press("m")
        assert ("toggle_mode",) in on.talk.calls


@SIZES
async def test_tuning_shows_both_lanes_and_the_words(size: tuple[int, int]) -> None:
    widget = Scope if size[0] == 120 else Compact
    async with desk(size=size) as on:
        before = on.text(widget)
        assert "what-if" not in before
        await on.press("t")
        assert "change a value" in on.row("what-if", widget)
        await on.tune(silence_duration_ms=1_200)
        assert "joined" in on.row("what-if", widget)
        assert on.row("before", widget).endswith("500")
        assert on.row("after", widget).endswith("1200")
        assert "╳" in on.row("after", widget)


@SIZES
async def test_a_comparison_stays_a_while_when_the_sliders_are_left(size: tuple[int, int]) -> None:
    widget = Scope if size[0] == 120 else Compact
    async with desk(size=size) as on:
        await on.press("t")
        await on.tune(silence_duration_ms=1_200)
        await on.press("escape")
        on.now[0] += LINGER_S - 1
        await on.pilot.pause(0.1)
        assert "joined" in on.row("what-if", widget)
        on.now[0] += 2
        await on.pilot.pause(0.1)
        assert "what-if" not in on.text(widget)


async def test_opening_the_sliders_again_accepts_what_is_in_force() -> None:
    async with desk() as on:
        await on.press("t")
        await on.tune(silence_duration_ms=1_200)
        await on.press("escape", "t")
        assert "change a value" in on.row("what-if")
        await on.tune(silence_duration_ms=500)
        assert on.row("before").endswith("1200")


async def test_without_a_change_nothing_lingers() -> None:
    async with desk() as on:
        await on.press("t", "escape")
        assert "what-if" not in on.text()


@SIZES
async def test_values_can_be_tried_on_what_stands_still(size: tuple[int, int]) -> None:
    async with desk(size=size) as on:
        await on.press("p", "t")
        await on.tune(silence_duration_ms=1_200)
        assert on.scope.paused
        words = on.row("what-if")
        on.talk.snap = replace(on.talk.snap, frames=FRAMES)
        await on.pilot.pause(0.1)
        assert on.row("what-if") == words
        await on.press("escape")
        assert on.scope.has_focus, "back to the scope, which is still paused"


async def test_the_release_threshold_is_that_of_the_rules() -> None:
    tuning = Tuning(threshold=0.6, hysteresis=0.3)
    async with desk(heard(tuning=tuning, turn_detection=tuning.rules())) as on:
        assert " 0.60" in on.text()
        assert " 0.30" in on.text()


async def test_semantic_vad_has_its_thresholds_and_push_to_talk_has_none() -> None:
    tuning = Tuning(kind="semantic_vad")
    async with desk(heard(tuning=tuning, turn_detection=tuning.rules())) as on:
        assert " 0.50" in on.text()
        on.talk.snap = replace(on.talk.snap, turn_detection=None)
        await on.pilot.pause(0.1)
        assert "╌" not in on.text()


async def test_the_noise_floor_and_the_gain_are_shown() -> None:
    async with desk(heard(noise_floor_dbfs=-57.5, tuning=Tuning(gain_db=6.0))) as on:
        assert "noise -58 dBFS" in on.text()
        assert "gain +6.0 dB" in on.text()
