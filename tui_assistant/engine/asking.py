"""The Respond ask that a response comes down to."""

from __future__ import annotations

from tui_assistant.engine.ports import ChatMessage, Respond, Tool
from tui_assistant.protocol.items import ResponseOptions
from tui_assistant.protocol.session import NamedFunction, SessionConfig


def respond_ask(
    config: SessionConfig, options: ResponseOptions, session_id: str, messages: tuple[ChatMessage, ...]
) -> Respond:
    """As the session and the response's own options have it; still without the id of an ask."""
    tools = config.tools if options.tools is None else options.tools
    choice = config.tool_choice if options.tool_choice is None else options.tool_choice
    limit = options.max_output_tokens or config.max_output_tokens
    return Respond(
        "",
        session_id,
        messages,
        options.instructions if options.instructions is not None else config.instructions,
        limit if isinstance(limit, int) else None,
        tuple(Tool(tool.name, tool.description or "", tool.parameters) for tool in tools),
        "required" if isinstance(choice, NamedFunction) else choice,
        choice.name if isinstance(choice, NamedFunction) else None,
    )
