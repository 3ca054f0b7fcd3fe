"""A Realtime service by script, with the quirks of the vendors as switches: in memory, or behind a real WebSocket.

What it "hears" is in the samples: a turn whose samples all have the value 7 is turn 7. It writes down "turn 7" and
answers "answer to 7", to all turns of its conversation that have no answer yet. Silence is zeros.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import numpy as np
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tui_assistant.links.reasons import cannot_connect, refused
from tui_assistant.links.sockets import ClosedError
from tui_assistant.links.vendors.endpoint import Endpoint
from tui_assistant.protocol.dialects.quirks import FLAT_NAMES

Event = dict[str, Any]
SILENCE_MS = 300  # that ends a turn
ACTIVE = ("conversation_already_has_active_response", "Conversation already has an active response")
NOT_ACTIVE = ("response_cancel_not_active", "Conversation has none active response")


@dataclass(frozen=True)
class Quirks:
    """What this service does otherwise. Times in seconds."""

    created: str = "first"  # session.created: first, after the first update, in place of session.updated, or never
    created_s: float = 0.0
    done_after_cancel: bool = True
    codes: bool = True  # errors carry code and event_id
    words: bool = True  # the user's turns are written down
    commits: bool = True  # input_audio_buffer.committed is said
    answer_first: bool = False  # the words of a turn come after its answer
    answers: bool = True  # else it takes everything and says nothing any more
    delay_s: float = 0.02  # between the events of an answer
    lasts_s: float = 0.0  # then: session_expired, and close 1001
    tells_end: bool = False  # expires_at stands in session.created
    flat: bool = False  # Qwen's names
    parting: Event | None = None  # an error at the beginning, and then `parting_code`
    parting_code: int = 3000


class Session:
    """One connection. `say` and `close` go to the client."""

    def __init__(self, quirks: Quirks, say: Callable[[str], None], close: Callable[[int, str], None]) -> None:
        self.quirks = quirks
        self.heard: list[Event] = []
        self.turns: list[int] = []  # of the conversation, however they came
        self.spoken: list[int] = []  # those that came as audio
        self._say, self._close = say, close
        self._rules: Any = {"type": "server_vad"}
        self._buffer: list[int] = []
        self._bytes, self._rate = 0, 24_000
        self._open_ms: int | None = None
        self._silent_ms = 0
        self._unanswered: list[int] = []
        self._response: asyncio.Task[None] | None = None
        self._items = 0
        self._created = False
        self._jobs: list[asyncio.Task[None]] = []

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.heard]

    def begin(self) -> None:
        if self.quirks.created == "first":
            self._later(self.quirks.created_s, self._create)
        if self.quirks.lasts_s:
            self._later(self.quirks.lasts_s, self._expire)
        if self.quirks.parting is not None:
            self.send("error", error=self.quirks.parting)
            self._later(0.01, lambda: self._close(self.quirks.parting_code, "good-bye"))

    def end(self) -> None:
        for job in [*self._jobs, *([self._response] if self._response else [])]:
            job.cancel()

    def send(self, kind: str, **keys: Any) -> None:
        if self.quirks.flat:
            kind = FLAT_NAMES.get(kind) or kind
        self._say(json.dumps({"type": kind, "event_id": "e", **keys}))

    def hear(self, frame: str) -> None:
        event = json.loads(frame)
        self.heard.append(event)
        match event["type"]:
            case "session.update":
                self._update(event["session"])
            case "input_audio_buffer.append" if self.quirks.answers:
                self._listen(np.frombuffer(base64.b64decode(event["audio"]), "<i2"))
            case "input_audio_buffer.clear":
                self._buffer.clear()
                self.send("input_audio_buffer.cleared")
            case "input_audio_buffer.commit" if self.quirks.answers:
                self._commit(self._new_id("u"))
            case "conversation.item.create" if self.quirks.answers:
                self._item(event["item"])
            case "response.create" if self.quirks.answers:
                self._respond(event)
            case "response.cancel":
                self._cancel(event)

    # ---- what it does

    def _later(self, seconds: float, job: Callable[[], None]) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            job()

        self._jobs.append(asyncio.create_task(wait()))

    def _new_id(self, prefix: str) -> str:
        self._items += 1
        return f"{prefix}_{self._items}"  # every session counts from one, as servers do

    def _session(self) -> Event:
        if self.quirks.flat:
            return {"id": "s", "modalities": ["text", "audio"], "turn_detection": self._rules}
        ends = {"expires_at": int(self.quirks.lasts_s)} if self.quirks.tells_end else {}
        return {"id": "s", "audio": {"input": {"turn_detection": self._rules}}, **ends}

    def _create(self) -> None:
        if not self._created:
            self._created = True
            self.send("session.created", session=self._session())

    def _expire(self) -> None:
        words = "Your session hit the maximum duration of 60 minutes."
        self.send("error", error={"type": "invalid_request_error", "code": "session_expired", "message": words})
        self._close(1001, words)

    def _update(self, session: Event) -> None:
        heard = session if self.quirks.flat else session.get("audio", {}).get("input", {})
        if "turn_detection" in heard:
            self._rules = heard["turn_detection"]
        self._rate = 16_000 if self.quirks.flat else 24_000
        if self.quirks.created == "after update":
            self.send("session.updated", session=self._session())
            self._create()
        else:
            self.send("session.updated", session=self._session())

    def _listen(self, samples: np.ndarray[Any, Any]) -> None:
        self._bytes += len(samples) * 2
        loud = [int(value) for value in np.unique(samples) if value]
        now_ms = self._bytes * 500 // self._rate
        if self._rules is None:
            self._buffer += loud
            return
        places = np.flatnonzero(samples)
        if loud and self._open_ms is None:
            self._open_ms = now_ms - (len(samples) - int(places[0])) * 1000 // self._rate
            self._open_id = self._new_id("u")
            self.send("input_audio_buffer.speech_started", item_id=self._open_id, audio_start_ms=self._open_ms)
        self._buffer += loud
        quiet = len(samples) - (int(places[-1]) + 1 if loud else 0)
        self._silent_ms = (0 if loud else self._silent_ms) + quiet * 1000 // self._rate
        if self._open_ms is not None and self._silent_ms >= SILENCE_MS:
            self.send("input_audio_buffer.speech_stopped", item_id=self._open_id, audio_end_ms=now_ms)
            self._open_ms = None
            self._commit(self._open_id)
            if self._rules.get("create_response", True):
                self._respond({})

    def _commit(self, item_id: str) -> None:
        turns = sorted(set(self._buffer))
        self._buffer.clear()
        if not turns:
            self._error("input_audio_buffer_commit_empty", "Error committing input audio buffer: too small", None)
            return
        self.turns += turns
        self.spoken += turns
        self._unanswered += turns
        if self.quirks.commits:
            self.send("input_audio_buffer.committed", item_id=item_id)
        item = {"id": item_id, "type": "message", "role": "user", "content": [{"type": "input_audio"}]}
        self.send("conversation.item.added", item=item)
        if self.quirks.words:
            words = " and ".join(f"turn {turn}" for turn in turns)
            kind = "conversation.item.input_audio_transcription.completed"
            wait = 10 if self.quirks.answer_first else 1
            self._later(wait * self.quirks.delay_s, lambda: self.send(kind, item_id=item_id, transcript=words))

    def _item(self, item: Event) -> None:
        text = item["content"][0].get("text", "")
        if item["role"] == "user":
            turns = [int(each.removeprefix("turn ")) for each in text.split(" and ")]
            self.turns += turns
            self._unanswered += turns
        elif item["role"] == "assistant":
            self._unanswered.clear()
        self.send("conversation.item.added", item={**item, "id": item.get("id") or self._new_id("m")})

    def _error(self, code: str, message: str, event: Event | None) -> None:
        known = {"code": code, "event_id": (event or {}).get("event_id")}
        details = known if self.quirks.codes else {"code": "", "param": ""}
        self.send("error", error={"type": "invalid_request_error", "message": message, **details})

    def _respond(self, event: Event) -> None:
        if self._response is not None:
            self._error(*ACTIVE, event)
            return
        self._response = asyncio.create_task(self._answer(self._new_id("r"), self._new_id("a")))

    def _cancel(self, event: Event) -> None:
        if self._response is None:
            self._error(*NOT_ACTIVE, event)
            return
        self._response.cancel()
        self._response = None
        self.send("response.output_item.done", response_id=self._id, item=self._said(self._answer_id, ""))
        if self.quirks.done_after_cancel:
            self.send("response.done", response={"id": self._id, "status": "cancelled"})

    def _said(self, item_id: str, text: str) -> Event:
        content = [{"type": "output_audio", "transcript": text}]
        return {"id": item_id, "type": "message", "role": "assistant", "content": content}

    async def _answer(self, response_id: str, item_id: str) -> None:
        self._id, self._answer_id = response_id, item_id
        await asyncio.sleep(self.quirks.delay_s)
        turns, self._unanswered = self._unanswered, []
        ids = {"response_id": response_id, "item_id": item_id}
        text = "answer to " + ",".join(map(str, turns))
        self.send("response.created", response={"id": response_id, "status": "in_progress"})
        self.send("response.output_item.added", response_id=response_id, item=self._said(item_id, ""))
        self.send("response.output_audio_transcript.delta", **ids, delta=text)
        for _ in range(3):
            await asyncio.sleep(self.quirks.delay_s)
            self.send("response.output_audio.delta", **ids, delta=base64.b64encode(bytes(4_800)).decode())
        self.send("response.output_audio.done", **ids)
        self.send("response.output_item.done", response_id=response_id, item=self._said(item_id, text))
        self.send("response.done", response={"id": response_id, "status": "completed"})
        self._response = None


class MemorySocket:
    """The client's end of a connection without a network."""

    def __init__(self, service: Service) -> None:
        self._frames = asyncio.Queue[str | ClosedError]()
        self._service = service
        self._closed: ClosedError | None = None
        self.session = service.session(self._say, self.cut)
        self.session.begin()

    def _say(self, frame: str) -> None:
        if self._closed is None:
            self._frames.put_nowait(frame)

    def cut(self, code: int | None = None, reason: str = "") -> None:
        """The connection ends. Without a code it breaks, and what was on its way is gone."""
        if self._closed is not None:
            return
        self.session.end()
        self._closed = ClosedError(code, reason)
        if code is None:
            while not self._frames.empty():
                self._frames.get_nowait()
        self._frames.put_nowait(self._closed)

    async def send(self, frame: str) -> None:
        await asyncio.sleep(0)
        if self._closed is not None:
            raise self._closed
        self.session.hear(frame)

    async def recv(self) -> str | bytes:
        frame = await self._frames.get()
        if isinstance(frame, ClosedError):
            raise frame
        return frame

    def abort(self) -> None:
        self.cut()

    async def close(self) -> None:
        self.cut(1000)


