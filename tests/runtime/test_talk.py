"""Talk, from the microphone to the speaker, with a scripted link and with the local one."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conversation import answer_begins, answer_ends, response, turn, words
from talk_desk import RATE, Desk, Socket, noise, sound

from tui_assistant.audio.base import DeviceState
from tui_assistant.audio.files import FileMicrophone
from tui_assistant.protocol import client, server
from tui_assistant.runtime import api, equipment
from tui_assistant.sound.wav import WavWriter
from tui_assistant.state import KeptConversation, KeptLine, RememberedDevices


def test_hands_free_streams_the_microphone_without_gaps(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.until(lambda: len(desk.link.audio) > RATE)
    expected = noise(20).samples.tobytes()
    heard = bytes(desk.link.audio)
    assert heard == expected[: len(heard)]
    assert desk.link.types == ["session.update"]
    snapshot = desk.snapshot
    assert (snapshot.mode, snapshot.state, snapshot.link_state) == (api.Mode.HANDS_FREE, api.State.IDLE, "ready")
    assert snapshot.local_estimate  # a remote link observes nothing
    assert snapshot.frames
    assert -30 < snapshot.level.rms_dbfs < -20


def test_muted_the_link_gets_silence_and_the_meter_still_moves(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.talk.toggle_mute()
    desk.until(lambda: desk.snapshot.state is api.State.MUTED)
    begin = len(desk.link.audio)
    desk.until(lambda: len(desk.link.audio) > begin + RATE)
    assert not any(desk.link.audio[begin:])
    assert desk.snapshot.level.rms_dbfs > -30
    desk.talk.toggle_mute()
    desk.until(lambda: desk.snapshot.state is api.State.IDLE)
    begin = len(desk.link.audio)
    desk.until(lambda: any(desk.link.audio[begin:]))


def test_push_to_talk_feeds_only_what_was_held(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(push_to_talk=True)
    time.sleep(0.5)
    assert not desk.link.audio
    desk.talk.talk()
    desk.until(lambda: len(desk.link.audio) > RATE)
    assert desk.snapshot.talking
    assert desk.snapshot.state is api.State.SPEECH
    desk.talk.talk()
    desk.until(lambda: "response.create" in desk.link.types)
    assert desk.link.types == [
        "session.update",
        "input_audio_buffer.clear",
        "input_audio_buffer.commit",
        "response.create",
    ]
    held = bytes(desk.link.audio)
    assert held in noise(20).samples.tobytes()  # one stretch, nothing missing inside
    time.sleep(0.2)
    assert bytes(desk.link.audio) == held


def test_the_whole_input_may_be_one_hold(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(push_to_talk=True, hold_input=True, exit_after_input=True, recording=noise(0.7))
    desk.until(lambda: "input_audio_buffer.commit" in desk.link.types)
    assert noise(0.7).samples.tobytes() in bytes(desk.link.audio)
    desk.link.say(*turn()[2:], words("hello"), *answer_begins("hi"), sound(0.2), *answer_ends())
    desk.until(lambda: bool(desk.ended))
    assert desk.ended == [api.Ended(0)]


def test_an_input_without_a_turn_ends_with_status_1(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(exit_after_input=True, recording=noise(0.3))
    desk.until(lambda: bool(desk.ended))
    assert desk.ended[0].status == 1
    assert "No turn" in desk.ended[0].reason


def test_a_turn_is_shown_from_speech_to_answer(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    events = turn()
    desk.link.say(events[0])
    desk.until(lambda: desk.snapshot.state is api.State.SPEECH)
    desk.link.say(*events[1:])
    desk.until(lambda: desk.snapshot.state is api.State.THINKING)
    desk.link.say(words("hello"), *answer_begins("hi there"), sound(0.4))
    desk.until(lambda: desk.snapshot.state is api.State.SPEAKING)
    desk.link.say(*answer_ends())
    desk.until(lambda: desk.snapshot.state is api.State.IDLE)
    lines = desk.lines
    assert (lines["u1"].who, lines["u1"].text, lines["u1"].final) == ("you", "hello", True)
    assert (lines["a1"].who, lines["a1"].text, lines["a1"].final) == ("bot", "hi there", True)
    assert "vad 512" in lines["a1"].note
    assert desk.snapshot.latency_ms is not None
    assert desk.snapshot.latency_ms >= 512


def test_escape_interrupts_and_truncates_at_what_was_heard(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.link.say(*answer_begins("a long story"), sound(5))
    desk.until(lambda: desk.snapshot.state is api.State.SPEAKING and desk.snapshot.state_ms > 300)
    desk.talk.interrupt()
    desk.until(lambda: "conversation.item.truncate" in desk.link.types)
    (truncate,) = [event for event in desk.link.sent if isinstance(event, client.ConversationItemTruncate)]
    assert 250 <= truncate.audio_end_ms <= 2500
    assert desk.link.types.index("response.cancel") < desk.link.types.index("conversation.item.truncate")
    desk.until(lambda: desk.lines["a1"].interrupted_at_s is not None)
    desk.until(lambda: desk.snapshot.state is api.State.IDLE)


def test_a_skill_changes_the_volume_and_the_timers(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    done = answer_ends()[-1]
    assert isinstance(done, server.ResponseDone)

    def did(**metadata: str) -> server.ResponseDone:
        return server.ResponseDone(response=done.response.model_copy(update={"metadata": metadata}))

    desk.link.say(did(volume="0.50"))
    desk.until(lambda: desk.snapshot.volume == 0.5)
    desk.link.say(did(volume="+0.20"))
    desk.until(lambda: abs(desk.snapshot.volume - 0.7) < 1e-6)
    ends_at = time.time() + 90
    desk.link.say(did(timers=f'[{{"name":"tea","ends_at":{ends_at},"label":"tea timer"}}]'))
    desk.until(lambda: len(desk.snapshot.alarms) == 1)
    assert desk.snapshot.alarms[0].startswith("tea timer 1:")
    desk.link.say(did(volume="loud", timers="nonsense"))
    time.sleep(0.1)
    assert abs(desk.snapshot.volume - 0.7) < 1e-6


def test_without_a_microphone_the_assistant_opens_says_so_and_takes_typed_words(
    open_desk: Callable[..., Desk], socket: Socket
) -> None:
    desk = open_desk(recording=None)
    desk.until(lambda: bool(desk.suggested))
    assert desk.suggested[0].startswith("no microphone found. D plays a demo")
    desk.talk.say("hello")
    desk.until(lambda: "conversation.item.create" in desk.link.types)


def test_a_microphone_that_is_plugged_in_later_is_found(
    open_desk: Callable[..., Desk], socket: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(equipment, "FIRST_LOOK_S", 0.1)
    desk = open_desk(recording=None)
    desk.until(lambda: bool(desk.suggested))
    socket.plugged = FileMicrophone(noise(20), name="usb")
    desk.until(lambda: desk.snapshot.microphone == "usb")
    desk.until(lambda: not desk.suggested_last)


def test_a_named_microphone_that_is_not_there_ends_with_status_1(
    open_desk: Callable[..., Desk], socket: Socket
) -> None:
    desk = open_desk(recording=None, input="usb")
    desk.until(lambda: bool(desk.ended))
    assert (desk.ended[0].status, desk.ended[0].reason) == (1, "no microphone found (plug one in)")


def test_a_lost_microphone_is_said_and_work_goes_on_when_it_is_back(
    open_desk: Callable[..., Desk], socket: Socket
) -> None:
    class Lost(FileMicrophone):
        gone = False

        @property
        def state(self) -> DeviceState:
            return DeviceState.LOST if self.gone else super().state

    first = socket.plugged = Lost(noise(20), name="usb")
    desk = open_desk(recording=None)
    desk.until(lambda: len(desk.link.audio) > 3200)
    socket.plugged, first.gone = None, True
    desk.until(lambda: desk.snapshot.microphone == "")
    assert desk.told[-1] == "The microphone usb has gone; waiting for it."
    time.sleep(0.1)
    heard = len(desk.link.audio)
    socket.plugged = FileMicrophone(noise(20), name="usb")
    desk.until(lambda: desk.snapshot.microphone == "usb")
    desk.until(lambda: desk.told[-1] == "The microphone is back.")
    desk.until(lambda: len(desk.link.audio) > heard)


def test_the_demo_is_the_microphone_until_it_is_over(open_desk: Callable[..., Desk], tmp_path: Path) -> None:
    demo = tmp_path / "demo.wav"
    with demo.open("wb") as file:
        WavWriter(file, RATE).write(noise(0.5).samples)
    desk = open_desk(demo=demo, push_to_talk=True, recording_name="noise")
    desk.talk.play_demo()
    desk.until(lambda: desk.snapshot.demo)
    assert desk.snapshot.mode is api.Mode.HANDS_FREE
    assert desk.snapshot.microphone == "demo"
    desk.until(lambda: not desk.snapshot.demo)
    assert desk.snapshot.microphone == "noise"


def test_devices_are_changed_live_and_remembered(open_desk: Callable[..., Desk], socket: Socket) -> None:
    socket.plugged = FileMicrophone(noise(20), name="first")
    desk = open_desk(recording=None)
    desk.until(lambda: desk.snapshot.microphone == "first")
    socket.plugged = FileMicrophone(noise(20), name="second")
    desk.talk.choose_devices("second", "none")
    desk.until(lambda: desk.snapshot.microphone == "second")
    desk.until(lambda: RememberedDevices.load() == RememberedDevices(input="second", output="none"))


def test_a_new_conversation_stops_the_answer_and_deletes_what_there_is(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.link.say(*turn(), words("hello"), *answer_begins("a long story"), sound(5))
    desk.until(lambda: desk.snapshot.state is api.State.SPEAKING)
    desk.talk.new_conversation()
    desk.until(lambda: "conversation.item.delete" in desk.link.types)
    assert desk.link.types[-3:] == ["response.cancel", "conversation.item.truncate", "conversation.item.delete"]
    assert [event.item_id for event in desk.link.sent if isinstance(event, client.ConversationItemDelete)] == ["u1"]
    desk.until(lambda: "divider_1" in desk.lines)
    assert desk.lines["divider_1"].text == "a new conversation"
    assert desk.lines["divider_1"].divider
    assert desk.lines["u1"].text == "hello"  # the screen forgets nothing


def test_a_conversation_that_is_kept_goes_on(open_desk: Callable[..., Desk]) -> None:
    KeptConversation(lines=(KeptLine(who="you", text="I am Bo."), KeptLine(who="bot", text="Hello Bo."))).save()
    desk = open_desk(keep_conversation=True)
    assert desk.link.types == ["session.update", "conversation.item.create", "conversation.item.create"]
    assert [desk.lines[key].text for key in ("kept_0", "kept_1")] == ["I am Bo.", "Hello Bo."]
    desk.link.say(*turn(), words("who am I"), *answer_begins("Bo."), *answer_ends())
    desk.until(lambda: "a1" in desk.lines and desk.lines["a1"].final)
    desk.talk.close()
    assert [line.text for line in KeptConversation.load().lines] == ["I am Bo.", "Hello Bo.", "who am I", "Bo."]


def test_trouble_with_a_tool_is_told_beside_the_answer(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    line = "the MCP server files cannot be used: it has ended"
    done = server.ResponseDone(response=response("completed", item="a1", metadata={"trouble": line, "used": "add"}))
    desk.link.say(*answer_begins("Five."), *answer_ends()[:-1], done)
    desk.until(lambda: line in desk.told)
    desk.until(lambda: desk.lines["a1"].note == "used: add")
    assert desk.lines["a1"].text == "Five."
