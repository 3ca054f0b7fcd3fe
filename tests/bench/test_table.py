"""A short form of the tables, with what the tests install; the peers themselves are measured by hand."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).parent
SPEECH = BENCH.parent / "data" / "speech" / "jfk.wav"


@pytest.fixture(autouse=True)
def _bench_is_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (BENCH.parent / "terminal", BENCH):
        monkeypatch.syspath_prepend(str(folder))


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """One recording: half a second of silence, 11 s of speech, a second of silence; the label says so."""
    with wave.open(str(SPEECH)) as file:
        speech = file.readframes(file.getnframes())
    with wave.open(str(tmp_path / "talk.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(16_000) + speech + bytes(32_000))
    seconds = len(speech) / 32_000
    (tmp_path / "talk.txt").write_text(f"0.5\t{0.5 + seconds}\tspeech\n")
    return tmp_path


def cells(text: str) -> dict[str, list[str]]:
    """The rows of all tables by their first cell."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return {row[0]: row[1:] for row in rows}


def test_what_is_installed_is_measured_and_what_is_not_says_how(
    labelled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import peers
    import table
    import table_detection

    ours = [each for each in peers.CONTENDERS if each.name in ("ours, `--vad webrtc`", "webrtcvad, plain rule")]
    absent = peers.Contender("somebody", "no-such-package", 500, None, None)
    broken = peers.Contender("nobody", "numpy", 500, None, None)
    monkeypatch.setitem(peers.INSTALL, "no-such-package", "pip install it")
    monkeypatch.setattr(table_detection, "CONTENDERS", (peers.OURS, *ours, absent, broken))

    assert table.main([str(labelled), "--parts", "cpu,turns", "--rounds", "1", "--seconds", "4"]) == 0

    out, _ = capsys.readouterr()
    costs, turns = (cells(part) for part in out.split("\n\nTurns in labelled speech"))
    assert costs["ours, Silero"][2] == "1.0"
    assert 0 < float(costs["webrtcvad, plain rule " + ours[1].installed][1].split()[0]) < 1000  # type: ignore[operator]
    assert costs["somebody"][0] == turns["somebody"][0] == "not installed: `pip install it`"
    title = f"nobody {np.__version__}"
    assert costs[title][0] == turns[title][0] == "does not start: what it printed says why"
    # three conditions; the label is one turn, its pauses are shorter than the silence or the errors say so
    assert turns["ours, Silero"][:2] == ["500, as shipped", "3"]
    assert all(cell.strip("*").isdigit() for cell in turns["ours, Silero"][2:7])


def test_our_turns_are_those_that_the_evaluation_finds(labelled: Path) -> None:
    import bench_turns
    import peers

    [(_, samples, _)] = bench_turns.recordings(labelled)
    found = peers.CONTENDERS[0].find
    assert found is not None
    streamed, replayed = found()(samples, 300), bench_turns.ours(samples, 300)
    assert len(streamed) > 1
    assert [(each.speech.start, each.started_at) for each in streamed] == [
        (each.speech.start, each.started_at) for each in replayed
    ]
    assert [each.stopped_at for each in streamed if each.stopped_at] == [
        each.stopped_at for each in replayed if each.stopped_at
    ]


def test_pieces_are_of_twenty_milliseconds() -> None:
    import peers

    assert [len(each) for each in peers.chunks(np.zeros(1000, np.int16))] == [640, 640, 640]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "nowhere is no folder"),
        (["--parts", "cpu,tea"], "no such part: tea; there are cpu, turns"),
        ([".", "--parts", "turns"], "holds no recording with labels beside it"),
    ],
)
def test_a_wrong_call_is_refused(
    arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import table

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        table.main(arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_labels_that_cannot_be_read_are_named(labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import table

    (labelled / "talk.txt").write_text("speech")
    with pytest.raises(SystemExit) as ended:
        table.main([str(labelled), "--parts", "turns"])
    assert ended.value.code == 2
    assert "talk.txt" in capsys.readouterr().err
