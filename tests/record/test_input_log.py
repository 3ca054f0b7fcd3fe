"""The input log, and a session run again from it."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tui_assistant.engine.outbox import Output
from tui_assistant.engine.ports import (
    Answer,
    Ask,
    AudioChunk,
    Final,
    Respond,
    Responded,
    Speak,
    Spoken,
    TextDelta,
    TranscribeEnd,
)
from tui_assistant.errors import UsageError
from tui_assistant.host.replay import replay
from tui_assistant.host.session import Session
from tui_assistant.host.session_host import SessionHost
from tui_assistant.protocol import client
from tui_assistant.protocol.items import ErrorDetail
from tui_assistant.protocol.server import ErrorEvent
from tui_assistant.record.folder import new_folder
from tui_assistant.record.reader import read_input_log
from tui_assistant.record.writer import InputLogWriter
from tui_assistant.sound.wav import read_wav

CLIP = Path(__file__).parents[1] / "data" / "speech" / "lj_0002.wav"
PCM = {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 22_050}, "transcription": {}}}}


def opened(folder: Path) -> InputLogWriter:
    new_folder(folder)
    return InputLogWriter(folder)


def answers_to(ask: Ask) -> list[Answer]:
    match ask:
        case TranscribeEnd():
            return [Final("what time is it")]
        case Respond():
            return [TextDelta("It is noon. "), TextDelta("Really."), Responded({"skill": "time"}, 3, 4)]
        case Speak(text=text):
            return [AudioChunk(np.arange(len(text) * 100).astype("<i2").tobytes(), 22_050), Spoken()]
    return []


def conversation(log: InputLogWriter) -> list[Output]:
    """A spoken turn, an error and a typed message, logged; what the session put out."""
    put_out: list[Output] = []
    callbacks: dict[str, object] = {}
    due: list[tuple[str, Answer]] = []

    def post(ask: Ask, on_answer: object = None) -> None:
        put_out.append(ask)
        callbacks.setdefault(ask.ask_id, on_answer)
        due.extend((ask.ask_id, answer) for answer in answers_to(ask))

    host = SessionHost(Session(), post, on_event=put_out.append, on_observation=put_out.append, log=log)  # type: ignore[arg-type]
    host.begin()
    host.event(client.SessionUpdate(session={"type": "realtime", **PCM}))
    host.refuse(ErrorEvent(error=ErrorDetail(code="invalid_event", message="not JSON")))
    recording = read_wav(CLIP.read_bytes(), CLIP.name)
    audio = recording.samples.tobytes() + bytes(recording.rate * 3)
    for begin in range(0, len(audio), 1777):
        host.feed(audio[begin : begin + 1777])
        host.tick(begin)
        if due:
            ask_id, answer = due.pop(0)
            callbacks[ask_id](answer)  # type: ignore[operator]
    host.event(client.ResponseCancel(event_id="late"))
    return put_out


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Path, list[Output]]:
    log = opened(tmp_path / "session")
    put_out = conversation(log)
    log.close()
    return tmp_path / "session", put_out


def test_a_replay_puts_out_the_same(recorded: tuple[Path, list[Output]]) -> None:
    folder, put_out = recorded
    again = list(replay(Session(), read_input_log(folder)))
    assert again == put_out
    types = [getattr(output, "type", "") for output in again]
    assert types.count("response.done") == 1
    assert types.count("error") >= 1


def test_files_are_private(recorded: tuple[Path, list[Output]]) -> None:
    folder, _ = recorded
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("cut", [1, 20, 300])
def test_a_log_that_was_cut_off_gives_all_whole_calls(recorded: tuple[Path, list[Output]], cut: int) -> None:
    folder, _ = recorded
    calls = list(read_input_log(folder))
    log = folder / "input.log"
    log.write_bytes(log.read_bytes()[:-cut])
    rest = list(read_input_log(folder))
    assert 0 < len(rest) < len(calls)
    assert rest == calls[: len(rest)]


@pytest.mark.parametrize("cut", [1, 2000])
def test_where_the_end_of_the_audio_is_lost_the_calls_before_it_are_left(
    recorded: tuple[Path, list[Output]], cut: int
) -> None:
    folder, _ = recorded
    calls = list(read_input_log(folder))
    audio = folder / "input.bin"
    audio.write_bytes(audio.read_bytes()[:-cut])
    rest = list(read_input_log(folder))
    assert 0 < len(rest) < len(calls)
    assert rest == calls[: len(rest)]


def test_every_call_is_on_disk_at_once(tmp_path: Path) -> None:
    log = opened(tmp_path / "s")
    log.write("feed", {"bytes": 4}, b"\x01\x02\x03\x04")
    (call,) = read_input_log(tmp_path / "s")  # not closed yet: as after a kill
    assert (call.call, call.data, call.payload) == ("feed", {"bytes": 4}, b"\x01\x02\x03\x04")
    log.close()


def test_a_folder_with_a_log_is_not_written_over(tmp_path: Path) -> None:
    opened(tmp_path / "s").close()
    with pytest.raises(UsageError, match="holds a recording already"):
        new_folder(tmp_path / "s")
    with pytest.raises(FileExistsError):
        InputLogWriter(tmp_path / "s")


@pytest.mark.parametrize("line", [b"nonsense\n", b"{}\n", b'{"call":"jump","data":{}}\n', b"[1]\n",
                                  b'{"call":"feed","data":{},"offset":5,"length":99}\n'])  # fmt: skip
def test_a_damaged_log_is_named_with_its_line(tmp_path: Path, line: bytes) -> None:
    opened(tmp_path / "s").close()
    (tmp_path / "s" / "input.log").write_bytes(b'{"call":"tick","data":{"now_ms":1}}\n' + line)
    with pytest.raises(UsageError, match="line 2"):
        list(read_input_log(tmp_path / "s"))


def test_no_recording_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no recording"):
        list(read_input_log(tmp_path))


def test_unknown_calls_are_not_written(tmp_path: Path) -> None:
    log = opened(tmp_path / "s")
    with pytest.raises(ValueError, match="jump"):
        log.write("jump", {})
    log.close()


def test_a_changed_answer_changes_the_replay(recorded: tuple[Path, list[Output]]) -> None:
    """The replay really uses the answers of the log."""
    folder, put_out = recorded
    calls = [
        replace(call, data={**call.data, "answer": {**call.data["answer"], "text": "other words"}})
        if call.call == "answer" and call.data["answer"]["type"] == "Final"
        else call
        for call in read_input_log(folder)
    ]
    assert list(replay(Session(), calls)) != put_out
