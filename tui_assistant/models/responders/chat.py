"""Any OpenAI-compatible `/v1/chat/completions` as the Responder, streamed.

One background loop holds the connections: cancelling the task there closes the stream at once, also while the server is
still thinking about its first word. A stream left open and unread would block llama.cpp's next answer for 20 s.
"""

from __future__ import annotations

import asyncio
import json
import queue
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx

from tui_assistant.engine.ports import Alarm, Cancellation, FunctionCallDelta, Respond, Responded, TextDelta
from tui_assistant.errors import ModelError
from tui_assistant.models.own_loop import OwnLoop
from tui_assistant.models.responders import chat_errors, chat_tools
from tui_assistant.models.responders.chat_budget import Density
from tui_assistant.models.responders.chat_messages import characters, messages_for
from tui_assistant.models.responders.chat_settings import ChatSettings, from_options
from tui_assistant.models.responders.chat_stream import ChatStream, Said
from tui_assistant.models.responders.endpoints import find_local, list_models
from tui_assistant.models.responders.warmth import QUESTION, Warmth
from tui_assistant.models.web import beginning, drain, is_loopback

_CONNECT_S = 5.0
_STALE = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)  # a kept connection that the server has closed
_MAX_TRIES = 8  # the request is sent again without what the server has refused, at most this often
_Piece = Said | Responded | BaseException | None


