"""Panes of other people: they get their place, and what is wrong with them stays with them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from fake_talk import FakeTalk, scene
from textual.strip import Strip

from tui_assistant.errors import ConfigError
from tui_assistant.runtime.api import Snapshot
from tui_assistant.tui import panes
from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.drawing.runs import Line
from tui_assistant.tui.widgets.pane import Pane

HERE = __name__


class Rude(Pane):
    title = "[b]Rude\x1b"

    def draw(self, snapshot: Snapshot, width: int) -> Sequence[Line]:
        return [(("\x1b[31mred\x07" + "w" * 500, "dim"),)]


class Late(Pane):
    """Works for two frames."""

    title = "Late"

    def __init__(self) -> None:
        super().__init__()
        self.drawn = 0

    def draw(self, snapshot: Snapshot, width: int) -> Sequence[Line]:
        self.drawn += 1
        if self.drawn > 2:
            raise ZeroDivisionError("nothing left")
        return [((f"frame {self.drawn}", "dim"),)]


def broken() -> Pane:
    raise OSError("no such clock")


def rows_of(app: AssistantApp) -> list[str]:
    strips: list[Strip] = app.screen._compositor.render_strips(app.size)
    return ["".join(segment.text for segment in strip) for strip in strips]


async def test_a_pane_stands_below_the_sliders_and_is_not_there_where_there_is_no_room() -> None:
    app = AssistantApp(FakeTalk(scene(4_100)), panes="balance:Balance")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.3)
        rows = rows_of(app)
        sliders = next(number for number, row in enumerate(rows) if "Tune" in row)
        pane = next(number for number, row in enumerate(rows) if "Who talks" in row)
        assert pane > sliders
        assert "you" in rows[pane + 1]
        assert "█" in rows[pane + 1]
        await pilot.resize_terminal(80, 24)
        await pilot.pause(0.3)
        assert not [row for row in rows_of(app) if "Who talks" in row]


async def test_what_it_draws_is_cut_and_cleaned() -> None:
    app = AssistantApp(FakeTalk(scene(4_100)), panes=f"{HERE}:Rude")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.3)
        screen = "\n".join(rows_of(app))
        assert "[b]Rude" in screen
        assert "�[31mred�www" in screen
        assert "\x1b" not in screen
        assert "\x07" not in screen


async def test_one_that_fails_is_closed_with_a_word_and_the_rest_goes_on() -> None:
    app = AssistantApp(FakeTalk(scene(4_100)), panes=f"{HERE}:Late, balance:Balance")
    async with app.run_test(size=(120, 40)) as pilot:
        for _ in range(50):
            await pilot.pause(0.1)
            screen = "\n".join(rows_of(app))
            if "was closed" in screen:
                break
        assert "The pane Late was closed: ZeroDivisionError: nothing left" in screen
        await pilot.pause(0.2)
        screen = "\n".join(rows_of(app))
        assert "frame" not in screen
        assert "Who talks" in screen


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nothing-of-the-kind", "there is no pane called 'nothing-of-the-kind'"),
        ("no_such_module:Pane", "does not start: ModuleNotFoundError"),
        ("balance:Nothing", "does not start: AttributeError"),
        (f"{HERE}:broken", "does not start: OSError: no such clock"),
        ("builtins:dict", "is no Pane"),
    ],
)
def test_what_is_no_pane_is_a_clear_error(name: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        panes.load(name)


def test_no_names_are_no_panes() -> None:
    assert panes.load("") == panes.load(" , ") == ()
