from __future__ import annotations

import json
from datetime import datetime

import pytest

from tui_assistant.models.skills.brain import MAX_PENDING, Brain
from tui_assistant.models.skills.notebook import Notebook
from tui_assistant.models.skills.timerbook import TimerBook

NOON = datetime(2026, 11, 23, 15, 7).astimezone()


@pytest.fixture
def timers() -> TimerBook:
    return TimerBook(clock=lambda: 1000.0)


@pytest.fixture
def notes() -> Notebook:
    return Notebook()


@pytest.fixture
def brain(timers: TimerBook, notes: Notebook) -> Brain:
    return Brain(timers, notes, now=lambda: NOON)


@pytest.mark.parametrize(
    ("request_text", "answer"),
    [
        ("what time is it", "It is 3:07 PM."),
        ("what day is it today", "Today is Monday, November twenty third, 2026."),
        ("12*3+4", "That is 40."),
        ("what's ten divided by four", "That is 2.5."),
        ("what is one divided by three", "That is about 0.3333."),
        ("5 divided by 0", "I can't divide by zero."),
        ("how many ounces are in two cups", "2 cups are 16 fluid ounces."),
        ("convert ten miles to kilometers", "10 miles are about 16.09 kilometers."),
        ("convert ten miles to grams", "I can't turn miles into grams."),
        ("what's 100 fahrenheit in celsius", "100 degrees fahrenheit is about 37.78 degrees celsius."),
        ("how much time is left", "There is no timer running."),
        ("cancel the pasta timer", "There is no pasta timer."),
        ("set a timer for two hundred hours", "I can set timers from one second to one hundred hours."),
        ("set the volume to two hundred percent", "The volume goes from zero to one hundred percent."),
        ("read my notes", "You have no notes."),
        ("say that again", "I have not said anything yet."),
        ("stop", "Okay."),
        ("hello", "Hello. What can I do for you?"),
    ],
)
def test_answers(brain: Brain, request_text: str, answer: str) -> None:
    if answer == "There is no pasta timer.":
        brain.answer("s", "set a timer for five minutes")
    assert brain.answer("s", request_text).text == answer


def test_timers_are_set_asked_for_and_cancelled(brain: Brain) -> None:
    outcome = brain.answer("s", "set a timer for 5 minutes")
    assert outcome.text == "Timer set for five minutes."
    assert outcome.metadata["skill"] == "timer_set"
    assert json.loads(outcome.metadata["arguments"]) == {"seconds": 300.0}
    assert json.loads(outcome.metadata["timers"]) == [{"name": "", "ends_at": 1300, "label": "five minute timer"}]
    assert brain.answer("s", "set a pasta timer for an hour and a half").text == (
        "Pasta timer set for one hour and thirty minutes."
    )
    assert brain.answer("s", "timers").text == (
        "There are two timers: five minutes left on your five minute timer, "
        "and one hour and thirty minutes left on your pasta timer."
    )
    assert brain.answer("s", "cancel the timer").text.startswith("Which one? There are five minute timer, pasta timer.")
    assert brain.answer("s", "cancel the five minute timer").text == "Your five minute timer is cancelled."
    assert brain.answer("s", "how long is left on the pasta timer").text == (
        "One hour and thirty minutes left on your pasta timer."
    )
    outcome = brain.answer("s", "cancel all timers")
    assert outcome.text == "Your pasta timer is cancelled."
    assert outcome.metadata["timers"] == "[]"


def test_a_missing_length_is_asked_for(brain: Brain, timers: TimerBook) -> None:
    assert brain.answer("s", "set a timer").text == "For how long?"
    assert brain.answer("other", "five minutes").metadata["skill"] == "none"
    assert brain.answer("s", "five minutes").text == "Timer set for five minutes."
    assert len(timers.running()) == 1


