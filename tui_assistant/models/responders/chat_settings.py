"""The chat responder's options."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args
from urllib.parse import urlsplit

from tui_assistant.errors import ConfigError, ModelError
from tui_assistant.models.web import is_loopback

DEFAULT_SYSTEM = (
    "You are a voice assistant. Your answers are spoken aloud: keep them short, in plain sentences, without lists, "
    "headings, code or emoji. The user's words come from speech recognition and may hold mistakes."
)
DEFAULT_TIMEOUT_S = 60.0  # a local server may first have to load its model
DEFAULT_CONTEXT = 3_500  # tokens: leaves room for an answer in the 4096 that small local servers are started with


Where = Literal["off", "here", "always"]  # here: with servers on this machine, for elsewhere it may cost money


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """Where and how to ask. The key is read from the environment at each request and kept nowhere."""

    base_url: str = ""  # empty: looked for on this machine
    model: str = ""  # empty: the first one that the server offers
    api_key_env: str = ""
    timeout_s: float = DEFAULT_TIMEOUT_S  # longest silence of the server, before and between words
    system: str = DEFAULT_SYSTEM
    language: str = ""  # in words: "German"; empty: the user's
    context_tokens: int = DEFAULT_CONTEXT  # of a request: instructions, tools and conversation
    history: int = 0  # characters of the conversation; 0: what context_tokens leaves
    offline: bool = False  # no server but those on this machine is asked
    # Where answers are prepared, at the cost of a request for each of the user's pauses, and the model is kept loaded:
    speculate: Where = "here"
    keep_warm: Where = "here"

    @property
    def auto(self) -> bool:
        return not self.base_url

    def applies(self, where: Where) -> bool:
        """Whether what is done only `where` is done with this server."""
        return where == "always" or (where == "here" and (self.auto or is_loopback(self.base_url)))

    def api_key(self) -> str:
        """Raises ModelError when the variable that should hold it is not set."""
        if not self.api_key_env:
            return ""
        key = os.environ.get(self.api_key_env, "").strip()
        if not key or not key.isascii() or not key.isprintable():
            state = "holds no usable key" if key else "is not set"
            raise ModelError(f"the environment variable {self.api_key_env} {state}", "put the chat server's key there")
        return key


def from_options(options: dict[str, Any]) -> ChatSettings:
    """Raises ConfigError for a value that cannot work, in words that never repeat a secret."""
    base_url = str(options.get("base_url") or "").strip()
    return ChatSettings(
        base_url="" if base_url in ("", "auto") else normal_url(base_url),
        model=str(options.get("model") or ""),
        api_key_env=str(options.get("api_key_env") or ""),
        timeout_s=_number(options, "timeout", DEFAULT_TIMEOUT_S),
        system=str(options.get("system") or DEFAULT_SYSTEM),
        language=str(options.get("language") or ""),
        context_tokens=int(_number(options, "context_tokens", DEFAULT_CONTEXT)),
        history=int(_number(options, "history", 0)) if "history" in options else 0,
        speculate=_where(options, "speculate"),
        keep_warm=_where(options, "keep_warm"),
        offline=bool(options.get("offline")),
    )


def normal_url(url: str) -> str:
    """`url` as the base that `/chat/completions` is appended to; takes what people paste. Raises ConfigError."""
    mend = "e.g. http://127.0.0.1:11434/v1"
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for what is no number
    except ValueError as error:
        raise ConfigError("the chat server's address is not a URL", mend) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError("the chat server's address must begin with http:// or https://", mend)
    if parts.username is not None or parts.password is not None:
        raise ConfigError("the chat server's address must not hold a password", "use api_key_env")
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return f"{parts.scheme}://{parts.netloc}{path or '/v1'}"


def _where(options: dict[str, Any], key: str) -> Where:
    value = options.get(key, "here")
    if value not in get_args(Where):
        raise ConfigError(f"the chat responder's {key} must be one of {', '.join(get_args(Where))}")
    return cast("Where", value)


def _number(options: dict[str, Any], key: str, default: float) -> float:
    value = options.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 10**7:
        raise ConfigError(f"the chat responder's {key} must be a number above 0")
    return float(value)
