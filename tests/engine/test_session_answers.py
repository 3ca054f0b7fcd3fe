"""Who speaks when: interruptions, queued answers, cancels, alarms."""

from __future__ import annotations

import itertools

import pytest
from fakes import Driver, Models, ScriptedDetector, config, errors, kinds, streams

from tui_assistant.engine.ports import Alarm, AudioChunk, Cancel, Final, Respond, Responded, Speak, Spoken, TextDelta
from tui_assistant.protocol import server
from tui_assistant.protocol.session import SemanticVad, ServerVad

TEXT = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
TWO_TURNS = ([0.9] * 10 + [0.0] * 30) * 2


def answering(vad: ServerVad | SemanticVad | None, p: list[float] | None = None) -> Driver:
    """A response to a typed message is being spoken."""
    driver = Driver(ScriptedDetector(TWO_TURNS if p is None else p), config(vad))
    driver.send("conversation.item.create", item=TEXT)
    driver.send("response.create")
    (responder,) = driver.of(Respond)
    driver.answer(responder, TextDelta("One. Two. "))
    driver.answer(driver.of(Speak)[0], AudioChunk(bytes(4_800), 24_000))
    return driver


def statuses(driver: Driver) -> list[tuple[str, str | None]]:
    """(status, reason) of each response that is done."""
    responses = [event.response for event in driver.of(server.ResponseDone)]
    return [(r.status, r.status_details.reason if r.status_details else None) for r in responses]


class TestCreateAndInterrupt:
    """The four combinations while a response runs and the user speaks."""

    def turn(self, *, create: bool, interrupt: bool) -> Driver:
        driver = answering(ServerVad(create_response=create, interrupt_response=interrupt))
        driver.forget()
        driver.frames(2)
        return driver

    @pytest.mark.parametrize("create", [True, False])
    def test_interrupt_cancels_at_the_onset(self, create: bool) -> None:
        driver = self.turn(create=create, interrupt=True)
        assert kinds(driver.outputs) == [
            "input_audio_buffer.speech_started",
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
            "conversation.item.done",
            "response.done",
        ]
        assert statuses(driver) == [("cancelled", "turn_detected")]
        assert driver.of(server.ResponseDone)[0].reason == {"rule": "interrupt_response", "at_ms": 64}
        assert len(driver.of(Cancel)) == 2, "responder and synthesiser"
        driver.frames(30)
        assert ("response.created" in kinds(driver.outputs)) is create

    def test_without_interrupt_an_answer_waits_for_the_running_one(self) -> None:
        driver = self.turn(create=True, interrupt=False)
        driver.frames(30)
        assert "response.created" not in kinds(driver.outputs)
        assert "input_audio_buffer.committed" in kinds(driver.outputs)
        responder, voice = driver.open[0].ask_id, driver.open[1].ask_id
        driver.answer(str(responder), Responded())
        driver.answer(str(voice), Spoken())
        assert statuses(driver) == []
        driver.answer(driver.of(Speak)[-1], Spoken())
        assert kinds(driver.outputs)[-2:] == ["response.done", "response.created"]
        driver.settle()
        assert statuses(driver) == [("completed", None)] * 2

    def test_one_answer_waits_not_two(self) -> None:
        driver = self.turn(create=True, interrupt=False)
        driver.frames(78)
        assert len(driver.of(server.BufferCommitted)) == 2
        driver.send("response.cancel")
        driver.settle()
        assert len(driver.of(server.ResponseCreated)) == 1
        assert [message.text for message in driver.of(Respond)[0].messages][-2:] == ["hello", "hello"], "it hears both"

    def test_neither(self) -> None:
        driver = self.turn(create=False, interrupt=False)
        driver.frames(30)
        driver.send("response.cancel")
        driver.settle()
        assert statuses(driver) == [("cancelled", "client_cancelled")]
        assert "response.created" not in kinds(driver.outputs)

    def test_a_new_interruption_drops_the_queued_answer(self) -> None:
        driver = self.turn(create=True, interrupt=False)
        driver.frames(30)
        driver.update({"interrupt_response": True})
        driver.frames(10)
        assert statuses(driver) == [("cancelled", "turn_detected")]
        assert "response.created" not in kinds(driver.outputs), "the user speaks: it waits for the turn's own answer"
        driver.frames(40)
        driver.settle()
        assert len(driver.of(server.ResponseCreated)) == 1, "one answer to all of it"

    def test_semantic_turns_interrupt_too(self) -> None:
        driver = answering(SemanticVad(eagerness="high"), [0.9] * 10)
        driver.frames(2)
        assert statuses(driver) == [("cancelled", "turn_detected")]

    def test_speech_by_hand_interrupts_nothing(self) -> None:
        driver = answering(None, [0.9] * 100)
        driver.frames(100)
        driver.send("input_audio_buffer.commit")
        assert statuses(driver) == []