def test_notes(brain: Brain, notes: Notebook) -> None:
    outcome = brain.answer("s", "Make a note Buy milk, eggs and Anna's bread.")
    assert outcome.text == "Noted: Buy milk, eggs and Anna's bread."
    brain.answer("s", "remember that the door is open")
    assert brain.answer("s", "read my notes").text == (
        "You have two notes: Buy milk, eggs and Anna's bread. the door is open."
    )
    assert brain.answer("s", "delete the last note").text == "Deleted the note: the door is open."
    assert [note.text for note in notes.all()] == ["Buy milk, eggs and Anna's bread"]


def test_unsure_is_confirmed_and_yes_does_it(brain: Brain, timers: TimerBook) -> None:
    question = brain.answer("s", "start it for five minutes")
    assert question.text == "Did you mean: set a timer for five minutes?"
    assert question.metadata == {"skill": "confirm", "intent": "timer_set"}
    assert timers.running() == ()
    assert brain.answer("other", "yes").text == ""
    assert brain.answer("s", "yes please").text == "Timer set for five minutes."
    assert len(timers.running()) == 1


@pytest.mark.parametrize(("reply", "text"), [("no", "Okay, I won't."), ("what time is it", "It is 3:07 PM.")])
def test_no_or_anything_else_drops_the_question(brain: Brain, timers: TimerBook, reply: str, text: str) -> None:
    brain.answer("s", "start it for five minutes")
    assert brain.answer("s", reply).text == text
    assert brain.answer("s", "yes").text == ""
    assert timers.running() == ()


def test_what_deletes_must_be_clear(brain: Brain, timers: TimerBook) -> None:
    brain.answer("s", "set a timer for five minutes")
    question = brain.answer("s", "cancel all timers banana")
    assert question.text == "Did you mean: cancel all timers?"
    assert len(timers.running()) == 1
    assert brain.answer("s", "yes").text == "Your five minute timer is cancelled."


@pytest.mark.parametrize("text", ["", "   ", "mhm", "yes", "um", "uh huh", "okay", "um yeah right"])
def test_backchannels_get_no_answer(brain: Brain, text: str) -> None:
    assert brain.answer("s", text).text == ""


def test_the_rest_is_answered_with_what_was_heard(brain: Brain) -> None:
    outcome = brain.answer("s", "open the garage door")
    assert (
        outcome.text == "I heard: open the garage door. I can't help with that yet. Say 'help' to hear what I can do."
    )
    assert outcome.metadata == {"skill": "none"}
    assert len(brain.answer("s", "blah " * 1000).text) < 250


def test_repeat_says_the_last_answer(brain: Brain) -> None:
    assert brain.answer("s", "say that again", "It is 3:07 PM.").text == "It is 3:07 PM."


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("set the volume to fifty percent", "volume", "0.50"),
        ("turn it up", "volume", "+0.10"),
        ("volume down", "volume", "-0.10"),
        ("mute", "volume_muted", "true"),
        ("unmute", "volume_muted", "false"),
        ("stop", "stop", "true"),
    ],
)
def test_sound_changes_go_out_as_metadata(brain: Brain, text: str, key: str, value: str) -> None:
    assert brain.answer("s", text).metadata[key] == value


def test_open_questions_are_bounded(brain: Brain) -> None:
    for number in range(MAX_PENDING + 5):
        brain.answer(f"s{number}", "set a timer")
    assert brain.answer("s0", "five minutes").metadata["skill"] == "none"
    assert brain.answer(f"s{MAX_PENDING + 4}", "five minutes").metadata["skill"] == "timer_set"


def test_metadata_fits_the_protocol(brain: Brain) -> None:
    for text in ("make a note " + "word " * 100, "set a timer for five minutes", "x " * 300, "1 + " * 50 + "1"):
        outcome = brain.answer("s", text)
        assert len(outcome.metadata) <= 16
        assert all(len(key) <= 64 and len(value) <= 512 for key, value in outcome.metadata.items())
