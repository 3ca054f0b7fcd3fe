"""A recording that is begun and ended while the conversation runs, and what happens when it cannot be written."""

from __future__ import annotations

import errno
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conversation import answer_begins, answer_ends, turn, words
from talk_desk import RATE, Desk, noise, sound

from tui_assistant.audio.files import load_recording
from tui_assistant.client.turns import Mark
from tui_assistant.commands import replay
from tui_assistant.commands.replay_turns import decided_again
from tui_assistant.errors import UsageError
from tui_assistant.record import session
from tui_assistant.record.reader import read_events, read_frames, read_meta
from tui_assistant.state import recordings_folder

Open = Callable[..., Desk]


def started(desk: Desk, folder: Path | None) -> None:
    desk.talk.record(folder)
    desk.until(lambda: desk.snapshot.recording)


def ended(desk: Desk) -> None:
    desk.talk.record()
    desk.until(lambda: not desk.snapshot.recording)


def test_everything_but_the_input_log_is_recorded(open_desk: Open, tmp_path: Path) -> None:
    desk, folder = open_desk(), tmp_path / "r"
    desk.until(lambda: len(desk.link.audio) > RATE // 2)
    started(desk, folder)
    desk.link.say(*turn(), words("hello"), *answer_begins("hi"), sound(0.5), *answer_ends())
    desk.until(lambda: len(desk.link.audio) > 3 * RATE)
    desk.talk.mark("u1", Mark.CUT_OFF)
    desk.until(lambda: (folder / "marks.json").exists())
    ended(desk)
    assert desk.told[0].startswith(f"Recording into {folder}")
    assert desk.told[-1] == f"The recording is in {folder}."
    names = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert names == dict.fromkeys(
        ["meta.json", "events.jsonl", "frames.jsonl", "mic.wav", "assistant.wav", "marks.json"], 0o600
    )
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    meta = read_meta(folder)
    assert (meta.replayable, meta.whole, meta.input_rate) == (False, True, RATE)
    said = list(read_events(folder))
    assert [each.event["type"] for each in said if each.by_server][:2] == [
        "session.updated", "input_audio_buffer.speech_started"
    ]  # fmt: skip
    (delta,) = [each.event["delta"] for each in said if each.event["type"] == "response.output_audio.delta"]
    assert delta["bytes"] == 24_000
    frames = list(read_frames(folder))
    assert len(frames) > 20
    assert {frame.engine for frame in frames} == {False}  # a link that observes nothing
    (mark,) = json.loads((folder / "marks.json").read_text())["marks"]
    assert (mark["item_id"], mark["mark"], mark["audio_start_ms"], mark["audio_end_ms"]) == ("u1", "cut_off", 0, 900)
    assert 0 <= mark["onset_ms"] <= mark["end_ms"] + 512 <= meta.data["ended_ms"]
    again = decided_again(folder, meta, ["threshold=0.6"], None, detect=False)
    assert again.data["source"] == "estimate"
    assert "by the local estimate" in again.text
    with pytest.raises(UsageError, match="cannot be run again: it began in the middle"):
        replay.run([str(folder)], replay.Options())
    assert decided_again(folder, meta, [], None, detect=True).data["after"] == []


def test_the_microphone_and_the_answer_are_on_one_clock(open_desk: Open, tmp_path: Path) -> None:
    desk, folder = open_desk(), tmp_path / "r"
    desk.until(lambda: len(desk.link.audio) > RATE // 2)
    started(desk, folder)
    desk.until(lambda: len(list(read_frames(folder))) > 20)
    desk.link.say(*answer_begins("hi"), sound(0.5), *answer_ends())
    desk.until(lambda: desk.snapshot.state.value == "SPEAKING")
    desk.until(lambda: desk.snapshot.state.value == "IDLE")
    ended(desk)
    heard, answer = load_recording(folder / "mic.wav"), load_recording(folder / "assistant.wav")
    sounding = np.flatnonzero(heard.samples)
    stretch = heard.samples[sounding[0] : sounding[-1] + 1]
    assert stretch.tobytes() in noise(20).samples.tobytes()  # not one sample is missing
    assert int(np.count_nonzero(answer.samples == 500)) == 12_000
    first = int(np.flatnonzero(answer.samples)[0]) / 24_000
    (asked,) = [each.at_ms for each in read_events(folder) if each.event["type"] == "response.created"]
    assert -0.1 < first - asked / 1000 < 1.0
    assert len(answer.samples) / 24_000 <= len(heard.samples) / RATE + 0.6


def test_muted_means_muted(open_desk: Open, tmp_path: Path) -> None:
    desk, folder = open_desk(), tmp_path / "r"
    desk.talk.toggle_mute()
    desk.until(lambda: desk.snapshot.muted)
    begin = len(desk.link.audio)
    desk.until(lambda: len(desk.link.audio) > begin + RATE // 2)
    started(desk, folder)
    begin = len(desk.link.audio)
    desk.until(lambda: len(desk.link.audio) > begin + RATE)
    ended(desk)
    samples = load_recording(folder / "mic.wav").samples
    assert len(samples) > RATE // 4
    assert not samples.any()


def test_without_a_name_it_goes_where_recordings_are_kept(open_desk: Open) -> None:
    desk = open_desk()
    for count in (1, 2):
        started(desk, None)
        ended(desk)
        assert len(list(recordings_folder().iterdir())) == count
    assert {stat.S_IMODE(path.stat().st_mode) for path in recordings_folder().iterdir()} == {0o700}


def test_a_folder_with_something_in_it_is_refused_and_nothing_stops(open_desk: Open, tmp_path: Path) -> None:
    desk, folder = open_desk(), tmp_path / "mine"
    folder.mkdir(mode=0o755)
    (folder / "letter.txt").write_text("dear")
    desk.talk.record(folder)
    desk.until(lambda: bool(desk.told))
    assert desk.told[-1].startswith(f"Nothing is recorded: {folder}: is not empty")
    assert not desk.snapshot.recording
    assert (stat.S_IMODE(folder.stat().st_mode), [path.name for path in folder.iterdir()]) == (0o755, ["letter.txt"])


def test_a_full_disk_ends_the_recording_and_not_the_conversation(
    open_desk: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, folder = open_desk(), tmp_path / "r"
    started(desk, folder)
    desk.until(lambda: len(list(read_frames(folder))) > 3)

    def full(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(session, "write_all", full)
    desk.until(lambda: not desk.snapshot.recording)
    begin = len(desk.link.audio)
    desk.until(lambda: len(desk.link.audio) > begin + RATE)
    desk.link.say(*turn(), words("hello"))
    desk.until(lambda: "u1" in desk.lines)
    told = [text for text in desk.told if "ended" in text]
    assert told == [f"The recording has ended: No space left on device. What was recorded is in {folder}."]
    meta = read_meta(folder)
    assert (meta.ended, meta.whole) == (True, False)
    monkeypatch.undo()


def test_marks_from_before_are_in_the_recording(open_desk: Open, tmp_path: Path) -> None:
    desk, folder = open_desk(), tmp_path / "r"
    desk.talk.mark("u7", Mark.NOT_SPEECH)
    desk.talk.mark("u8", Mark.TOO_SLOW)
    desk.talk.mark("u8", None)
    started(desk, folder)
    (mark,) = json.loads((folder / "marks.json").read_text())["marks"]
    assert (mark["item_id"], mark["mark"], mark["onset_ms"]) == ("u7", "not_speech", None)


def test_the_transcript_is_saved_under_a_name_that_is_free(open_desk: Open, tmp_path: Path) -> None:
    desk, path = open_desk(), tmp_path / "talk.txt"
    desk.talk.save_transcript(path)
    desk.until(lambda: bool(desk.told))
    assert desk.told[-1] == "There is nothing to save yet."
    desk.link.say(*turn(), words("hello"), *answer_begins("hi"), *answer_ends())
    desk.until(lambda: "a1" in desk.lines and desk.lines["a1"].final)
    path.write_text("mine")
    desk.talk.save_transcript(path)
    desk.until(lambda: "is in" in desk.told[-1])
    saved = tmp_path / "talk-2.txt"
    assert desk.told[-1] == f"The transcript is in {saved} (talk.txt was there already)."
    assert path.read_text() == "mine"
    assert [line[9:] for line in saved.read_text().splitlines()] == ["you  hello", "bot  hi"]
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    desk.talk.save_transcript(tmp_path / "talk.doc")
    desk.until(lambda: "suffix" in desk.told[-1])
    desk.talk.save_transcript(tmp_path / "no" / "talk.md")
    desk.until(lambda: "cannot be written" in desk.told[-1])
    assert desk.told[-1].endswith("(choose another place)")
