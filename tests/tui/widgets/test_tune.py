from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from fake_talk import FakeTalk, scene
from textual.pilot import Pilot

from tui_assistant.client.tuning import Tuning
from tui_assistant.protocol.session import ServerVad
from tui_assistant.runtime.api import Mode
from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.drawing.runs import text_of
from tui_assistant.tui.drawing.slider import BAR_START
from tui_assistant.tui.widgets.tune import ECHO_SECONDS, Tune

DEFAULTS = Tuning()


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


def semantic() -> FakeTalk:
    values = Tuning(kind="semantic_vad")
    return FakeTalk(scene(7_000, tuning=values, turn_detection=values.rules()))


@pytest.mark.parametrize(
    ("keys", "values"),
    [
        (["right"], {"threshold": 0.51}),
        (["left"], {"threshold": 0.49}),
        (["shift+right"], {"threshold": 0.6}),
        (["end"], {"threshold": 1.0}),
        (["home"], {"threshold": 0.05}),
        (["down", "right"], {"silence_duration_ms": 520}),
        (["down", "shift+left"], {"silence_duration_ms": 400}),
        (["down", "home"], {"silence_duration_ms": 100}),
        (["down", "down", "end"], {"prefix_padding_ms": 1000}),
        (["0", "full_stop", "6", "5", "enter"], {"threshold": 0.65}),
        (["down", "8", "4", "backspace", "0", "0", "enter"], {"silence_duration_ms": 800}),
        (["down", "9", "9", "9", "9", "enter"], {"silence_duration_ms": 2000}),
        (["down", "7", "0", "0", "down"], {"silence_duration_ms": 700}),
        (["up", "right"], {"kind": "semantic_vad"}),
        (["a", *["down"] * 3, "right"], {"hysteresis": 0.16}),
        (["a", *["down"] * 4, "shift+right"], {"min_speech_ms": 160}),
        (["a", *["down"] * 5, "right"], {"tail_ms": 220}),
        (["a", *["down"] * 6, "minus", "6", "enter"], {"gain_db": -6}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
async def test_an_edit_acts_at_once(keys: list[str], values: dict[str, object]) -> None:
    async with tuning() as (talk, _, pilot, _text):
        await pilot.press(*keys)
        await pilot.pause()
        assert talk.calls == [("apply", replace(DEFAULTS, **values))]  # type: ignore[arg-type]  # named above


async def test_eagerness_takes_the_place_of_the_sliders_with_semantic_vad() -> None:
    async with tuning(semantic()) as (talk, tune, pilot, text):
        await pilot.pause(0.1)
        assert "threshold" not in text()
        assert tune.chosen.name == "eagerness"
        await pilot.press("left")
        await pilot.pause()
        assert talk.calls == [("apply", Tuning(kind="semantic_vad", eagerness="high"))]
        assert "● high" in text()


async def test_a_preset_of_another_kind_moves_the_cursor_to_a_row_that_exists() -> None:
    async with tuning() as (_, tune, pilot, text):
        await pilot.press("up", "right")
        await pilot.pause()
        assert "▸ type" in text()
        await pilot.press("down")
        assert tune.chosen.name == "eagerness"
        await pilot.press("up", "left", "down")
        assert tune.chosen.name == "threshold"


async def test_the_advanced_values_are_folded_away() -> None:
    async with tuning() as (_, _tune, pilot, text):
        assert "hysteresis" not in text()
        await pilot.press("a")
        await pilot.pause(0.1)
        for name in ("hysteresis", "min_speech_ms", "tail_ms", "gain_db"):
            assert name in text()
        await pilot.press("a")
        assert "hysteresis" not in text()


async def test_escape_takes_typed_digits_back_first_and_then_leaves() -> None:
    async with tuning() as (talk, tune, pilot, text):
        await pilot.press("9")
        assert "9▏" in text()
        assert "0.05 to 1.00: enter sets it, esc does not" in text()
        await pilot.press("escape")
        assert tune.has_focus
        assert "▏" not in text()
        await pilot.press("escape")
        await pilot.pause()
        assert not tune.has_focus
        assert talk.calls == []


async def test_digits_and_minus_do_nothing_where_there_is_no_such_number() -> None:
    async with tuning() as (talk, _, pilot, text):
        await pilot.press("minus", "up", "5", "enter")
        await pilot.pause()
        assert "▏" not in text()
        assert talk.calls == []


async def test_the_echo_of_the_session_is_what_is_shown() -> None:
    async with tuning() as (talk, _, pilot, text):
        talk.snap = replace(talk.snap, turn_detection=ServerVad(threshold=0.7, silence_duration_ms=810))
        await pilot.pause(0.1)
        assert "0.70" in text()
        assert "810" in text()


async def test_an_edit_without_an_echo_is_marked_and_shown_for_a_while_only() -> None:
    now = [100.0]
    async with tuning() as (talk, tune, pilot, text):
        tune._clock = lambda: now[0]
        talk.echo = False
        await pilot.press("right", "right")
        await pilot.pause(0.1)
        assert "0.52…" in text()
        talk.snap = replace(talk.snap, tuning=Tuning(threshold=0.52), turn_detection=ServerVad(threshold=0.52))
        await pilot.pause(0.1)
        assert "0.52 " in text()
        await pilot.press("right")
        assert "0.53…" in text()
        now[0] += ECHO_SECONDS + 0.1
        await pilot.pause(0.1)
        assert "0.52 " in text()


async def test_in_push_to_talk_the_rules_are_dimmed_and_kept_for_later() -> None:
    async with tuning() as (talk, tune, pilot, text):
        talk.snap = replace(talk.snap, mode=Mode.PUSH_TO_TALK, turn_detection=None)
        await pilot.pause(0.1)
        assert "kept for HANDS-FREE" in text()
        assert not any(role == "bold ink" for line in tune.lines for _, role in line)
        await pilot.press("right")
        await pilot.pause(0.1)
        assert talk.calls == [("apply", Tuning(threshold=0.51))]
        assert "0.51" in text()
        await pilot.press("a")
        assert sum(role == "bold ink" for line in tune.lines for _, role in line) == 2, (
            "tail_ms and gain_db are in force"
        )


@pytest.mark.parametrize(("back", "forth"), [("u", "U"), ("ctrl+z", "ctrl+y")])
async def test_undo_and_redo(back: str, forth: str) -> None:
    now = [100.0]
    async with tuning() as (talk, tune, pilot, text):
        tune._clock = lambda: now[0]
        await pilot.press("right", "right", "right")  # without a pause: one step
        now[0] += 5
        await pilot.press("down", "shift+right")
        await pilot.pause(0.1)
        await pilot.press(back)
        await pilot.pause(0.1)
        assert talk.snap.tuning == Tuning(threshold=0.53)
        await pilot.press(back)
        await pilot.pause(0.1)
        assert talk.snap.tuning == DEFAULTS
        assert "0.50" in text()
        calls = len(talk.calls)
        await pilot.press(back)
        await pilot.pause()
        assert len(talk.calls) == calls, "there is nothing before the first step"
        await pilot.press(forth, forth, forth)
        await pilot.pause(0.1)
        assert talk.snap.tuning == Tuning(threshold=0.53, silence_duration_ms=600)


async def test_reset_of_one_and_of_all() -> None:
    values = Tuning(threshold=0.8, silence_duration_ms=900, gain_db=6)
    talk = FakeTalk(scene(7_000, tuning=values, turn_detection=values.rules()))
    async with tuning(talk) as (_, _tune, pilot, _text):
        await pilot.pause(0.1)
        await pilot.press("z")
        await pilot.pause(0.1)
        assert talk.snap.tuning == replace(values, threshold=0.5)
        await pilot.press("Z")
        await pilot.pause(0.1)
        assert talk.snap.tuning == DEFAULTS
        await pilot.press("u")
        await pilot.pause(0.1)
        assert talk.snap.tuning == replace(values, threshold=0.5)


async def test_a_value_beyond_the_slider_is_shown_and_a_step_up_leaves_it() -> None:
    values = Tuning(silence_duration_ms=5_000)
    talk = FakeTalk(scene(7_000, tuning=values, turn_detection=values.rules()))
    async with tuning(talk) as (_, _tune, pilot, text):
        await pilot.pause(0.1)
        await pilot.press("down", "right")
        assert "5000 ms" in text()
        assert talk.calls == []
        await pilot.press("left")
        await pilot.pause()
        assert talk.calls == [("apply", Tuning(silence_duration_ms=2_000))]


async def test_t_brings_the_hidden_sliders_and_escape_hides_them() -> None:
    async with tuning(size=(80, 24)) as (_, tune, pilot, text):
        await pilot.pause(0.1)
        assert tune.size.height >= 4
        assert "threshold" in text()
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert tune.size.height == 0


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (100, 22)])
async def test_the_chosen_slider_is_in_sight(size: tuple[int, int]) -> None:
    async with tuning(size=size) as (_, tune, pilot, text):
        await pilot.press("a")
        await pilot.pause(0.1)
        for _ in range(8):
            await pilot.press("down")
            assert f"▸ {tune.chosen.name}" in text().replace("▸ type", "▸ kind")


async def test_a_click_on_a_bar_sets_its_value() -> None:
    async with tuning() as (talk, tune, pilot, _text):
        assert await pilot.click("#tune", offset=(2 + BAR_START, 3))
        await pilot.pause()
        assert talk.calls == [("apply", Tuning(threshold=0.05))]
        assert tune.chosen.name == "threshold"


async def test_what_was_in_force_when_the_panel_opened_is_remembered() -> None:
    talk = FakeTalk(scene(7_000, tuning=Tuning(threshold=0.7), turn_detection=ServerVad(threshold=0.7)))
    async with tuning(talk) as (_, _tune, pilot, _text):
        screen = pilot.app.screen
        await pilot.press("right", "right")
        await pilot.pause(0.1)
        assert screen.baseline == Tuning(threshold=0.7)  # type: ignore[attr-defined]  # the main screen
        await pilot.press("escape", "t")
        assert screen.baseline == Tuning(threshold=0.72)  # type: ignore[attr-defined]


async def test_where_a_slider_s_sentence_has_no_room_it_is_shorter_and_not_cut_off() -> None:
    async with tuning(None, (100, 30)) as (_, _tune, _pilot, text):
        assert text().endswith("  higher ignores more noise")
