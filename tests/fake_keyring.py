"""A backend of the keyring package that keeps its passwords in a file: PYTHON_KEYRING_BACKEND=fake_keyring.FileRing.

The file is named by FAKE_KEYRING. FAKE_KEYRING_FAULT makes it fail: "locked", "broken" (an error that holds the
password, as a careless backend's might), or "forgetful".
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class FileRing(KeyringBackend):
    priority = 1  # type: ignore[assignment]  # the package declares a property
    name = "the test's ring"

    def get_password(self, service: str, username: str) -> str | None:
        self._fail("")
        return self._read().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._fail(password)
        if os.environ.get("FAKE_KEYRING_FAULT") != "forgetful":
            self._write({**self._read(), f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        self._fail("")
        kept = self._read()
        if kept.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError("there is none")
        self._write(kept)

    def _fail(self, password: str) -> None:
        match os.environ.get("FAKE_KEYRING_FAULT"):
            case "locked":
                raise KeyringLocked("locked")
            case "broken":
                raise OSError(f"cannot keep {password}")

    @property
    def _file(self) -> Path:
        return Path(os.environ["FAKE_KEYRING"])

    def _read(self) -> dict[str, str]:
        return json.loads(self._file.read_text()) if self._file.exists() else {}  # type: ignore[no-any-return]

    def _write(self, kept: dict[str, str]) -> None:
        self._file.write_text(json.dumps(kept))
