from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from fake_talk import FakeTalk, scene
from textual.pilot import Pilot

from tui_assistant.protocol.session import SemanticVad, ServerVad
from tui_assistant.runtime.api import Mode
from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.drawing.runs import text_of
from tui_assistant.tui.drawing.slider import BAR_START
from tui_assistant.tui.widgets.tune import ECHO_SECONDS, Tune


@asynccontextmanager
async def tuning(
    talk: FakeTalk | None = None, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[FakeTalk, Tune, Pilot[None], Callable[[], str]]]:
    talk = talk or FakeTalk(scene(7_000))
    app = AssistantApp(talk)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.1)
        await pilot.press("t")
        tune = app.screen.query_one(Tune)
        yield talk, tune, pilot, lambda: "\n".join(text_of(line) for line in tune.lines)


@pytest.mark.parametrize(
    ("keys", "call"),
    [
        (["right"], ("tune", "threshold", 0.51)),
        (["left"], ("tune", "threshold", 0.49)),
        (["shift+right"], ("tune", "threshold", 0.6)),
        (["end"], ("tune", "threshold", 1.0)),
        (["home"], ("tune", "threshold", 0.05)),
        (["down", "right"], ("tune", "silence_duration_ms", 520)),
        (["down", "shift+left"], ("tune", "silence_duration_ms", 400)),
        (["down", "home"], ("tune", "silence_duration_ms", 100)),
        (["up", "end"], ("tune", "prefix_padding_ms", 1000)),
        (["0", "full_stop", "6", "5", "enter"], ("tune", "threshold", 0.65)),
        (["down", "8", "4", "backspace", "0", "0", "enter"], ("tune", "silence_duration_ms", 800)),
        (["down", "9", "9", "9", "9", "enter"], ("tune", "silence_duration_ms", 2000)),
        (["down", "7", "0", "0", "down"], ("tune", "silence_duration_ms", 700)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
async def test_an_edit_acts_at_once(keys: list[str], call: tuple[object, ...]) -> None:
    async with tuning() as (talk, _, pilot, _text):
        await pilot.press(*keys)
        await pilot.pause()
        assert talk.calls == [call]


async def test_escape_takes_typed_digits_back_first_and_then_leaves() -> None:
    async with tuning() as (talk, tune, pilot, text):
        await pilot.press("9")
        assert "9▏" in text()
        await pilot.press("escape")
        assert tune.has_focus
        assert "▏" not in text()
        await pilot.press("escape")
        await pilot.pause()
        assert not tune.has_focus
        assert talk.calls == []


async def test_the_echo_of_the_server_is_what_is_shown() -> None:
    async with tuning() as (talk, _, pilot, text):
        talk.snap = replace(talk.snap, turn_detection=ServerVad(threshold=0.7, silence_duration_ms=810))
        await pilot.pause(0.1)
        assert "0.70" in text()
        assert "810" in text()


async def test_an_edit_without_an_echo_is_shown_for_a_while_only() -> None:
    now = [100.0]
    async with tuning() as (talk, tune, pilot, text):
        tune._clock = lambda: now[0]
        talk.echo = False
        await pilot.press("right", "right")
        await pilot.pause(0.1)
        assert "0.52" in text()
        now[0] += ECHO_SECONDS + 0.1
        await pilot.pause(0.1)
        assert "0.50" in text()


@pytest.mark.parametrize("detection", [None, SemanticVad()])
async def test_without_server_vad_the_last_values_are_dimmed_and_edits_do_nothing(
    detection: SemanticVad | None,
) -> None:
    async with tuning() as (talk, tune, pilot, text):
        await pilot.press("right")
        await pilot.pause(0.1)
        talk.calls.clear()
        talk.snap = replace(talk.snap, mode=Mode.PUSH_TO_TALK, turn_detection=detection)
        await pilot.pause(0.1)
        await pilot.press("right", "5", "enter", "end")
        assert talk.calls == []
        assert "0.51" in text()
        assert "in force in HANDS-FREE" in text()
        assert not any(role == "bold ink" for line in tune.lines for _, role in line)


async def test_t_brings_the_hidden_sliders_and_escape_hides_them() -> None:
    async with tuning(size=(80, 24)) as (_, tune, pilot, text):
        await pilot.pause(0.1)
        assert tune.size.height >= 3
        assert "threshold" in text()
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert tune.size.height == 0


async def test_a_click_on_a_bar_sets_its_value() -> None:
    async with tuning() as (talk, _, pilot, _text):
        await pilot.click("#tune", offset=(2 + BAR_START, 1))
        await pilot.pause()
        assert talk.calls == [("tune", "threshold", 0.05)]
