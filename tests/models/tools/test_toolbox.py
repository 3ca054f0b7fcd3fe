from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from tui_assistant.host.inbox import Flag
from tui_assistant.models.tools import plugins
from tui_assistant.models.tools.base import OwnTool, ToolContext, ToolResult
from tui_assistant.models.tools.toolbox import MAX_RESULT, Checked, Toolbox, call, check

SECONDS = {"type": "object", "properties": {"seconds": {"type": "number", "minimum": 1}}, "required": ["seconds"]}


def wait(arguments: Mapping[str, Any], context: ToolContext) -> str:
    return f"waited {arguments['seconds']} for {context.session_id}"


WAIT = OwnTool("wait", "Waits.", wait, SECONDS, timeout_s=10)


def checked(tool: OwnTool, arguments: str = "{}") -> Checked:
    found = check(tool, arguments)
    assert isinstance(found, Checked)
    return found


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ('{"seconds": ', "error: the arguments are not valid JSON"),
        ('{"seconds": NaN}', "error: the arguments are not valid JSON"),
        ("[1]", "error: the arguments must be a JSON object"),
        ("[" * 100_000, "error: the arguments are too long"),
        ("[" * 60_000, "error: the arguments are not valid JSON"),
        ("", "error: seconds is missing"),
        ('{"seconds": 0}', "error: seconds must be at least 1, not 0"),
    ],
)
def test_wrong_arguments_are_refused_in_words_for_the_model(arguments: str, error: str) -> None:
    assert check(WAIT, arguments) == ToolResult(error, failed=True)


def test_a_call_gives_its_result_and_has_a_label() -> None:
    found = checked(WAIT, '{"seconds": 3}')
    assert found.label == "wait with seconds 3"
    assert call(found, ToolContext("s1"), Flag()) == ToolResult("waited 3 for s1")


def test_a_label_is_short_and_on_one_line() -> None:
    label = OwnTool("write", "", wait).label({"text": "a\nb" * 100})
    assert label.startswith("write with text a ba b")
    assert len(label) == 80
    assert label.endswith("…")


def test_what_a_tool_raises_is_told_to_the_model() -> None:
    def fail(arguments: Mapping[str, Any], context: ToolContext) -> str:
        raise RuntimeError("no network")

    result = call(checked(OwnTool("x", "", fail)), ToolContext(), Flag())
    assert result == ToolResult("error: RuntimeError: no network", failed=True)


def test_what_hangs_is_left_behind() -> None:
    never = threading.Event()
    tool = OwnTool("x", "", lambda arguments, context: str(never.wait(20)), timeout_s=0.05)
    assert call(checked(tool), ToolContext(), Flag()) == ToolResult("error: no result within 0.05 s", failed=True)
    never.set()


def test_an_interrupted_user_does_not_wait() -> None:
    never, flag = threading.Event(), Flag()
    tool = OwnTool("x", "", lambda arguments, context: str(never.wait(20)), timeout_s=15)
    threading.Timer(0.05, flag.cancel).start()
    assert call(checked(tool), ToolContext(), flag).text == "error: it was cancelled"
    never.set()


def test_a_long_result_is_cut() -> None:
    tool = OwnTool("x", "", lambda arguments, context: "y" * (MAX_RESULT + 5))
    text = call(checked(tool), ToolContext(), Flag()).text
    assert text == "y" * MAX_RESULT + f"… (cut: the result has {MAX_RESULT + 5} characters)"


def test_the_first_of_a_name_wins_and_the_clients_names_are_theirs() -> None:
    other = OwnTool("wait", "Another.", wait)
    last = OwnTool("last", "", wait)
    box = Toolbox([lambda: [WAIT], lambda: [other, last]])
    assert box.tools() == {"wait": WAIT, "last": last}
    assert box.tools(["wait"]) == {"last": last}


def no_tool() -> str:
    return "nothing"


def made() -> list[OwnTool]:
    return [WAIT, OwnTool("other", "", wait)]


ODD = OwnTool("odd name", "", wait)


def entry(name: str, attribute: str) -> EntryPoint:
    return EntryPoint(name, f"{__name__}:{attribute}", plugins.GROUP)


def test_tools_come_from_packages_and_a_broken_one_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or __import__(__name__))
    found = [entry("a", "WAIT"), entry("b", "made"), entry("c", "missing"), entry("d", "no_tool"), entry("e", "ODD")]
    tools, troubles = plugins.load(found)
    assert [tool.name for tool in tools] == ["wait", "wait", "other"]
    assert [line.partition(":")[0] for line in troubles] == [
        "the tool c cannot be loaded",
        "the tool d cannot be loaded",
        "the tool e cannot be loaded",
    ]
    assert "letters, digits, _ and -" in troubles[2]
