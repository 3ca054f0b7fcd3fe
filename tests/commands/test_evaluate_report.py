from __future__ import annotations

import json
from xml.etree import ElementTree

from tui_assistant.commands import evaluate_report as report
from tui_assistant.commands.evaluate_report import Result
from tui_assistant.config import Settings
from tui_assistant.lab.evaluation import Score
from tui_assistant.lab.sweep import Axis, grid
from tui_assistant.protocol.session import ServerVad

A = Score(2, 2, 0, 0, 0, 0, (64.0, 96.0), (500.0, 700.0))
B = Score(2, 1, 1, 0, 0, 0, (128.0,), ())


def one_point() -> Result:
    files = {"a.wav": [A], "b\x1b[31m.wav": [B]}
    return Result.of("data", Settings(), grid([], ServerVad()), files, None)


def two_points() -> Result:
    points = grid([Axis("threshold", (0.5, 0.9))], ServerVad())
    deaf = Score(2, 0, 2)
    files = {"a.wav": [A, deaf], "b.wav": [B, deaf]}
    return Result.of("data", Settings(), points, files, 500)


def test_a_row_for_each_recording_and_the_sum() -> None:
    head, first, second, total, errors, legend = report.table(one_point())
    assert head.split() == [
        *("recording", "turns", "found", "missed", "false", "split", "merged", "errors"),
        *("onset", "ms", "end", "ms"),
    ]
    # p95 of two values: 95 % of the way from the one to the other
    assert first.split() == ["a.wav", "2", "2", "0", "0", "0", "0", "0", "80/94", "600/690"]
    assert "\x1b" not in second
    assert second.split()[1:] == ["2", "1", "1", "0", "0", "0", "1", "128/128", "-"]
    assert total.split() == ["sum", "4", "3", "1", "0", "0", "0", "1", "96/125", "600/690"]
    assert errors == "errors 1"
    assert "median/p95" in legend


def test_the_object_has_the_figures_of_each_recording() -> None:
    data = json.loads(json.dumps(report.data(one_point())))
    assert data["vad"] == "silero"
    assert data["turn_detection"]["silence_duration_ms"] == 500
    assert data["files"]["a.wav"] == {
        **{"errors": 0, "reference": 2, "found": 2, "missed": 0, "false": 0, "split": 0, "merged": 0},
        "onset_ms": {"turns": 2, "median": 80.0, "p90": 92.8, "p95": 94.4},
        "end_ms": {"turns": 2, "median": 600.0, "p90": 680.0, "p95": 690.0},
    }
    assert data["total"]["onset_ms"] == {"turns": 3, "median": 96.0, "p90": 121.6, "p95": 124.8}
    assert data["files"]["b\x1b[31m.wav"]["end_ms"] == {"turns": 0, "median": None, "p90": None, "p95": None}


def test_a_grid_has_a_row_for_each_point() -> None:
    head, first, second, best, *_ = report.grid_table(two_points())
    assert head.split()[:3] == ["threshold", "turns", "found"]
    assert first.split() == ["0.5", "4", "3", "1", "0", "0", "0", "1", "96/125", "600/690", "*"]
    assert second.split() == ["0.9", "4", "0", "4", "0", "0", "0", "4", "-", "-"]
    assert best == "fewest errors: 1, threshold=0.5"


def test_the_object_of_a_grid_has_every_point_and_every_recording() -> None:
    data = json.loads(json.dumps(report.grid_data(two_points())))
    assert (data["best"], data["join_ms"]) == (0, 500)
    assert [point["values"] for point in data["points"]] == [{"threshold": 0.5}, {"threshold": 0.9}]
    assert [point["front"] for point in data["points"]] == [True, False]
    assert [point["files"]["b.wav"]["errors"] for point in data["points"]] == [1, 2]


def test_the_picture_says_what_is_not_in_it() -> None:
    root = ElementTree.fromstring(report.picture(two_points()))
    texts = [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "0.5" in texts
    assert any(text == "Not in the picture: 1 of 2 points, which found no turn to its end" for text in texts)
    assert "threshold 0.5: 1 error, 600 ms" in (root[1].text or "")
