from __future__ import annotations

import pytest

from tui_assistant.engine.ports import ChatMessage
from tui_assistant.models.tools.base import OwnTool
from tui_assistant.models.tools.questions import LIFE_S, Questions, Reply, Wanted, agreed
from tui_assistant.models.tools.toolbox import Checked

DELETE = Wanted("c1", "{}", Checked(OwnTool("files_delete", "", lambda a, c: "gone"), {"path": "/tmp/a"}))
QUESTION = "I am about to do this: files_delete with path /tmp/a. Shall I?"


def conversation(asked: str, answer: str) -> list[ChatMessage]:
    return [ChatMessage("user", "delete it"), ChatMessage("assistant", asked), ChatMessage("user", answer)]


@pytest.mark.parametrize(
    "text",
    ["yes", "Yes.", "um, yes please", "yeah yes", "okay", "sure!", "do it", "go ahead", "yes, do it", "yes sure"],
)
def test_a_clear_yes(text: str) -> None:
    assert agreed(text) is True


@pytest.mark.parametrize(
    "text", ["no", "No, thanks", "don't", "yes but not that one", "stop", "no yes", "okay stop", "wait"]
)
def test_a_no_anywhere_in_few_words_is_a_no(text: str) -> None:
    assert agreed(text) is False


@pytest.mark.parametrize(
    "text", ["", "um", "yes and then delete the other file as well", "which file", "what time is it"]
)
def test_everything_else_is_no_answer(text: str) -> None:
    assert agreed(text) is None


def test_the_question_names_what_will_be_done() -> None:
    assert Questions().ask("s", [DELETE]).text == QUESTION


def test_no_argument_is_hidden_behind_a_long_one() -> None:
    """A user who agrees must have heard of all of them."""
    tool = OwnTool("run", "", lambda a, c: "")
    call = Wanted("c1", "{}", Checked(tool, {"note": "x\n" * 400, "command": "rm -r /", "force": True}))
    what = Questions().ask("s", [call, DELETE]).what
    assert "and 679 more characters, command rm -r /, force true; files_delete with path /tmp/a" in what
    assert len(what) < 300
    assert "\n" not in what


@pytest.mark.parametrize(
    ("asked", "answer", "reply"),
    [
        (QUESTION, "yes", Reply.YES),
        (f"Hm. {QUESTION}", "yes", Reply.YES),
        (QUESTION, "no", Reply.NO),
        (QUESTION, "what time is it", Reply.ELSEWHERE),
        ("I am about to do this: files_delete …", "yes", Reply.UNHEARD),  # interrupted before it was said
        ("I am about to do this: files_delete with path /tmp/a. …", "yes", Reply.YES),
        ("", "yes", Reply.ELSEWHERE),  # nothing of it was heard
        ("It is noon.", "yes", Reply.ELSEWHERE),
    ],
)
def test_what_the_next_words_mean(asked: str, answer: str, reply: Reply) -> None:
    questions = Questions()
    questions.ask("s", [DELETE])
    assert questions.reply("s", conversation(asked, answer)) is reply
    assert questions.reply("another session", conversation(asked, answer)) is Reply.ELSEWHERE
    questions.close("s")
    assert questions.reply("s", conversation(asked, answer)) is Reply.ELSEWHERE


def test_a_late_yes_was_meant_for_something_else() -> None:
    now = [0.0]
    questions = Questions(lambda: now[0])
    questions.ask("s", [DELETE])
    now[0] = LIFE_S + 1
    assert questions.reply("s", conversation(QUESTION, "yes")) is Reply.ELSEWHERE
