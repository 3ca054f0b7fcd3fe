"""`--record` and `replay` as programs: what is left by a kill, and what comes out of it again."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from test_cli import home, lines, program

from tui_assistant.audio.files import load_recording
from tui_assistant.record.reader import read_events, read_frames, read_input_log, read_meta

__all__ = ["home"]  # a fixture

SPEECH = Path(__file__).parent / "data" / "speech" / "jfk.wav"
LOST_MS = 200  # at most, by a kill
SLACK_MS = 800  # a loaded machine is late with everything, also with the look at the clock


@pytest.fixture(autouse=True)
def no_chat_server(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("TUI_ASSISTANT_RESPONDER__CHAT", "off")


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A recording whose program was killed in mid-speech, and the calendar time of the kill."""
    folder = tmp_path_factory.mktemp("killed")
    command = ["--plain", "--input", SPEECH, "--output", "none", "--record", folder / "r"]
    settings = {
        "TUI_ASSISTANT_STATE": str(folder / "state"),
        "TUI_ASSISTANT_CONFIG": str(folder / "config.toml"),
        "TUI_ASSISTANT_RESPONDER__CHAT": "off",
    }
    running = subprocess.Popen(
        [sys.executable, "-m", "tui_assistant", *map(str, command)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **settings},
    )
    try:
        deadline = time.monotonic() + 40
        events = folder / "r" / "events.jsonl"
        while not events.exists() or b"input_audio_buffer.speech_stopped" not in events.read_bytes():
            assert time.monotonic() < deadline, "no turn was recorded"
            assert running.poll() is None
            time.sleep(0.05)
        time.sleep(1.0)
    finally:
        killed_at = time.time()
        running.send_signal(signal.SIGKILL)
        running.wait()
    return folder / "r", killed_at


