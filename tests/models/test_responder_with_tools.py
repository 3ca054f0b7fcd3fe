"""Our own tools in a model's answer: rounds, results, limits, and the question before what changes something."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    Tool,
)
from tui_assistant.errors import ModelError
from tui_assistant.host.inbox import Flag
from tui_assistant.models.responders.fallback import Fallback
from tui_assistant.models.responders.skills import SkillResponder
from tui_assistant.models.responders.with_tools import WithTools
from tui_assistant.models.tools.base import OwnTool, ToolContext, ToolResult

Step = list[Any] | ModelError
SECONDS = {"type": "object", "properties": {"seconds": {"type": "number", "minimum": 1}}, "required": ["seconds"]}


def called(name: str, call_id: str = "c1", /, **arguments: Any) -> FunctionCallDelta:
    return FunctionCallDelta(call_id, name, json.dumps(arguments))


class Scripted:
    """A model that gives its answers in turn, and keeps what it was asked."""

    name = "scripted"

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.asked: list[Respond] = []

    def respond(self, request: Respond, cancellation: Cancellation) -> Iterator[Any]:
        self.asked.append(request)
        step = self.steps.pop(0)
        if isinstance(step, ModelError):
            raise step
        yield from step
        yield Responded({"model": "m"}, 10, 2)

    def notify(self, session_id: str, ring: Callable[[Alarm], None]) -> Callable[[], None]:
        return lambda: None

    def lines(self, number: int) -> list[tuple[str, str]]:
        """What is behind the user's words in the request of that number: names and outputs."""
        behind = [line for line in self.asked[number].messages if line.call or line.output_of]
        return [
            (line.call.name, line.call.arguments) if line.call else (line.output_of or "", line.text) for line in behind
        ]


class Bench:
    """Tools that say what was done with them."""

    def __init__(self) -> None:
        self.done: list[tuple[str, Mapping[str, Any]]] = []
        self.tools = [
            self.tool("timer", SECONDS, confirm=False),
            self.tool("look", confirm=False),
            self.tool("delete"),
            OwnTool("broken", "", self._fail, confirm=False),
        ]

    def tool(self, name: str, schema: Mapping[str, Any] | None = None, *, confirm: bool = True) -> OwnTool:
        def run(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
            self.done.append((name, arguments))
            return ToolResult(f"{name} is done", metadata={"did": name})

        return OwnTool(name, f"Does {name}.", run, schema or {"type": "object"}, confirm=confirm)

    def _fail(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        raise OSError("out of paper")


def asking(*texts: str, **more: Any) -> Respond:
    roles = ("user", "assistant")
    return Respond("a", "s", tuple(ChatMessage(roles[i % 2], text) for i, text in enumerate(texts)), **more)  # type: ignore[arg-type]


def said(pieces: Sequence[Any]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, TextDelta))


def last(pieces: Sequence[Any]) -> Responded:
    assert isinstance(pieces[-1], Responded)
    return pieces[-1]


def setup(*steps: Step, rounds: int = 4) -> tuple[WithTools, Scripted, Bench]:
    model, bench = Scripted(*steps), Bench()
    return WithTools(model, [lambda: bench.tools], rounds=rounds), model, bench


def answer(responder: Any, request: Respond, flag: Flag | None = None) -> list[Any]:
    return list(responder.respond(request, flag or Flag()))


def test_a_call_runs_here_and_its_result_goes_back_to_the_model() -> None:
    step = [FunctionCallDelta("c1", "timer", ""), FunctionCallDelta("c1", "timer", '{"seconds": 10}')]
    responder, model, bench = setup(step, [TextDelta("Ten seconds it is.")])
    pieces = answer(responder, asking("ten seconds"))
    assert said(pieces) == "Ten seconds it is."
    assert not any(isinstance(piece, FunctionCallDelta) for piece in pieces)  # the client has nothing to do with it
    assert bench.done == [("timer", {"seconds": 10})]
    assert [tool.name for tool in model.asked[0].tools] == ["timer", "look", "delete", "broken"]
    assert model.lines(1) == [("timer", '{"seconds": 10}'), ("c1", "The function returned timer is done")]
    assert last(pieces) == Responded({"model": "m", "did": "timer", "used": "timer with seconds 10"}, 20, 4)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (called("timer", seconds=0), "error: seconds must be at least 1, not 0"),
        (FunctionCallDelta("c1", "timer", '{"seconds"'), "error: the arguments are not valid JSON"),
        (called("nuke"), "error: there is no tool 'nuke'; there are: timer, look, delete, broken"),
    ],
)
def test_a_wrong_call_is_not_made_and_the_model_can_mend_it(call: FunctionCallDelta, error: str) -> None:
    responder, model, bench = setup([call], [called("timer", "c2", seconds=5)], [TextDelta("Done.")])
    pieces = answer(responder, asking("go"))
    assert model.lines(1)[1] == ("c1", f"The function returned {error}")
    assert bench.done == [("timer", {"seconds": 5})]
    assert last(pieces).metadata["used"] == "timer with seconds 5"


