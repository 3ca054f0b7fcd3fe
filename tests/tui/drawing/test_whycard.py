from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from tui_assistant.client.latency import Waterfall
from tui_assistant.client.turns import Blip, Mark, TurnRecord
from tui_assistant.tui.drawing.runs import text_of, width_of
from tui_assistant.tui.drawing.whycard import STAGES, began, card, ended

THRESHOLD = {"rule": "threshold", "p": 0.83, "threshold": 0.5, "held_ms": 64}
SILENCE = {"rule": "silence", "silence_ms": 512, "needed_ms": 500}
TURN = TurnRecord(
    "u1",
    12_416,
    12_480,
    13_952,
    14_464,
    THRESHOLD,
    SILENCE,
    0.83,
    0.99,
    -23.4,
    (Blip(11_200, 96, 0.44, -41.2, "threshold ≤ 0.44"),),
    Waterfall(512, 6, 2, 1, 40, "u1"),
)


def texts(record: TurnRecord, width: int = 75, mark: Mark | None = None) -> list[str]:
    return [text_of(line) for line in card(record, width, mark)]


def test_all_of_a_turn_on_one_small_screen() -> None:
    rows = texts(TURN, mark=Mark.CUT_OFF)
    assert rows[:9] == [
        "  marked it cut me off: raise silence_duration_ms or lower eagerness",
        "  began  p 0.83 ≥ threshold 0.50 for 64 ms",
        "         at 12.42 s · decided 64 ms later · peak p 0.99 · -23 dBFS RMS",
        "  ended  silence 512 ms ≥ 500 ms",
        "         at 14.46 s · 512 ms after the last speech · it lasted 1.54 s",
        "",
        "  before 1 time p rose in the 3 s before it, and no turn began:",
        "         11.20 s  96 ms  p 0.44  -41 dBFS  kept by threshold ≤ 0.44",
        "",
    ]
    assert rows[9] == "  answer heard 561 ms after the end of speech"
    assert len(rows) == 10 + len(STAGES)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (SILENCE, "silence 512 ms ≥ 500 ms"),
        (
            {"rule": "judge", "p": 0.93, "wait_ms": 208, "silence_ms": 210, "judge": "smart-turn"},
            "P(end) 0.93 after 210 ms (smart-turn): so sure, it waits 208 ms",
        ),
        ({"rule": "commit", "released_ms": 14_200}, "key released at 14.20 s"),
        ({"rule": "commit"}, "commit by the client"),
        ({"rule": "max_turn", "turn_ms": 120_000, "longest_ms": 120_000}, "the longest turn is 120.00 s"),
        ({"rule": "no_audio", "quiet_ms": 2_000}, "no audio came for 2000 ms"),
        ({"rule": "clear"}, "thrown away by the client"),
        ({"rule": "link_lost"}, "the link was lost"),
        ({"rule": "end_of_input"}, "the recording was over"),
        ({"rule": "idle_timeout"}, "idle_timeout"),
        ({"rule": "moon", "phase": 3}, "rule moon, phase 3"),
        ({}, "no reason"),
        (None, "the server gives no reason"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_how_it_ended(reason: dict[str, object] | None, words: str) -> None:
    assert words in ended(replace(TURN, why_stopped=reason))


def test_a_turn_that_is_open_says_so() -> None:
    record = replace(TURN, stopped_ms=None, speech_end_ms=None, why_stopped=None, waterfall=None)
    assert ended(record) == "still open"
    assert "not heard, or not yet" in "\n".join(texts(record))


def test_why_it_began() -> None:
    assert began(TURN) == "p 0.83 ≥ threshold 0.50 for 64 ms"
    held = replace(TURN, why_started=None, why_stopped={"rule": "commit", "released_ms": 14_200})
    assert began(held) == "the talk key took the floor"
    assert "speech from 12.42 s" in "\n".join(texts(held))
    others = replace(TURN, why_started=None, why_stopped=None)
    assert began(others) == "the server gives no reason"
    assert "p 0.83" in texts(others)[1]


@pytest.mark.parametrize("value", [None, "x", [1], {"a": 1}, float("nan"), float("inf"), True, 10**400])
def test_foreign_values_of_any_type_do_no_harm(value: object) -> None:
    for rule in ("silence", "judge", "commit", "max_turn", "no_audio", "threshold", value):
        keys = ("p", "threshold", "held_ms", "silence_ms", "needed_ms", "wait_ms", "judge", "released_ms", "longest_ms")
        reason = {"rule": rule, "quiet_ms": value, **dict.fromkeys(keys, value)}
        assert texts(replace(TURN, why_started=reason, why_stopped=reason))


def test_the_stages_follow_one_another_and_fill_the_time() -> None:
    rows = texts(replace(TURN, waterfall=Waterfall(200, 100, 50, 50, 100)))[-len(STAGES) :]
    bars = [row[16:].split(" ")[0] for row in rows]
    width = len(bars[0])
    assert all(len(bar) == width for bar in bars)
    assert bars[0].startswith("█")
    assert bars[-1].endswith("█")
    for before, after in itertools.pairwise(bars):
        assert abs(before.rindex("█") + 1 - after.index("█")) <= 1
    assert [row.split()[0] for row in rows] == ["vad", "asr", "think", "voice", "heard"]


def test_a_stage_without_time_has_no_bar_and_the_shortest_can_be_seen() -> None:
    rows = texts(replace(TURN, waterfall=Waterfall(0, 1, 0, 5_000, 1)))[-len(STAGES) :]
    assert [row.count("█") > 0 for row in rows] == [False, True, False, True, True]
    assert texts(replace(TURN, waterfall=Waterfall(0, 0, 0, 0, 0)))[-1].count("█") == 0


@pytest.mark.parametrize("width", [20, 36, 68, 75, 90])
def test_it_fits(width: int) -> None:
    assert max(width_of(line) for line in card(TURN, width, Mark.NOT_SPEECH)) <= max(width, 20)
