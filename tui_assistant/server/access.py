"""Who may open a session: Host, Origin and token of a handshake. Pure."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

TOKEN_PROTOCOL = "openai-insecure-api-key."  # noqa: S105  # the prefix browsers put before their key, no secret
_LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP answer instead of the upgrade; `reason` is one line for the client."""

    status: int
    reason: str


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
            return Refusal(403, "this Host is not served here; see --allow-host")
        if origin is not None and not self._origin_allowed(origin, host):
            return Refusal(403, "this Origin may not connect; see --allow-origin")
        if self.token is not None and not self._token_right(authorization, protocols):
            return Refusal(401, "a token is needed: Authorization: Bearer TOKEN")
        return None

    def _host_allowed(self, host: str | None) -> bool:
        name = (urlsplit(f"//{host}").netloc.rsplit("@")[-1] if host else "").lower()
        bare = name.rsplit(":", 1)[0] if ":" in name and not name.endswith("]") else name
        return bare in _LOCAL_NAMES or bare == self.host.lower() or bool({bare, name} & self.allow_hosts)

    def _origin_allowed(self, origin: str, host: str | None) -> bool:
        if origin in self.allow_origins:
            return True
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and bool(host) and parts.netloc.lower() == (host or "").lower()

    def _token_right(self, authorization: str | None, protocols: Iterable[str]) -> bool:
        scheme, _, given = (authorization or "").partition(" ")
        tokens = [given.strip()] if scheme.lower() == "bearer" else []
        tokens += [name.removeprefix(TOKEN_PROTOCOL) for name in protocols if name.startswith(TOKEN_PROTOCOL)]
        wanted = (self.token or "").encode()
        return any(hmac.compare_digest(token.encode(), wanted) for token in tokens)


def is_loopback(host: str) -> bool:
    """Only this machine can reach an address of that name."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
