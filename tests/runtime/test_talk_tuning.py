"""Tuning in mid-conversation, the records of turns, saving: as the screen calls them."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conversation import answer_begins, turn, words
from session_link import SessionLink
from talk_desk import Desk, noise, sound

from tui_assistant.client.tuning import PRESETS, Preset, Tuning
from tui_assistant.client.turns import Mark
from tui_assistant.lab import whatif
from tui_assistant.protocol import client
from tui_assistant.protocol.session import SemanticVad, ServerVad
from tui_assistant.runtime import api
from tui_assistant.runtime.options import TalkOptions
from tui_assistant.sound.level import rms_dbfs

OURS = {"create_response": False, "interrupt_response": False}  # barge-in in two stages


def updates(desk: Desk) -> list[object]:
    """The turn_detection of each session.update."""
    sent = [event for event in desk.link.sent if isinstance(event, client.SessionUpdate)]
    return [event.session["audio"]["input"]["turn_detection"] for event in sent]


def test_all_values_act_live_and_are_shown_once_they_are_in_force(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    assert desk.snapshot.tuning == Tuning()
    begin = updates(desk)
    values = Tuning(threshold=0.62, silence_duration_ms=800, hysteresis=0.2, min_speech_ms=96, tail_ms=350, gain_db=6.0)
    desk.talk.apply(values)
    desk.until(lambda: desk.snapshot.tuning == values)
    rules = values.rules(ServerVad(**OURS))
    assert desk.snapshot.turn_detection == rules
    assert updates(desk) == [*begin, rules.model_dump(mode="json")]
    desk.talk.apply(replace(values, gain_db=9.0))
    desk.until(lambda: desk.snapshot.tuning.gain_db == 9.0)
    assert len(updates(desk)) == len(begin) + 1  # the server has no part in it


def test_the_kind_changes_and_comes_back_with_its_values(open_desk: Callable[..., Desk], tmp_path: Path) -> None:
    link = SessionLink([])
    desk = Desk(link, TalkOptions(recording=noise(20), output="none", remember=False))  # type: ignore[arg-type]
    try:
        values = Tuning(threshold=0.7, prefix_padding_ms=100)
        desk.talk.apply(values)
        desk.until(lambda: desk.snapshot.tuning == values)
        patient = replace(values, kind="semantic_vad", eagerness="low")
        desk.talk.apply(patient)
        desk.until(lambda: desk.snapshot.tuning == patient)
        assert desk.snapshot.turn_detection == SemanticVad(eagerness="low", **OURS)
        desk.talk.apply(replace(patient, kind="server_vad"))
        desk.until(lambda: desk.snapshot.turn_detection == ServerVad(threshold=0.7, prefix_padding_ms=100, **OURS))
        assert desk.snapshot.tuning.eagerness == "low"
    finally:
        desk.talk.close()


def test_in_push_to_talk_the_values_wait_for_hands_free(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(push_to_talk=True)
    values = Tuning(kind="semantic_vad", eagerness="high", tail_ms=50)
    desk.talk.apply(values)
    desk.until(lambda: desk.snapshot.tuning == values)
    assert desk.snapshot.turn_detection is None
    assert updates(desk) == [None]
    desk.talk.apply(values := Tuning(threshold=0.3, tail_ms=50))
    desk.talk.toggle_mode()
    desk.until(lambda: desk.snapshot.turn_detection == ServerVad(threshold=0.3, **OURS))
    assert desk.snapshot.tuning == values


def test_a_value_out_of_its_range_changes_nothing_and_is_told(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    begin = updates(desk)
    desk.talk.apply(Tuning(threshold=1.5, gain_db=6.0))
    desk.until(lambda: any(text.startswith("threshold = 1.5") for text in desk.told))
    assert desk.snapshot.tuning == Tuning()
    assert updates(desk) == begin
    desk.talk.apply(Tuning(gain_db=100.0, tail_ms=5_000))
    desk.until(lambda: desk.snapshot.tuning == Tuning(gain_db=40.0, tail_ms=1_000))


def test_a_server_of_others_never_hears_of_our_own_values(open_desk: Callable[..., Desk]) -> None:
    class Foreign(SessionLink):
        fine = False

    tuning = Tuning(hysteresis=0.3, min_speech_ms=96)
    options = TalkOptions(rules=tuning.rules(), tuning=tuning, recording=noise(20), output="none", remember=False)
    desk = Desk(Foreign([]), options)  # type: ignore[arg-type]
    try:
        desk.talk.apply(replace(tuning, threshold=0.7))
        desk.until(lambda: desk.snapshot.turn_detection == ServerVad(threshold=0.7, **OURS))
        assert "hysteresis" not in str(desk.link.sent)
        assert desk.snapshot.tuning.hysteresis == Tuning().hysteresis  # what is in force there
    finally:
        desk.talk.close()


def test_the_gain_comes_before_the_meter_the_detector_and_the_link(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    quiet = rms_dbfs(noise(1).samples)
    desk.until(lambda: abs(desk.snapshot.level.rms_dbfs - quiet) < 0.5)
    desk.talk.apply(Tuning(gain_db=12.0))
    desk.until(lambda: abs(desk.snapshot.level.rms_dbfs - quiet - 12) < 0.5)
    frames = len(desk.snapshot.frames)
    desk.until(lambda: len(desk.snapshot.frames) > frames + 3)
    assert desk.snapshot.frames[-1].rms_dbfs == pytest.approx(quiet + 12, abs=0.5)
    desk.until(lambda: abs(_level(bytes(desk.link.audio[-16_000:])) - quiet - 12) < 0.5)


def _level(pcm: bytes) -> float:
    import numpy as np

    return rms_dbfs(np.frombuffer(pcm[: len(pcm) // 2 * 2], np.int16))


def test_records_agree_with_the_frames_on_the_screen() -> None:
    p = [0.05] * 20 + [0.7] * 12 + [0.1] * 20 + [0.05] * 5 + [0.6, 0.1] + [0.9] * 8 + [0.05] * 40
    desk = Desk(SessionLink(p), TalkOptions(recording=noise(20), output="none", remember=False))  # type: ignore[arg-type]
    try:
        desk.until(lambda: len(desk.snapshot.frames) >= len(p))
        frames, records = desk.snapshot.frames, desk.talk.turn_records()
        found = whatif.turns([f.p for f in frames], ServerVad(), start_ms=frames[0].at_ms - 32)
        assert [f.p for f in frames][: len(p)] == p
        assert all(frame.decided for frame in frames)
        shown = [(r.onset_ms, r.started_ms, r.speech_end_ms, r.stopped_ms, r.why_stopped) for r in records]
        assert shown == [(t.onset_ms, t.started_ms, t.speech_end_ms, t.stopped_ms, t.why_stopped) for t in found]
        assert len(records) == 2
        assert [blip.kept_by for blip in records[1].blips] == ["min_speech_ms ≤ 32"]
        assert [record.item_id for record in records] == [key for key, line in desk.lines.items() if line.who == "you"]
    finally:
        desk.talk.close()


def test_a_turn_that_was_held_has_a_record_too() -> None:
    options = TalkOptions(recording=noise(20), output="none", remember=False, push_to_talk=True)
    desk = Desk(SessionLink([]), options)  # type: ignore[arg-type]
    try:
        desk.until(lambda: len(desk.snapshot.frames) > 20)
        desk.talk.talk()
        desk.until(lambda: desk.snapshot.talking)
        pressed = desk.snapshot.frames[-1].at_ms
        desk.until(lambda: desk.snapshot.frames[-1].at_ms > pressed + 600)
        desk.talk.talk()
        desk.until(lambda: bool(desk.talk.turn_records()))
        (record,) = desk.talk.turn_records()
        assert record.why_started is None
        assert record.why_stopped is not None
        assert record.why_stopped["rule"] == "commit"
        released = record.why_stopped["released_ms"]
        assert abs(record.started_ms - pressed) <= 160
        assert 500 <= released - record.started_ms <= 1_500
        assert released < (record.stopped_ms or 0) <= released + 400  # the tail of 200 ms
        assert record.blips == ()
        assert not any(frame.decided for frame in desk.snapshot.frames)
    finally:
        desk.talk.close()


def test_an_answer_fills_the_record_and_a_mark_stays(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.link.say(*turn(), words("hello"), *answer_begins("hi there"), sound(0.4))
    desk.until(lambda: any(record.waterfall for record in desk.talk.turn_records()))
    (record,) = desk.talk.turn_records()
    assert record.waterfall is not None
    assert (record.waterfall.vad, record.waterfall.total) == (512, desk.snapshot.latency_ms)
    desk.talk.mark("u1", Mark.CUT_OFF)
    desk.until(lambda: desk.talk.turn_records()[0].mark is Mark.CUT_OFF)
    desk.talk.mark("u1", None)
    desk.until(lambda: desk.talk.turn_records()[0].mark is None)


def test_values_and_presets_are_saved_on_demand(open_desk: Callable[..., Desk], tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    own = Preset("mine", "", {"threshold": 0.4})
    desk = open_desk(config=file, presets=(own,))
    assert desk.talk.presets() == (*PRESETS, own)
    assert desk.talk.settings_diff() == ""
    desk.talk.apply(own.on(Tuning()))
    desk.until(lambda: desk.snapshot.tuning.threshold == 0.4)
    assert "+threshold = 0.4" in desk.talk.settings_diff()
    assert not file.exists()
    desk.talk.save_settings()
    desk.until(lambda: f"Saved to {file}: threshold." in desk.told)
    assert tomllib.loads(file.read_text()) == {"turn_detection": {"threshold": 0.4}}
    desk.talk.save_preset("kitchen")
    desk.until(lambda: f'Saved to {file}: the preset "kitchen".' in desk.told)
    assert desk.talk.presets()[-1].on(Tuning()) == desk.snapshot.tuning
    file.write_text("[broken")
    assert desk.talk.settings_diff() == ""
    desk.talk.save_settings()
    desk.until(lambda: len([text for text in desk.told if "not valid TOML" in text]) == 2)
    assert file.read_text() == "[broken"


def test_before_anything_runs_the_values_are_those_of_the_settings() -> None:
    from tui_assistant.runtime.talk import Talk

    tuning = Tuning(threshold=0.7, gain_db=3.0)
    talk = Talk(SessionLink([]), TalkOptions(rules=tuning.rules(), tuning=tuning))  # type: ignore[arg-type]
    assert talk.snapshot().tuning == tuning
    assert talk.snapshot().mode is api.Mode.HANDS_FREE
    assert talk.turn_records() == ()
    talk.apply(Tuning())  # nothing to do it yet
    assert talk.snapshot().tuning == tuning
