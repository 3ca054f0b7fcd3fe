"""What `doctor` says of a model's tools: MCP servers and installed packages, tried within a time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence

from tui_assistant.commands.finding import Finding, Verdict
from tui_assistant.config import Settings
from tui_assistant.models.tools.base import OwnTool
from tui_assistant.models.tools.mcp_config import McpServer, servers

SERVERS_S = 20.0  # for all of them together; a program that is fetched at its first start may take longer
PACKAGES_S = 10.0  # for what packages do while they are imported
SHOWN = 5  # names in a line


def tools(settings: Settings, *, limit_s: float = SERVERS_S) -> Iterator[Finding]:
    """Nothing where there are none."""
    found = [*_servers(settings, limit_s), *_packages()]
    unused = "responder.chat is off" if settings.responder.chat == "off" else ""
    unused = unused or ("" if settings.responder.tools else "responder.tools is false")
    if found and unused:
        yield Finding("tools", Verdict.NOTE, f"offered to no language model: {unused}")
    yield from found


def _servers(settings: Settings, limit_s: float) -> Iterator[Finding]:
    from tui_assistant.models.tools.mcp_servers import McpServers

    wanted = servers({name: each.model_dump() for name, each in settings.mcp.items()}, offline=settings.models.offline)
    deadline = time.monotonic() + limit_s
    troubles: dict[str, list[str]] = {server.name: [] for server in wanted}
    running = [(server, McpServers([server], troubles[server.name].append)) for server in wanted]
    try:
        for server, connection in running:
            settled = connection.settled(max(0.0, deadline - time.monotonic()))
            yield _server(server, troubles[server.name], tuple(connection()) if settled else None, limit_s)
    finally:
        closing = [threading.Thread(target=connection.close, daemon=True) for _, connection in running]
        for each in closing:
            each.start()
        for each in closing:
            each.join()


def _server(server: McpServer, troubles: Sequence[str], there: Sequence[OwnTool] | None, limit_s: float) -> Finding:
    """`there`: its tools; None: it has not answered yet."""
    what, where = f"mcp.{server.name}", server.url or " ".join(server.command)
    if troubles:
        why, _, mend = troubles[0].partition(" cannot be used: ")[2].rpartition(" (")
        why, mend = (why, mend.removesuffix(")")) if why else (mend, "")
        return Finding(what, Verdict.BAD, f"cannot be used: {why}", mend or _mend(server))
    if there is None:
        return Finding(what, Verdict.BAD, f"no answer within {limit_s:g} s", _mend(server))
    missing = len(server.tools) - len(there)
    text = f"{where if not server.url else 'answers'}: {_described(there)}"
    if missing > 0:
        return Finding(what, Verdict.NOTE, f"{text}; {missing} of those in mcp.{server.name}.tools are not there")
    return Finding(what, Verdict.OK, text)


def _mend(server: McpServer) -> str:
    if server.url:
        return f"look at mcp.{server.name}.url, and whether that server runs"
    return f"see whether it starts: {' '.join(server.command)}"


def _packages() -> Iterator[Finding]:
    from tui_assistant.models.tools import plugins

    found: list[tuple[tuple[OwnTool, ...], tuple[str, ...]]] = []
    loading = threading.Thread(target=lambda: found.append(plugins.load()), name="own tools", daemon=True)
    loading.start()
    loading.join(PACKAGES_S)
    if not found:
        yield Finding("own tools", Verdict.BAD, f"a package with tools is not loaded within {PACKAGES_S:g} s")
        return
    ((there, troubles),) = found
    if there:
        yield Finding("own tools", Verdict.OK, _described(there))
    for trouble in troubles:
        yield Finding("own tools", Verdict.BAD, trouble, "update or remove its package")


def _described(there: Sequence[OwnTool]) -> str:
    """`3 tools; you are asked before files_write; not before files_read, files_list`"""
    if not there:
        return "no tools"
    asked = [tool.name for tool in there if tool.confirm]
    free = [tool.name for tool in there if not tool.confirm]
    parts = [f"{len(there)} tool{'s' if len(there) > 1 else ''}"]
    if asked:
        parts.append(f"you are asked before {_names(asked)}")
    if free:
        parts.append(f"{'not' if asked else 'you are not asked'} before {_names(free)}")
    return "; ".join(parts)


def _names(names: Iterable[str]) -> str:
    names = list(names)
    more = len(names) - SHOWN
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:SHOWN])} and {more} more"
