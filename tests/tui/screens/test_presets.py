from __future__ import annotations

from dataclasses import replace

from fake_talk import FakeTalk, scene

from tui_assistant.client.tuning import PRESETS, Preset, Tuning
from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.drawing.runs import text_of
from tui_assistant.tui.screens.presets import PresetScreen
from tui_assistant.tui.widgets.keybar import KeyBar
from tui_assistant.tui.widgets.presetlist import PresetList

OFFICE = PRESETS[1]


async def test_one_is_chosen_with_the_keyboard_and_undone() -> None:
    talk = FakeTalk(scene(7_000))
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("t", "n")
        assert isinstance(app.screen, PresetScreen)
        await pilot.press("down", "enter")
        await pilot.pause(0.1)
        assert talk.calls == [("apply", OFFICE.on(Tuning()))]
        await pilot.press("u")
        await pilot.pause(0.1)
        assert talk.snap.tuning == Tuning()


async def test_escape_changes_nothing() -> None:
    talk = FakeTalk(scene(7_000))
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("t", "n", "down", "escape")
        await pilot.pause(0.1)
        assert not isinstance(app.screen, PresetScreen)
        assert talk.calls == []


async def test_the_cursor_begins_at_the_one_in_force() -> None:
    values = OFFICE.on(Tuning())
    talk = FakeTalk(scene(7_000, tuning=values, turn_detection=values.rules()))
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("t", "n")
        rows = [text_of(line) for line in app.screen.query_one(PresetList).lines]
        assert any(row.startswith("▸ ✓ office") for row in rows)


async def test_a_click_takes_one() -> None:
    talk = FakeTalk(scene(7_000))
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("t", "n")
        assert await pilot.click("#presets", offset=(8, 3))
        await pilot.pause(0.1)
        assert talk.calls == [("apply", OFFICE.on(Tuning()))]


async def test_these_values_are_kept_under_a_name() -> None:
    talk = FakeTalk(scene(7_000))
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("t", "n", "s", *"desk q", "enter")
        await pilot.pause(0.1)
        assert talk.calls == [("save_preset", "desk q")], "letters that are keys elsewhere are letters here"
        await pilot.press("n", "up")
        rows = [text_of(line) for line in app.screen.query_one(PresetList).lines]
        assert any("desk q" in row for row in rows)


async def test_an_empty_name_keeps_nothing_and_escape_goes_back_to_the_list() -> None:
    talk = FakeTalk(scene(7_000))
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("t", "n", "s", "space", "enter", "escape")
        await pilot.pause(0.1)
        assert isinstance(app.screen, PresetScreen)
        assert not app.screen.has_class("naming")
        await pilot.press("down", "enter")
        await pilot.pause(0.1)
        assert talk.calls == [("apply", OFFICE.on(Tuning()))]


async def test_the_names_of_others_are_foreign_text() -> None:
    talk = FakeTalk(scene(7_000))
    talk.own_presets = (Preset("[red]x[/red]\x1b[2J", "", {"threshold": 0.4}),)
    talk.snap = replace(talk.snap)
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("t", "n", "up")
        text = "".join(text_of(line) for line in app.screen.query_one(PresetList).lines)
        assert "[red]x[/red]" in text
        assert "\x1b" not in text


async def test_the_keys_on_the_bar_can_be_clicked() -> None:
    talk = FakeTalk(scene(7_000))
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("t", "right")
        await pilot.pause(0.1)
        bar = text_of(app.screen.query_one(KeyBar).lines[0])
        assert await pilot.click("#keys", offset=(bar.index("undo"), 0))
        await pilot.pause(0.1)
        assert talk.snap.tuning == Tuning()
        assert await pilot.click("#keys", offset=(bar.index("presets"), 0))
        await pilot.pause(0.1)
        assert isinstance(app.screen, PresetScreen)
        bar = text_of(app.screen.query_one(KeyBar).lines[0])
        assert await pilot.click("#keys", offset=(bar.index("save these"), 0))
        await pilot.pause(0.1)
        assert app.screen.has_class("naming")


async def test_that_there_are_more_than_are_seen_is_said() -> None:
    talk = FakeTalk(scene(7_000))
    talk.own_presets = tuple(Preset(f"mine {number}", "", {"threshold": 0.6}) for number in range(9))
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("t", "n")
        await pilot.pause()
        presets = app.screen.query_one(PresetList)
        assert presets.border_subtitle == "↓ more"
        await pilot.press("up")  # from the first to the last
        assert presets.border_subtitle == "↑ more"
