"""Answers that are prepared at a pause: released with the same words, cancelled with others, never said early."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from fakes import Driver, Models, ScriptedDetector, config, kinds
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.engine.ahead import Ahead
from tui_assistant.engine.ids import Ids
from tui_assistant.engine.outbox import Outbox, Output
from tui_assistant.engine.ports import (
    Answer,
    Ask,
    AudioChunk,
    Cancel,
    ChatMessage,
    Failed,
    Final,
    Partial,
    Release,
    Respond,
    Responded,
    Speak,
    Spoken,
    TextDelta,
    Transcribe,
    TranscribeEnd,
)
from tui_assistant.protocol import server
from tui_assistant.protocol.session import SemanticVad, ServerVad

SPEECH = [0.9] * 10  # 320 ms
PAUSE = 7  # frames: the first end of one that is 200 ms of silence
ENDED = 16  # frames: 500 ms of silence
TYPED = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}


def speaking(vad: Any = None, *, speculate: Any = "answered", p: list[float] | None = None) -> Driver:
    """The user has said SPEECH; the recogniser has heard "set a timer" at the end of it."""
    driver = Driver(ScriptedDetector(p or SPEECH), config(vad or ServerVad()), speculate=speculate)
    driver.frames(len(SPEECH))
    hear(driver, "set a timer")
    return driver


def hear(driver: Driver, text: str) -> None:
    driver.answer(driver.of(Transcribe)[-1], Partial("", text))


def end(driver: Driver, text: str) -> None:
    """The turn ends and the recogniser gives its last words."""
    driver.frames(ENDED)
    driver.answer(driver.of(TranscribeEnd)[-1].ask_id, Final(text))


def asks(driver: Driver) -> list[tuple[bool, str]]:
    """(speculative, the user's last words) of each question to the responder."""
    return [(ask.speculative, ask.messages[-1].text) for ask in driver.of(Respond)]


def test_a_pause_asks_at_200_ms_and_not_before() -> None:
    driver = speaking()
    driver.frames(PAUSE - 1)
    assert asks(driver) == []
    driver.frames(1)
    assert asks(driver) == [(True, "set a timer")]
    driver.frames(5)
    assert len(driver.of(Respond)) == 1, "once for the same words"


def test_words_that_still_change_are_waited_for() -> None:
    driver = speaking()
    driver.frames(PAUSE - 1)
    hear(driver, "set a timer for")  # at 192 ms of silence: settled at 392
    driver.frames(6)
    assert asks(driver) == []
    driver.frames(1)
    assert asks(driver) == [(True, "set a timer for")]


def test_the_same_words_release_what_was_prepared() -> None:
    driver = speaking()
    driver.frames(PAUSE)
    (ask,) = driver.of(Respond)
    driver.forget()
    driver.answer(ask, TextDelta("For how "))
    assert driver.outputs == [], "nothing of it is heard before the end of the turn"
    end(driver, "Set a timer.")
    assert driver.of(Release) == [Release(ask.ask_id)]
    assert driver.of(Respond) == []
    assert driver.of(Cancel) == []
    driver.answer(ask, TextDelta("long?"))
    driver.answer(ask, Responded())
    driver.settle()
    (done,) = driver.of(server.ResponseDone)
    assert driver.of(server.OutputAudioTranscriptDone)[0].transcript == "For how long?"
    assert done.response.status == "completed"


def test_a_complete_answer_needs_no_release() -> None:
    driver = speaking()
    driver.frames(PAUSE)
    driver.finish(driver.of(Respond)[0])
    assert driver.of(server.ResponseCreated) == []
    end(driver, "set a timer")
    assert driver.of(Release) == []
    assert [speak.text for speak in driver.of(Speak)] == ["Hello there."]


@pytest.mark.parametrize("thinks", [1, 4, ENDED - PAUSE])
def test_it_saves_the_responders_time_to_its_first_word(thinks: int) -> None:
    """As long as that is shorter than the rest of the pause; frames of 32 ms."""

    def spoken_after(speculate: Any) -> int:
        driver = speaking(speculate=speculate)
        ready: int | None = None
        for frame in range(1, 2 * ENDED):
            driver.frames(1)
            if frame == ENDED:
                driver.answer(driver.of(TranscribeEnd)[-1].ask_id, Final("set a timer"))
            if ready is None and driver.of(Respond):
                ready = frame + thinks
            if ready == frame:
                driver.finish(driver.of(Respond)[0])
            if driver.of(Speak):
                return frame
        raise AssertionError("no answer")

    assert spoken_after("answered") == ENDED
    assert spoken_after("never") - spoken_after("answered") >= thinks


def test_other_words_cancel_and_ask_again() -> None:
    driver = speaking()
    driver.frames(PAUSE)
    (early,) = driver.of(Respond)
    driver.answer(early, TextDelta("For how long?"))
    end(driver, "set a timer for one minute")
    assert driver.of(Cancel) == [Cancel(early.ask_id)]
    assert asks(driver) == [(True, "set a timer"), (False, "set a timer for one minute")]
    driver.settle()
    assert driver.of(server.OutputAudioTranscriptDone)[0].transcript == "Hello there."


def test_going_on_cancels_at_once_and_the_next_pause_asks_again() -> None:
    driver = speaking(p=[*SPEECH, *[0.0] * PAUSE, 0.9, 0.9])
    driver.frames(PAUSE)
    driver.frames(1)
    assert driver.of(Cancel) == [Cancel(driver.of(Respond)[0].ask_id)]
    driver.frames(1 + PAUSE)
    assert len(driver.of(Respond)) == 2


def test_an_empty_final_answers_nothing() -> None:
    driver = speaking()
    driver.frames(PAUSE)
    end(driver, "")
    assert driver.of(Cancel) == [Cancel(driver.of(Respond)[0].ask_id)]
    assert driver.of(server.ResponseDone)[0].response.output == ()


def test_a_failure_of_what_was_prepared_is_not_heard_of() -> None:
    driver = speaking()
    driver.frames(PAUSE)
    driver.answer(driver.of(Respond)[0], Failed("gone", "It has gone."))
    end(driver, "set a timer")
    assert asks(driver) == [(True, "set a timer"), (False, "set a timer")]
    assert "error" not in kinds(driver.outputs)


@pytest.mark.parametrize(
    ("vad", "speculate", "asked"),
    [
        (ServerVad(), "never", False),
        (ServerVad(create_response=False), "answered", False),
        (ServerVad(create_response=False), "always", True),
        (SemanticVad(), "answered", True),
        (ServerVad(silence_duration_ms=200), "answered", False),  # nothing to be gained
    ],
)
def test_when_answers_are_prepared(vad: Any, speculate: Any, asked: bool) -> None:
    driver = speaking(vad, speculate=speculate)
    driver.frames(PAUSE)
    assert any(ask.speculative for ask in driver.of(Respond)) is asked


def test_a_client_that_asks_for_the_answer_gets_the_prepared_one() -> None:
    driver = speaking(ServerVad(create_response=False), speculate="always")
    driver.send("conversation.item.create", item=TYPED)
    driver.frames(PAUSE)
    (ask,) = driver.of(Respond)
    end(driver, "set a timer")
    driver.send("response.create", response={"conversation": "none"})
    assert driver.of(Release) == driver.of(Cancel) == [], "not for an answer beside the conversation"
    driver.send("response.create")
    assert driver.of(Release) == [Release(ask.ask_id)]


def test_other_instructions_are_another_question() -> None:
    driver = speaking(ServerVad(create_response=False), speculate="always")
    driver.frames(PAUSE)
    end(driver, "set a timer")
    driver.send("response.create", response={"instructions": "Be rude."})
    assert driver.of(Release) == []
    assert [ask.speculative for ask in driver.of(Respond)] == [True, False]


@pytest.mark.parametrize("item_id", ["item_1", "item_2"], ids=["what stood before", "the turn itself"])
def test_an_item_that_was_deleted_meanwhile_makes_it_another_question(item_id: str) -> None:
    driver = Driver(ScriptedDetector(SPEECH), config(ServerVad(create_response=False)), speculate="always")
    driver.send("conversation.item.create", item=TYPED)
    driver.frames(len(SPEECH))
    hear(driver, "set a timer")
    driver.frames(PAUSE)
    (ask,) = driver.of(Respond)
    assert (ask.ask_id, ask.session_id) == ("ask_3", "sess_1"), "after those for alarms and of the recogniser"
    end(driver, "set a timer")
    driver.send("conversation.item.delete", item_id=item_id)
    driver.send("response.create")
    assert driver.of(Release) == []
    assert driver.of(Cancel) == [Cancel("ask_3")]
    assert len(driver.of(Respond)[-1].messages) == 1


def test_without_a_message_nothing_is_the_same_question() -> None:
    driver = speaking(ServerVad(create_response=False), speculate="always")
    driver.frames(PAUSE)
    end(driver, "set a timer")
    driver.send("conversation.item.delete", item_id="item_1")
    driver.send("response.create")
    assert [ask.messages for ask in driver.of(Respond)][1:] == [()]
    assert driver.of(Release) == []


def test_it_says_which_answers_are_its_own() -> None:
    ahead = Ahead(Ids(), Outbox(Ids()))
    assert not ahead.answer("ask_1", TextDelta("x")), "nothing is prepared"
    ahead.ask(Respond("", "s", (ChatMessage("user", "hi"),)))
    assert ahead.answer("ask_1", TextDelta("x"))
    assert not ahead.answer("ask_2", TextDelta("x"))
    assert ahead.answer("ask_1", Failed("gone", "It has gone."))
    assert not ahead.answer("ask_1", TextDelta("y")), "it is forgotten"


def test_a_held_key_prepares_nothing() -> None:
    driver = speaking()
    driver.update(None)
    driver.frames(ENDED)
    assert driver.of(Respond) == []


def test_what_nobody_asked_for_ends_with_the_next_turn() -> None:
    driver = speaking(ServerVad(create_response=False), speculate="always", p=[*SPEECH, *[0.0] * 23, *SPEECH])
    driver.frames(PAUSE)
    end(driver, "set a timer")
    driver.frames(4)
    assert driver.of(Cancel) == [Cancel(driver.of(Respond)[0].ask_id)]


def test_a_session_that_ends_cancels_it() -> None:
    driver = speaking()
    driver.frames(PAUSE)
    assert Cancel(driver.of(Respond)[0].ask_id) in driver.session.end()


class Echo(Models):
    """Answers what was said with it; hears what the schedule says."""

    def answers(self, ask: Ask) -> list[Answer]:
        match ask:
            case Respond(messages=messages):
                return [TextDelta(f"You said {messages[-1].text.lower().rstrip('.')} "), TextDelta("now."), Responded()]
            case Speak():
                return [AudioChunk(bytes(4_800), 24_000), Spoken()]
        return super().answers(ask)


class Rehearsed(Driver):
    """What a model has said of an ask already is not said again."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.said: Counter[str] = Counter()
        super().__init__(*arguments, **options)

    def finish(self, ask: Ask) -> None:
        self.open.remove(ask)
        self.say(ask, 9)

    def say(self, ask: Ask, count: int) -> None:
        """So many more of its answers."""
        begin = self.said[ask.ask_id]
        self.said[ask.ask_id] += count
        for answer in self.models.answers(ask)[begin : begin + count]:
            self.answer(ask, answer)


WORDS = st.sampled_from(["set", "set a timer", "set a timer", "Set a timer.", "set a timer for one minute"])
PAUSING = st.tuples(
    st.integers(2, 12).map(lambda count: ("voice", count)),
    WORDS.map(lambda words: ("partial", words)),
    st.integers(3, 24).map(lambda count: ("quiet", count)),
    st.integers(0, 3).map(lambda count: ("prepare", count)),  # so many answers to what is prepared
    st.sampled_from([("fail", None), ("wait", None), ("wait", None), ("wait", None)]),
    WORDS.map(lambda words: ("partial", words)) | st.just(("wait", None)),
    st.integers(0, 24).map(lambda count: ("quiet", count)),
    WORDS.map(lambda words: ("settle", words)) | st.just(("wait", None)),
)
SCHEDULES = st.lists(PAUSING, min_size=1, max_size=4).map(lambda turns: [step for turn in turns for step in turn])
Steps = list[tuple[str, Any]]


def run(speculate: Any, steps: Steps, vad: Any) -> Driver:
    p = [0.9 if kind == "voice" else 0.0 for kind, count in steps if kind in ("voice", "quiet") for _ in range(count)]
    driver = Rehearsed(ScriptedDetector(p), config(vad, input={"transcription": {}}), Echo(), speculate=speculate)
    for kind, value in [*steps, ("quiet", 60), ("settle", "set a timer")]:
        streams = driver.of(Transcribe)
        prepared = [ask for ask in driver.open if isinstance(ask, Respond) and waits(driver, ask)]
        if kind in ("voice", "quiet"):
            driver.frames(value)
        elif kind == "partial" and streams:
            driver.answer(streams[-1], Partial("", value))
        elif kind == "prepare" and prepared:
            driver.say(prepared[-1], value)
        elif kind == "fail" and prepared:
            driver.open.remove(prepared[-1])
            driver.answer(prepared[-1], Failed("gone", "It has gone."))
        elif kind == "settle":
            driver.models.words = [value] * 9
            for ask in [ask for ask in driver.open if isinstance(ask, TranscribeEnd)]:
                driver.finish(ask)
            while due := [ask for ask in driver.open if not (isinstance(ask, Respond) and waits(driver, ask))]:
                driver.finish(due[0])
    return driver


def waits(driver: Driver, ask: Respond) -> bool:
    """Prepared and not released: its model may take any time."""
    return ask.speculative and Release(ask.ask_id) not in driver.of(Release)


def heard(driver: Driver) -> list[str]:
    """What the client is told, without ids and the audio."""
    told = []
    for event in driver.events:
        words = getattr(event, "transcript", "") if event.type.endswith("done") or "completed" in event.type else ""
        if not event.type.endswith(".delta"):
            told.append(f"{event.type} {words}".strip().lower())
    return told


@given(
    steps=SCHEDULES,
    vad=st.sampled_from([ServerVad(), ServerVad(interrupt_response=False), SemanticVad(eagerness="high")]),
)
@settings(max_examples=100, deadline=None)
def test_the_client_hears_the_same_in_the_same_order(steps: Steps, vad: Any) -> None:
    plain, ahead = run("never", steps, vad), run("answered", steps, vad)
    assert heard(ahead) == heard(plain)
    assert_never_early(ahead.outputs)


def assert_never_early(outputs: list[Output]) -> None:
    """A Release comes after the turn that it was prepared in is over and its words are known; each ends once."""
    committed = known = 0
    prepared: dict[str, int] = {}  # ask -> turns that were over
    released: list[str] = []
    for output in outputs:
        match output:
            case server.BufferCommitted():
                committed += 1
            case server.TranscriptionCompleted():
                known += 1
            case Respond(speculative=True, ask_id=ask_id):
                assert ask_id not in prepared
                prepared[ask_id] = committed
            case Release(ask_id=ask_id):
                assert min(committed, known) > prepared[ask_id]
                released.append(ask_id)
            case Cancel(ask_id=ask_id):
                prepared.pop(ask_id, None)
    assert len(released) == len(set(released))


def test_the_schedules_do_prepare_and_release() -> None:
    """So that the property above is one of something."""
    steps: Steps = [("voice", 10), ("partial", "set a timer"), ("quiet", 10), ("prepare", 1), ("quiet", 9)]
    driver = run("answered", [*steps, ("settle", "Set a timer.")], ServerVad())
    assert len(driver.of(Release)) == 1
    assert "response.output_audio_transcript.done you said set a timer now." in heard(driver)
    assert_never_early(driver.outputs)
