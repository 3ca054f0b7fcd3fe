"""What the settings tell the responder: skills, chat server, tools, persona."""

from __future__ import annotations

from typing import Any

from tui_assistant.config import Settings
from tui_assistant.config_sections import PersonaSettings
from tui_assistant.errors import ConfigError


def responder(settings: Settings, skills: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The responder's name and options. `skills`: those of the skills, empty in a server for others.

    A server's clients are not the user that a tool would have to ask: they get no tools of MCP servers.
    """
    name, chat = settings.models.responder, settings.responder
    server: dict[str, Any] = {"base_url": chat.chat, "model": chat.model, "api_key_env": chat.api_key_env}
    server["system"] = chat.system or persona(settings).instructions
    server["language"] = chat.language
    server["context_tokens"] = chat.context_tokens
    server |= chat.model_dump(include={"speculate", "keep_warm"}, exclude_defaults=True)
    if settings.models.offline:
        server["offline"] = True
    model: tuple[str, dict[str, Any]] = ("chat", server)
    if chat.tools:
        mcp = {each: section.model_dump() for each, section in settings.mcp.items()} if skills else {}
        offline = {"offline": True} if settings.models.offline else {}
        options = {"responder": "chat", "options": server, "rounds": chat.tool_rounds, "mcp": mcp, **offline}
        model = ("tools", options)
    if name == "skills" and chat.chat != "off":
        # a server that was only looked for may be missing; one that was set has to say why it does not answer
        both = {"first_options": skills, "then_options": model[1], "optional": chat.chat == "auto"}
        return "fallback", {"first": "skills", "then": model[0], **both}
    return model if name == "chat" else (name, skills)


def persona(settings: Settings) -> PersonaSettings:
    """The chosen one. Raises ConfigError for a name that there is not."""
    if not settings.persona:
        return PersonaSettings()
    try:
        return settings.personas[settings.persona]
    except KeyError:
        known = ", ".join(settings.personas) or "none"
        raise ConfigError(
            f"persona = {settings.persona}: there is no [personas.{settings.persona}]", f"there are: {known}"
        ) from None


def session_elsewhere(settings: Settings) -> dict[str, Any]:
    """What a conversation on a server elsewhere begins with: its own settings, or else the persona's."""
    own, chosen = settings.link, persona(settings)
    instructions, spoken = own.instructions or chosen.instructions, own.voice or chosen.voice
    session: dict[str, Any] = {"instructions": instructions} if instructions else {}
    return session | ({"audio": {"output": {"voice": spoken}}} if spoken else {})


def voice(settings: Settings) -> str:
    """The synthesiser's voice: the persona's, else the one that is set, or "default"."""
    return persona(settings).voice or settings.voice.name
