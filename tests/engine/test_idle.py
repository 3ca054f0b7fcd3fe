"""What time alone does: the idle timeout and the end of the session."""

from __future__ import annotations

import pytest
from fakes import Driver, ScriptedDetector, config, errors, kinds, silence

from tui_assistant.engine.ports import AudioChunk, Cancel, Respond, Responded, Speak, Spoken, TextDelta
from tui_assistant.protocol import server
from tui_assistant.protocol.codec import decode_audio
from tui_assistant.protocol.session import ServerVad

TEXT = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
RULES = ServerVad(idle_timeout_ms=5_000, prefix_padding_ms=500)


def answered(rules: ServerVad = RULES, p: list[float] | None = None) -> Driver:
    """An answer of one second has just been given."""
    driver = Driver(ScriptedDetector(p or []), config(rules))
    driver.send("conversation.item.create", item=TEXT)
    driver.frames(40)
    driver.send("response.create")
    driver.answer(driver.of(Respond)[0], TextDelta("One."))
    driver.answer(driver.of(Respond)[0], Responded())
    driver.answer(driver.of(Speak)[0], AudioChunk(bytes(48_000), 24_000))
    driver.answer(driver.of(Speak)[0], Spoken())
    driver.open.clear()
    driver.forget()
    return driver


def test_it_is_due_after_the_answer_s_sound() -> None:
    driver = answered()
    assert driver.session.deadline == 0
    assert driver.tick(10_000) == []
    assert driver.session.deadline == 16_000
    driver.frames(150)
    assert driver.tick(15_999) == []
    driver.tick(16_000)
    assert kinds(driver.outputs) == [
        "input_audio_buffer.timeout_triggered",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ]
    event = driver.of(server.TimeoutTriggered)[0]
    assert (event.audio_start_ms, event.audio_end_ms) == (1_280 + 1_000, 190 * 32)
    assert driver.of(server.BufferCommitted)[0].item_id == event.item_id == "item_3"
    assert driver.of(server.BufferCommitted)[0].reason == {"rule": "idle_timeout"}
    assert decode_audio(driver.retrieve(event.item_id).content[0].audio) == silence(1_100), "what was held of it"
    lines = [(line.role, line.text) for line in driver.of(Respond)[0].messages]
    assert lines[-2:] == [("system", "The user has been silent for a while."), ("user", "")]
    assert driver.session.deadline is None, "it is answering"
    driver.settle()
    usage = driver.of(server.ResponseDone)[0].response.usage
    assert usage is not None
    assert usage.input_token_details.audio_tokens == 11, "of the silence"
    assert driver.session.deadline == 0, "the next silence runs"


def test_it_runs_from_the_sound_of_a_cancelled_answer_too() -> None:
    driver = Driver(configuration=config(RULES))
    driver.send("conversation.item.create", item=TEXT)
    driver.send("response.create")
    driver.answer(driver.of(Respond)[0], TextDelta("One. "))
    driver.answer(driver.of(Speak)[0], AudioChunk(bytes(48_000), 24_000))
    assert driver.session.deadline is None
    driver.send("response.cancel")
    driver.tick(10_000)
    assert driver.session.deadline == 16_000


def test_without_any_audio_it_fires_too() -> None:
    driver = answered()
    driver.tick(0)
    driver.tick(6_000)
    event = driver.of(server.TimeoutTriggered)[0]
    assert (event.audio_start_ms, event.audio_end_ms) == (1_280, 1_280)


def test_speech_stops_it() -> None:
    driver = answered(p=[0.0] * 40 + [0.9] * 10)
    driver.tick(0)
    driver.frames(5)
    driver.tick(0)
    assert "input_audio_buffer.speech_started" in kinds(driver.outputs)
    driver.tick(6_000)
    assert not driver.of(server.TimeoutTriggered)


def test_it_is_suspended_while_turns_are_taken_by_hand() -> None:
    driver = answered()
    driver.tick(0)
    driver.update(None)
    assert driver.session.deadline is None
    driver.tick(60_000)
    driver.update({"type": "server_vad", "idle_timeout_ms": 5_000})
    driver.tick(61_000)
    assert driver.session.deadline == 66_000, "it starts anew"
    driver.tick(66_000)
    assert driver.of(server.TimeoutTriggered)


def test_other_settings_leave_it_as_it_runs() -> None:
    driver = answered()
    driver.tick(0)
    driver.send("session.update", session={"type": "realtime", "instructions": "x"})
    assert driver.session.deadline == 6_000


def test_it_needs_an_answer_first_and_a_timeout() -> None:
    assert Driver(configuration=config(RULES)).session.deadline is None
    assert answered(ServerVad()).session.deadline is None


class TestExpiry:
    def test_the_session_ends_with_an_error(self) -> None:
        driver = Driver(configuration=config(ServerVad()), max_ms=60_000, expires_at=5)
        assert driver.of(server.SessionCreated)[0].session.expires_at == 5
        driver.send("conversation.item.create", item=TEXT)
        driver.send("response.create")
        assert driver.session.deadline == 0
        driver.tick(1_000)
        assert driver.session.deadline == 61_000
        driver.forget()
        assert driver.tick(60_999) == []
        driver.tick(61_000)
        assert errors(driver.outputs) == [("session_expired", None)]
        assert kinds(driver.outputs) == ["error", "response.done"]
        assert driver.of(server.ErrorEvent)[0].error.message.endswith("maximum duration of 1 minute.")
        assert len(driver.of(Cancel)) == 2, "the alarms' ask and the responder's"
        assert driver.send("response.create") == driver.frames(3) == driver.tick(99_000) == []
        assert driver.session.deadline is None

    @pytest.mark.parametrize(
        ("max_ms", "words"),
        [
            (500, "0.5 seconds"),
            (1_000, "1 second"),
            (59_999, "59.999 seconds"),
            (90_000, "1.5 minutes"),
            (3_600_000, "60 minutes"),
        ],
    )
    def test_the_error_says_how_long_a_session_may_be(self, max_ms: int, words: str) -> None:
        driver = Driver(max_ms=max_ms)
        driver.tick(0)
        driver.tick(max_ms)
        (error,) = driver.of(server.ErrorEvent)
        assert error.error.message == f"Your session hit the maximum duration of {words}."

    def test_without_a_limit_it_lasts(self) -> None:
        driver = Driver()
        driver.tick(0)
        driver.tick(10**9)
        assert kinds(driver.send("input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]
