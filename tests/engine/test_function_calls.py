"""Functions of the client: offered to the responder, called event by event, answered and gone on with."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import Driver, config, errors, kinds

from tui_assistant.engine.ports import (
    Answer,
    AudioChunk,
    FunctionCallDelta,
    Respond,
    Responded,
    Speak,
    Spoken,
    TextDelta,
    Tool,
    ToolCall,
)
from tui_assistant.protocol import server
from tui_assistant.protocol.items import AssistantMessage, FunctionCall
from tui_assistant.protocol.session import FunctionTool, NamedFunction

TEXT = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
TOOLS = (FunctionTool(name="add", description="Adds.", parameters={"type": "object"}),)
ARGUMENTS = "response.function_call_arguments"
OPEN = ["response.output_item.added", "conversation.item.added"]
CLOSE = [f"{ARGUMENTS}.done", "response.output_item.done", "conversation.item.done"]


def asked(options: dict[str, Any] | None = None, **fields: Any) -> tuple[Driver, Respond]:
    driver = Driver(configuration=config(None, tools=TOOLS, **fields))
    driver.send("conversation.item.create", item=TEXT)
    driver.forget()
    driver.send("response.create", response=options)
    (responder,) = driver.of(Respond)
    return driver, responder


def say(driver: Driver, responder: Respond, *answers: Answer) -> None:
    for answer in answers:
        driver.answer(responder, answer)
    driver.open = [ask for ask in driver.open if ask != responder]


def test_tools_reach_the_responder() -> None:
    _, ask = asked(tool_choice="required")
    assert (ask.tools, ask.tool_choice, ask.tool_name) == (
        (Tool("add", "Adds.", {"type": "object"}),),
        "required",
        None,
    )
    _, ask = asked(tool_choice=NamedFunction(name="add"))
    assert (ask.tool_choice, ask.tool_name) == ("required", "add")
    _, ask = asked({"tools": [{"type": "function", "name": "own"}], "tool_choice": "none"})
    assert (ask.tools, ask.tool_choice) == ((Tool("own"),), "none")


def test_a_call_event_by_event() -> None:
    driver, ask = asked()
    say(driver, ask, FunctionCallDelta("c1", "add", '{"x":'), FunctionCallDelta("c1", "add", " 1}"), Responded())
    assert kinds(driver.outputs) == [
        "response.created",
        *OPEN,
        f"{ARGUMENTS}.delta",
        f"{ARGUMENTS}.delta",
        *CLOSE,
        "response.done",
    ]
    added = driver.of(server.OutputItemAdded)[0].item
    assert (added.status, added.type) == ("in_progress", "function_call")
    done = driver.of(server.FunctionCallArgumentsDone)[0]
    assert (done.call_id, done.name, done.arguments, done.item_id) == ("c1", "add", '{"x": 1}', "item_2")
    usage = driver.of(server.ResponseDone)[0].response.usage
    assert usage is not None
    assert usage.output_tokens == 2, "8 characters, where the responder reports nothing"
    (item,) = driver.of(server.ResponseDone)[0].response.output
    assert item == FunctionCall(id="item_2", status="completed", name="add", arguments='{"x": 1}', call_id="c1")
    assert driver.retrieve("item_2") == item


def test_the_next_response_goes_on_with_the_output() -> None:
    driver, ask = asked()
    say(driver, ask, FunctionCallDelta("c1", "add", "{}"), Responded())
    output = {"type": "function_call_output", "call_id": "c1", "output": "2"}
    assert kinds(driver.send("conversation.item.create", item=output)) == [
        "conversation.item.added",
        "conversation.item.done",
    ]
    driver.send("response.create")
    call, result = driver.of(Respond)[1].messages[-2:]
    assert call.call == ToolCall("c1", "add", "{}")
    assert (result.output_of, result.text) == ("c1", "The function returned 2")


def test_words_and_two_calls_in_one_response() -> None:
    driver, ask = asked()
    say(
        driver,
        ask,
        TextDelta("Let me see. "),
        FunctionCallDelta("c1", "add", "{}"),
        FunctionCallDelta("c2", "add", "[]"),
        Responded(),
    )
    assert "response.done" not in kinds(driver.outputs), "the words are still being said"
    (voice,) = driver.of(Speak)
    driver.answer(voice, AudioChunk(bytes(480), 24_000))
    driver.answer(voice, Spoken())
    output = driver.of(server.ResponseDone)[0].response.output
    assert [item.type for item in output] == ["message", "function_call", "function_call"]
    assert [item.output_index for item in driver.of(server.OutputItemAdded)] == [0, 1, 2]
    assert [item.output_index for item in driver.of(server.OutputItemDone)] == [1, 2, 0]
    assert isinstance(output[0], AssistantMessage)
    assert [getattr(item, "arguments", None) for item in output] == [None, "{}", "[]"]
    assert [item.status for item in output] == ["completed"] * 3
    usage = driver.of(server.ResponseDone)[0].response.usage
    assert usage is not None
    assert usage.output_token_details.text_tokens == 4, "16 characters in all"


def test_a_cancelled_call_is_closed_and_not_gone_on_with() -> None:
    driver, ask = asked()
    driver.answer(ask, FunctionCallDelta("", "add", '{"x"'))
    assert kinds(driver.send("response.cancel")) == [*CLOSE, "response.done"]
    (item,) = driver.of(server.ResponseDone)[0].response.output
    assert isinstance(item, FunctionCall)
    assert (item.status, item.call_id) == ("incomplete", "call_1")
    driver.send("response.create")
    assert [message.text for message in driver.of(Respond)[-1].messages] == ["hi"]


@pytest.mark.parametrize("said", ["", "call_1"])
def test_a_call_gets_an_id_that_no_other_has(said: str) -> None:
    """A client restores a conversation; a model's server counts its calls anew in each answer."""
    driver = Driver(configuration=config(None, tools=TOOLS))
    old = {"type": "function_call", "name": "add", "arguments": "{}", "call_id": "call_1"}
    driver.send("conversation.item.create", item=old)
    driver.send("conversation.item.create", item={"type": "function_call_output", "call_id": "call_1", "output": "5"})
    driver.send("response.create")
    say(driver, driver.of(Respond)[0], FunctionCallDelta(said, "add", "{}"), FunctionCallDelta(said, "add", " "))
    say(driver, driver.of(Respond)[0], Responded())
    (done,) = driver.of(server.FunctionCallArgumentsDone)
    assert (done.call_id, done.arguments) == ("call_2", "{} ")
    output = {"type": "function_call_output", "call_id": "call_2", "output": "6"}
    assert not errors(driver.send("conversation.item.create", item=output))


def test_an_output_needs_its_call() -> None:
    """As the service has it: the call has to be in the conversation, written by the model or by the client."""
    driver = Driver(configuration=config(None))
    output = {"type": "function_call_output", "call_id": "c1", "output": "2"}
    refused = driver.send("conversation.item.create", item=output, event_id="mine")
    assert errors(refused) == [("invalid_tool_call_id", None)]
    assert refused[0].error.event_id == "mine"
    assert refused[0].error.message == "Tool call ID 'c1' not found in conversation."
    call = {"type": "function_call", "id": "call", "call_id": "c1", "name": "add", "arguments": "{}"}
    driver.send("conversation.item.create", item=call)
    assert kinds(driver.send("conversation.item.create", item=output))[-1] == "conversation.item.done"
    driver.send("conversation.item.delete", item_id="call")
    assert errors(driver.send("conversation.item.create", item=output)) == [("invalid_tool_call_id", None)]
