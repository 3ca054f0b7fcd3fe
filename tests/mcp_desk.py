"""A real MCP server as a program: `python mcp_desk.py stdio` or `python mcp_desk.py PORT`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

server = MCPServer("desk")
READS = ToolAnnotations(read_only_hint=True)


@server.tool(annotations=READS)
def add(a: int, b: int) -> str:
    """Adds two numbers."""
    return f"{a + b}"


@server.tool(annotations=READS)
def variable(name: str) -> str:
    """The value of an environment variable."""
    return os.environ.get(name, "not set")


@server.tool(annotations=READS)
def fail() -> str:
    """Always fails."""
    raise ToolError("the desk is locked")


@server.tool(annotations=READS)
def die() -> str:
    """Ends the server."""
    os._exit(1)


@server.tool(annotations=READS)
def sleep(seconds: float) -> str:
    """Takes its time."""
    time.sleep(seconds)
    return "slept"


@server.tool()
def write(path: str, text: str) -> str:
    """Writes a file."""
    Path(path).write_text(text)
    return "written"


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        print("noise that must not reach anybody", file=sys.stderr)
        server.run("stdio")
    else:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