def test_a_kill_loses_no_more_than_200_ms(killed: tuple[Path, float]) -> None:
    folder, killed_at = killed
    meta = read_meta(folder)
    assert not meta.ended
    heard = load_recording(folder / "mic.wav")
    heard_ms = len(heard.samples) * 1000 / heard.rate
    calls = list(read_input_log(folder))
    reached = [calls[-1].at_ms, list(read_frames(folder))[-1].at_ms, heard_ms]
    assert max(reached) - min(reached) <= LOST_MS
    started_clock = time.time() - time.monotonic() + meta.data["started_clock_ms"] / 1000
    assert (killed_at - started_clock) * 1000 - min(reached) <= LOST_MS + SLACK_MS
    spoken = load_recording(SPEECH).samples
    begin = int(np.flatnonzero(heard.samples)[0]) - int(np.flatnonzero(spoken)[0])
    assert np.array_equal(heard.samples[begin:], spoken[: len(heard.samples) - begin])  # as it was, to the last one
    fed = b"".join(call.payload for call in calls if call.call == "feed")
    assert fed == spoken[: len(fed) // 2].tobytes()


def test_only_its_owner_can_look_into_it(killed: tuple[Path, float]) -> None:
    folder, _ = killed
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert set(files.values()) == {0o600}
    assert {"meta.json", "input.log", "input.bin", "events.jsonl", "frames.jsonl", "mic.wav"} <= set(files)


def test_what_was_killed_comes_out_again(killed: tuple[Path, float]) -> None:
    folder, _ = killed
    result = program("replay", folder)
    assert (result.returncode, result.stderr) == (0, b"")
    count = sum(said.by_server for said in read_events(folder))
    assert result.stdout.decode().startswith(f"identical: {count} events")
    one, other = program("replay", folder, "--json"), program("replay", folder, "--json")
    assert one.returncode == 0
    assert one.stdout == other.stdout
    listed = [json.loads(line) for line in lines(one.stdout)]
    recorded = [said.event for said in read_events(folder) if said.by_server]
    assert [each["event"] for each in listed][: len(recorded)] == recorded
    assert [each["at_ms"] for each in listed] == sorted(each["at_ms"] for each in listed)


@pytest.mark.parametrize("cut", [1, 7, 4000])
def test_also_when_the_last_lines_are_torn(killed: tuple[Path, float], tmp_path: Path, cut: int) -> None:
    folder, _ = killed
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    torn = tmp_path / "events.jsonl"
    torn.write_bytes(torn.read_bytes()[:-cut])
    result = program("replay", tmp_path)
    assert result.returncode == 0
    assert b"more follow from its last inputs" in result.stdout
    (tmp_path / "input.bin").write_bytes((tmp_path / "input.bin").read_bytes()[:-cut])
    assert program("replay", tmp_path).stdout.startswith(b"identical: ")
    assert program("replay", tmp_path, "--set", "threshold=0.5").stdout.decode().endswith("no difference\n")


def test_its_turns_are_decided_again(killed: tuple[Path, float]) -> None:
    folder, _ = killed
    same = program("replay", folder, "--set", "threshold=0.5", "silence_duration_ms=500")
    assert (same.returncode, lines(same.stdout)[-1]) == (0, "no difference")
    other = program("replay", "--set", "silence_duration_ms=900", "threshold=0.6", folder, "--json")
    data = json.loads(other.stdout)
    assert data["words"] != "no difference"
    assert {turn["answer"] for turn in data["after"]} == {"not re-run"}


def test_a_project_keeps_its_own_recordings_as_tests(killed: tuple[Path, float], tmp_path: Path) -> None:
    folder, _ = killed
    golden, turns = tmp_path / "golden.jsonl", tmp_path / "turns.jsonl"
    assert program("replay", folder, "--save-golden", golden).returncode == 0
    assert program("replay", folder, "--check", golden).returncode == 0
    golden.write_text(golden.read_text().replace('"silence_ms": 512', '"silence_ms": 544', 1))
    wrong = program("replay", folder, "--check", golden)
    assert wrong.returncode == 3
    assert b"reason.silence_ms was 544, is 512" in wrong.stdout
    words = ["--set", "silence_duration_ms=300", "--detect"]
    assert program("replay", folder, *words, "--save-golden", turns).returncode == 0
    assert program("replay", folder, *words, "--check", turns).returncode == 0
    for other, status in ((["--check", turns], 2), (["--detect", "--check", turns], 2), (["--check", SPEECH], 2)):
        refused = program("replay", folder, *other)
        assert (refused.returncode, refused.stdout, len(lines(refused.stderr))) == (status, b"", 1)
    kept = SPEECH.read_bytes()
    assert program("replay", folder, "--save-golden", SPEECH).returncode == 2
    assert SPEECH.read_bytes() == kept


def test_a_whole_session_ends_well(home: Path) -> None:
    folder = home / "new" / "r"
    silence = home / "short.wav"
    silence.write_bytes((Path(__file__).parent / "data" / "speech" / "lj_0002.wav").read_bytes())
    talk = program("--plain", "--input", silence, "--output", "none", "--exit-after-input", "--record", folder)
    assert talk.returncode == 0
    assert f"--   Recording into {folder}.\n" in talk.stdout.decode()
    meta = read_meta(folder)
    assert meta.whole
    assert meta.data["settings"]["turn_detection"]["threshold"] == 0.5
    result = program("replay", folder)
    assert (result.returncode, result.stderr) == (0, b"")
    assert lines(result.stdout) == [f"identical: {sum(said.by_server for said in read_events(folder))} events"]


def test_a_folder_of_others_is_refused_and_left_alone(home: Path) -> None:
    folder = home / "letters"
    folder.mkdir(mode=0o755)
    (folder / "letter.txt").write_text("dear")
    result = program("--plain", "--input", SPEECH, "--output", "none", "--record", folder)
    assert (result.returncode, result.stdout) == (2, b"")
    assert lines(result.stderr) == [
        f"tui-assistant: {folder}: is not empty, and a recording does not mix with other files"
        " (give a new or an empty folder)"
    ]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_a_folder_has_a_name() -> None:
    result = program("--plain", "--input", SPEECH, "--output", "none", "--record", "")
    assert (result.returncode, lines(result.stderr)) == (2, ["tui-assistant: --record needs the name of a new folder"])


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["nowhere"], "no recording"),
        (["one", "two"], "one recording at a time"),
        (["nowhere", "--vad", "energy"], "add --detect"),
        (["nowhere", "--check", "a", "--save-golden", "b"], "leave one of them out"),
        (["--set", "threshold=0.5"], "Missing argument"),
        (["nowhere", "threshold=0.5"], "one recording at a time"),
    ],
)
def test_a_wrong_call_is_one_clear_line(words: list[str], problem: str) -> None:
    result = program("replay", *words)
    assert (result.returncode, result.stdout) == (2, b"")
    (line,) = lines(result.stderr)
    assert problem in line
