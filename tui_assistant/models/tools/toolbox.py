"""All tools that there are at the moment, and one way to call them: checked, within a time limit, never raising."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tui_assistant.engine.ports import Cancellation, Tool
from tui_assistant.models.registry import describe
from tui_assistant.models.tools.base import Arguments, OwnTool, ToolContext, ToolResult
from tui_assistant.models.tools.schema import problem

MAX_ARGUMENTS = 2**16  # characters; a model that writes more has lost itself
MAX_RESULT = 8_000  # characters, about 2000 tokens: half of what the conversation may have with a small model
MAX_TOOLS = 128  # what the service takes; small models are lost long before

Source = Callable[[], Iterable[OwnTool]]


@dataclass(frozen=True, slots=True)
class Checked:
    """A call whose arguments agree with the tool's schema."""

    tool: OwnTool
    arguments: Arguments

    @property
    def label(self) -> str:
        return self.tool.label(self.arguments)

    @property
    def details(self) -> str:
        return self.tool.details(self.arguments)


class Toolbox:
    """`sources` are asked at each turn: an MCP server may come and go. The first tool of a name wins."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = list(sources)

    def tools(self, taken: Iterable[str] = ()) -> dict[str, OwnTool]:
        """By name, without the names that the client has taken for functions of its own."""
        gone = set(taken)
        found: dict[str, OwnTool] = {}
        for source in self.sources:
            for tool in source():
                if tool.name not in gone and tool.name not in found and len(found) < MAX_TOOLS:
                    found[tool.name] = tool
        return found


def offered(tools: Iterable[OwnTool]) -> tuple[Tool, ...]:
    """As the model is told of them."""
    return tuple(Tool(tool.name, tool.description, dict(tool.parameters)) for tool in tools)


def check(tool: OwnTool, arguments: str) -> Checked | ToolResult:
    """The call, or what is wrong with it, in words for the model."""
    if len(arguments) > MAX_ARGUMENTS:
        return _refused("the arguments are too long")
    try:
        value: Any = json.loads(arguments or "{}", parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return _refused("the arguments are not valid JSON")
    if not isinstance(value, dict):
        return _refused("the arguments must be a JSON object")
    wrong = problem(value, tool.parameters)
    return _refused(wrong) if wrong else Checked(tool, value)


def unknown(name: str, known: Iterable[str]) -> ToolResult:
    return _refused(f"there is no tool {name[:60]!r}; there are: {', '.join(known)}")


def call(checked: Checked, context: ToolContext, cancellation: Cancellation) -> ToolResult:
    """Runs on a thread of its own: what hangs is left behind, and an interrupted user need not wait for it."""
    tool = checked.tool
    results: list[ToolResult] = []
    over = threading.Event()

    def run() -> None:
        try:
            result = tool.run(checked.arguments, context)
            results.append(result if isinstance(result, ToolResult) else ToolResult(str(result)))
        except Exception as error:  # noqa: BLE001 - a tool may raise anything; the model is told, the turn goes on
            results.append(_refused(describe(error)))
        over.set()

    threading.Thread(target=run, name=f"tool {tool.name[:40]}", daemon=True).start()
    cancellation.on_cancel(over.set)
    over.wait(tool.timeout_s)
    if results:
        return _bounded(results[0])
    return _refused("it was cancelled" if cancellation.cancelled else f"no result within {tool.timeout_s:g} s")


def _bounded(result: ToolResult) -> ToolResult:
    if len(result.text) <= MAX_RESULT:
        return result
    text = f"{result.text[:MAX_RESULT]}… (cut: the result has {len(result.text)} characters)"
    return ToolResult(text, result.spoken, result.metadata, result.failed)


def _refused(why: str) -> ToolResult:
    return ToolResult(f"error: {why}", failed=True)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
