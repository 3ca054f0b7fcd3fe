"""Functions of the client: how they are offered to a chat server, and its calls, piece by piece."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tui_assistant.engine.ports import FunctionCallDelta, Respond
from tui_assistant.errors import ModelError

MAX_CALLS = 64  # in one answer; a model that makes more is caught in a loop
NO_ARGUMENTS = "{}"
# A server that cannot use tools says so: Ollama ("does not support tools"), llama.cpp ("tools param requires --jinja
# flag"), vLLM ('"auto" tool choice requires --enable-auto-tool-choice'). Not: a tool of this request is wrong.
_NO_TOOLS = re.compile(rb"support (?:for )?(?:tool|function)|tools? param requires|tool choice requires|--jinja", re.I)


def offered(request: Respond) -> dict[str, Any]:
    """The part of a request's body that is about tools; empty when there are none."""
    if not request.tools:
        return {}
    tools = [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                **({"description": tool.description} if tool.description else {}),
                "parameters": tool.parameters or {"type": "object", "properties": {}},
            },
        }
        for tool in request.tools
    ]
    if request.tool_choice == "auto":
        return {"tools": tools}  # what servers do anyway; some do not know the field
    if request.tool_choice == "required" and request.tool_name is not None:
        return {"tools": tools, "tool_choice": {"type": "function", "function": {"name": request.tool_name}}}
    return {"tools": tools, "tool_choice": request.tool_choice}


def cannot_use_tools(status: int, body: bytes) -> bool:
    """Whether a refusal means that this server or its model has no tools at all."""
    return status in (400, 404, 422, 500, 501) and _NO_TOOLS.search(body) is not None


@dataclass(slots=True)
class _Call:
    index: Any  # as the server counts
    given_id: str  # the server's; may be empty
    call_id: str
    name: str
    begun: bool = False  # some of its arguments have come


class CallReader:
    """Puts the pieces of `tool_calls` together. Servers differ: no id, no index or always 0, arguments as an object."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []

    def __bool__(self) -> bool:
        """A call has been made."""
        return bool(self._calls)

    def feed(self, pieces: object) -> Iterator[FunctionCallDelta]:
        """`pieces`: the list of one chunk. Raises ModelError when nobody can tell which call a piece belongs to."""
        for place, piece in enumerate(pieces if isinstance(pieces, list) else ()):
            if isinstance(piece, dict):
                yield from self._piece(piece, piece.get("index", place))

    def end(self) -> Iterator[FunctionCallDelta]:
        """No more of the last call comes."""
        last = self._calls[-1] if self._calls else None
        if last is not None and not last.begun:
            last.begun = True
            yield FunctionCallDelta(last.call_id, last.name, NO_ARGUMENTS)

    def _piece(self, piece: dict[str, Any], index: Any) -> Iterator[FunctionCallDelta]:
        function = piece.get("function")
        function = function if isinstance(function, dict) else {}
        given_id = piece["id"] if isinstance(piece.get("id"), str) else ""
        name = function["name"] if isinstance(function.get("name"), str) else ""
        last = self._calls[-1] if self._calls else None
        if last is None or index != last.index or (given_id and given_id != last.given_id):
            yield from self.end()
            if any(call.index == index and not name for call in self._calls):
                raise ModelError(
                    "the chat server mixes the arguments of several calls", "ask again, or try another model"
                )
            if not name:
                return  # nothing that could be called
            if len(self._calls) == MAX_CALLS:
                raise ModelError(
                    f"the model called more than {MAX_CALLS} functions at once", "ask again, or try another one"
                )
            known = any(call.call_id == given_id for call in self._calls)
            call_id = given_id if given_id and not known else f"call_{secrets.token_hex(8)}"
            last = _Call(index, given_id, call_id, name)
            self._calls.append(last)
            yield FunctionCallDelta(last.call_id, last.name, "")  # the client sees at once what is called
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            arguments = json.dumps(arguments)
        if isinstance(arguments, str) and arguments:
            last.begun = True
            yield FunctionCallDelta(last.call_id, last.name, arguments)
