"""Keys of services: from an environment variable, or from the system's keyring. Never printed, never written elsewhere.

The keyring is that of the `keyring` package, which is an extra and is loaded only when it is asked: it knows those of
macOS, Windows, GNOME and KDE. A key is kept under the name of its service, or the host of a server.
"""

from __future__ import annotations

import importlib
import json
from typing import Any

from tui_assistant.errors import UnavailableError, UsageError

SERVICE = "tui-assistant"
INDEX = "(names)"  # the entry that says which names there are: a keyring cannot be asked for them
LONGEST = 2_000  # characters; Windows takes 2560 bytes
EXTRA = "pip install 'tui-assistant[keyring]'"


class Keyring:
    """The system's keyring. Every call may raise UnavailableError, in which no key stands."""

    def __init__(self) -> None:
        try:
            self._ring: Any = importlib.import_module("keyring")
            self._errors: Any = importlib.import_module("keyring.errors")
        except ImportError:
            raise UnavailableError("the package for the system's keyring is not installed", EXTRA) from None

    @property
    def name(self) -> str:
        return str(getattr(self._ring.get_keyring(), "name", "keyring"))

    def get(self, name: str) -> str:
        """Empty: there is none."""
        return self._call("get_password", name) or ""

    def put(self, name: str, key: str) -> None:
        self._call("set_password", name, key)
        if self.get(name) != key:
            raise UnavailableError("the keyring does not keep what it is given", "is it the system's own?")
        self._index({*self.names(), name})

    def remove(self, name: str) -> bool:
        """False: there was none."""
        there = bool(self.get(name))
        if there:
            self._call("delete_password", name)
        if name in (names := self.names()):
            self._index({*names} - {name})
        return there

    def names(self) -> list[str]:
        """Of the keys that were put."""
        try:
            found = json.loads(self._call("get_password", INDEX) or "[]")
        except ValueError:
            found = []
        return sorted(each for each in found if isinstance(each, str)) if isinstance(found, list) else []

    def _index(self, names: set[str]) -> None:
        self._call("set_password", INDEX, json.dumps(sorted(names)))

    def _call(self, method: str, *arguments: str) -> Any:
        try:
            return getattr(self._ring, method)(SERVICE, *arguments)
        except self._errors.NoKeyringError:
            raise UnavailableError(
                "this system has no keyring that can be used", "keep the key in an environment variable"
            ) from None
        except self._errors.KeyringLocked:
            raise UnavailableError("the system's keyring is locked", "unlock it, and try again") from None
        except Exception as error:  # noqa: BLE001  # backends raise what they like, and its text might hold the key
            raise UnavailableError(
                f"the system's keyring does not work: {type(error).__name__}", "keep the key in an environment variable"
            ) from None


def from_keyring(name: str) -> str:
    """The key that is kept under the name; empty: none. Raises UnavailableError."""
    return Keyring().get(name)


def checked(key: str, where: str) -> str:
    """The key without white space around it. Raises UsageError for what can be none; `where` it came from."""
    key = key.strip()
    if len(key) > LONGEST or any(ord(character) < 33 or ord(character) > 126 for character in key):
        raise UsageError(f"what {where} holds is no key", "it is too long, or has spaces or other characters")
    return key
