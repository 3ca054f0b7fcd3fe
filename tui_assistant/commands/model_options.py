"""What the settings tell the models that hear and speak: name and options of each worker."""

from __future__ import annotations

from typing import Any

from tui_assistant.commands import responder_options
from tui_assistant.config import Settings
from tui_assistant.config_sections import ServerSettings


def recogniser(settings: Settings) -> tuple[str, dict[str, Any]]:
    """The name, and options for it."""
    name, wanted = settings.models.recogniser, settings.transcription
    if name != "transcriptions":
        return name, {}
    words = {"language": wanted.language, "prompt": wanted.prompt, "partials_ms": wanted.partials_ms}
    return name, {**_server(wanted, settings), **words}


def synthesiser(settings: Settings) -> tuple[str, dict[str, Any]]:
    """As `recogniser`."""
    name = settings.models.synthesiser
    chosen = responder_options.voice(settings)
    voice = {"voice": "" if chosen == "default" else chosen}
    if name != "speech":
        return name, voice
    return name, {**_server(settings.speech, settings), **voice, "format": settings.speech.format}


def _server(server: ServerSettings, settings: Settings) -> dict[str, Any]:
    return {
        "base_url": server.url,
        "model": server.model,
        "api_key_env": server.api_key_env,
        "offline": settings.models.offline,
    }
