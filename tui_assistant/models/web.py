"""Servers over HTTP that a model asks: whether they are on this machine, and what they say when they refuse."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx

MAX_REFUSAL_BYTES = 2**16  # as much of a refusal as may be worth reading
_MESSAGE_LIMIT = 200  # characters of a server's own error text
_DRAIN_S = 0.2


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def refusal(body: bytes, key: str) -> str:
    """Why, in the server's words and in one line, or empty. Never the key, even where the server repeats it."""
    try:
        said = server_message(json.loads(body))
    except (ValueError, RecursionError):
        said = "" if looks_like(body) in ("nothing", "a web page") else one_line(body.decode("utf-8", "replace"))
    return said.replace(key, "***") if key else said


def mend(code: int, api_key_env: str) -> str:
    """What to do about a status that is not 200."""
    if code in (401, 403):
        return f"check the key in {api_key_env}" if api_key_env else "it wants a key: set api_key_env"
    if code in (404, 405):
        return "check the address and the model's name"
    if 300 <= code < 400:
        return "it has moved: check the address"
    if code == 429:
        return "too many requests, or no credit left"
    return "try again; its own log says more" if code >= 500 else ""


def server_message(value: object) -> str:
    """The error text inside a server's JSON, in one line; empty when there is none."""
    if not isinstance(value, dict):
        return ""
    error = value.get("error")
    if error is None and value.get("object") == "error":
        error = value
    if error is None:
        error = value.get("detail")  # FastAPI's habit
    if isinstance(error, dict):
        error = error.get("message") or error.get("code") or "an error without a text"
    if isinstance(error, list):
        error = "; ".join(str(item.get("msg", item)) if isinstance(item, dict) else str(item) for item in error[:3])
    return one_line(error) if isinstance(error, str) else ""


def looks_like(body: bytes) -> str:
    """What a body that is no answer seems to be, in words."""
    text = body[:2000].decode("utf-8", "replace").lstrip("\ufeff \r\n\t").lower()
    if not text:
        return "nothing"
    if text.startswith("<") or "<html" in text:
        return "a web page"
    return "something that is no chat completion"


def one_line(text: str) -> str:
    line = re.sub(r"\s+", " ", text).strip()
    return line if len(line) <= _MESSAGE_LIMIT else line[: _MESSAGE_LIMIT - 1] + "…"


async def beginning(response: httpx.Response) -> bytes:
    """As much of a refusal as may be worth reading."""
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > MAX_REFUSAL_BYTES:
            break
    return body


async def drain(body: AsyncIterator[bytes]) -> None:
    """Reads the end of a finished answer, so that the connection can be used again; some servers never end it."""
    with contextlib.suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(_DRAIN_S):
            async for _ in body:
                pass
