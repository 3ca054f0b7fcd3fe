from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

from tui_assistant.engine.ports import Alarm, ChatMessage, Respond, Responded, TextDelta
from tui_assistant.models.responders.skills import SkillResponder, create


class Wanted:
    """A Cancellation that is, or is not, cancelled."""

    def __init__(self, cancelled: bool = False) -> None:
        self.cancelled = cancelled

    def on_cancel(self, callback: Callable[[], None]) -> None:
        if self.cancelled:
            callback()


def ask(responder: SkillResponder, *texts: str, cancelled: bool = False) -> list[TextDelta | Responded]:
    """`texts` alternate between user and assistant, the user first and last."""
    messages = tuple(ChatMessage("assistant" if number % 2 else "user", text) for number, text in enumerate(texts))
    return list(responder.respond(Respond("ask_1", "session_1", messages), Wanted(cancelled)))


def test_the_last_user_message_is_answered() -> None:
    answers = ask(create({}), "what time is it", "It is 3:07 PM.", "twelve times three")
    assert answers == [
        TextDelta("That is 36."),
        Responded({"skill": "arithmetic", "result": "36", "arguments": '{"expression":"twelve times three"}'}),
    ]


def test_repeat_uses_the_conversation() -> None:
    assert ask(create({}), "what time is it", "It is 3:07 PM.", "say that again")[0] == TextDelta("It is 3:07 PM.")


def test_nothing_is_said_to_nothing() -> None:
    for texts in ((), ("",), ("mhm",)):
        assert ask(create({}), *texts) == [Responded({"skill": "none"})]


def test_a_cancelled_ask_does_nothing(tmp_path: Path) -> None:
    responder = create({"state_dir": str(tmp_path)})
    assert ask(responder, "set a timer for five minutes", cancelled=True) == []
    assert not (tmp_path / "timers.json").exists()


def test_timers_and_notes_survive_a_restart(tmp_path: Path) -> None:
    options = {"state_dir": str(tmp_path / "state")}
    ask(create(options), "set a tea timer for five minutes")
    ask(create(options), "make a note buy milk")
    again = create(options)
    assert ask(again, "read my notes")[0] == TextDelta("You have one note: buy milk.")
    responded = ask(again, "timers")[-1]
    assert isinstance(responded, Responded)
    assert json.loads(responded.metadata["timers"])[0]["label"] == "tea timer"


def test_an_alarm_reaches_notify() -> None:
    responder = create({})
    rung, heard = threading.Event(), list[Alarm]()

    def ring(alarm: Alarm) -> None:
        heard.append(alarm)
        rung.set()

    leave = responder.notify("session_1", ring)
    ask(responder, "set a timer for one second")
    assert rung.wait(10)
    leave()
    assert heard == [
        Alarm("Your one second timer is done.", {"origin": "timer", "timer": "one second timer", "timers": "[]"})
    ]
