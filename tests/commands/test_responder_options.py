from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tui_assistant import config
from tui_assistant.commands import model_options, responder_options
from tui_assistant.config import Settings
from tui_assistant.errors import ConfigError

PIRATE = {"persona": "pirate", "personas": {"pirate": {"instructions": "Talk like a pirate.", "voice": "alan"}}}
FILES = {"mcp": {"files": {"command": ["npx", "files"]}}}
SKILLS = {"state_dir": "/state"}


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUI_ASSISTANT_STATE", str(tmp_path))


def settings(**document: Any) -> Settings:
    return config.check(document, "config.toml", {}, {})


def server(**document: Any) -> dict[str, Any]:
    """What the chat server's adapter is told."""
    return dict(responder_options.responder(settings(**document), SKILLS)[1]["then_options"]["options"])


def test_a_persona_gives_instructions_and_a_voice() -> None:
    assert server(**PIRATE)["system"] == "Talk like a pirate."
    assert server(**PIRATE, responder={"system": "Mine."})["system"] == "Mine."
    assert model_options.synthesiser(settings(**PIRATE))[1]["voice"] == "alan"
    assert model_options.synthesiser(settings(**PIRATE | {"persona": ""}))[1]["voice"] == ""


def test_a_persona_goes_to_a_server_elsewhere_too() -> None:
    told = responder_options.session_elsewhere(settings(**PIRATE))
    assert told == {"instructions": "Talk like a pirate.", "audio": {"output": {"voice": "alan"}}}
    own = {"instructions": "Be brief.", "voice": "marin"}
    told = responder_options.session_elsewhere(settings(**PIRATE, link=own))
    assert told == {"instructions": "Be brief.", "audio": {"output": {"voice": "marin"}}}
    assert responder_options.session_elsewhere(settings()) == {}


def test_a_persona_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"there is no \[personas.elf\]") as caught:
        server(**PIRATE | {"persona": "elf"})
    assert caught.value.hint == "there are: pirate"


def test_language_and_context_reach_the_adapter() -> None:
    told = server(responder={"language": "German", "context_tokens": 8000})
    assert (told["language"], told["context_tokens"]) == ("German", 8000)


def test_servers_of_tools_are_for_the_user_here_and_not_for_clients_of_serve() -> None:
    _, here = responder_options.responder(settings(**FILES), SKILLS)
    assert here["then_options"]["mcp"]["files"]["command"] == ("npx", "files")
    _, serving = responder_options.responder(settings(**FILES), {})
    assert serving["then_options"]["mcp"] == {}


def test_a_model_alone_has_tools_too() -> None:
    name, options = responder_options.responder(settings(models={"responder": "chat"}, **FILES), SKILLS)
    assert (name, options["responder"], list(options["mcp"])) == ("tools", "chat", ["files"])
    without = settings(models={"responder": "chat"}, responder={"tools": False}, **FILES)
    assert responder_options.responder(without, SKILLS)[0] == "chat"
