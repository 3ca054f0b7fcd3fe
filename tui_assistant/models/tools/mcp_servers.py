"""The tools of MCP servers, by the `mcp` package: programs beside us, or servers over HTTP.

One background loop holds all connections. A server that dies is connected anew, ever more rarely; the others don't
notice. Nothing is offered that a server would have to ask us for: no sampling, no elicitation, no roots.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from tui_assistant.errors import AssistantError, ModelError
from tui_assistant.models.registry import describe
from tui_assistant.models.tools.base import Arguments, OwnTool, ToolContext, ToolResult
from tui_assistant.models.tools.mcp_config import McpServer
from tui_assistant.models.web import is_loopback

if TYPE_CHECKING:
    from mcp import Client
    from mcp.client import Transport
    from mcp.types import CallToolResult, Tool

CONNECT_S = 30.0  # `npx` and `uvx` fetch a server's package at its first start
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0  # before a server is connected again
MAX_PAGES = 20  # of a list of tools: a list without an end would never be complete
LONGEST_DESCRIPTION = 1_000  # characters; a model reads all of them in every turn
_NAME = re.compile(r"[^A-Za-z0-9_-]")
_NAME_ROOM = 64  # characters of a function's name that chat servers take


class McpServers:
    """A source of tools. `tell` gets one line for a server that cannot be had, from any thread, once per trouble."""

    def __init__(
        self, servers: Sequence[McpServer], tell: Callable[[str], None], *, first_wait_s: float = FIRST_WAIT_S
    ) -> None:
        self._tell = tell
        self._first_wait_s = first_wait_s
        self._tools: dict[str, tuple[OwnTool, ...]] = {server.name: () for server in servers}
        self._settled = {server.name: threading.Event() for server in servers}
        self._loop = asyncio.new_event_loop()
        self._servers = tuple(servers)
        # The package logs what it receives, arguments and results with it.
        logging.getLogger("mcp").setLevel(logging.CRITICAL)
        self._thread = threading.Thread(target=self._run, name="mcp", daemon=True)
        self._thread.start()

    def __call__(self) -> Iterator[OwnTool]:
        """What can be called now."""
        for server in self._servers:
            yield from self._tools[server.name]

    def settled(self, timeout_s: float) -> bool:
        """Waits until each server is connected, or was found not to answer."""
        return all(event.wait(timeout_s) for event in self._settled.values())

    def close(self) -> None:
        """Ends the connections and the programs; within about 5 s."""
        self._loop.call_soon_threadsafe(self._everything.cancel)
        self._thread.join(5.0)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._everything = self._loop.create_task(self._keep_all())
        try:
            self._loop.run_until_complete(self._everything)
        except asyncio.CancelledError:
            pass  # closed
        finally:
            self._loop.close()

    async def _keep_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for server in self._servers:
                group.create_task(self._keep(server))

    async def _keep(self, server: McpServer) -> None:
        """Connects, until the conversation ends; tells of a trouble once, and again only after the server worked."""
        wait_s, told = self._first_wait_s, ""
        while True:
            try:
                async with AsyncExitStack() as stack:
                    await self._connect(server, stack)
                    wait_s, told = self._first_wait_s, ""
                raise ModelError("it has ended")
            except ModelError as error:
                if error.hint and error.hint.startswith("pip "):
                    self._trouble(server, str(error))
                    return  # no waiting installs a library
                why = str(error)
            except Exception as error:  # noqa: BLE001 - a transport may raise anything; it becomes one line for the user
                why = _reason(error, server)
            finally:
                self._tools[server.name] = ()
            if why != told:
                self._trouble(server, why)
            told = why
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _connect(self, server: McpServer, stack: AsyncExitStack) -> None:
        """Returns when the connection has broken."""
        with _library():
            from mcp import Client
        async with asyncio.timeout(CONNECT_S):
            transport = await _transport(server, stack)
            client = await stack.enter_async_context(Client(transport, read_timeout_seconds=server.timeout_s))
            found = await _list(client)
        broken = asyncio.Event()
        wanted = [tool for tool in found if not server.tools or tool.name in server.tools]
        self._tools[server.name] = tuple(self._tool(server, client, tool, broken) for tool in wanted)
        self._settled[server.name].set()
        await broken.wait()

    def _tool(self, server: McpServer, client: Client, tool: Tool, broken: asyncio.Event) -> OwnTool:
        def run(arguments: Arguments, context: ToolContext) -> ToolResult:
            calling = asyncio.run_coroutine_threadsafe(_call(client, tool.name, dict(arguments), broken), self._loop)
            try:
                return calling.result(server.timeout_s)
            except TimeoutError:
                calling.cancel()
                raise

        reads_only = tool.annotations is not None and tool.annotations.read_only_hint is True
        return OwnTool(
            _NAME.sub("_", f"{server.name}_{tool.name}")[:_NAME_ROOM],
            (tool.description or "")[:LONGEST_DESCRIPTION],
            run,
            tool.input_schema,
            confirm=server.confirm and not reads_only,
            timeout_s=server.timeout_s,
        )

    def _trouble(self, server: McpServer, why: str) -> None:
        self._tell(f"the MCP server {server.name} cannot be used: {why}")
        self._settled[server.name].set()


async def _transport(server: McpServer, stack: AsyncExitStack) -> Transport:
    if server.url:
        if server.offline and not is_loopback(server.url):
            raise ModelError("offline mode is on", "set models.offline to false")
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        # A proxy from the environment is for the world outside, never for this machine.
        http = httpx2.AsyncClient(
            headers=server.headers(), timeout=server.timeout_s, trust_env=not is_loopback(server.url)
        )
        return streamable_http_client(server.url, http_client=await stack.enter_async_context(http))
    from mcp import StdioServerParameters, stdio_client

    program, *arguments = server.command
    # What it prints may quote what was said: not into our log.
    nothing = stack.enter_context(open(os.devnull, "w"))  # noqa: ASYNC230, SIM115 - no disk; the stack closes it
    parameters = StdioServerParameters(command=program, args=arguments, env=server.environment())
    return stdio_client(parameters, errlog=nothing)


async def _list(client: Client) -> list[Tool]:
    found: list[Tool] = []
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


async def _call(client: Client, name: str, arguments: dict[str, Any], broken: asyncio.Event) -> ToolResult:
    from mcp import MCPError
    from mcp.types import CONNECTION_CLOSED

    try:
        result = await client.call_tool(name, arguments)
    except MCPError as error:
        if error.error.code == CONNECTION_CLOSED:
            broken.set()
        raise
    except (OSError, EOFError):
        broken.set()
        raise
    return ToolResult(_text(result), failed=result.is_error)


def _text(result: CallToolResult) -> str:
    parts: list[str] = []
    for block in result.content:
        resource = getattr(block, "resource", None)
        text = getattr(block, "text", None) or getattr(resource, "text", None)
        parts.append(text if isinstance(text, str) else f"({block.type})")
    if not parts and result.structured_content is not None:
        parts.append(json.dumps(result.structured_content, ensure_ascii=False))
    return "\n".join(parts) or "done"


@contextmanager
def _library() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise ModelError("the library mcp is not installed", "pip install 'tui-assistant[mcp]'") from error


def _reason(error: BaseException, server: McpServer) -> str:
    """In one line, without the address: it may hold a secret."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    if isinstance(error, AssistantError):
        return str(error)
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT_S:g} s"
    if isinstance(error, FileNotFoundError) and server.command:
        return f"there is no program {server.command[0]}"
    return type(error).__name__ if server.url else describe(error)
