"""What was asked of a server and how it ended, for servers that do not say so themselves. Pure.

Sources of the cases: the vendors' documentation ("after response.cancel the two qwen3.5 models never send
response.done"), and errors whose code and event_id are empty.
"""

from __future__ import annotations

from collections import deque

from tui_assistant.links.kept import ACTIVE
from tui_assistant.links.vendors.table import CANCEL_S
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import Response, StatusDetails

ANSWER_S = 30.0  # without any event while one is due: the server only answers pings; no model thinks for so long
NOT_ACTIVE = "response_cancel_not_active"
AGAIN_S = 0.25  # before a request that came too early is made again
MOST_REFUSALS = 20  # of one request: there was a response between each two of them, or five seconds have passed
MOST_ENDED = 50  # ids


class Requests:
    """The requests of one session. All times are seconds of one clock."""

    def __init__(self, now_s: float, cancel_s: float = CANCEL_S) -> None:
        self._cancel_s = cancel_s
        self._creates = deque[client.ResponseCreate](maxlen=MOST_ENDED)  # without an answer
        self._again: client.ResponseCreate | None = None  # it came too early
        self._again_s = 0.0
        self._refusals = 0  # of it, in a row
        self._cancels = deque[str | None](maxlen=MOST_ENDED)
        self._running: Response | None = None
        self._cancelled_s: float | None = None  # since then nothing more is expected of it
        self._ended: dict[str, None] = {}  # responses that were ended here
        self._news_s = now_s

    def sent(self, event: client.ClientEvent, now_s: float) -> None:
        match event:
            case client.ResponseCreate():
                self._creates.append(event)
                self._again, self._news_s = None, now_s
            case client.ResponseCancel(event_id=event_id):
                self._cancels.append(event_id)
                self._again = None
                if self._running is not None:
                    self._cancelled_s = now_s
            case client.InputAudioBufferCommit():
                self._news_s = now_s
            case _:
                pass

    def received(self, event: server.ServerEvent, now_s: float) -> list[server.ServerEvent]:
        """The event, behind those that the server has left out; nothing if it was made up here already."""
        self._news_s = now_s
        match event:
            case server.ResponseCreated(response=response):
                before = self._end("incomplete")
                self._running = response
                self._refusals = 0
                if self._creates:
                    self._creates.popleft()
                return [*before, event]
            case server.ResponseDone(response=response):
                if response.id in self._ended and response.id:
                    return []
                self._running = self._cancelled_s = None
                self._cancels.clear()
            case server.OutputItemDone() if self._cancelled_s is not None:
                self._cancelled_s = now_s
            case server.ErrorEvent():
                return self._error(event, now_s)
            case _:
                pass
        return [event]

    def tick(self, now_s: float) -> list[server.ServerEvent]:
        """Events that the server should have sent by now."""
        if self._cancelled_s is not None and now_s - self._cancelled_s >= self._cancel_s:
            return self._end("cancelled")
        return []

    def due(self, now_s: float) -> client.ResponseCreate | None:
        """A request, once, that came while another response ran, and may be made again now."""
        if self._again is None or self._running is not None or now_s < self._again_s:
            return None
        again, self._again = self._again, None
        return again

    def silent(self, now_s: float) -> bool:
        """Nothing at all has come for too long, if something is due."""
        return now_s - self._news_s >= ANSWER_S

    def stalled(self) -> list[server.ServerEvent]:
        """The answer that had begun does not go on."""
        return self._end("incomplete")

    def _end(self, status: str) -> list[server.ServerEvent]:
        response, cancelled = self._running, self._cancelled_s is not None
        self._running = self._cancelled_s = None
        if response is None:
            return []
        self._ended[response.id] = None
        while len(self._ended) > MOST_ENDED:
            del self._ended[next(iter(self._ended))]
        details = StatusDetails(type="cancelled", reason="client_cancelled") if cancelled else None
        change = {"status": "cancelled" if cancelled else status, "status_details": details}
        return [server.ResponseDone(response=response.model_copy(update=change))]

    def _error(self, event: server.ErrorEvent, now_s: float) -> list[server.ServerEvent]:
        """An error that names no event is about the oldest one of its kind."""
        error = event.error
        oldest: str | None = None
        over: list[server.ServerEvent] = []
        if error.code == ACTIVE and self._creates:
            create = self._creates.popleft()
            self._refusals += 1
            if self._refusals <= MOST_REFUSALS:
                self._again, self._again_s = create, now_s + AGAIN_S
                return []
            oldest = create.event_id
        elif error.code == NOT_ACTIVE:
            oldest = self._cancels.popleft() if self._cancels else None
            over = self._end("cancelled") if self._cancelled_s is not None else []
        if error.event_id is None and oldest is not None:
            event = event.model_copy(update={"error": error.model_copy(update={"event_id": oldest})})
        return [*over, event]
