"""From what the user names to what is connected to: `openai`, `qwen`, ... or a URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from urllib.parse import parse_qs, quote, urlsplit

from tui_assistant.errors import UsageError
from tui_assistant.links.vendors.table import GENERIC, GENERIC_QWEN, QWEN_PATH, VENDORS, Vendor


def is_here(host: str) -> bool:
    """A name or an address of this machine itself, which no network sees."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect. The headers, which hold the key, are in no repr and in no message."""

    name: str  # for the screen: the service, or the host of the URL
    url: str
    vendor: Vendor
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def leaves(self) -> bool:
        """Audio leaves this machine."""
        return not is_here(self.host)


def endpoint(
    link: str, environment: Mapping[str, str], *, model: str = "", key_env: str = "", resource: str = ""
) -> Endpoint:
    """`link`: a service's name or a ws:// or wss:// URL. `key_env`: the variable of the key where it isn't the usual.

    Raises UsageError: no such service, no URL, no key, or a key that would go over an open wire.
    """
    named = VENDORS.get(link)
    if named is None:
        return _of_url(link, environment, model, key_env)
    if "{resource}" in named.url and not resource:
        raise UsageError(f"--link {link}: whose resource?", "set [link] resource to its name, the host's first part")
    url = named.url.format(model=quote(model or named.model, safe=""), resource=quote(resource, safe=""))
    variable = key_env or named.key
    return Endpoint(named.name, url, named, _headers(named, environment, variable, needed=True))


def _of_url(url: str, environment: Mapping[str, str], model: str, key_env: str) -> Endpoint:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in ("ws", "wss") or not host:
        known = ", ".join(VENDORS)
        raise UsageError(
            f"--link {url[:60]}: neither a service nor an address", f"local, {known} or ws://HOST:PORT/PATH"
        )
    if parts.username or parts.password:
        raise UsageError(
            "--link: a URL must not hold a password", "put the key into a variable, name it in [link] key_env"
        )
    vendor = _known(host) or (GENERIC_QWEN if QWEN_PATH in parts.path else GENERIC)
    vendor = replace(vendor, name=vendor.name if vendor.name != GENERIC.name else f"{host}{f':{port}' if port else ''}")
    if model and "model" not in parse_qs(parts.query):
        url += ("&" if parts.query else "?") + f"model={quote(model, safe='')}"
    variable = key_env or vendor.key
    headers = _headers(vendor, environment, variable, needed=bool(variable))
    if headers and parts.scheme == "ws" and not is_here(host):
        raise UsageError("--link: the key would go over the network in the open", "use wss://")
    return Endpoint(vendor.name, url, vendor, headers)


def _known(host: str) -> Vendor | None:
    for vendor in VENDORS.values():
        if any(host == own or (own.startswith(".") and host.endswith(own)) for own in vendor.hosts):
            return vendor
    return None


def _headers(vendor: Vendor, environment: Mapping[str, str], variable: str, *, needed: bool) -> dict[str, str]:
    key = environment.get(variable, "").strip() if variable else ""
    if needed and not key:
        raise UsageError(f"--link {vendor.name}: no key in {variable}", f"export {variable}=...")
    if any(ord(character) < 33 or ord(character) > 126 for character in key):
        raise UsageError(f"--link {vendor.name}: what {variable} holds is no key", "it has spaces or other characters")
    return {**vendor.headers, **({vendor.key_header: vendor.key_form.format(key)} if key else {})}
