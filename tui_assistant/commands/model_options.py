"""What the settings tell the models that hear and speak: name and options of each worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui_assistant.commands import responder_options
from tui_assistant.config import Flag, Settings
from tui_assistant.config_sections import ServerSettings
from tui_assistant.errors import ModelError, UsageError


def check_detector(settings: Settings, flags: Mapping[str, Flag]) -> None:
    """Raises UsageError for a voice-activity detector that there is not, with the place where it was named."""
    from tui_assistant.models.registry import Port, check, names

    name, flag = settings.models.detector, flags.get("models.detector")
    try:
        check(Port.DETECTOR, name)
    except ModelError as error:
        place = f"{flag.name} {name}" if flag is not None else f"models.detector = {name}"
        known = ", ".join(names(Port.DETECTOR))
        raise UsageError(f"{place}: allowed is {known}, or MODULE:FUNCTION of your own") from error


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
