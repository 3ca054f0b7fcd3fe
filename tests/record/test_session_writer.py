"""The recording's folder: what is on disk after each call, and on which clock."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tui_assistant.audio.files import load_recording
from tui_assistant.errors import UsageError
from tui_assistant.protocol import client, server
from tui_assistant.protocol.codec import decode_client
from tui_assistant.record.folder import new_folder
from tui_assistant.record.reader import read_events, read_frames, read_input_log, read_meta
from tui_assistant.record.session import SessionWriter

ABOUT = {"program": "test", "link": {"name": "local", "input_rate": 16_000, "output_rate": 24_000}}


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def writer(tmp_path: Path, clock: Clock) -> Iterator[SessionWriter]:
    made = SessionWriter(tmp_path / "r", ABOUT, replayable=True, clock=clock)
    yield made
    made.close()


def samples(value: int, ms: int, rate: int = 16_000) -> np.ndarray:
    return np.full(ms * rate // 1000, value, np.int16)


def hear(writer: SessionWriter, clock: Clock, value: int, ms: int, rate: int = 16_000, lost: int = 0) -> None:
    clock.now += ms / 1000 + lost / rate
    writer.heard(samples(value, ms, rate), rate, lost=lost)


def track(writer: SessionWriter, name: str) -> np.ndarray:
    """As another program reads it while the recording goes on."""
    return load_recording(writer.folder / name).samples


def test_every_call_is_on_disk_when_it_returns(writer: SessionWriter, clock: Clock) -> None:
    hear(writer, clock, 7, 200)
    assert list(track(writer, "mic.wav")) == [7] * 3200
    writer.frame(end_ms=32, p=0.5, rms_dbfs=-30.04, phase="idle", judged=None, engine=True)
    writer.event(client.InputAudioBufferClear(), by_server=False, fed_ms=0.5)
    assert writer.input_log is not None
    writer.input_log.write("tick", {"now_ms": 5})
    (frame,) = read_frames(writer.folder)
    assert (frame.at_ms, frame.end_ms, frame.p, frame.rms_dbfs, frame.engine) == (200, 32, 0.5, -30.0, True)
    (said,) = read_events(writer.folder)
    assert (said.at_ms, said.frame, said.fed_ms, said.by_server) == (200, 1, 0.5, False)
    (call,) = read_input_log(writer.folder)
    assert (call.call, call.at_ms) == ("tick", 200)
    assert not read_meta(writer.folder).ended


def test_what_was_not_heard_is_silence_of_its_length(writer: SessionWriter, clock: Clock) -> None:
    clock.now += 0.5  # before the microphone was open
    hear(writer, clock, 1, 100)
    hear(writer, clock, 2, 100, lost=160)
    writer.heard(samples(3, 100), 16_000, muted=True)
    clock.now += 0.1
    writer.microphone_opened()
    clock.now += 0.3
    hear(writer, clock, 4, 100)
    runs = [(0, 8000), (1, 1600), (0, 160), (2, 1600), (0, 1600 + 4800), (4, 1600)]
    assert list(track(writer, "mic.wav")) == [value for value, count in runs for _ in range(count)]


def test_another_rate_begins_another_file(writer: SessionWriter, clock: Clock) -> None:
    hear(writer, clock, 1, 100)
    writer.microphone_opened()
    clock.now += 1.0
    hear(writer, clock, 2, 100, rate=48_000)
    assert load_recording(writer.folder / "mic-2.wav").rate == 48_000
    assert list(track(writer, "mic-2.wav")) == [2] * 4800
    tracks = read_meta(writer.folder).data["tracks"]
    assert [(each["file"], each["rate"], each["begins_ms"]) for each in tracks] == [
        ("mic.wav", 16_000, 0.0), ("mic-2.wav", 48_000, 1100.0)
    ]  # fmt: skip


def test_answers_stand_where_they_were_heard(writer: SessionWriter) -> None:
    writer.played(samples(5, 100, 24_000), 24_000, 400.0)
    writer.played(samples(6, 100, 24_000), 24_000, 510.0)  # a poll that came 10 ms late is no gap
    writer.played(samples(7, 100, 24_000), 24_000, 900.0)
    runs = [(0, 300), (5, 100), (6, 100), (0, 300), (7, 100)]
    assert list(track(writer, "assistant.wav")) == [value for value, ms in runs for _ in range(ms * 24)]


def test_an_hour_of_silence_takes_no_room(writer: SessionWriter, clock: Clock) -> None:
    hear(writer, clock, 1, 100)
    writer.microphone_opened()
    clock.now += 3600
    hear(writer, clock, 2, 100)
    status = (writer.folder / "mic.wav").stat()
    assert status.st_size > 3600 * 32_000
    assert status.st_blocks * 512 < 2**20


def test_audio_in_events_is_length_and_checksum(writer: SessionWriter) -> None:
    delta = server.OutputAudioDelta(response_id="r", item_id="i", delta="AQIDBA==")
    writer.event(delta, by_server=True, fed_ms=0)
    item = decode_client(
        '{"type":"conversation.item.create","item":{"type":"message","role":"user",'
        '"content":[{"type":"input_audio","audio":"AQIDBA=="}]}}'
    )
    writer.event(item, by_server=False, fed_ms=0)
    wanted = {"bytes": 4, "sha256": "9f64a747e1b97f131fabb6b447296c9b6f0201e79fb3c5356e6c77e89b6a806a"}
    one, other = read_events(writer.folder)
    assert one.event["delta"] == other.event["item"]["content"][0]["audio"] == wanted
    assert b"AQIDBA" not in (writer.folder / "events.jsonl").read_bytes()


def test_marks_are_replaced_as_a_whole(writer: SessionWriter) -> None:
    for count in (1, 2, 0):
        writer.marks([{"item_id": f"u{number}", "mark": "cut_off"} for number in range(count)])
        written = json.loads((writer.folder / "marks.json").read_text())["marks"]
        assert [mark["item_id"] for mark in written] == [f"u{number}" for number in range(count)]
    assert not [path for path in writer.folder.iterdir() if path.name.startswith(".")]


def test_the_end_is_noted_and_comes_once(writer: SessionWriter, clock: Clock) -> None:
    clock.now += 2.5
    writer.close()
    writer.close("never mind")
    meta = read_meta(writer.folder)
    assert (meta.whole, meta.data["ended_ms"], meta.data["why_ended"]) == (True, 2500, "")


def test_an_empty_folder_is_made_private_and_used(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    folder.mkdir(mode=0o755)
    new_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "r"):
        with pytest.raises(UsageError, match="cannot be written"):
            new_folder(folder)


def test_links_are_not_followed_out_of_the_folder(tmp_path: Path, clock: Clock) -> None:
    """Somebody who can write into the parent cannot aim our files at another place: the folder is empty and ours."""
    folder = tmp_path / "r"
    folder.mkdir()
    os.symlink(tmp_path / "elsewhere", folder / "mic.wav")
    with pytest.raises(UsageError, match="is not empty"):
        SessionWriter(folder, ABOUT, replayable=False, clock=clock)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("meta.json", "[]", "does not describe a recording"),
        ("meta.json", "{", "does not describe a recording"),
        ("meta.json", '{"format": 99}', "recorded by a newer version"),
        ("frames.jsonl", '{"p": 3}\n', "line 1 is no recorded frame"),
        ("frames.jsonl", "3\n", "line 1 is no recorded frame"),
        ("events.jsonl", '{"at_ms":0,"frame":0,"fed_ms":0,"from":"both","event":{"type":"x"}}\n', "no recorded event"),
    ],
)
def test_what_is_damaged_is_named(writer: SessionWriter, name: str, text: str, problem: str) -> None:
    writer.close()
    (writer.folder / name).write_text(text)
    with pytest.raises(UsageError, match=problem):
        [read_meta(writer.folder), *read_frames(writer.folder), *read_events(writer.folder)]
