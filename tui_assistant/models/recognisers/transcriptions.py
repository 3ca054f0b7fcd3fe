"""Any OpenAI-compatible `/v1/audio/transcriptions` as the Recogniser.

The utterance is sent when it is complete. Words come back as they are recognised where the server streams them; words
while the user still speaks only where that is asked for, because each such look sends the utterance anew. Where the
server fails, a local recogniser hears the utterance, if it is English.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Iterator
from typing import Any

from tui_assistant.engine.ports import FRAME_RATE, Final, Partial
from tui_assistant.errors import ConfigError, ModelError
from tui_assistant.models.recognisers.transcript_stream import TranscriptStream
from tui_assistant.models.registry import Port
from tui_assistant.models.remote import STALE, Connection, Running, server_from
from tui_assistant.models.spare import Spare
from tui_assistant.models.web import beginning, drain

PATH = "/audio/transcriptions"
LEAST_BYTES = FRAME_RATE // 10 * 2  # 0.1 s: what is shorter is no word, and OpenAI's service refuses it
LEAST_PARTIALS_MS = 300  # between two looks at an unfinished utterance
_LOCAL_BYTES = FRAME_RATE * 2  # 1 s, handed to the local recogniser at a time
_MAX_TRIES = 4  # the request is sent again without what the server has refused, at most this often
_OPTIONAL = ("stream", "language", "prompt", "response_format")  # what a server may not know


class Transcriptions:
    """The Recogniser. Streams are independent: each has a request of its own."""

    name = "transcriptions"

    def __init__(self, connection: Connection, *, language: str, prompt: str, stream: bool, partials_ms: int) -> None:
        self.connection = connection
        self.partials_ms = partials_ms
        self.spare = Spare(Port.RECOGNISER, self.name)
        self._language = language
        self._prompt = prompt
        self._refused: set[str] = set() if stream else {"stream"}

    def open(self, language: str | None) -> TranscriptionStream:
        self.connection.warm()
        return TranscriptionStream(self, language or self._language)

    def ask(self, pcm: bytes, language: str) -> Running[Partial | Final]:
        """One request under way: Partial*, then Final."""
        return self.connection.run(self._ask(pcm, language))

    async def _ask(self, pcm: bytes, language: str) -> AsyncIterator[Partial | Final]:
        server = self.connection.server
        audio = {"file": ("speech.wav", wav(pcm), "audio/wav")}
        for attempt in range(_MAX_TRIES):
            answered = False
            try:
                async with self.connection.client().stream(
                    "POST",
                    server.base_url + PATH,
                    data=self._fields(language),
                    files=audio,
                    headers=server.headers(),
                ) as response:
                    answered = True
                    if response.status_code != 200:
                        refusal = await beginning(response)
                        if self._can_do_without(response.status_code, refusal):
                            continue
                        raise server.refused(response, refusal)
                    words = TranscriptStream(response.headers.get("content-type", ""))
                    body = response.aiter_bytes()
                    async for piece in body:
                        for text in words.feed(piece):
                            yield Partial(text)
                        if words.complete:
                            break
                    yield Final(words.end())
                    await drain(body)
                    return
            except STALE as error:
                if answered or attempt:
                    raise server.broken(error) from error
        raise ModelError(
            "the transcription server refuses every form of the request", "check the address and the model's name"
        )

    def _fields(self, language: str) -> dict[str, str]:
        fields = {
            "model": self.connection.server.model,
            "response_format": "json",
            "stream": "true",
            "language": language.replace("_", "-").partition("-")[0].lower(),  # ISO 639-1, without a country
            "prompt": self._prompt,
        }
        return {name: value for name, value in fields.items() if value and name not in self._refused}

    def _can_do_without(self, status: int, body: bytes) -> bool:
        """Learns from a refusal which field this server does not know."""
        if status not in (400, 422):
            return False
        named = {name for name in _OPTIONAL if name.encode() in body} - self._refused
        self._refused |= named
        return bool(named)


class TranscriptionStream:
    """One utterance. `results` waits for the server, on a thread of its own; `close`, from another, ends it at once."""

    def __init__(self, recogniser: Transcriptions, language: str) -> None:
        self._recogniser = recogniser
        self._language = language
        self._pcm = bytearray()
        self._looked = 0  # bytes that the last look saw
        self._look: Running[Partial | Final] | None = None
        self._shown = ""
        self._asked: Running[Partial | Final] | None = None
        self._closed = False

    def accept(self, pcm: bytes) -> Partial | None:
        self._pcm += pcm
        return self._peek() if self._recogniser.partials_ms else None

    def results(self) -> Iterator[Partial | Final]:
        self._drop_look()
        pcm = bytes(self._pcm[: len(self._pcm) & ~1])
        if len(pcm) < LEAST_BYTES:
            yield Final("")
            return
        self._asked = self._recogniser.ask(pcm, self._language)
        if self._closed:
            self._asked.cancel()  # the user has changed his mind meanwhile
        heard = False
        try:
            for piece in self._asked:
                heard = True
                yield piece
        except ModelError as error:
            if heard or not self._english:
                raise
            yield self._locally(pcm, error)
        else:
            if heard:  # else it was cancelled
                self._recogniser.spare.works()

    def finish(self) -> Final:
        final = Final("")
        for piece in self.results():
            if isinstance(piece, Final):
                final = piece
        return final

    def close(self) -> None:
        self._closed = True
        self._drop_look()
        if self._asked is not None:
            self._asked.cancel()

    @property
    def _english(self) -> bool:
        """Or not known: the local recognisers hear nothing else."""
        return self._language.lower().startswith("en") or not self._language

    def _locally(self, pcm: bytes, failure: ModelError) -> Final:
        spare = self._recogniser.spare
        with spare.lock:
            stream = spare.take(failure).open(self._language or None)
            try:
                for start in range(0, len(pcm), _LOCAL_BYTES):
                    stream.accept(pcm[start : start + _LOCAL_BYTES])
                final: Final = stream.finish()
                return final
            finally:
                stream.close()

    def _peek(self) -> Partial | None:
        """Takes what the last look saw, and looks again when enough has been said since."""
        found: Partial | None = None
        if self._look is not None:
            if not self._look.done:
                return None
            look, self._look = self._look, None
            found = self._seen(look)
        step = self._recogniser.partials_ms * FRAME_RATE // 1000 * 2
        if len(self._pcm) - self._looked >= step:
            self._looked = len(self._pcm)
            self._look = self._recogniser.ask(bytes(self._pcm[: self._looked & ~1]), self._language)
        return found

    def _seen(self, look: Running[Partial | Final]) -> Partial | None:
        text = ""
        try:
            for piece in look:
                text = piece.text
        except ModelError:
            return None  # the request for the whole utterance will say what is wrong
        if text == self._shown:
            return None
        self._shown = text
        return Partial("", text)

    def _drop_look(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None


def wav(pcm: bytes) -> bytes:
    """16 kHz mono int16 with the shortest header there is (RIFF WAVE, 16-byte fmt chunk)."""
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(pcm), b"WAVE", b"fmt ", 16, 1, 1, FRAME_RATE, 32_000, 2, 16)
    return head + struct.pack("<4sI", b"data", len(pcm)) + pcm


def create(options: dict[str, Any]) -> Transcriptions:
    """Options: those of remote.server_from; `language`, `prompt`; `stream` (true); `partials_ms` (0: none).

    Raises ConfigError.
    """
    partials_ms = options.get("partials_ms") or 0
    if partials_ms and (not isinstance(partials_ms, int) or partials_ms < LEAST_PARTIALS_MS):
        raise ConfigError(f"transcription.partials_ms must be 0 or at least {LEAST_PARTIALS_MS}")
    return Transcriptions(
        Connection(server_from(options, "transcription", PATH)),
        language=str(options.get("language") or ""),
        prompt=str(options.get("prompt") or ""),
        stream=bool(options.get("stream", True)),
        partials_ms=partials_ms,
    )
