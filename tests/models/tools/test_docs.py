"""The examples of assets/docs/tools.md, as they stand there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from tui_assistant import config
from tui_assistant.host.inbox import Flag
from tui_assistant.models.tools import plugins
from tui_assistant.models.tools.base import OwnTool, ToolContext
from tui_assistant.models.tools.mcp_config import servers
from tui_assistant.models.tools.toolbox import Checked, call, check

PAGE = Path(__file__).parents[3] / "assets" / "docs" / "tools.md"
TEXT = PAGE.read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_settings_are_taken() -> None:
    mcp, _, persona = (tomllib.loads(text) for text in blocks("toml"))
    settings = config.check(mcp | persona, PAGE.name, {}, {})
    files, tracker = servers({name: each.model_dump() for name, each in settings.mcp.items()})
    assert (files.command[0], files.confirm, files.url) == ("npx", True, "")
    assert (tracker.url, tracker.token_env, tracker.tools) == (
        "https://tracker.example/mcp", "TRACKER_TOKEN", ("search", "comment"),
    )  # fmt: skip
    assert settings.personas[settings.persona].voice == "en_GB-alan-low"


def test_the_function_is_a_tool() -> None:
    assert list(tomllib.loads(blocks("toml")[1])["project"]["entry-points"]) == [plugins.GROUP]
    names: dict[str, Any] = {}
    exec(blocks("python")[0], names)
    tool = names["weather"]
    assert isinstance(tool, OwnTool)
    checked = check(tool, '{"city": "Bonn"}')
    assert isinstance(checked, Checked)
    assert call(checked, ToolContext(), Flag()).text == "Sunny in Bonn."
