"""Which language-model servers run on this machine.

Asks the usual ports of the loopback address, with GET only, and believes an answer only after looking at its shape:
something else may listen there. No proxy is used and nothing but these probes is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

TIMEOUT_S = 0.6  # per request; on loopback a server answers in milliseconds or is busy loading
MAX_BODY_BYTES = 2**20
MAX_MODELS = 200
_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server that was found. `models` is empty while it is still loading one."""

    kind: str  # "Ollama", "llama.cpp", "LM Studio", "vLLM", or "OpenAI-compatible" for a stranger on their port
    base_url: str
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Where one kind of server listens unless it is told otherwise."""

    kind: str
    port: int


CANDIDATES = (
    Candidate("Ollama", 11434),
    Candidate("llama.cpp", 8080),
    Candidate("LM Studio", 1234),
    Candidate("vLLM", 8000),
)


def find_local(candidates: Sequence[Candidate] = CANDIDATES, timeout_s: float = TIMEOUT_S) -> list[Endpoint]:
    """All servers that answer, in the order of `candidates`. Takes a few times `timeout_s` at most; never raises."""

    def probe(candidate: Candidate) -> Endpoint | None:
        # trust_env=False: a proxy must never see, or answer, what is meant for this machine.
        with httpx.Client(trust_env=False, timeout=timeout_s, base_url=f"http://{_HOST}:{candidate.port}") as client:
            with suppress(httpx.HTTPError, httpx.InvalidURL, OSError):
                return _PROBES[candidate.kind](client, candidate)
            return None

    with ThreadPoolExecutor(max(1, len(candidates)), "probe") as threads:
        return [found for found in threads.map(probe, candidates) if found is not None]


def list_models(value: object) -> tuple[str, ...] | None:
    """The ids in the answer of /v1/models that can chat; None when it is no such answer."""
    entries = value.get("data") if isinstance(value, dict) else None
    if not isinstance(entries, list):
        return None
    ids = [entry["id"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]
    if entries and not ids:
        return None
    return tuple(name for name in ids[:MAX_MODELS] if name and "embed" not in name.lower())


def _ollama(client: httpx.Client, candidate: Candidate) -> Endpoint | None:
    version = _get(client, "/api/version")
    if not isinstance(version, dict) or not isinstance(version.get("version"), str):
        return None
    tags = _get(client, "/api/tags")
    entries = tags.get("models") if isinstance(tags, dict) else None
    names = [
        entry["name"]
        for entry in (entries if isinstance(entries, list) else [])[:MAX_MODELS]
        if isinstance(entry, dict) and isinstance(entry.get("name"), str) and "embed" not in entry["name"].lower()
    ]
    return _found(candidate, tuple(names))


def _llama_cpp(client: httpx.Client, candidate: Candidate) -> Endpoint | None:
    health = _get(client, "/health", also=(503,))
    if not isinstance(health, dict):
        return None
    if isinstance(health.get("error"), dict) and "oading model" in str(health["error"].get("message")):
        return _found(candidate, ())
    props = _get(client, "/props") if health.get("status") == "ok" else None
    if isinstance(props, dict) and ("default_generation_settings" in props or "model_path" in props):
        return _found(candidate, list_models(_get(client, "/v1/models")) or ())
    return _compatible(client, Candidate("OpenAI-compatible", candidate.port))


def _compatible(client: httpx.Client, candidate: Candidate) -> Endpoint | None:
    models = list_models(_get(client, "/v1/models"))
    return None if models is None else _found(candidate, models)


def _found(candidate: Candidate, models: tuple[str, ...]) -> Endpoint:
    return Endpoint(candidate.kind, f"http://{_HOST}:{candidate.port}/v1", models)


_PROBES: dict[str, Callable[[httpx.Client, Candidate], Endpoint | None]] = {
    "Ollama": _ollama,
    "llama.cpp": _llama_cpp,
    "LM Studio": _compatible,
    "vLLM": _compatible,
}


def _get(client: httpx.Client, path: str, also: tuple[int, ...] = ()) -> Any:
    """The JSON at `path`, or None for everything that is none."""
    with client.stream("GET", path) as response:
        if response.status_code != 200 and response.status_code not in also:
            return None
        body = b""
        for piece in response.iter_bytes():
            body += piece
            if len(body) > MAX_BODY_BYTES:
                return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
