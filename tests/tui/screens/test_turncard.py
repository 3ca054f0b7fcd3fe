from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from fake_talk import TALKED, FakeTalk, scene, talked
from textual.pilot import Pilot

from tui_assistant.client.latency import Waterfall
from tui_assistant.client.turns import Blip, Mark, TurnRecord
from tui_assistant.runtime.api import Line, LineChanged, Speaker
from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.drawing.runs import text_of
from tui_assistant.tui.screens.marking import YOURS_ONLY
from tui_assistant.tui.screens.turncard import LOOK_SECONDS, TurnCard
from tui_assistant.tui.widgets.conversation import Conversation
from tui_assistant.tui.widgets.scope import Scope

FIRST = TurnRecord(
    "u1",
    12_416,
    12_480,
    13_952,
    14_464,
    {"rule": "threshold", "p": 0.83, "threshold": 0.5, "held_ms": 64},
    {"rule": "silence", "silence_ms": 512, "needed_ms": 500},
    0.83,
    0.99,
    -23.4,
    (Blip(11_200, 96, 0.44, -41.0, "threshold ≤ 0.44"),),
    Waterfall(512, 6, 2, 1, 40, "u1"),
)
SECOND = replace(FIRST, item_id="u2", onset_ms=60_000)


def talk_of(*more: Line) -> FakeTalk:
    talk = FakeTalk(scene(7_000))
    talk.first = talked(*more)
    talk.records = (FIRST, SECOND)
    return talk


def rows_of(app: AssistantApp) -> str:
    strips = app.screen._compositor.render_strips(app.size)
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def chosen(pilot: Pilot[None]) -> str:
    return pilot.app.screen_stack[1].query_one(Conversation).chosen


async def test_arrows_choose_a_line_and_escape_leaves() -> None:
    app = AssistantApp(talk_of())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("j")
        assert chosen(pilot) == "b3"
        await pilot.press("up", "up")
        await pilot.pause(0.1)
        assert chosen(pilot) == "b2"
        assert next(row for row in rows_of(app).splitlines() if "▸▌" in row).split("▸▌")[1].startswith("bot")
        await pilot.press("home", "up")
        assert chosen(pilot) == "u1"
        await pilot.press("end", "down")
        assert chosen(pilot) == "b3"
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert chosen(pilot) == ""
        assert "▸" not in rows_of(app)


