"""From what the user names to what is connected to: `openai`, `qwen`, ... or a URL, or NAME+URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import overload
from urllib.parse import SplitResult, parse_qs, quote, urlsplit

from tui_assistant.errors import UnavailableError, UsageError, keylike
from tui_assistant.links.vendors.keys import checked
from tui_assistant.links.vendors.table import GENERIC, GENERIC_QWEN, QWEN_PATH, VENDORS, Vendor

LEAST_KEY = 8  # characters: shorter ones stand in ordinary words, and are no secret
IN_A_QUERY = {"api_key", "api-key", "apikey", "key", "token", "access_token"}  # names under which servers take keys

Stored = Callable[[str], str]


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

    @overload
    def masked(self, text: str) -> str: ...
    @overload
    def masked(self, text: bytes) -> bytes: ...
    def masked(self, text: str | bytes) -> str | bytes:
        """What comes from outside, without the key: some servers put it into their errors."""
        for value in self.headers.values():
            key = value.rpartition(" ")[2]
            if len(key) < LEAST_KEY:
                continue
            text = text.replace(key, "[key]") if isinstance(text, str) else text.replace(key.encode(), b"[key]")
        return text

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def leaves(self) -> bool:
        """Audio leaves this machine."""
        return not is_here(self.host)


def endpoint(
    link: str,
    environment: Mapping[str, str],
    *,
    model: str = "",
    key_env: str = "",
    resource: str = "",
    stored: Stored = lambda name: "",
) -> Endpoint:
    """`link`: a service's name, a ws:// or wss:// URL, or NAME+URL for a server of that kind elsewhere.

    `key_env`: the variable of the key where it isn't the usual. `stored`: the key that is kept under a name, or empty;
    it may raise UnavailableError. Raises UsageError: no such service, no URL, no key, or a key that would go over an
    open wire.
    """
    kind, plus, own = link.partition("+")
    vendor = VENDORS.get(kind)
    if vendor is None or (plus and "://" not in own):
        vendor, own = None, link
    if vendor is not None and not plus:
        own = _usual_url(vendor, model, resource)
    parts, host, port = _parsed(own)
    if vendor is None:
        vendor = _known(host) or (GENERIC_QWEN if QWEN_PATH in parts.path else GENERIC)
    place = f"{host}:{port}" if port else host
    if vendor.name == GENERIC.name:
        vendor = replace(vendor, name=place, kept=place)
    if model and "model" not in parse_qs(parts.query):
        own += ("&" if parts.query else "?") + f"model={quote(model, safe='')}"
    if vendor.name == place and "explain" not in parse_qs(parts.query):
        own += ("&" if "?" in own else "?") + "explain=1"  # a server of ours says why; others take no notice
    key = _key(vendor, environment, key_env, stored, needed=bool(key_env or vendor.key), here=is_here(host))
    if key and parts.scheme == "ws" and not is_here(host):
        raise UsageError("--link: the key would go over the network in the open", "use wss://")
    return Endpoint(vendor.name, own, vendor, {vendor.key_header: vendor.key_form.format(key)} if key else {})


def _usual_url(vendor: Vendor, model: str, resource: str) -> str:
    if "{resource}" in vendor.url and not resource:
        whose = "the name of your resource" if vendor.name == "azure" else "the id of your workspace"
        raise UsageError(f"--link {vendor.name}: whose?", f"set [link] resource to {whose}, the host's first part")
    model = model or vendor.model
    if "{model}" in vendor.url and not model:
        raise UsageError(f"--link {vendor.name}: which model?", "set [link] model to the one that the server has")
    return vendor.url.format(model=quote(model, safe=""), resource=quote(resource, safe=""))


def _parsed(url: str) -> tuple[SplitResult, str, int | None]:
    """The URL's parts, host and port. Raises UsageError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    asked = parse_qs(parts.query, keep_blank_values=True)
    if parts.username or parts.password or keylike(url) or IN_A_QUERY & {name.lower() for name in asked}:
        raise UsageError(
            "--link must not hold a password or a key: whoever lists processes would see it",
            "`tui-assistant key set NAME` keeps it, or [link] key_env names its variable",
        )
    if parts.scheme not in ("ws", "wss") or not host:
        known = ", ".join(VENDORS)
        raise UsageError(
            f"--link {url[:60]}: neither a service nor an address", f"local, {known} or ws://HOST:PORT/PATH"
        )
    return parts, host, port


def _known(host: str) -> Vendor | None:
    for vendor in VENDORS.values():
        if any(host == own or (own.startswith(".") and host.endswith(own)) for own in vendor.hosts):
            return vendor
    return None


def _key(
    vendor: Vendor, environment: Mapping[str, str], key_env: str, stored: Stored, *, needed: bool, here: bool
) -> str:
    """The variable goes before the keyring, which is not asked for a server on this machine that needs no key."""
    variable = key_env or vendor.key
    if key := checked(environment.get(variable, "") if variable else "", variable):
        return key
    why = "none in the system's keyring"
    try:
        key = "" if here and not needed else checked(stored(vendor.key_name), f"the keyring's {vendor.key_name}")
    except UnavailableError as error:
        why = error.message
    if needed and not key:
        said = "the variable that [link] key_env names" if keylike(variable) else variable
        raise UsageError(
            f"--link {vendor.name}: no key in {said}, and {why}",
            f"export {said}=..., or `tui-assistant key set {vendor.key_name}`",
        )
    return key