class Service:
    """`quirks`: of the first session, the second, ...; the last ones stay."""

    def __init__(self, *quirks: Quirks) -> None:
        self._quirks = quirks or (Quirks(),)
        self.sessions: list[Session] = []
        self.sockets: list[MemorySocket] = []
        self.refusals: list[int] = []  # HTTP status of the next handshakes
        self.keys: list[str] = []
        self._open: list[ServerConnection] = []

    def session(self, say: Callable[[str], None], close: Callable[[int, str], None]) -> Session:
        made = Session(self._quirks[min(len(self.sessions), len(self._quirks) - 1)], say, close)
        self.sessions.append(made)
        return made

    async def dial(self, endpoint: Endpoint) -> MemorySocket:
        """A connection in memory. Raises DownError."""
        await asyncio.sleep(0.01)
        self.keys += endpoint.headers.values()
        if self.refusals:
            status = self.refusals.pop(0)
            raise refused(endpoint.name, status) if status else cannot_connect(endpoint.name, OSError("nobody there"))
        self.sockets.append(MemorySocket(self))
        return self.sockets[-1]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Its address on loopback."""

        def refuse(connection: ServerConnection, request: Request) -> Response | None:
            self.keys.append(request.headers.get("Authorization", ""))
            return connection.respond(HTTPStatus(self.refusals.pop(0)), "no\n") if self.refusals else None

        async with serve(self._converse, "127.0.0.1", 0, process_request=refuse, close_timeout=0.2) as server:
            yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"

    def reset(self) -> None:
        """All connections on loopback break."""
        for socket in self._open:
            socket.transport.abort()
        self._open.clear()

    async def _converse(self, socket: ServerConnection) -> None:
        self._open.append(socket)
        out = asyncio.Queue[str | tuple[int, str]]()
        session = self.session(out.put_nowait, lambda code, reason: out.put_nowait((code, reason)))

        async def talk() -> None:
            with contextlib.suppress(ConnectionClosed):
                while isinstance(frame := await out.get(), str):
                    await socket.send(frame)
                await socket.close(*frame)

        talking = asyncio.create_task(talk())
        session.begin()
        try:
            async for frame in socket:
                session.hear(str(frame))
        except ConnectionClosed:
            pass
        finally:
            session.end()
            talking.cancel()
