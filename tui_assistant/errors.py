"""The exception tree.

AssistantError                  everything we raise on purpose; str() is one line fit to be shown
├── UsageError                  wrong call or unreadable input: exit status 2
│   └── ConfigError             a setting has a bad value: names source, key, value and what is allowed
├── UnavailableError            something needed is not there: exit status 1
│   ├── DeviceError             microphone or speaker
│   ├── ModelError              a model, its library or its worker
│   └── LinkError               the place where the conversation runs
└── ProtocolError
    ├── LocalProtocolError      we called the core in a way that its state table forbids: a bug
    └── RemoteProtocolError     the peer broke the protocol: becomes an `error` event
"""

from __future__ import annotations

import re

# How services' keys look: sk-..., xai-..., hf_...; id.secret; or letters and digits without end.
_KEY = re.compile(r"\b(?:sk|pk|rk|xai|hf|gsk|r8|ek)[-_][A-Za-z0-9_-]{12,}|\bBearer\s+\S{8,}|\b[0-9a-f]{32}\.\w{8,}")
_WHOLE_KEY = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9]{32,}")
_LONGEST_PROBLEM = 500  # characters: an error says what is wrong and does not send back what came


class AssistantError(Exception):
    """Base of all errors raised on purpose. `hint` says what to do next, in one line, or is empty."""

    exit_status = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(AssistantError):
    """A wrong call, or an input that cannot be read."""

    exit_status = 2


class ConfigError(UsageError):
    """A setting has a value that is not allowed."""


class UnavailableError(AssistantError):
    """Something that is needed is not there or does not work."""


class DeviceError(UnavailableError):
    """A microphone or speaker cannot be opened or has gone."""


class ModelError(UnavailableError):
    """A model, its library or its worker is missing, broken or has ended."""


class LinkError(UnavailableError):
    """The place where the conversation runs cannot be reached."""

    final = False
    """Trying again would not help."""


class ProtocolError(AssistantError):
    """A rule of the Realtime protocol, or of our own cores, was broken."""


class LocalProtocolError(ProtocolError):
    """We called a core in a state in which its table does not allow the call; nothing has changed."""


class RemoteProtocolError(ProtocolError):
    """The peer sent something that the protocol does not allow; nothing has changed.

    Becomes an `error` event with `type` "invalid_request_error". `code` is one of the service's, or None; `param` names
    the field, in dotted form. Both are cut where the peer's own words make them too long.
    """

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(_cut(message))
        self.code = code
        self.param = param and _cut(param)


def keylike(text: str) -> bool:
    """Whether a key may stand in the text: then no message repeats it."""
    return bool(_KEY.search(text) or _WHOLE_KEY.fullmatch(text.strip()))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_PROBLEM else f"{text[: _LONGEST_PROBLEM - 1]}…"
