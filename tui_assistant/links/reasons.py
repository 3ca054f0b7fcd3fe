"""Why a link does not work, in words that say what to do next. Pure; foreign words are cut, and never hold the key.

Codes and texts are those that the services' documentation and reports of others name.
"""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass

from tui_assistant.errors import LinkError
from tui_assistant.protocol.items import ErrorDetail

LONGEST = 160  # characters of a peer's own words
MOST_RETRY_S = 300.0  # that a server may ask us to wait


class DownError(LinkError):
    """There is no session. `final`: trying again would not help. `wait_s`: before that the peer wants no other try."""

    wait_s = 0.0


@dataclass(frozen=True, slots=True)
class Plain:
    """What an error means. `final`: trying again would not help. `ends`: no session goes on after it."""

    words: str
    hint: str
    final: bool = False
    ends: bool = False
    wait_s: float = 0.0  # before the next try


_KEY = Plain("the key is refused", "is it the right key, and for this service?", final=True, ends=True)
_QUOTA = Plain(
    "no quota or credit left", "add credit in the service's console, then start again", final=True, ends=True
)
_MODEL = Plain("there is no such model for this key", "check [link] model", final=True, ends=True)
_BUSY = Plain("too many requests", "it goes on by itself; speak less often, or ask for a higher limit", wait_s=5.0)
_EXPIRED = Plain("the session reached its longest time", "a new one goes on with the conversation", ends=True)
_FULL = Plain("the service is overloaded", "it is tried again by itself", wait_s=2.0)
_UNFIT = Plain("its filter refuses what was said", "say it in other words")
_SHAPE = Plain("it does not speak this dialect any more", "look for a newer tui-assistant", final=True, ends=True)

# Of OpenAI and Azure, of DashScope, and what both show in other services; compared without case and marks.
_CODES: dict[str, Plain] = {
    "invalidapikey": _KEY,
    "incorrectapikey": _KEY,
    "authenticationerror": _KEY,
    "unauthorized": _KEY,
    "permissiondenied": _KEY,
    "accessdenied": _KEY,
    "insufficientquota": _QUOTA,
    "billinghardlimitreached": _QUOTA,
    "arrearage": _QUOTA,
    "freetieronly": _QUOTA,
    "allocationquotafreetieronly": _QUOTA,
    "modelnotfound": _MODEL,
    "ratelimitexceeded": _BUSY,
    "throttling": _BUSY,
    "throttlingratequota": _BUSY,
    "throttlingallocationquota": _BUSY,
    "limitrequests": _BUSY,
    "toomanyrequests": _BUSY,
    "sessionexpired": _EXPIRED,
    "sessionlimitreached": _FULL,
    "serveroverloaded": _FULL,
    "datainspectionfailed": _UNFIT,
    "contentfilter": _UNFIT,
    "betaapishapedisabled": _SHAPE,
}
# Where the code is missing or says nothing, by what stands in the message.
_WORDS: tuple[tuple[str, Plain], ...] = (
    ("api key", _KEY),
    ("api-key", _KEY),
    ("apikey", _KEY),
    ("exceeded your current quota", _QUOTA),
    ("insufficient quota", _QUOTA),
    ("no quota", _QUOTA),
    ("overdue payment", _QUOTA),
    ("in good standing", _QUOTA),
    ("rate limit", _BUSY),
    ("too many requests", _BUSY),
    ("throttl", _BUSY),
    ("maximum duration", _EXPIRED),
    ("no response was generated for", _EXPIRED),
    ("session was closed", _EXPIRED),
    ("overloaded", _FULL),
)
_CLOSES: dict[int | None, str] = {
    None: "the connection was cut off",
    1000: "the server ended the session",
    1001: "the server is going away",
    1002: "the server did not understand a frame (1002)",
    1006: "the connection was cut off",
    1007: "the server could not read a frame (1007)",
    1008: "the server refuses to go on (1008)",
    1009: "a frame was too big for the server (1009)",
    1011: "the server has failed (1011)",
    1012: "the server starts again (1012)",
    1013: "the server is overloaded (1013)",
}
_NO_ENTRY = (3000, 3003, 4001, 4401, 4403)  # close codes for a key that does not do; 3000 is OpenAI's
OVERLOADED = 1013


