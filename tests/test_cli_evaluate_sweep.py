"""`evaluate --sweep` over clips of the public domain, with labels that follow from how the recordings are made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from test_cli import home, lines, program, write_wav

from tui_assistant.sound.wav import read_wav

__all__ = ["home"]  # a fixture

SPEECH = Path(__file__).parent / "data" / "speech"
RATE = 16_000
BLOCK = RATE // 50  # 20 ms
FLOOR = 10 ** (-42 / 20) * 32_768  # RMS of a block that is heard; the clips' noise lies 10 dB lower


def voice(name: str) -> np.ndarray:
    """A clip from its first block that is heard to its last."""
    with (SPEECH / name).open("rb") as file:
        samples = read_wav(file, name).samples
    blocks = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK).astype(float)
    loud = np.flatnonzero(np.sqrt(np.mean(blocks**2, axis=1)) > FLOOR)
    return samples[loud[0] * BLOCK : (loud[-1] + 1) * BLOCK]


def recorded(path: Path, *parts: np.ndarray | float) -> list[tuple[float, float]]:
    """Voices and silences (seconds) one behind the other; returns where the voices are."""
    spans, pieces, at = [], [], 0
    for part in parts:
        piece = part if isinstance(part, np.ndarray) else np.zeros(int(part * RATE), np.int16)
        if isinstance(part, np.ndarray):
            spans.append((at / RATE, (at + len(piece)) / RATE))
        pieces.append(piece)
        at += len(piece)
    write_wav(path, np.concatenate(pieces))
    return spans


@pytest.fixture
def folder(home: Path) -> Path:
    """a: two sentences with a pause of 650 ms between them. b: one sentence. c: a click, a sentence, 2 s, another."""
    data = home / "data & <more>"
    data.mkdir()
    one, other = voice("librivox_0880.wav"), voice("lj_0008.wav")
    spans = recorded(data / "a.wav", 1.0, one, 0.65, other, 3.0)
    (data / "a.txt").write_text("".join(f"{start}\t{end}\tspeech\n" for start, end in spans))
    ((start, end),) = recorded(data / "b.wav", 0.5, other, 3.0)
    (data / "b.scv").write_text(f"b,0,{start},0,{start},{end},1,{end},9,0\n")
    spans = recorded(data / "c.wav", 1.0, one, 2.0, one, 3.0)
    (data / "c.rttm").write_text(
        "".join(f"SPEAKER c 1 {start} {end - start} <NA> <NA> x <NA> <NA>\n" for start, end in spans)
    )
    return data


def swept(folder: Path, *flags: str | Path) -> dict[str, Any]:
    result = program("evaluate", folder, "--json", *flags)
    assert (result.returncode, result.stderr) == (0, b"")
    data = json.loads(result.stdout)
    assert isinstance(data, dict)
    return data


def test_the_silences_that_join_the_labels_join_what_is_found(folder: Path) -> None:
    data = swept(folder, "--sweep", "silence_duration_ms=500,900,2500")
    references = [point["total"]["reference"] for point in data["points"]]
    assert references == [5, 4, 3]
    assert [point["total"]["found"] for point in data["points"]] == references
    assert [point["total"]["errors"] for point in data["points"]] == [0, 0, 0]
    assert [point["values"] for point in data["points"]] == [
        {"silence_duration_ms": silence} for silence in (500, 900, 2500)
    ]
    for point, silence in zip(data["points"], (500, 900, 2500), strict=True):
        assert point["turn_detection"]["silence_duration_ms"] == silence
        assert point["total"]["end_ms"]["turns"] == point["total"]["reference"]
        assert silence - 250 <= point["total"]["end_ms"]["median"] <= silence + 250
        assert set(point["files"]) == {"a.wav", "b.wav", "c.wav"}
    assert data["best"] == 0
    assert [point["front"] for point in data["points"]] == [True, False, False]


def test_labels_joined_alike_show_what_a_short_silence_costs(folder: Path) -> None:
    data = swept(folder, "--sweep", "silence_duration_ms=500,900,2500", "--join-ms", "900")
    assert [point["total"]["reference"] for point in data["points"]] == [4, 4, 4]
    assert [point["total"]["split"] for point in data["points"]] == [1, 0, 0]
    assert [point["total"]["merged"] for point in data["points"]] == [0, 0, 1]
    assert data["best"] == 1


def test_each_point_is_what_evaluate_says_there(folder: Path) -> None:
    grid = swept(folder, "--sweep", "threshold=0.4,0.8", "silence_duration_ms=300,900")
    for point in grid["points"]:
        values = point["values"]
        flags = [text for name in values for text in (f"--{name.replace('_', '-')}", str(values[name]))]
        alone = swept(folder, *flags)
        assert (alone["total"], alone["files"]) == (point["total"], point["files"])


def test_what_comes_out_does_not_depend_on_who_works(folder: Path) -> None:
    axes = ("--sweep", "threshold=0.3:0.7:0.05", "silence_duration_ms=300,500,800", "--noise-db", "10")
    outputs = {
        program("evaluate", folder, *axes, *more, "--svg", folder / "picture.svg").stdout
        + (folder / "picture.svg").read_bytes()
        for more in ((), ("--jobs", "1"), ("--jobs", "2"), ("--jobs", "3", "--backend", "threading"))
    }
    assert len(outputs) == 1


def test_axes_may_stand_in_one_word_each_or_behind_one_option(folder: Path) -> None:
    both = ("threshold=0.4,0.6", "min_speech_ms=64,96")
    texts = {
        program("evaluate", *words).stdout
        for words in (
            (folder, "--sweep", *both),
            ("--sweep", *both, folder),
            (folder, "--sweep", both[0], "--sweep", both[1]),
        )
    }
    (text,) = texts
    table = lines(text)
    assert table[0].split()[:4] == ["threshold", "min_speech_ms", "turns", "found"]
    assert [row.split()[:2] for row in table[1:5]] == [["0.4", "64"], ["0.4", "96"], ["0.6", "64"], ["0.6", "96"]]
    assert table[5].startswith("fewest errors: ")


def test_eagerness_is_swept_with_semantic_vad(folder: Path) -> None:
    data = swept(folder, "--turn-detection", "semantic_vad", "--sweep", "eagerness=low,medium,high")
    middles = [point["total"]["end_ms"]["median"] for point in data["points"]]
    assert middles == sorted(middles, reverse=True)
    assert middles[0] > middles[2] + 500


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--sweep", "eagerness=low"], ["eagerness: server_vad has none", "--turn-detection semantic_vad"]),
        (
            ["--sweep", "eagerness=low", "threshold=0.5", "--turn-detection", "semantic_vad"],
            ["threshold: semantic_vad has none", "--turn-detection server_vad"],
        ),
        (["--sweep", "volume=3"], ["no 'volume' to sweep", "there is threshold, prefix_padding_ms"]),
        (["--sweep", "threshold=2"], ["threshold=2.0", "less than or equal to 1"]),
        (["threshold=0.5"], ["one folder", "there are 2"]),
        (["--svg", "no/such/picture.svg"], ["--svg no/such/picture.svg", "no such folder"]),
        (["--backend", "mainframe"], ["mainframe"]),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(folder: Path, flags: list[str], words: list[str]) -> None:
    result = program("evaluate", folder, *flags)
    assert (result.returncode, result.stdout) == (2, b"")
    (line,) = lines(result.stderr)
    assert all(word in line for word in words), line


def test_the_picture_names_foreign_folders_harmlessly(folder: Path) -> None:
    picture = folder / "picture.svg"
    assert program("evaluate", folder, "--sweep", "threshold=0.3,0.7", "--svg", picture).returncode == 0
    root = ElementTree.parse(picture).getroot()
    assert "data & <more>" in (root[0].text or "")
    labels = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert any("0.3" in (label or "") for label in labels)


def test_fail_over_looks_at_the_best_point(folder: Path) -> None:
    grid = ("--sweep", "silence_duration_ms=500,900", "--join-ms", "900")
    result = program("evaluate", folder, *grid, "--fail-over", "0")
    assert result.returncode == 0
    assert program("evaluate", folder, "--join-ms", "900", "--fail-over", "0").returncode == 3
    deaf = program("evaluate", folder, *grid, "--gain-db", "-100", "--fail-over", "3")
    assert deaf.returncode == 3
    assert lines(deaf.stderr) == ["tui-assistant: 4 errors at the best point, allowed are 3"]


def test_a_recorded_session_is_scored_by_its_marks(home: Path) -> None:
    session = home / "session"
    session.mkdir()
    one = voice("librivox_0880.wav")
    spans = recorded(session / "mic.wav", 1.0, one, 0.65, one, 3.0)
    write_wav(session / "assistant.wav", one)
    (session / "meta.json").write_text('{"format": 1}')
    mark = {
        "item_id": "a",
        "mark": "cut_off",
        "onset_ms": round(spans[0][0] * 1000),
        "end_ms": round(spans[0][1] * 1000),
    }
    (session / "marks.json").write_text(json.dumps({"marks": [mark]}))
    data = swept(session, "--sweep", "silence_duration_ms=500,900")
    assert [point["total"]["reference"] for point in data["points"]] == [1, 1]
    assert [point["total"]["split"] for point in data["points"]] == [1, 0]
    assert list(data["points"][0]["files"]) == ["mic.wav"]
