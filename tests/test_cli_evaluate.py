from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_cli import JFK, home, lines, program

__all__ = ["home"]  # a fixture


@pytest.fixture
def folder(home: Path) -> Path:
    """jfk.wav twice, with labels made from what the detector finds at 500 ms, so that it makes no error there."""
    events = [json.loads(line) for line in lines(program("detect", JFK).stdout)]
    spans = [
        ((started["at_ms"] - started["reason"]["held_ms"]) / 1000, stopped["at_ms"] / 1000 - 0.5)
        for started, stopped in zip(events[::2], events[1::2], strict=True)
    ]
    data = home / "data"
    (data / "deep").mkdir(parents=True)
    (data / "a.wav").write_bytes(JFK.read_bytes())
    (data / "a.txt").write_text("".join(f"{start}\t{end}\tspeech\n" for start, end in spans))
    (data / "deep" / "b.WAV").write_bytes(JFK.read_bytes())
    (data / "deep" / "b.rttm").write_text(
        "".join(f"SPEAKER b 1 {start} {end - start} <NA> <NA> x <NA> <NA>\n" for start, end in spans)
    )
    return data


def test_the_table_and_the_object_say_the_same(folder: Path) -> None:
    result = program("evaluate", folder, "--json")
    assert (result.returncode, result.stderr) == (0, b"")
    data = json.loads(result.stdout)
    assert list(data["files"]) == ["a.wav", "deep/b.WAV"]
    total = data["total"]
    assert total["errors"] == 0
    assert total["reference"] == total["found"] == 2 * data["files"]["a.wav"]["reference"] > 0
    assert total["onset_ms"]["median"] == 64
    assert data["vad"] == "silero"
    table = lines(program("evaluate", folder).stdout)
    headings = [
        "recording",
        "turns",
        "found",
        "missed",
        "false",
        "split",
        "merged",
        "errors",
        "onset",
        "ms",
        "end",
        "ms",
    ]
    assert table[0].split() == headings
    assert table[3].split()[:8] == ["sum", str(total["reference"]), str(total["found"]), "0", "0", "0", "0", "0"]
    assert table[3].split()[8] == "64/64"
    assert table[4] == "errors 0"


def test_worse_recordings_make_errors_and_fail_over_says_so(folder: Path) -> None:
    def errors(*flags: str) -> tuple[int, int]:
        result = program("evaluate", folder, "--json", *flags)
        return json.loads(result.stdout)["total"]["errors"], result.returncode

    assert errors("--fail-over", "0") == (0, 0)
    quiet, status = errors("--gain-db", "-90", "--fail-over", "0")
    assert quiet > 0
    assert status == 3
    assert errors("--gain-db", "-90", "--fail-over", str(quiet)) == (quiet, 0)


def test_noise_is_the_same_each_time(folder: Path) -> None:
    def output(seed: str) -> bytes:
        return program("evaluate", folder, "--json", "--noise-db", "0", "--noise", "white", "--seed", seed).stdout

    assert output("1") == output("1")


def test_recordings_without_labels_are_named_and_left_out(folder: Path) -> None:
    (folder / "a.txt").unlink()
    result = program("evaluate", folder, "--json")
    assert result.returncode == 0
    assert list(json.loads(result.stdout)["files"]) == ["deep/b.WAV"]
    assert "a.wav: left out" in lines(result.stderr)[0]


def test_bad_labels_are_named_and_the_rest_is_done(folder: Path) -> None:
    (folder / "a.txt").write_text("hello\n")
    result = program("evaluate", folder, "--json")
    assert result.returncode == 2
    assert list(json.loads(result.stdout)["files"]) == ["deep/b.WAV"]
    assert "a.txt: line 1" in lines(result.stderr)[0]


def test_a_folder_without_labels_is_refused(home: Path) -> None:
    (home / "none").mkdir()
    result = program("evaluate", home / "none")
    assert (result.returncode, result.stdout) == (2, b"")
    assert "no WAV file with labels" in lines(result.stderr)[0]
