"""Real MCP servers, as programs beside us: by stdin and stdout, and by HTTP on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from stub_server import StubServer, respond

from tui_assistant.host.inbox import Flag
from tui_assistant.models.tools.base import OwnTool, ToolContext, ToolResult
from tui_assistant.models.tools.mcp_config import McpServer, servers
from tui_assistant.models.tools.mcp_servers import McpServers
from tui_assistant.models.tools.toolbox import Checked, call, check

DESK = Path(__file__).parents[2] / "mcp_desk.py"
STDIO = (sys.executable, str(DESK), "stdio")
START_S = 60.0  # importing the package takes seconds on a loaded machine
Open = Callable[..., McpServers]


@pytest.fixture
def troubles() -> list[str]:
    return []


@pytest.fixture
def opened(troubles: list[str]) -> Iterator[Open]:
    made: list[McpServers] = []

    def start(*wanted: McpServer) -> McpServers:
        made.append(McpServers(wanted, troubles.append, first_wait_s=0.05))
        assert made[-1].settled(START_S)
        return made[-1]

    yield start
    for each in made:
        each.close()


@pytest.fixture
def address() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, str(DESK), str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/mcp"
    process.kill()
    process.wait(10)


def tools(source: McpServers) -> dict[str, OwnTool]:
    return {tool.name: tool for tool in source()}


def run(source: McpServers, name: str, arguments: str = "{}") -> ToolResult:
    checked = check(tools(source)[name], arguments)
    assert isinstance(checked, Checked)
    return call(checked, ToolContext("s"), Flag())


def wait_for(condition: Callable[[], Any]) -> None:
    until = time.monotonic() + START_S
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.02)


def test_a_program_offers_its_tools_by_its_name(opened: Open, troubles: list[str]) -> None:
    source = opened(McpServer("desk", STDIO))
    found = tools(source)
    assert sorted(found) == ["desk_add", "desk_die", "desk_fail", "desk_sleep", "desk_variable", "desk_write"]
    assert found["desk_add"].description == "Adds two numbers."
    assert not found["desk_add"].confirm  # marked as reading only
    assert found["desk_write"].confirm
    assert run(source, "desk_add", '{"a": 2, "b": 3}') == ToolResult("5")
    assert troubles == []


def test_wrong_arguments_do_not_reach_the_server(opened: Open) -> None:
    tool = tools(opened(McpServer("desk", STDIO)))["desk_add"]
    assert check(tool, '{"a": 2}') == ToolResult("error: b is missing", failed=True)
    assert check(tool, '{"a": 2, "b": "x"}') == ToolResult("error: b must be a whole number, not x", failed=True)


def test_a_tool_that_fails_is_a_result_for_the_model(opened: Open) -> None:
    result = run(opened(McpServer("desk", STDIO)), "desk_fail")
    assert result.failed
    assert "the desk is locked" in result.text


def test_confirm_false_asks_for_nothing_and_a_list_of_tools_leaves_out_the_others(opened: Open) -> None:
    source = opened(McpServer("desk", STDIO, confirm=False, tools=("write",)))
    assert [(tool.name, tool.confirm) for tool in source()] == [("desk_write", False)]


def test_a_program_gets_the_variables_that_are_named_and_no_others(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESK_KEY", "k-123")
    monkeypatch.setenv("OTHER_KEY", "o-456")
    source = opened(McpServer("desk", STDIO, env=("DESK_KEY",)))
    assert run(source, "desk_variable", '{"name": "DESK_KEY"}').text == "k-123"
    assert run(source, "desk_variable", '{"name": "OTHER_KEY"}').text == "not set"


def test_a_missing_variable_is_one_line(opened: Open, troubles: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DESK_KEY", raising=False)
    opened(McpServer("desk", STDIO, env=("DESK_KEY",)))
    why = "the environment variable DESK_KEY is not set (set it, then try again)"
    assert troubles == [f"the MCP server desk cannot be used: {why}"]


def test_a_slow_tool_is_given_up(opened: Open) -> None:
    source = opened(McpServer("desk", STDIO, timeout_s=0.5))
    result = run(source, "desk_sleep", '{"seconds": 3}')
    assert result.failed
    assert result.text.startswith("error: ")


def test_a_server_over_http(opened: Open, address: str, troubles: list[str]) -> None:
    source = opened(McpServer("desk", url=address))
    assert run(source, "desk_add", '{"a": 2, "b": 3}') == ToolResult("5")
    assert troubles == []


def test_a_token_is_sent_and_never_told(opened: Open, troubles: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_TOKEN", "geheim-1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # not for this machine
    stub = StubServer()
    stub.handler = lambda request: respond(401, b'{"error": "geheim-1 is wrong"}')
    opened(McpServer("desk", url=f"{stub.url}/mcp", token_env="DESK_TOKEN"))
    stub.close()
    assert {request.headers.get("authorization") for request in stub.requests} == {"Bearer geheim-1"}
    assert len(troubles) == 1
    assert "geheim" not in troubles[0]


def test_dead_servers_are_one_line_each_and_the_others_go_on(opened: Open, troubles: list[str]) -> None:
    source = opened(
        McpServer("gone", ("no-such-program-here",)),
        McpServer("odd", (sys.executable, "-c", "print('hello')")),
        McpServer("closed", url="http://127.0.0.1:9/mcp?token=geheim"),
        McpServer("desk", STDIO),
    )
    assert run(source, "desk_add", '{"a": 1, "b": 1}') == ToolResult("2")
    assert len(troubles) == 3
    assert "the MCP server gone cannot be used: there is no program no-such-program-here" in troubles
    assert not any("geheim" in line or "\n" in line for line in troubles)


def test_a_server_that_dies_is_told_and_comes_back(opened: Open, troubles: list[str]) -> None:
    source = opened(McpServer("desk", STDIO))
    assert run(source, "desk_die").failed
    wait_for(lambda: troubles)
    assert troubles == ["the MCP server desk cannot be used: it has ended"]
    wait_for(lambda: tools(source))
    assert run(source, "desk_add", '{"a": 1, "b": 2}') == ToolResult("3")
    assert len(troubles) == 1


def test_its_program_ends_with_us() -> None:
    code = (
        "import os, sys, time\n"
        "from tui_assistant.models.tools.mcp_config import McpServer\n"
        "from tui_assistant.models.tools.mcp_servers import McpServers\n"
        "servers = McpServers([McpServer('desk', tuple(sys.argv[1:]))], print)\n"
        "assert servers.settled(60)\n"
        "print(os.popen(f'pgrep -P {os.getpid()} -f mcp_desk').read().split()[0], flush=True)\n"
        "os._exit(0)\n"  # as a worker leaves
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *STDIO], capture_output=True, text=True, timeout=90, check=True
    )
    child = int(result.stdout)

    def ended() -> bool:
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return True
        return Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

    wait_for(ended)


def test_settings_become_servers() -> None:
    wanted = {"desk": {"command": ["a", "b"], "confirm": False, "timeout_s": 3, "env": ["K"], "tools": ["x"]}}
    assert servers(wanted) == (McpServer("desk", ("a", "b"), env=("K",), confirm=False, timeout_s=3.0, tools=("x",)),)
    assert servers({"web": {"url": "https://x/mcp", "token_env": "T"}}, offline=True) == (
        McpServer("web", url="https://x/mcp", token_env="T", offline=True),
    )


def test_offline_mode_asks_no_server_elsewhere(opened: Open, troubles: list[str]) -> None:
    opened(McpServer("web", url="https://192.0.2.1/mcp", offline=True))
    assert len(troubles) == 1
    assert troubles[0].startswith("the MCP server web cannot be used: offline mode is on")
