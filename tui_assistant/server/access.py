"""Who may open a session: Host, Origin and token of a handshake. Pure."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

TOKEN_PROTOCOL = "openai-insecure-api-key."  # noqa: S105  # the prefix browsers put before their key, no secret
_LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP answer instead of the upgrade; `reason` is one line for the client, `kind` a word to count it by."""

    status: int
    reason: str
    kind: Literal["host", "origin", "token"]


@dataclass(frozen=True, slots=True)
class Access:
    """The rules. `token` None: none is needed."""

    host: str
    port: int
    token: str | None = None
    allow_hosts: frozenset[str] = frozenset()
    allow_origins: frozenset[str] = frozenset()

    def refusal(
        self, *, host: str | None, origin: str | None, authorization: str | None, protocols: Iterable[str]
    ) -> Refusal | None:
        """Why a handshake with these headers is refused, None when it is not.

        A page of another site that makes the browser connect here is told by its Origin; one that points its own name
        at this machine (DNS rebinding) by its Host.
        """
        if not self._host_allowed(host):
            return Refusal(403, "this Host is not served here; see --allow-host", "host")
        if origin is not None and not self._origin_allowed(origin, host):
            return Refusal(403, "this Origin may not connect; see --allow-origin", "origin")
        if self.token is not None and not self._token_right(authorization, protocols):
            return Refusal(401, "a token is needed: Authorization: Bearer TOKEN", "token")
        return None

    def _host_allowed(self, host: str | None) -> bool:
        name = (host or "").lower()
        before, colon, port = name.rpartition(":")
        bare = before if colon and (port.isdecimal() or not port) else name
        return bare in _LOCAL_NAMES or bare == in_url(self.host.lower()) or bool({bare, name} & self.allow_hosts)

    def _origin_allowed(self, origin: str, host: str | None) -> bool:
        scheme, _, site = origin.lower().partition("://")
        return origin in self.allow_origins or (scheme in ("http", "https") and site == (host or "").lower() != "")

    def _token_right(self, authorization: str | None, protocols: Iterable[str]) -> bool:
        scheme, _, given = (authorization or "").partition(" ")
        tokens = [given.strip()] if scheme.lower() == "bearer" else []
        tokens += [name.removeprefix(TOKEN_PROTOCOL) for name in protocols if name.startswith(TOKEN_PROTOCOL)]
        wanted = (self.token or "").encode()
        # Headers are bytes: what is no ASCII in them comes as surrogates.
        return any(hmac.compare_digest(token.encode(errors="surrogateescape"), wanted) for token in tokens)


def in_url(host: str) -> str:
    """An address as it stands in a URL and in a Host header: IPv6 in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def is_loopback(host: str) -> bool:
    """Only this machine can reach an address of that name."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
