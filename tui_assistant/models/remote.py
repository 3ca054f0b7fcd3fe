"""A server that hears or speaks for us, over HTTP: where it is, its key, and what is said when it fails.

One background loop holds the connections, so that a cancellation closes them at once, whatever is being waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import httpx

from tui_assistant.errors import ConfigError, ModelError
from tui_assistant.models.own_loop import OwnLoop
from tui_assistant.models.web import is_loopback, mend, refusal

T = TypeVar("T")

CONNECT_S = 5.0
DEFAULT_TIMEOUT_S = 30.0  # longest silence of the server: it may first have to load its model
_KEPT_S = 55.0  # an idle connection lives so long: most servers and proxies keep theirs for a minute or more
# A kept connection that the server has closed meanwhile: worth one more try.
STALE = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


@dataclass(frozen=True, slots=True)
class Server:
    """Where to ask. `what` is the word for the user; the key is read from the environment at each request."""

    what: str
    base_url: str
    model: str = ""
    api_key_env: str = ""
    timeout_s: float = DEFAULT_TIMEOUT_S

    def headers(self) -> dict[str, str]:
        """Raises ModelError when the variable that should hold the key is not set."""
        if not self.api_key_env:
            return {}
        key = os.environ.get(self.api_key_env, "").strip()
        if not key or not key.isascii() or not key.isprintable():
            state = "holds no usable key" if key else "is not set"
            raise ModelError(
                f"the environment variable {self.api_key_env} {state}", f"put the {self.what} server's key there"
            )
        return {"Authorization": f"Bearer {key}"}

    def refused(self, response: httpx.Response, body: bytes) -> ModelError:
        """For an answer that is not 200. Never the key, even where the server repeats it."""
        key = os.environ.get(self.api_key_env, "").strip() if self.api_key_env else ""
        said = refusal(body, key)
        code = response.status_code
        what = f"the {self.what} server {self._place} refuses with {code}" + (f": {said}" if said else "")
        return ModelError(what, mend(code, self.api_key_env))

    def broken(self, error: Exception) -> ModelError:
        """For a connection that could not be made, or broke."""
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return ModelError(
                f"no {self.what} server answers at {self._place}", "start it, or change the address in the settings"
            )
        if isinstance(error, httpx.TimeoutException):
            return ModelError(
                f"the {self.what} server {self._place} was silent for {self.timeout_s:g} s", "is it loading a model?"
            )
        return ModelError(f"the {self.what} server {self._place} broke the connection", "say it again")

    @property
    def _place(self) -> str:
        return urlsplit(self.base_url).netloc


def server_from(options: dict[str, Any], what: str, path: str) -> Server:
    """The options `base_url`, `model`, `api_key_env`, `timeout` and `offline`, checked.

    `path`: what is asked below the base, and is taken off an address that was pasted whole. Raises ConfigError.
    """
    timeout = options.get("timeout", DEFAULT_TIMEOUT_S)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout < 10**5:
        raise ConfigError(f"the {what} server's timeout must be a number above 0")
    base_url = _normal(str(options.get("base_url") or "").strip(), what, path)
    server = Server(
        what, base_url, str(options.get("model") or ""), str(options.get("api_key_env") or ""), float(timeout)
    )
    if options.get("offline") and not is_loopback(base_url):
        raise ModelError(
            f"offline mode is on: the {what} server {server._place} is not asked", "set models.offline to false"
        )
    return server


def _normal(url: str, what: str, path: str) -> str:
    mend = "e.g. http://127.0.0.1:8000/v1"
    if not url:
        raise ConfigError(f"there is no address of a {what} server", f"tui-assistant config set {what}.url URL, {mend}")
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for what is no number
    except ValueError as error:
        raise ConfigError(f"the {what} server's address is not a URL", mend) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"the {what} server's address must begin with http:// or https://", mend)
    if parts.username is not None or parts.password is not None:
        raise ConfigError(f"the {what} server's address must not hold a password", "use api_key_env")
    base = parts.path.rstrip("/").removesuffix(path)
    return f"{parts.scheme}://{parts.netloc}{base or '/v1'}"


class Running(Generic[T]):
    """A request under way: iterate over what comes of it; `cancel`, from any thread, closes its connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop, server: Server, source: AsyncIterator[T]) -> None:
        self._pieces: queue.SimpleQueue[T | BaseException | None] = queue.SimpleQueue()
        self._server = server
        self._cancelled = False
        self._future = asyncio.run_coroutine_threadsafe(self._run(source), loop)

    @property
    def done(self) -> bool:
        return self._future.done()

    def cancel(self) -> None:
        self._cancelled = True
        self._future.cancel()
        self._pieces.put(None)

    def __iter__(self) -> Iterator[T]:
        """Raises ModelError; ends early, without a word, when cancelled."""
        try:
            while (piece := self._pieces.get()) is not None and not self._cancelled:
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
        finally:
            self._future.cancel()

    async def _run(self, source: AsyncIterator[T]) -> None:
        try:
            async for piece in source:
                self._pieces.put(piece)
        except ModelError as error:
            self._pieces.put(error)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            self._pieces.put(self._server.broken(error))
        except Exception as error:  # noqa: BLE001 - httpx lets errors of its parts through; the waiting thread must hear of all
            what = f"the {self._server.what} server cannot be asked: {type(error).__name__}"
            self._pieces.put(ModelError(what, "check the address"))
        else:
            self._pieces.put(None)


class Connection:
    """A server, the loop on which it is asked, and the client that keeps connections to it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._client: httpx.AsyncClient | None = None
        self._warmed = -_KEPT_S  # when a request was last begun, by the clock of the loop
        self._own = OwnLoop(server.what)
        self._loop = self._own.loop

    def run(self, source: AsyncIterator[T]) -> Running[T]:
        self._warmed = self._loop.time()
        return Running(self._loop, self.server, source)

    def warm(self) -> None:
        """A request will follow soon: connects now, where that takes time (TLS), so that it has not to wait for it."""
        now = self._loop.time()
        if not self.server.base_url.startswith("https:") or now - self._warmed < _KEPT_S:
            return
        self._warmed = now
        asyncio.run_coroutine_threadsafe(self._connect(), self._loop)

    async def _connect(self) -> None:
        # Whatever goes wrong here goes wrong with the request too, which says so.
        with contextlib.suppress(httpx.HTTPError, httpx.InvalidURL, OSError, ModelError):
            await self.client().get(f"{self.server.base_url}/models", headers=self.server.headers())

    def client(self) -> httpx.AsyncClient:
        """On the loop's thread. Raises ModelError for a proxy that cannot be used."""
        if self._client is None:
            timeout = httpx.Timeout(self.server.timeout_s, connect=CONNECT_S)
            try:
                # A proxy from the environment is for the world outside, never for this machine.
                client = httpx.AsyncClient(
                    timeout=timeout,
                    limits=httpx.Limits(keepalive_expiry=_KEPT_S),
                    trust_env=not is_loopback(self.server.base_url),
                )
                self._client = self._own.closes(client)
            except (ImportError, ValueError) as error:  # a SOCKS proxy without its library; a proxy that is no URL
                raise ModelError("the proxy settings in the environment cannot be used", str(error)) from error
        return self._client
