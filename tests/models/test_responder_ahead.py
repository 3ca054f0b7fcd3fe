"""Answers that are prepared before the turn is over: who may think ahead, and that nobody acts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tui_assistant.engine.ports import (
    Alarm,
    Cancellation,
    ChatMessage,
    FunctionCallDelta,
    Respond,
    Responded,
    TextDelta,
)
from tui_assistant.errors import ConfigError, ModelError
from tui_assistant.host.inbox import Flag
from tui_assistant.models.responders import chat
from tui_assistant.models.responders.fallback import Fallback
from tui_assistant.models.responders.skills import SkillResponder
from tui_assistant.models.responders.with_tools import WithTools
from tui_assistant.models.tools.base import OwnTool, ToolContext, ToolResult

Piece = TextDelta | FunctionCallDelta | Responded


def asking(text: str, *, speculative: bool = True) -> Respond:
    return Respond("a", "s", (ChatMessage("user", text),), speculative=speculative)


class Model:
    """Gives its answers in turn, and may think ahead."""

    name = "model"

    def __init__(self, *steps: list[Piece] | ModelError) -> None:
        self.steps = list(steps)

    def respond(self, request: Respond, cancellation: Cancellation) -> Iterator[Any]:
        step = self.steps.pop(0)
        if isinstance(step, ModelError):
            raise step
        yield from step
        yield Responded()

    def prepares(self, request: Respond) -> bool:
        return True

    def notify(self, session_id: str, ring: Callable[[Alarm], None]) -> Callable[[], None]:
        return lambda: None


class Beside:
    """Runs an answer on a thread, as a worker does."""

    def __init__(self, model: Any, request: Respond) -> None:
        self.flag = Flag(speculative=True)
        self.pieces: list[Piece] = []
        self._thread = threading.Thread(target=self._run, args=(model, request), daemon=True)
        self._thread.start()

    def _run(self, model: Any, request: Respond) -> None:
        self.pieces.extend(model.respond(request, self.flag))

    @property
    def waits(self) -> bool:
        """It is not over, though there was time for it."""
        self._thread.join(0.2)
        return self._thread.is_alive()

    def end(self) -> str:
        self._thread.join(10)
        assert not self._thread.is_alive()
        return "".join(piece.text for piece in self.pieces if isinstance(piece, TextDelta))


def tooled(model: Model) -> tuple[WithTools, list[Mapping[str, Any]]]:
    done: list[Mapping[str, Any]] = []

    def run(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        done.append(arguments)
        return ToolResult("done")

    tools = [OwnTool(name, name, run, {"type": "object"}, confirm=confirm) for name, confirm in (("do", 0), ("ask", 1))]
    return WithTools(model, [lambda: tools]), done


def test_a_tool_waits_for_the_release() -> None:
    model, done = tooled(Model([FunctionCallDelta("c", "do", "{}")], [TextDelta("It is done.")]))
    assert model.prepares(asking("do it"))
    answer = Beside(model, asking("do it"))
    assert answer.waits
    assert done == []
    answer.flag.release()
    assert answer.end() == "It is done."
    assert done == [{}]


@pytest.mark.parametrize("name", ["do", "ask"])
def test_a_cancelled_one_runs_no_tool_and_leaves_no_question(name: str) -> None:
    model, done = tooled(Model([FunctionCallDelta("c", name, "{}")]))
    answer = Beside(model, asking("do it"))
    assert answer.waits
    answer.flag.cancel()
    assert answer.end() == ""
    assert done == []
    assert model.prepares(asking("yes")), "no question is open"


def test_the_answer_to_an_open_question_is_not_prepared() -> None:
    model, _ = tooled(Model([FunctionCallDelta("c", "ask", "{}")]))
    list(model.respond(asking("ask me", speculative=False), Flag()))
    assert not model.prepares(asking("yes"))


def test_what_the_skills_understand_is_not_prepared_and_leaves_no_trace(tmp_path: Path) -> None:
    skills = SkillResponder(tmp_path)
    model = Fallback(skills, Model(), optional=True)
    assert not model.prepares(asking("set a timer for five minutes"))
    assert not model.prepares(asking("what is two plus two"))
    assert not model.prepares(asking("uhm")), "nothing is said to a filler"
    assert list(tmp_path.iterdir()) == []
    assert model.prepares(asking("who was the emperor of the moon"))
    assert not Fallback(skills, skills, optional=True).prepares(asking("who was the emperor of the moon"))


def test_the_words_of_the_skills_wait_where_the_model_fails() -> None:
    model = Fallback(SkillResponder(), Model(ModelError("gone")), optional=True)
    answer = Beside(model, asking("who was the emperor of the moon"))
    assert answer.waits
    assert answer.pieces == []
    answer.flag.release()
    assert "I heard: who was the emperor of the moon" in answer.end()


@pytest.mark.parametrize(
    ("options", "prepares"),
    [
        ({}, True),
        ({"base_url": "http://127.0.0.1:8080"}, True),
        ({"base_url": "https://api.example.com"}, False),  # each pause would cost money
        ({"base_url": "https://api.example.com", "speculate": "always"}, True),
        ({"base_url": "http://127.0.0.1:8080", "speculate": "off"}, False),
    ],
)
def test_where_a_chat_server_prepares(options: dict[str, Any], prepares: bool) -> None:
    assert chat.create(options).prepares(asking("hello")) is prepares


def test_a_wrong_place_is_refused() -> None:
    with pytest.raises(ConfigError, match="keep_warm must be one of off, here, always"):
        chat.create({"keep_warm": "hot"})
