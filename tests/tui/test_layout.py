"""Every size: what must be there is there, and nothing crashes while it changes."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from fake_talk import FakeTalk, scene, talked

from tui_assistant.runtime.api import Line, LineChanged, Speaker, Suggest, Told
from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.layout import Layout, layout_for


def rows_of(app: AssistantApp) -> list[str]:
    """The screen as text, row by row."""
    width, _ = app.size
    strips = app.screen._compositor.render_strips(app.size)
    return ["".join(segment.text for segment in strip)[:width] for strip in strips]


def shown(app: AssistantApp) -> str:
    return unescape(re.sub(r"<[^>]+>", "", app.export_screenshot())).replace("\xa0", " ")


@pytest.mark.parametrize(
    ("size", "layout"),
    [
        ((120, 40), Layout.WIDE),
        ((100, 24), Layout.WIDE),
        ((80, 24), Layout.COMPACT),
        ((80, 40), Layout.STACKED),
        ((200, 12), Layout.COMPACT),
        ((40, 10), Layout.COMPACT),
    ],
)
def test_the_layout_follows_the_size(size: tuple[int, int], layout: Layout) -> None:
    assert layout_for(*size) is layout


async def test_80x24_has_the_conversation_one_meter_line_with_the_state_and_the_keys() -> None:
    talk = FakeTalk(scene(4_000))
    talk.first = talked()
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.2)
        rows = rows_of(app)
        assert "HANDS-FREE" in rows[0]
        assert "About four hundred seventy three." in "\n".join(rows)
        assert "ENDING" in rows[-2]
        assert "dBFS RMS" in rows[-2]
        assert rows[-1].rstrip().endswith("q quit")


async def test_120x40_has_all_panes() -> None:
    talk = FakeTalk(scene(4_000, local_estimate=True, alarms=("tea 4:59",)))
    talk.first = talked()
    app = AssistantApp(talk)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.2)
        text = "\n".join(rows_of(app))
        for word in (
            "Conversation",
            "local estimate",
            "Tune",
            "dBFS RMS",
            "p 1.0",
            "now",
            "turn",
            "ENDING",
            "tea 4:59",
        ):
            assert word in text
        for field in ("threshold", "silence_duration_ms", "prefix_padding_ms"):
            assert field in text


@pytest.mark.parametrize("size", [(1, 1), (10, 3), (40, 10), (79, 23), (99, 60), (120, 21), (250, 80)])
async def test_no_size_crashes(size: tuple[int, int]) -> None:
    talk = FakeTalk(scene(4_000, alarms=("tea",)))
    talk.first = [*talked(), Told("lost the microphone", "error"), Suggest("press D")]
    app = AssistantApp(talk)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.1)
        for keys in (
            ("t", "right", "a", "down", "escape"),
            ("t", "n", "down", "s", "a", "escape", "escape", "escape"),
            ("t", "s", "escape", "escape"),
            ("j", "up", "enter", "right", "escape", "escape"),
            ("i", "a", "escape"),
            ("question_mark", "escape"),
            ("d", "escape"),
        ):
            await pilot.press(*keys)
            assert app.screen is app.screen_stack[1], "all dialogs are closed again"
        await pilot.pause(0.1)
        assert app.return_code is None


async def test_resizing_wraps_anew_and_keeps_the_end_in_view() -> None:
    talk = FakeTalk(scene(4_000))
    talk.first = [LineChanged(Line(str(n), "12:00:00", Speaker.BOT, f"number {n} " * 12)) for n in range(30)]
    app = AssistantApp(talk)
    async with app.run_test(size=(120, 40)) as pilot:
        for size in ((80, 24), (40, 10), (80, 40), (160, 50), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause(0.2)
            assert "number 29" in "\n".join(rows_of(app)), size


async def test_messages_stand_above_the_keys_and_take_no_room_otherwise() -> None:
    talk = FakeTalk(scene(4_000))
    now = [0.0]
    app = AssistantApp(talk, clock=lambda: now[0])
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        assert "ENDING" in rows_of(app)[-2]
        talk.post(Told("the microphone is gone", "error"), Suggest("D plays the demo"))
        await pilot.pause(0.2)
        assert rows_of(app)[-3].strip() == "✗ the microphone is gone"
        assert rows_of(app)[-2].strip() == "→ D plays the demo"
        now[0] = 3.5
        await pilot.pause(0.2)
        assert "✗" in rows_of(app)[-3]
        now[0] = 20.0
        talk.post(Suggest(""))
        await pilot.pause(0.2)
        assert "ENDING" in rows_of(app)[-2]


async def test_nothing_is_drawn_when_nothing_happens() -> None:
    talk = FakeTalk(scene(7_000))
    app = AssistantApp(talk)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.3)
        drawn: list[object] = []
        for widget in app.screen.query("Lines"):
            original = widget.refresh

            def refresh(*regions: object, _original: object = original, **options: bool) -> object:
                drawn.append(regions)
                return _original(*regions, **options)  # type: ignore[operator]  # the bound method above

            widget.refresh = refresh  # type: ignore[method-assign,assignment]  # counts, and goes on
        pulled = talk.pulled
        await pilot.pause(0.3)
        assert talk.pulled > pulled + 3
        assert drawn == []
        talk.snap = replace(talk.snap, level=replace(talk.snap.level, rms_dbfs=-10.0))
        await pilot.pause(0.2)
        assert len(drawn) == 1, "only the meter's line"