class Chat:
    """The Responder."""

    name = "chat"

    def __init__(self, settings: ChatSettings) -> None:
        self._settings = settings
        self._base_url = settings.base_url  # empty: not found yet
        self._model = settings.model
        self._refused: set[str] = set()  # parameters that this server does not know
        self._density = Density()
        self._client: httpx.AsyncClient | None = None
        self._warmth = Warmth(self._warm)
        self._own = OwnLoop("chat")
        self._loop = self._own.loop

    def respond(
        self, request: Respond, cancellation: Cancellation
    ) -> Iterator[TextDelta | FunctionCallDelta | Responded]:
        """Raises ModelError only while nothing has been said; what came before a disconnection stays."""
        pieces: queue.SimpleQueue[_Piece] = queue.SimpleQueue()
        answering = asyncio.run_coroutine_threadsafe(self._answer(request, pieces), self._loop)

        def cancel() -> None:
            answering.cancel()
            pieces.put(None)

        cancellation.on_cancel(cancel)
        try:
            while (piece := pieces.get()) is not None and not cancellation.cancelled:
                if isinstance(piece, BaseException):
                    raise piece
                if isinstance(piece, Responded):
                    yield piece
                    return
                yield piece if isinstance(piece, FunctionCallDelta) else TextDelta(piece)
        finally:
            answering.cancel()

    def prepares(self, request: Respond) -> bool:
        """A question does nothing at the server; elsewhere it costs money, also when the user goes on."""
        return self._settings.applies(self._settings.speculate)

    def notify(self, session_id: str, ring: Callable[[Alarm], None]) -> Callable[[], None]:
        """A language model never speaks by itself; but it should be there when it is asked."""
        if not self._settings.applies(self._settings.keep_warm):
            return lambda: None
        self._loop.call_soon_threadsafe(self._warmth.begin, session_id)

        def stop() -> None:
            self._loop.call_soon_threadsafe(self._warmth.end, session_id)

        return stop

    async def _warm(self) -> None:
        async for _ in self._pieces(QUESTION, ChatStream()):
            pass

    async def _answer(self, request: Respond, pieces: queue.SimpleQueue[_Piece]) -> None:
        self._warmth.used()
        stream = ChatStream()
        said = False
        incomplete = ""
        try:
            async for piece in self._pieces(request, stream):
                said = True
                pieces.put(piece)
        except ModelError as error:
            if not said or stream.calls:  # half a call must not be carried out
                pieces.put(error)
                return
            incomplete = error.message
        except Exception as error:  # noqa: BLE001 - httpx lets errors of its parts through; the waiting thread must hear of all
            pieces.put(ModelError(f"the chat server cannot be asked: {type(error).__name__}", "check responder.chat"))
            return
        if not said:
            pieces.put(chat_errors.empty(stream))
            return
        if not stream.done and stream.calls:
            pieces.put(ModelError("the connection ended in the middle of a function call", "ask again"))
            return
        if not incomplete and not stream.done:
            incomplete = "the connection ended early"
        if not incomplete and stream.finish_reason in ("length", "content_filter"):
            incomplete = stream.finish_reason
        self._density.measured(stream.asked, stream.input_tokens)
        metadata = {"model": self._model} if self._model else {}
        if incomplete:
            metadata["incomplete"] = incomplete
        pieces.put(Responded(metadata, stream.input_tokens, stream.output_tokens))

    async def _pieces(self, request: Respond, stream: ChatStream) -> AsyncIterator[Said]:
        await self._find()
        for attempt in range(_MAX_TRIES):
            answered = False
            try:
                async with self._open().stream(
                    "POST",
                    f"{self._base_url}/chat/completions",
                    json=self._body(request, stream),
                    headers=self._headers(),
                ) as response:
                    answered = True
                    if response.status_code != 200:
                        refusal = await beginning(response)
                        if self._can_do_without(response.status_code, refusal, request, stream.asked):
                            continue
                        raise chat_errors.status(response, refusal, self._settings)
                    body = response.aiter_bytes()
                    async for piece in body:
                        for said in stream.feed(piece):
                            yield said
                        if stream.complete:
                            break
                    for said in stream.end():
                        yield said
                    await drain(body)
                    return
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                if isinstance(error, _STALE) and not answered and attempt == 0:
                    continue
                for said in _rest(stream):
                    yield said
                if stream.done:
                    return
                if self._settings.auto and isinstance(error, httpx.ConnectError):
                    self._base_url = ""  # it has gone: look for another one next time
                raise chat_errors.transport(error, self._settings, self._base_url) from error
        raise ModelError("the chat server refuses every form of the request", "check the address and the model's name")

    async def _find(self) -> None:
        if self._settings.offline and self._base_url and not is_loopback(self._base_url):
            raise ModelError("offline mode is on: the chat server is not asked", "set models.offline to false")
        if not self._base_url:
            found = await asyncio.to_thread(find_local)
            usable = next((endpoint for endpoint in found if endpoint.models), None)
            if usable is None:
                raise chat_errors.none_found(found)
            self._base_url = usable.base_url
            self._model = self._settings.model or usable.models[0]
        if not self._model:
            self._model = await self._first_model()

    async def _first_model(self) -> str:
        """What the server offers; servers with one model take any name, so an empty one is worth a try."""
        try:
            answer = await self._open().get(f"{self._base_url}/models", headers=self._headers())
            models = list_models(answer.json()) if answer.status_code == 200 else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError):
            models = None  # the request itself will say what is wrong
        return models[0] if models else ""

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            timeout = httpx.Timeout(self._settings.timeout_s, connect=_CONNECT_S)
            # A proxy from the environment is for the world outside, never for this machine.
            try:
                client = httpx.AsyncClient(timeout=timeout, trust_env=not is_loopback(self._base_url))
                self._client = self._own.closes(client)
            except (ImportError, ValueError) as error:  # a SOCKS proxy without its library; a proxy that is no URL
                raise ModelError("the proxy settings in the environment cannot be used", str(error)) from error
        return self._client

    def _headers(self) -> dict[str, str]:
        key = self._settings.api_key()
        return {"Authorization": f"Bearer {key}"} if key else {}

    def _body(self, request: Respond, stream: ChatStream) -> dict[str, Any]:
        tools = {} if "tools" in self._refused else chat_tools.offered(request)
        defined = len(json.dumps(tools)) if tools else 0
        messages = messages_for(request, self._settings, native=bool(tools), density=self._density, tools=defined)
        stream.asked = characters(messages) + defined
        body: dict[str, Any] = {"messages": messages, "stream": True, **tools}
        if self._model:
            body["model"] = self._model
        if "stream_options" not in self._refused:
            body["stream_options"] = {"include_usage": True}
        if request.max_output_tokens is not None:
            newer = "max_tokens" in self._refused
            body["max_completion_tokens" if newer else "max_tokens"] = request.max_output_tokens
        return body

    def _can_do_without(self, status: int, body: bytes, request: Respond, asked: int) -> bool:
        """Learns from a refusal which parameter this server does not know."""
        if self._density.too_long(status, body, asked):
            return True
        before = len(self._refused)
        if request.tools and request.tool_choice != "required" and chat_tools.cannot_use_tools(status, body):
            self._refused.add("tools")
        if status not in (400, 422):
            return len(self._refused) > before
        if b"stream_options" in body or b"include_usage" in body:
            self._refused.add("stream_options")
        if b"max_completion_tokens" in body:
            self._refused.add("max_tokens")
        return len(self._refused) > before


def _rest(stream: ChatStream) -> list[Said]:
    """What a broken stream still held back."""
    try:
        return list(stream.end())
    except ModelError:
        return []


def create(options: dict[str, Any]) -> Chat:
    """Options, all optional: `base_url` (or "auto"), `model`, `api_key_env`, `timeout` (s), `system`, `language`.

    `context_tokens`; `speculate` and `keep_warm`, each "off", "here" (servers on this machine) or "always".
    """
    return Chat(from_options(options))