def test_a_tool_that_fails_is_told_to_the_model_and_shown() -> None:
    responder, model, _ = setup([called("broken")], [TextDelta("It did not work.")])
    pieces = answer(responder, asking("go"))
    assert model.lines(1)[1] == ("c1", "The function returned error: OSError: out of paper")
    assert last(pieces).metadata["used"] == "broken (failed)"


def test_words_before_and_after_a_call_are_apart() -> None:
    responder, _, _ = setup([TextDelta("Let me look."), called("look")], [TextDelta("It is"), TextDelta(" four.")])
    assert said(answer(responder, asking("go"))) == "Let me look. It is four."


def test_the_rounds_are_limited() -> None:
    steps: list[Step] = [[called("look", f"c{n}")] for n in range(3)]
    responder, model, bench = setup(*steps, rounds=2)
    pieces = answer(responder, asking("go"))
    assert [request.tool_choice for request in model.asked] == ["auto", "auto", "none"]
    assert len(bench.done) == 2  # the call that came in spite of "none" is not made
    assert said(pieces) == "I stopped after 2 rounds of tools without an answer."
    assert last(pieces).metadata["used"] == "look; look"


def test_the_calls_of_a_turn_are_limited() -> None:
    many = [called("look", f"c{n}") for n in range(20)]
    responder, model, bench = setup(many, [TextDelta("Enough.")])
    answer(responder, asking("go"))
    assert len(bench.done) == 16
    assert model.lines(1)[-1] == ("c19", "The function returned error: too many calls in one turn")


@pytest.mark.parametrize("end", [ModelError("the model gave an empty answer"), []])
def test_what_was_done_is_told_where_the_model_has_no_words_for_it(end: Step) -> None:
    responder, _, _ = setup([called("timer", seconds=3)], end)
    pieces = answer(responder, asking("go"))
    assert said(pieces) == "Done: timer with seconds 3."
    assert last(pieces).metadata["did"] == "timer"


def test_an_error_before_anything_was_done_is_an_error() -> None:
    responder, _, _ = setup(ModelError("no chat server answers"))
    with pytest.raises(ModelError, match="no chat server answers"):
        answer(responder, asking("go"))


def test_functions_of_the_client_go_out_and_ours_wait() -> None:
    theirs = Tool("weather")
    step = [called("look", "c1"), called("weather", "c2", city="Bonn")]
    responder, model, bench = setup(step)
    pieces = answer(responder, asking("go", tools=(theirs,)))
    assert [piece for piece in pieces if isinstance(piece, FunctionCallDelta)] == [step[1]]
    assert bench.done == []
    assert model.asked[0].tools[0] == theirs


@pytest.mark.parametrize("choice", ["none", "required"])
def test_ours_are_not_offered_where_the_client_has_chosen(choice: Any) -> None:
    responder, model, _ = setup([TextDelta("Hello.")])
    answer(responder, asking("go", tools=(Tool("weather"),), tool_choice=choice))
    assert [tool.name for tool in model.asked[0].tools] == ["weather"]
    assert model.asked[0].tool_choice == choice


def test_a_clients_function_of_the_same_name_is_theirs() -> None:
    responder, _, bench = setup([called("look")])
    pieces = answer(responder, asking("go", tools=(Tool("look"),)))
    assert pieces[0] == called("look")
    assert bench.done == []


def test_nothing_runs_once_the_user_interrupts() -> None:
    flag = Flag()

    class Interrupted(Scripted):
        def respond(self, request: Respond, cancellation: Cancellation) -> Iterator[Any]:
            yield called("look")
            flag.cancel()

    bench = Bench()
    responder = WithTools(Interrupted(), [lambda: bench.tools])
    assert answer(responder, asking("go"), flag) == []
    assert bench.done == []


# ------------------------------------------------------------------------------------------- the question

QUESTION = "I am about to do this: delete with path /tmp/a. Shall I?"


def test_what_changes_something_is_asked_about_and_done_after_a_yes() -> None:
    responder, model, bench = setup([called("look", "c0"), called("delete", path="/tmp/a")], [TextDelta("It is gone.")])
    pieces = answer(responder, asking("delete it"))
    assert said(pieces) == QUESTION
    assert last(pieces).metadata == {
        "confirm": "delete with path /tmp/a",
        "used": "look",
        "did": "look",
    }
    assert bench.done == [("look", {})]

    pieces = answer(responder, asking("delete it", QUESTION, "yes"))
    assert said(pieces) == "It is gone."
    assert bench.done[1:] == [("delete", {"path": "/tmp/a"})]
    assert [name for name, _ in model.lines(1)] == ["look", "c0", "delete", "c1"]
    assert last(pieces).metadata["used"] == "delete with path /tmp/a"

    model.steps.append([TextDelta("You are welcome.")])
    answer(responder, asking("delete it", QUESTION, "yes", "It is gone.", "yes"))
    assert len(bench.done) == 2  # one yes, one call


