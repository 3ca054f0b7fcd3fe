"""Everything that servers in this process send, held against the vendors' types when the test ends.

A fixture for the conftest of a folder: `from sent_events import strictly_checked`. It sees the frames themselves, so it
does not matter which client the test has, or whether it reads them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sdk_types import check_wire
from sdk_types_flat import check_beta, check_qwen
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request

EXPLAINED = ("reason", "at_ms")  # ours, for clients that ask for them by ?explain=1


def checker(request: Request) -> Callable[[dict[str, Any]], None]:
    """By what the client asked for in its handshake."""
    offered = ",".join(request.headers.get_all("Sec-WebSocket-Protocol"))
    if urlsplit(request.path).path == "/api-ws/v1/realtime":
        return check_qwen
    if request.headers.get("OpenAI-Beta") == "realtime=v1" or "openai-beta.realtime-v1" in offered:
        return check_beta
    return check_wire


def check_all(request: Request, frames: list[str]) -> None:
    """The frames of one connection: each is an event of its wire, and no two have the same id."""
    explain = parse_qs(urlsplit(request.path).query).get("explain") == ["1"]
    check, ids = checker(request), set[str]()
    for frame in frames:
        event = json.loads(frame)
        if explain:
            event = {name: value for name, value in event.items() if name not in EXPLAINED}
        check(event)
        assert event["event_id"] not in ids, f"{event['event_id']} was used twice"
        ids.add(event["event_id"])


@pytest.fixture
def strictly_checked(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[ServerConnection, list[str]]]:
    """What each connection was sent; validated when the test is over."""
    sent: dict[ServerConnection, list[str]] = {}
    send = ServerConnection.send

    async def recorded(self: ServerConnection, message: Any, *args: Any, **options: Any) -> None:
        assert isinstance(message, str), "only text frames are sent"
        sent.setdefault(self, []).append(message)
        await send(self, message, *args, **options)

    monkeypatch.setattr(ServerConnection, "send", recorded)
    yield sent
    for connection, frames in sent.items():
        assert connection.request is not None
        check_all(connection.request, frames)