def plain(error: ErrorDetail) -> Plain | None:
    """What is known of an error; None: its own words have to do."""
    for code in (error.code, error.type):
        found = _CODES.get("".join(filter(str.isalnum, (code or "").lower())))
        if found is not None:
            return found
    return _by_words(error.message)


def in_words(where: str, error: ErrorDetail) -> str:
    """One line for the user: whose error, what it means, what to do next."""
    found, own = plain(error), _cut(error.message)
    if found is not None:
        return f"{where}: {found.words} ({found.hint})"
    if own:
        return f"{where}: {own}"
    code = error.code or error.type
    return f"{where}: an error without words{f' ({_cut(code)})' if code else ''}; if it stays, say it again"


def error_of(where: str, error: ErrorDetail) -> DownError:
    """There is no session because of it."""
    found = plain(error)
    if found is None:
        return DownError(f"{where}: no session: {_cut(error.message) or error.code or 'an error without words'}")
    result = DownError(f"{where}: {found.words}", found.hint)
    result.final, result.wait_s = found.final, found.wait_s
    return result


def farewell(code: int | None, reason: str) -> DownError:
    """The connection ended like this; final, where the key was the reason."""
    found = _by_words(reason)
    own = _cut(reason)
    if found is not None:
        result = DownError(found.words, found.hint)
        result.final, result.wait_s = found.final and code not in (1000, 1001), found.wait_s
        return result
    if code in _NO_ENTRY:
        result = DownError(f"{_KEY.words} ({code}{f' {own}' if own else ''})", _KEY.hint)
        result.final = True
        return result
    result = DownError(_CLOSES.get(code, f"it closed with {code}") + (f": {own}" if own else ""))
    result.wait_s = _FULL.wait_s if code == OVERLOADED else 0.0
    return result


def refused(where: str, status: int, retry_after: str = "") -> DownError:
    """The server answered the handshake with HTTP. 401, 403 and 404 are final."""
    if status in (401, 403):
        error = DownError(f"{where}: HTTP {status}, the key is refused", "is it the right key, and for this service?")
    elif status == 404:
        error = DownError(f"{where}: HTTP 404, there is no such address or model", "check the URL and [link] model")
    elif status == 429:
        error = DownError(f"{where}: HTTP 429, too many requests or no quota left", "look at the service's console")
    elif status == 503:
        error = DownError(f"{where}: HTTP 503, the server takes no more sessions now", "try again later")
    else:
        error = DownError(f"{where}: HTTP {status} instead of a WebSocket", "is it the address of a Realtime server?")
    error.final = status in (401, 403, 404)
    error.wait_s = _seconds(retry_after)
    return error


def no_answer(where: str, seconds: float) -> DownError:
    return DownError(f"{where}: no answer in {seconds:.0f} s", "is the network there?")


def cannot_connect(where: str, error: BaseException) -> DownError:
    """Without asyncio's own words, "Connect call failed ('127.0.0.1', 1)". A name that is not known: no network."""
    unknown = isinstance(error, socket.gaierror)
    if isinstance(error, OSError) and not unknown and error.errno in errno.errorcode:
        text = os.strerror(error.errno or 0)
    else:
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    hint = "is the network there, and the name right?" if unknown else "is the address right and the server running?"
    return DownError(f"{where}: cannot connect: {_cut(str(text))}", hint)


def _by_words(text: str) -> Plain | None:
    low = text.lower()
    return next((found for words, found in _WORDS if words in low), None)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _seconds(text: str) -> float:
    """Of a Retry-After header; a date in it counts as nothing."""
    return min(MOST_RETRY_S, float(text)) if text.isascii() and text.isdigit() else 0.0