@pytest.mark.parametrize("reply", ["no", "no, don't", "stop"])
def test_a_no_does_nothing_and_asks_no_model(reply: str) -> None:
    responder, model, bench = setup([called("delete", path="/tmp/a")])
    answer(responder, asking("delete it"))
    pieces = answer(responder, asking("delete it", QUESTION, reply))
    assert said(pieces) == "Okay, I won't."
    assert last(pieces).metadata == {"declined": "delete with path /tmp/a"}
    assert bench.done == []
    assert len(model.asked) == 1


def test_other_words_close_the_question() -> None:
    responder, _, bench = setup([called("delete", path="/tmp/a")], [TextDelta("Noon.")], [TextDelta("Hm?")])
    answer(responder, asking("delete it"))
    assert said(answer(responder, asking("delete it", QUESTION, "what time is it"))) == "Noon."
    answer(responder, asking("delete it", QUESTION, "what time is it", QUESTION, "yes"))
    assert bench.done == []


def test_a_yes_to_a_question_that_was_cut_off_is_asked_again() -> None:
    responder, _, bench = setup([called("delete", path="/tmp/a")], [TextDelta("Gone.")])
    answer(responder, asking("delete it"))
    pieces = answer(responder, asking("delete it", "I am about to do …", "yes"))
    assert said(pieces) == QUESTION
    assert bench.done == []
    answer(responder, asking("delete it", QUESTION, "yes"))
    assert bench.done == [("delete", {"path": "/tmp/a"})]


def test_no_other_session_can_say_yes() -> None:
    responder, _, bench = setup([called("delete", path="/tmp/a")], [TextDelta("Yes what?")])
    answer(responder, asking("delete it"))
    other = Respond("a", "another", asking("delete it", QUESTION, "yes").messages)
    assert said(answer(responder, other)) == "Yes what?"
    assert bench.done == []


# ------------------------------------------------------------------------------------------- with the skills


def with_skills(*steps: Step) -> tuple[Fallback, Scripted, SkillResponder]:
    skills, model = SkillResponder(), Scripted(*steps)
    own = skills.tools()
    return Fallback(skills, WithTools(model, [lambda: own]), optional=False), model, skills


def test_a_model_sets_a_timer_by_the_skill() -> None:
    responder, model, _ = with_skills([called("timer_set", seconds=600, name="pasta")], [TextDelta("Enjoy it.")])
    pieces = answer(responder, asking("would you kindly watch over my noodles as an italian would"))
    assert last(pieces).metadata["used"] == "set a pasta timer for ten minutes"
    assert json.loads(last(pieces).metadata["timers"])[0]["name"] == "pasta"
    assert model.lines(1)[1] == ("c1", "The function returned Pasta timer set for ten minutes.")


def test_a_skill_that_deletes_is_asked_about_when_a_model_wants_it() -> None:
    responder, model, _ = with_skills([called("note_delete_all")], [TextDelta("All gone.")])
    question = "I am about to do this: delete all notes. Shall I?"
    assert said(answer(responder, asking("wipe the slate clean would you"))) == question
    assert said(answer(responder, asking("wipe the slate clean would you", question, "yes"))) == "All gone."
    assert model.lines(1)[1] == ("c1", "The function returned You have no notes.")


def test_a_request_that_the_skills_understand_closes_the_question() -> None:
    responder, model, _ = with_skills([called("note_delete_all")])
    question = "I am about to do this: delete all notes. Shall I?"
    answer(responder, asking("wipe the slate clean would you"))
    assert said(answer(responder, asking("wipe it", question, "set a timer for one minute"))).startswith("Timer set")
    answer(responder, asking("wipe it", question, "set a timer for one minute", question, "yes"))
    assert len(model.asked) == 1


def test_trouble_with_a_tool_is_told_once() -> None:
    responder, _, _ = setup([TextDelta("a")], [TextDelta("b")])
    responder.trouble("the MCP server files cannot be used: it has ended")
    assert last(answer(responder, asking("x"))).metadata["trouble"].startswith("the MCP server files")
    assert "trouble" not in last(answer(responder, asking("x"))).metadata


def test_the_model_sees_the_calls_of_earlier_turns() -> None:
    responder, model, _ = setup([called("look")], [TextDelta("Two files.")], [TextDelta("Which?")])
    answer(responder, asking("list them"))
    answer(responder, asking("list them", "Two files.", "open the second one"))
    assert model.lines(2) == [("look", "{}"), ("c1", "The function returned look is done")]
    assert [line.text for line in model.asked[2].messages][-2:] == ["Two files.", "open the second one"]


def test_two_answers_to_one_yes_make_one_call() -> None:
    """As when the link repeats a turn: who closes the question makes the call."""
    responder, model, bench = setup([called("delete", path="/tmp/a")], [TextDelta("Gone.")], [TextDelta("Gone?")])
    answer(responder, asking("delete it"))
    yes = asking("delete it", QUESTION, "yes")
    first, second = responder.respond(yes, Flag()), responder.respond(yes, Flag())
    assert said([*first]) + said([*second]) == "Gone.Gone?"
    assert bench.done == [("delete", {"path": "/tmp/a"})]
    assert len(model.asked) == 3
