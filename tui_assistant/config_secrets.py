"""Finds keys in the settings file, where they must not stand: who reads it, or a backup of it, has them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tui_assistant.errors import keylike

# No setting has such a name; who writes one means the key itself.
_NAMES = {"key", "api_key", "apikey", "api-key", "token", "access_token", "secret", "password", "authorization"}


def secrets_in(document: dict[str, Any]) -> dict[str, str]:
    """Dotted key -> what to say; the value itself is in no message."""
    found: dict[str, str] = {}
    for key, value in _texts(document):
        name = key.rpartition(".")[2].lower()
        if value.strip() and (name in _NAMES or keylike(value)):
            found[key] = f"{key}: a key must not stand in this file; take it out, and {_advice(key.partition('.')[0])}"
    return found


def _advice(section: str) -> str:
    if section == "link":
        return "keep it with `tui-assistant key set NAME`, or name its variable in key_env"
    named = {"mcp": "token_env, or env"}.get(section, "api_key_env")
    return f"put it into an environment variable that you name in {named}"


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in the document with the key it stands at; those of a list share theirs."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, key)
    elif isinstance(value, str):
        yield key, value