async def test_without_a_line_j_says_so() -> None:
    app = AssistantApp(FakeTalk(scene(7_000)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("j")
        await pilot.pause(0.1)
        assert "There is no line to choose yet" in rows_of(app)


@pytest.mark.parametrize(
    ("key", "mark", "words"),
    [
        ("c", Mark.CUT_OFF, "[it cut me off]"),
        ("s", Mark.TOO_SLOW, "[too slow]"),
        ("f", Mark.NOT_SPEECH, "[not speech]"),
    ],
)
async def test_a_mark_is_for_the_chosen_line_and_shown_there(key: str, mark: Mark, words: str) -> None:
    talk = talk_of()
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press(key)
        assert [call for call in talk.calls if call[0] == "mark"] == [], "outside of the lines it marks nothing"
        await pilot.press("j", "home", key)
        await pilot.pause(0.1)
        assert talk.calls == [("mark", "u1", mark)]
        marked = [row for row in rows_of(app).splitlines() if words in row]
        assert len(marked) == 1
        assert "set a timer" in marked[0]
        await pilot.press("u")
        await pilot.pause(0.1)
        assert talk.calls[1:] == [("mark", "u1", None)]
        assert words not in rows_of(app)


async def test_an_answer_cannot_be_marked_and_a_forgotten_turn_neither() -> None:
    talk = talk_of()
    app = AssistantApp(talk)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("j", "c", "up", "c")
        await pilot.pause(0.1)
        assert talk.calls == []
        assert YOURS_ONLY in rows_of(app)
        assert "Nothing is kept of this turn" in rows_of(app)


async def test_enter_opens_the_card_of_the_turn() -> None:
    app = AssistantApp(talk_of())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("j", "home", "enter")
        await pilot.pause(0.1)
        assert isinstance(app.screen, TurnCard)
        text = rows_of(app)
        for words in ("set a timer", "p 0.83 ≥ threshold 0.50", "silence 512 ms ≥ 500 ms", "kept by threshold ≤ 0.44"):
            assert words in text
        for stage in ("vad", "asr", "think", "voice", "heard"):
            assert stage in text
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert not isinstance(app.screen, TurnCard)
        assert chosen(pilot) == "u1"
        await pilot.press("down")
        assert chosen(pilot) == "b1"


async def test_in_the_card_one_marks_and_goes_from_turn_to_turn() -> None:
    talk = talk_of()
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("j", "home", "enter", "c")
        await pilot.pause(0.1)
        assert talk.calls == [("mark", "u1", Mark.CUT_OFF)]
        assert "it cut me off: raise silence_duration_ms" in rows_of(app)
        await pilot.press("right")
        await pilot.pause(0.1)
        assert "It answers this turn:" in rows_of(app)
        assert "set a timer" in rows_of(app)
        await pilot.press("s")
        await pilot.pause(0.1)
        assert YOURS_ONLY[:50] in rows_of(app)
        assert len(talk.calls) == 1
        await pilot.press("right")
        await pilot.pause(0.1)
        assert "ounces" in rows_of(app)
        assert YOURS_ONLY[:50] not in rows_of(app)


async def test_the_card_follows_what_becomes_known() -> None:
    talk = talk_of()
    talk.records = (replace(FIRST, stopped_ms=None, why_stopped=None, waterfall=None), SECOND)
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("j", "home", "enter")
        await pilot.pause(0.1)
        assert "still open" in rows_of(app)
        talk.records = (FIRST, SECOND)
        await asyncio.sleep(LOOK_SECONDS)
        await pilot.pause(0.1)
        assert "silence 512 ms ≥ 500 ms" in rows_of(app)


@pytest.mark.parametrize("keys", [("g",), ("enter", "g")], ids=["line", "card"])
async def test_g_shows_the_turn_in_the_scope(monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...]) -> None:
    shown: list[int] = []
    monkeypatch.setattr(Scope, "show_turn", lambda self, at_ms: shown.append(at_ms), raising=False)
    app = AssistantApp(talk_of())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("j", "home", *keys)
        await pilot.pause(0.1)
        assert shown == [12_416]
        assert not isinstance(app.screen, TurnCard)


async def test_with_the_lines_chosen_the_main_keys_still_act() -> None:
    talk = talk_of()
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("j", "x", "m")
        assert ("toggle_mute",) in talk.calls
        assert ("toggle_mode",) in talk.calls
        await pilot.press("t")
        await pilot.pause(0.1)
        assert "▸▌" not in rows_of(app), "no line is chosen while the sliders have the focus"
        await pilot.press("escape", "j")
        await pilot.pause(0.1)
        assert "▸▌" in rows_of(app)


async def test_the_choice_stays_when_lines_come_and_the_chosen_one_is_in_sight() -> None:
    talk = talk_of(*(Line(f"n{n}", "12:03:00", Speaker.BOT, f"number {n}") for n in range(40)))
    app = AssistantApp(talk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("j", "home", "down", "down")
        await pilot.pause(0.1)
        talk.post(LineChanged(Line("later", "12:04:00", Speaker.BOT, "later")))
        await pilot.pause(0.1)
        assert chosen(pilot) == "u2"
        assert "ounces" in rows_of(app)
        assert "later" not in rows_of(app)
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert "later" in rows_of(app), "the end was in view before"


async def test_a_click_chooses_a_line_only_among_the_lines() -> None:
    app = AssistantApp(talk_of())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        assert await pilot.click("#conversation", offset=(20, 1))
        assert chosen(pilot) == ""
        await pilot.press("j")
        assert await pilot.click("#conversation", offset=(20, 1))
        await pilot.pause(0.1)
        assert chosen(pilot) == "u1"


async def test_foreign_text_in_a_card_is_harmless() -> None:
    evil = "\x1b[2J[red]x[/red]\x9b31m"
    talk = talk_of(Line("u9", "12:05:00", Speaker.YOU, evil))
    reason = {"rule": evil, "p": evil, "threshold": [evil], "held_ms": None}
    talk.records = (
        replace(FIRST, item_id="u9", why_started=reason, why_stopped=reason, blips=(Blip(1, 2, 0.3, -40, evil),)),
    )
    app = AssistantApp(talk)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("j", "enter")
        await pilot.pause(0.1)
        text = "".join(text_of(line) for line in app.screen.query_one("#pages")._rows)  # type: ignore[attr-defined]
        assert "[red]x[/red]" in text
        assert not {"\x1b", "\x9b"} & set(text)


def test_the_talk_of_these_tests_is_the_one_of_the_pictures() -> None:
    assert [line.key for line in TALKED] == ["u1", "b1", "u2", "b2", "u3", "b3"]
