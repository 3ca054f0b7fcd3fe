"""What `doctor` says of tools: real MCP servers as programs, packages, and what hangs."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tui_assistant.commands import doctor_tools
from tui_assistant.commands.doctor import Finding, Verdict
from tui_assistant.commands.doctor_tools import tools
from tui_assistant.config import Settings
from tui_assistant.config_sections import McpSettings
from tui_assistant.models.tools import plugins
from tui_assistant.models.tools.base import OwnTool

DESK = str(Path(__file__).parents[1] / "mcp_desk.py")


@pytest.fixture(autouse=True)
def no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "load", lambda: ((), ()))


def examined(*, limit_s: float = 60.0, more: dict[str, Any] | None = None, **mcp: dict[str, Any]) -> dict[str, Finding]:
    settings = Settings(mcp={name: McpSettings(**each) for name, each in mcp.items()}, **(more or {}))
    return {each.what: each for each in tools(settings, limit_s=limit_s)}


def test_without_tools_there_is_no_line() -> None:
    assert examined() == {}


def test_servers_that_work_and_those_that_do_not() -> None:
    pytest.importorskip("mcp", reason="needs the extra mcp: pip install '.[mcp]'")
    desk = [sys.executable, DESK, "stdio"]
    found = examined(
        desk={"command": desk},
        some={"command": desk, "tools": ("add", "gone")},
        away={"url": "http://127.0.0.1:9/mcp"},
        nobody={"command": ["no-such-program-here"]},
        unset={"command": desk, "env": ("NO_SUCH_VARIABLE_HERE",)},
    )
    assert found["mcp.desk"].verdict is Verdict.OK
    assert found["mcp.desk"].text.endswith(
        "6 tools; you are asked before desk_write; not before desk_add, desk_variable, desk_fail, desk_die, desk_sleep"
    )
    assert found["mcp.some"].verdict is Verdict.NOTE
    assert found["mcp.some"].text.endswith(
        "1 tool; you are not asked before some_add; 1 of those in mcp.some.tools are not there"
    )
    assert found["mcp.away"].verdict is Verdict.BAD
    assert found["mcp.away"].text.startswith("cannot be used: ")
    assert found["mcp.away"].mend == "look at mcp.away.url, and whether that server runs"
    assert found["mcp.nobody"].text == "cannot be used: there is no program no-such-program-here"
    assert found["mcp.nobody"].mend == "see whether it starts: no-such-program-here"
    assert found["mcp.unset"].text == "cannot be used: the environment variable NO_SUCH_VARIABLE_HERE is not set"


def test_a_server_that_says_nothing_takes_the_limit_and_no_longer() -> None:
    pytest.importorskip("mcp", reason="needs the extra mcp: pip install '.[mcp]'")
    began = time.monotonic()
    found = examined(limit_s=0.5, mute={"command": [sys.executable, "-c", "import time; time.sleep(600)"]})
    assert found["mcp.mute"].text == "no answer within 0.5 s"
    assert time.monotonic() - began < 30  # and some seconds to end the program


def test_tools_that_nobody_is_offered_are_said() -> None:
    pytest.importorskip("mcp", reason="needs the extra mcp: pip install '.[mcp]'")
    nobody = {"command": ["no-such-program-here"]}
    assert examined(nobody=nobody, more={"responder": {"tools": False}})["tools"].text.endswith(
        "responder.tools is false"
    )
    assert examined(nobody=nobody, more={"responder": {"chat": "off"}})["tools"].verdict is Verdict.NOTE


def test_packages_with_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(arguments: object, context: object) -> str:
        return "done"

    made = tuple(OwnTool(f"tool_{number}", "", run, confirm=number > 0) for number in range(8))
    monkeypatch.setattr(plugins, "load", lambda: (made, ("the tool weather cannot be loaded: NameError",)))
    first, second = tools(Settings())
    assert first == Finding(
        "own tools",
        Verdict.OK,
        "8 tools; you are asked before tool_1, tool_2, tool_3, tool_4, tool_5 and 2 more; not before tool_0",
    )
    assert (second.verdict, second.text) == (Verdict.BAD, "the tool weather cannot be loaded: NameError")


def test_a_package_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_tools, "PACKAGES_S", 0.1)
    monkeypatch.setattr(plugins, "load", lambda: time.sleep(5))
    (found,) = tools(Settings())
    assert found.text == "a package with tools is not loaded within 0.1 s"
