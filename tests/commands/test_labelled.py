from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tui_assistant.commands.labelled import Made, Refused, hear, labelled, read_labels
from tui_assistant.errors import UsageError
from tui_assistant.lab.labels import Segment
from tui_assistant.lab.sweep import Labelled, grid, scores
from tui_assistant.protocol.session import ServerVad
from tui_assistant.sound.wav import read_wav

SPEECH = Path(__file__).parents[1] / "data" / "speech"


def put(path: Path, samples: np.ndarray, rate: int = 16_000) -> Path:
    import wave

    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def clip(name: str) -> np.ndarray:
    with (SPEECH / name).open("rb") as file:
        recording = read_wav(file, name)
    assert recording.rate == 16_000
    return recording.samples


def silence(seconds: float) -> np.ndarray:
    return np.zeros(int(seconds * 16_000), np.int16)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """The folder of a recorded session: a sentence from 1.0 s on, a pause of 0.8 s, the same again, silence."""
    folder = tmp_path / "session"
    voice = clip("librivox_0880.wav")
    put(folder / "mic.wav", np.concatenate([silence(1), voice, silence(0.8), voice, silence(2)]))
    put(folder / "assistant.wav", voice)
    (folder / "meta.json").write_text(json.dumps({"format": 1, "tracks": [{"file": "mic.wav", "begins_ms": 0}]}))
    return folder


def mark(folder: Path, *every: tuple[str, int, int]) -> Path:
    marks = [{"item_id": "x", "mark": name, "onset_ms": onset, "end_ms": end} for name, onset, end in every]
    path = folder / "marks.json"
    path.write_text(json.dumps({"marks": marks}))
    return path


def test_labels_beside_a_recording_are_found_in_the_order_of_their_formats(tmp_path: Path) -> None:
    for name in ("a.wav", "b.WAV", "deep/c.wav", "d.wav"):
        put(tmp_path / name, silence(0.1))
    for name in ("a.txt", "a.rttm", "b.rttm", "deep/c.txt", "deep/c.scv"):
        (tmp_path / name).write_text("")
    found = [(path.name, labels.name) for path, labels in labelled(tmp_path)]
    assert found == [("a.wav", "a.txt"), ("b.WAV", "b.rttm"), ("c.wav", "c.scv")]


def test_a_session_has_its_marks_and_the_assistant_is_left_out(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(labelled(session)) == []
    assert "mic.wav: left out, there are no labels" in capsys.readouterr().err
    marks = mark(session)
    put(session / "mic-2.wav", silence(0.1))
    assert list(labelled(session.parent)) == [(session / "mic-2.wav", marks), (session / "mic.wav", marks)]
    (session / "mic.txt").write_text("0\t1\tspeech\n")  # labels made by hand say more than marks
    assert dict(labelled(session))[session / "mic.wav"].name == "mic.txt"
    assert capsys.readouterr().err == ""


def test_an_assistant_outside_a_session_is_a_recording_like_others(tmp_path: Path) -> None:
    put(tmp_path / "assistant.wav", silence(0.1))
    (tmp_path / "assistant.txt").write_text("")
    assert [path.name for path, _ in labelled(tmp_path)] == ["assistant.wav"]


def events(folder: Path, *spans: tuple[int, int]) -> None:
    lines = []
    for number, (onset, end) in enumerate(spans):
        for kind, at_ms, figure in (("started", onset + 64, "held_ms"), ("stopped", end + 500, "silence_ms")):
            reason = {figure: 64 if kind == "started" else 500}
            event = {"type": f"input_audio_buffer.speech_{kind}", "item_id": f"item_{number}", "reason": reason}
            lines.append(json.dumps({"at_ms": at_ms, "event": event}) + "\n")
    (folder / "events.jsonl").write_text("".join(lines))


def test_marks_and_events_of_a_session_become_labels(session: Path) -> None:
    marks = mark(session, ("cut_off", 1_100, 3_900), ("not_speech", 8_500, 8_900))
    events(session, (1_100, 3_900), (4_800, 7_600), (8_500, 8_900))
    heard = hear(session / "mic.wav", marks, "silero", Made())
    assert isinstance(heard, Labelled)
    assert heard.speech == (Segment(1.1, 7.6),)
    assert heard.judged is None


def test_without_events_the_detector_says_where_a_turn_went_on(session: Path) -> None:
    marks = mark(session, ("cut_off", 1_100, 3_900))
    heard = hear(session / "mic.wav", marks, "silero", Made())
    assert isinstance(heard, Labelled)
    (speech,) = heard.speech
    assert speech.start == 1.1
    assert 7.0 < speech.end < 8.0
    assert heard.judged == heard.speech


def test_a_later_track_has_its_own_part_of_the_labels(session: Path) -> None:
    put(session / "mic-2.wav", np.concatenate([clip("librivox_0880.wav"), silence(1)]))
    tracks = [{"file": "mic.wav", "begins_ms": 0}, {"file": "mic-2.wav", "begins_ms": 20_000.0}]
    (session / "meta.json").write_text(json.dumps({"format": 1, "tracks": tracks}))
    marks = mark(session)
    events(session, (1_100, 3_900), (20_500, 22_500))
    heard = hear(session / "mic-2.wav", marks, "silero", Made())
    assert isinstance(heard, Labelled)
    assert heard.speech == (Segment(0.5, 2.5),)


def test_what_cannot_be_read_is_an_answer_that_names_the_file(session: Path) -> None:
    marks = mark(session)
    marks.write_text("{")
    assert hear(session / "mic.wav", marks, "silero", Made()) == Refused(f"{marks}: is not JSON", 2)
    mark(session)
    (session / "events.jsonl").write_text("nonsense\n")
    refused = hear(session / "mic.wav", marks, "silero", Made())
    assert isinstance(refused, Refused)
    assert refused.message == f"{session / 'events.jsonl'}: line 1: is not JSON"
    (session / "mic.wav").write_bytes(b"RIFF")
    assert isinstance(hear(session / "mic.wav", marks, "silero", Made()), Refused)


def test_labels_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"a\.txt: not UTF-8 text at byte 0"):
        read_labels(tmp_path / "a.txt")
    with pytest.raises(UsageError, match=r"b\.txt: cannot be read"):
        read_labels(tmp_path / "b.txt")


def test_without_events_only_the_marked_places_count(session: Path) -> None:
    """The second sentence is speech, and nobody has said anything of it."""
    marks = mark(session, ("too_slow", 1_100, 3_900))
    heard = hear(session / "mic.wav", marks, "silero", Made())
    assert isinstance(heard, Labelled)
    (score,) = scores(heard, grid([], ServerVad()))
    assert (score.reference, score.found, score.errors) == (1, 1, 0)
