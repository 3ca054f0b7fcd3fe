"""Whom the gate lets in: every combination of host, origin and token, over real sockets, against the rules in words.

1. A Host that is not this machine's: 403. 2. An Origin that is neither the server's own nor allowed: 403.
3. Where a token is set, none or a wrong one: 401. 4. No such path: 404. Else it is let in. The first rule wins.
"""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tui_assistant.server.app import ServerOptions
from tui_assistant.testing.server import realtime_server

TOKEN = "tok-3fG8"
LOOPBACK, ANY, SIX = "127.0.0.1", "0.0.0.0", "::1"
SERVERS = {  # name: address, token, allowed host, allowed origin
    "loopback": (LOOPBACK, None, None, None),
    "loopback, token": (LOOPBACK, TOKEN, None, None),
    "loopback, allowed": (LOOPBACK, None, "box.lan", "https://app.example"),
    "all addresses, token, allowed": (ANY, TOKEN, "box.lan", "https://app.example"),
    "IPv6": (SIX, None, None, None),
}
HOSTS = (None, "127.0.0.1:PORT", "localhost:PORT", "[::1]:PORT", "box.lan:PORT", "evil.example:PORT", "0.0.0.0:PORT")
ORIGINS = (None, "OWN", "https://app.example", "http://app.example", "http://evil.example", "null")
TOKENS = (
    (),
    (f"Authorization: Bearer {TOKEN}",),
    (f"Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{TOKEN}",),
    ("Authorization: Bearer wrong",),
    (f"Authorization: Basic {TOKEN}",),
    ("Sec-WebSocket-Protocol: openai-insecure-api-key.wrong",),
)
RIGHT = TOKENS[1:3]
PATHS = {"/v1/realtime": 101, "/realtime": 101, "/api-ws/v1/realtime": 101, "/metrics": 200, "/": 404}
OPEN = {"/healthz": 200, "/readyz": 200}  # for whoever probes: they tell nothing


def expected(server: str, host: str | None, origin: str | None, token: tuple[str, ...], path: str) -> int:
    address, wanted, allowed_host, allowed_origin = SERVERS[server]
    if path in OPEN:
        return OPEN[path]
    name = (host or "").removesuffix(":PORT")
    if name not in ("127.0.0.1", "localhost", "[::1]", address) and (name != allowed_host or not name):
        return 403
    if origin not in (None, "OWN") and origin != allowed_origin:
        return 403
    if wanted is not None and token not in RIGHT:
        return 401
    return PATHS[path]


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, tuple[str, int]]]:
    """Where each of SERVERS can be reached."""
    with ExitStack() as stack:
        found = {}
        for name, (address, token, host, origin) in SERVERS.items():
            options = ServerOptions(
                host=address,
                port=0,
                token=token,
                allow_hosts=frozenset({host} if host else ()),
                allow_origins=frozenset({origin} if origin else ()),
                max_sessions=10_000,
                metrics=True,
            )
            url = stack.enter_context(realtime_server(options=options))
            found[name] = (SIX if address == SIX else LOOPBACK, int(url.rsplit(":", 1)[1].split("/")[0]))
        yield found


def shake(address: tuple[str, int], path: str, *headers: str) -> int:
    lines = [f"GET {path} HTTP/1.1", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    lines += ["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", *headers, "", ""]
    with socket.create_connection(address, timeout=60) as client:
        client.sendall("\r\n".join(lines).replace("PORT", str(address[1])).encode("latin-1"))
        return int(client.recv(4096).split(b" ", 2)[1])


@pytest.mark.parametrize("server", SERVERS)
def test_every_combination(ports: dict[str, tuple[str, int]], server: str) -> None:
    wrong = []
    whole = itertools.product(HOSTS, ORIGINS, TOKENS, ("/v1/realtime", "/metrics"))
    others = itertools.product(HOSTS[1:6:4], ORIGINS[:5:4], TOKENS[:2], (*PATHS, *OPEN))
    for host, origin, token, path in itertools.chain(whole, others):
        headers = [*token]
        if host is not None:
            headers.append(f"Host: {host}")
        if origin is not None:
            headers.append(f"Origin: http://{host}" if origin == "OWN" else f"Origin: {origin}")
        if host is None and origin == "OWN":
            continue  # no Host, so no origin of its own
        status = shake(ports[server], path, *headers)
        if status != (right := expected(server, host, origin, token, path)):
            wrong.append((host, origin, token, path, status, right))
    assert wrong == []


@pytest.mark.parametrize("doubled", ["Host: localhost", "Origin: http://evil.example", "Authorization: Bearer x"])
def test_a_header_that_stands_twice_is_refused(ports: dict[str, tuple[str, int]], doubled: str) -> None:
    """Else a proxy might look at the one and we at the other."""
    name = doubled.split(":")[0]
    first = {"Host": "Host: 127.0.0.1", "Origin": "Origin: http://127.0.0.1", "Authorization": RIGHT[0][0]}
    assert shake(ports["all addresses, token, allowed"], "/v1/realtime", *first.values()) == 101
    assert shake(ports["all addresses, token, allowed"], "/v1/realtime", *first.values(), doubled) == 400
    assert name in first
