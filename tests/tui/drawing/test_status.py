from __future__ import annotations

from dataclasses import replace

import pytest
from fake_talk import scene

from tui_assistant.client.hold import Method
from tui_assistant.client.latency import ReplyLatency
from tui_assistant.protocol.session import SemanticVad, ServerVad
from tui_assistant.runtime.api import Keyboard, Mode, Snapshot
from tui_assistant.tui.drawing.runs import text_of, width_of
from tui_assistant.tui.drawing.status import status, turn_words

FULL = replace(scene(4_100), recording=True)


def test_at_120_columns_everything_is_there() -> None:
    text = text_of(status(FULL, 120))
    assert text == (
        " tui-assistant  HANDS-FREE  server_vad 0.50/500  local  mic Built-in 48k  keys toggle  half-duplex"
        "  ● REC  reply 0.56 s"
    )


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("width", range(16, 130, 3))
def test_the_mode_is_whole_and_the_line_fits(mode: Mode, width: int) -> None:
    crowded = replace(FULL, mode=mode, muted=True, counters={"late": 3, "dropped": 12}, link_state="reconnecting")
    line = status(crowded, width)
    assert str(mode) in text_of(line)
    assert width_of(line) <= width


def test_a_server_that_interrupts_by_itself_is_named() -> None:
    assert "barge-in by server" in text_of(status(replace(FULL, barge_in="server"), 140))
    assert "barge-in" not in text_of(status(FULL, 140))


def test_what_is_wrong_stays_longest() -> None:
    wrong = replace(FULL, link="openai", link_state="401 unauthorised", counters={"late": 3}, microphone="")
    text = text_of(status(wrong, 80))
    assert "openai: 401 unauthorised" in text
    assert "no microphone" in text
    assert "● REC" in text
    assert "half-duplex" not in text


def test_push_to_talk_shows_what_the_key_can_at_80_columns() -> None:
    manual = replace(FULL, mode=Mode.PUSH_TO_TALK, turn_detection=None, keyboard=Keyboard(Method.INFERRED))
    text = text_of(status(manual, 80))
    assert "keys inferred" in text
    assert "PUSH-TO-TALK" in text


def test_losses_are_shown_only_when_there_are_some() -> None:
    assert "!" not in text_of(status(FULL, 200))
    assert "! late 3" in text_of(status(replace(FULL, counters={"late": 3}), 200))


def test_turn_detection_in_words() -> None:
    assert turn_words(ServerVad(threshold=0.62, silence_duration_ms=800)) == "server_vad 0.62/800"
    assert turn_words(SemanticVad(eagerness="high")) == "semantic_vad high"
    assert turn_words(None) == "turn_detection null"


def test_the_demo_is_named_as_the_microphone() -> None:
    assert "mic demo" in text_of(status(Snapshot(demo=True), 120))
    assert "no microphone" in text_of(status(Snapshot(), 120))


def test_nothing_is_said_of_devices_before_they_were_opened() -> None:
    assert text_of(status(Snapshot(link_state="starting"), 60)) == " HANDS-FREE  turn_detection null  local: starting"


def test_the_session_s_answers_are_there_where_there_is_room() -> None:
    some = replace(FULL, replies=ReplyLatency(12, 550, 800))
    assert text_of(status(some, 150)).endswith("reply 0.56 s  p50 0.55 p95 0.80 s")
    assert text_of(status(some, 120)) == text_of(status(FULL, 120)), "it drops out before all else"
    assert "p50" not in text_of(status(replace(FULL, replies=ReplyLatency(1, 550, 550)), 150)), "one answer is no p95"


def test_who_detects_turns_is_said_on_a_link() -> None:
    assert "turns here" in text_of(status(replace(FULL, turns="here"), 140))
    assert "turns there" in text_of(status(replace(FULL, turns="there"), 140))
    assert "turns" not in text_of(status(FULL, 140))
    assert "turns" not in text_of(status(replace(FULL, turns="here", mode=Mode.PUSH_TO_TALK), 140))
