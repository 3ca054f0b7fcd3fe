"""Which MCP servers there are, as the settings say it; secrets only by the names of environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tui_assistant.errors import ModelError

DEFAULT_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class McpServer:
    """Either `command` (a program that is spoken to by its stdin and stdout) or `url` (streamable HTTP)."""

    name: str
    command: tuple[str, ...] = ()
    url: str = ""
    env: tuple[str, ...] = ()  # variables that the program gets beside PATH, HOME and the like
    token_env: str = ""  # the variable that holds the bearer token
    confirm: bool = True  # the user is asked before a tool that is not marked as reading only
    timeout_s: float = DEFAULT_TIMEOUT_S
    offline: bool = False  # no server but those on this machine is asked
    tools: tuple[str, ...] = ()  # of the server's, by its own names; empty: all

    def environment(self) -> dict[str, str]:
        """Raises ModelError for a variable that is not set."""
        return {name: _variable(name) for name in self.env}

    def headers(self) -> dict[str, str]:
        """Raises ModelError for a variable that is not set."""
        return {"Authorization": f"Bearer {_variable(self.token_env)}"} if self.token_env else {}


def servers(options: Mapping[str, Mapping[str, Any]], *, offline: bool = False) -> tuple[McpServer, ...]:
    """`options`: the sections [mcp.NAME] of the settings, by name."""
    return tuple(
        McpServer(
            name,
            tuple(each.get("command", ())),
            each.get("url", ""),
            tuple(each.get("env", ())),
            each.get("token_env", ""),
            bool(each.get("confirm", True)),
            float(each.get("timeout_s", DEFAULT_TIMEOUT_S)),
            offline,
            tuple(each.get("tools", ())),
        )
        for name, each in options.items()
    )


def _variable(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value or not value.isprintable():
        raise ModelError(
            f"the environment variable {name} {'holds no usable text' if value else 'is not set'}",
            "set it, then try again",
        )
    return value
