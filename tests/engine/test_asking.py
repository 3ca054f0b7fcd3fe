"""What of a session and of one response the responder is told."""

from __future__ import annotations

from typing import Any

import pytest

from tui_assistant.engine.asking import respond_ask
from tui_assistant.engine.ports import ChatMessage, Respond, Tool
from tui_assistant.protocol.items import ResponseOptions
from tui_assistant.protocol.session import FunctionTool, NamedFunction, SessionConfig

LINES = (ChatMessage("user", "hi"),)
SESSION = SessionConfig(
    instructions="Be kind.",
    max_output_tokens=50,
    tools=(FunctionTool(name="add", description="Adds.", parameters={"type": "object"}), FunctionTool(name="now")),
    tool_choice="none",
)
TOLD = Respond(
    "", "sess_1", LINES, "Be kind.", 50, (Tool("add", "Adds.", {"type": "object"}), Tool("now", "")), "none", None
)


def asked(options: ResponseOptions | None = None, config: SessionConfig = SESSION) -> Respond:
    return respond_ask(config, options or ResponseOptions(), "sess_1", LINES)


def test_the_session_s_settings_hold() -> None:
    assert asked() == TOLD
    assert asked(config=SessionConfig()).max_output_tokens is None, "there is no limit"


@pytest.mark.parametrize(
    ("options", "field", "told"),
    [
        ({"instructions": ""}, "instructions", ""),
        ({"tools": ()}, "tools", ()),
        ({"tool_choice": "auto"}, "tool_choice", "auto"),
        ({"max_output_tokens": 5}, "max_output_tokens", 5),
        ({"max_output_tokens": "inf"}, "max_output_tokens", None),
    ],
)
def test_a_response_s_own_take_their_place(options: dict[str, Any], field: str, told: Any) -> None:
    ask = asked(ResponseOptions(**options))
    assert getattr(ask, field) == told
    assert sum(getattr(ask, name) != getattr(TOLD, name) for name in Respond.__slots__) == 1, "nothing else changes"


def test_a_function_by_name_is_required() -> None:
    ask = asked(ResponseOptions(tool_choice=NamedFunction(name="now")))
    assert (ask.tool_choice, ask.tool_name) == ("required", "now")