class TestOneAtATime:
    def test_a_second_create_is_refused_and_disturbs_nothing(self) -> None:
        driver = answering(None)
        running = driver.of(server.ResponseCreated)[0].response.id
        (error,) = driver.send("response.create", event_id="mine")
        assert isinstance(error, server.ErrorEvent)
        assert (error.error.code, error.error.event_id) == ("conversation_already_has_active_response", "mine")
        assert running in error.error.message
        driver.settle()
        assert statuses(driver) == [("completed", None)]
        assert kinds(driver.send("response.create")) == ["response.created"]

    @pytest.mark.parametrize("fields", [{}, {"response_id": "resp_1"}])
    def test_cancel(self, fields: dict[str, str]) -> None:
        driver = answering(None)
        driver.send("response.cancel", **fields)
        assert statuses(driver) == [("cancelled", "client_cancelled")]
        assert driver.of(server.ResponseDone)[0].reason == {"rule": "cancel"}
        assert errors(driver.send("response.cancel")) == [("response_cancel_not_active", None)]

    def test_cancel_of_another_response(self) -> None:
        driver = answering(None)
        assert errors(driver.send("response.cancel", response_id="resp_9")) == [("response_cancel_not_active", None)]
        assert statuses(driver) == []

    def test_cancel_while_the_words_are_awaited(self) -> None:
        driver = Driver(ScriptedDetector(TWO_TURNS), config(ServerVad()))
        driver.frames(40)
        assert statuses(driver) == []
        assert kinds(driver.send("response.cancel")) == ["response.done"]
        driver.answer(streams(driver.outputs)[0], Final("late but kept"))
        assert driver.retrieve("item_1").content[0].transcript == "late but kept"
        assert not driver.of(Respond)


