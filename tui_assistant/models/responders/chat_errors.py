"""What went wrong with a chat server, in one line for the user with what to do next. Never the key."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from tui_assistant.errors import ModelError
from tui_assistant.models.responders.chat_settings import ChatSettings
from tui_assistant.models.responders.chat_stream import ChatStream
from tui_assistant.models.responders.endpoints import Endpoint
from tui_assistant.models.web import mend, refusal


def status(response: httpx.Response, body: bytes, settings: ChatSettings) -> ModelError:
    """For an answer that is not 200."""
    code = response.status_code
    where = f"{response.url.host}:{response.url.port}" if response.url.port else response.url.host
    said = refusal(body, settings.api_key())
    what = f"the chat server {where} refuses with {code}" + (f": {said}" if said else "")
    return ModelError(what, mend(code, settings.api_key_env))


def transport(error: Exception, settings: ChatSettings, base_url: str) -> ModelError:
    """For a connection that could not be made, or broke."""
    where = settings.base_url or base_url
    at = f" at {where}" if where else ""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return ModelError(f"no chat server answers{at}", "start it, or change the address in the settings")
    if isinstance(error, httpx.TimeoutException):
        return ModelError(f"the chat server{at} was silent for {settings.timeout_s:g} s", "is it loading a model?")
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return ModelError("the chat server's address cannot be used", "check it in the settings")
    return ModelError(f"the chat server{at} broke the connection", "ask again")


def empty(stream: ChatStream) -> ModelError:
    """For an answer without a word."""
    if stream.thought or stream.finish_reason == "length":
        return ModelError("the model thought but did not answer", "allow it more tokens, or switch its thinking off")
    return ModelError("the model gave an empty answer", "ask again")


def none_found(found: Sequence[Endpoint]) -> ModelError:
    """For a search on this machine that found nothing that can answer."""
    if found:
        return ModelError(f"{found[0].kind} runs on this machine but has no model loaded", "load one, then ask again")
    return ModelError("no language model runs on this machine", "start Ollama, llama.cpp, LM Studio or vLLM")
