"""Any OpenAI-compatible `/v1/audio/speech` as the Synthesiser: heard as it arrives, closed when it is not wanted.

Where the server fails before anything of a sentence was heard, a local voice says it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from tui_assistant.engine.ports import AudioChunk, Cancellation, Speak
from tui_assistant.errors import ConfigError, ModelError
from tui_assistant.models.registry import Port
from tui_assistant.models.remote import STALE, Connection, server_from
from tui_assistant.models.spare import Spare
from tui_assistant.models.synthesisers.pcm_stream import PcmStream
from tui_assistant.models.web import beginning

PATH = "/audio/speech"
DEFAULT_VOICE = "alloy"  # of OpenAI's service; most others map it to one of their own
_MAX_TRIES = 4  # the request is sent again without what the server has refused, at most this often


class Speech:
    """The Synthesiser."""

    name = "speech"

    def __init__(self, connection: Connection, voice: str, form: str) -> None:
        self.connection = connection
        self.spare = Spare(Port.SYNTHESISER, self.name)
        self._voice = voice
        self._format = form
        self._refused: set[str] = set()  # "speed", "response_format"
        self._strange: set[str] = set()  # voices that this server does not have

    def speak(self, request: Speak, cancellation: Cancellation) -> Iterator[AudioChunk]:
        """Mono, at the server's rate."""
        if cancellation.cancelled or not request.text.strip():
            return
        running = self.connection.run(self._say(request))
        cancellation.on_cancel(running.cancel)
        heard = False
        try:
            for chunk in running:
                heard = True
                yield chunk
        except ModelError as error:
            if heard:
                raise
            yield from self.spare.take(error).speak(request, cancellation)
        else:
            if heard:
                self.spare.works()

    async def _say(self, request: Speak) -> AsyncIterator[AudioChunk]:
        server = self.connection.server
        for attempt in range(_MAX_TRIES):
            answered = False
            try:
                async with self.connection.client().stream(
                    "POST", server.base_url + PATH, json=self._body(request), headers=server.headers()
                ) as response:
                    answered = True
                    if response.status_code != 200:
                        refusal = await beginning(response)
                        if self._can_do_without(response.status_code, refusal, request):
                            continue
                        raise server.refused(response, refusal)
                    sound = PcmStream(response.headers.get("content-type", ""))
                    async for piece in response.aiter_bytes():
                        for chunk in sound.feed(piece):
                            yield chunk
                    for chunk in sound.end():
                        yield chunk
                    return
            except STALE as error:
                if answered or attempt:
                    raise server.broken(error) from error
        raise ModelError(
            "the speech server refuses every form of the request", "check the address and the model's name"
        )

    def _body(self, request: Speak) -> dict[str, Any]:
        body: dict[str, Any] = {"input": request.text, "voice": self._chosen(request), "response_format": self._format}
        if self.connection.server.model:
            body["model"] = self.connection.server.model
        if request.speed != 1.0:
            body["speed"] = request.speed
        return {name: value for name, value in body.items() if name not in self._refused}

    def _chosen(self, request: Speak) -> str:
        """The voice that a client asked for, where the server has it; else the one that is set."""
        asked = "" if request.voice == "default" or request.voice in self._strange else request.voice
        return asked or self._voice

    def _can_do_without(self, status: int, body: bytes, request: Speak) -> bool:
        """Learns from a refusal what this server does not know."""
        if status not in (400, 404, 415, 422):
            return False
        if b"response_format" in body and self._format == "pcm":
            self._format = "wav"
            return True
        if b"speed" in body and "speed" not in self._refused and request.speed != 1.0:
            self._refused.add("speed")
            return True
        if b"voice" in body.lower() and self._chosen(request) != self._voice:
            self._strange.add(request.voice)
            return True
        return False


def create(options: dict[str, Any]) -> Speech:
    """Options: those of remote.server_from; `voice`; `format`, "pcm" or "wav". Raises ConfigError."""
    form = str(options.get("format") or "pcm")
    if form not in ("pcm", "wav"):
        raise ConfigError("speech.format must be pcm or wav")
    connection = Connection(server_from(options, "speech", PATH))
    return Speech(connection, str(options.get("voice") or DEFAULT_VOICE), form)