class TestAlarms:
    """The responder speaks by itself, but never into anybody's words."""

    def ring(self, driver: Driver) -> list[str]:
        return kinds(driver.answer("ask_1", Alarm("Time is up.", {"timer": "tea"})))

    def said(self, driver: Driver) -> list[str]:
        return [part.text for part in driver.of(Speak)]

    def test_into_silence_at_once(self) -> None:
        driver = Driver()
        assert "response.created" in self.ring(driver)
        driver.settle()
        assert driver.of(server.ResponseDone)[0].response.metadata == {"origin": "timer", "timer": "tea"}
        assert self.said(driver) == ["Time is up."]
        assert statuses(driver) == [("completed", None)]

    def test_several_one_after_the_other(self) -> None:
        driver = Driver()
        for _ in range(3):
            self.ring(driver)
        assert len(driver.of(server.ResponseCreated)) == 1
        driver.settle()
        assert statuses(driver) == [("completed", None)] * 3

    def test_while_the_assistant_speaks_it_waits(self) -> None:
        driver = answering(None)
        assert self.ring(driver) == []
        driver.send("response.cancel")
        assert self.said(driver)[-1] == "Time is up."

    def test_while_the_user_speaks_it_waits_for_the_answer_too(self) -> None:
        driver = Driver(ScriptedDetector(TWO_TURNS[:40]), config(ServerVad()))
        driver.frames(5)
        assert self.ring(driver) == []
        driver.frames(40)
        driver.settle()
        assert self.said(driver) == ["Hello there.", "Time is up."]

    def test_while_audio_comes_by_hand_it_waits(self) -> None:
        driver = Driver(ScriptedDetector(), config(None))
        driver.frames(5)
        assert self.ring(driver) == []
        assert "response.created" in kinds(driver.send("input_audio_buffer.clear"))

    def test_a_turn_that_the_update_drops_no_longer_holds_it_up(self) -> None:
        driver = Driver(ScriptedDetector(), config(None))
        driver.frames(5)
        self.ring(driver)
        outputs = driver.update({"type": "server_vad"})
        assert kinds(outputs)[:2] == ["session.updated", "response.created"]
        assert self.said(driver) == ["Time is up."]

    @pytest.mark.parametrize("vad", [None, ServerVad(create_response=False)], ids=["by hand", "no create"])
    def test_it_does_not_take_the_place_of_the_client_s_own_answer(self, vad: ServerVad | None) -> None:
        """Commit and response.create follow each other; an alarm between them would make the second fail."""
        driver = Driver(ScriptedDetector(TWO_TURNS[:40]), config(vad))
        driver.frames(5)
        self.ring(driver)
        driver.frames(40)
        if vad is None:
            driver.send("input_audio_buffer.commit")
        assert driver.of(server.BufferCommitted)
        assert kinds(driver.send("response.create")) == ["response.created"]
        driver.settle()
        assert self.said(driver) == ["Hello there.", "Time is up."]

    def test_it_rings_when_no_answer_is_asked_for(self) -> None:
        driver = Driver(ScriptedDetector(), config(None))
        driver.frames(5)
        self.ring(driver)
        driver.send("input_audio_buffer.commit")
        assert driver.session.deadline == 0, "a tick is wanted at once, to begin the second"
        assert driver.tick(7_000) == []
        assert driver.session.deadline == 8_000
        assert driver.tick(7_999) == []
        driver.tick(8_000)
        assert self.said(driver) == ["Time is up."]
        assert driver.session.deadline is None

    def test_the_second_begins_when_it_rings_however_long_ago_the_commit_was(self) -> None:
        driver = Driver(ScriptedDetector(), config(None))
        driver.frames(5)
        driver.send("input_audio_buffer.commit")
        assert driver.tick(0) == driver.tick(5_000) == []
        assert self.ring(driver) == []
        assert driver.tick(5_500) == []
        assert driver.session.deadline == 6_500
        driver.tick(6_500)
        assert self.said(driver) == ["Time is up."]

    def test_it_can_be_interrupted(self) -> None:
        driver = Driver(ScriptedDetector(TWO_TURNS), config(ServerVad()))
        self.ring(driver)
        driver.frames(2)
        assert statuses(driver) == [("cancelled", "turn_detected")]


def test_with_the_session_all_answers_end() -> None:
    driver = answering(None)
    driver.send("response.create", response={"conversation": "none", "input": []})
    ended = driver._take(driver.session.end())
    assert kinds(ended)[-1] == "response.done"
    assert [event.response.id for event in driver.of(server.ResponseDone)] == ["resp_1", "resp_2"]
    assert statuses(driver) == [("cancelled", "client_cancelled")] * 2
    assert [event.reason for event in driver.of(server.ResponseDone)] == [{"rule": "end"}] * 2
    assert len([ask for ask in ended if isinstance(ask, Cancel)]) == 4, "alarms, two responders, one synthesiser"


@pytest.mark.parametrize("order", itertools.permutations(["words", "create", "speech"]))
def test_words_a_request_and_a_new_turn_in_any_order(order: tuple[str, ...]) -> None:
    """Whatever comes first: one response at a time, each closed, and in the end nothing is open."""
    driver = Driver(ScriptedDetector(TWO_TURNS), config(ServerVad(create_response=False)), Models())
    driver.frames(40)
    for step in order:
        if step == "words":
            driver.finish(driver.open[0])
        elif step == "create":
            driver.send("response.create")
        else:
            driver.frames(20)
    driver.frames(20)
    driver.settle()
    created, done = driver.of(server.ResponseCreated), driver.of(server.ResponseDone)
    assert [event.response.id for event in created] == [event.response.id for event in done] == ["resp_1"]
    interrupted = order.index("speech") > order.index("create")
    assert statuses(driver) == [("cancelled", "turn_detected") if interrupted else ("completed", None)]
