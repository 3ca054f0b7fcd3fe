"""What one session adds to the counters: its events are looked at on their way out, its audio on the way in."""

from __future__ import annotations

import time

from tui_assistant.host.session import Session
from tui_assistant.protocol.server import (
    BufferCommitted,
    ErrorEvent,
    OutputAudioDelta,
    ResponseDone,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
    SpeechStarted,
    SpeechStopped,
)
from tui_assistant.protocol.session import PcmFormat
from tui_assistant.server.metrics import AUDIO, ERRORS, LATENCY, RESPONSES, TURNS, Counters

_G711_BYTES_PER_S = 8_000


class Meter:
    """Of one session. It never looks into audio or text."""

    def __init__(self, counters: Counters, session: Session) -> None:
        self._counters = counters
        self._session = session
        self._heard_ms = 0
        self._out_bytes_per_s = 0
        self._taken: float | None = None  # when the append was taken that is being fed

    def taking(self) -> None:
        """An event of the client is being handled; what speech events come until `taken` are its doing."""
        self._taken = time.perf_counter()

    def taken(self) -> None:
        self._taken = None

    def put_out(self, event: ServerEvent) -> float | None:
        """Counts an event; returns when the append was taken that caused it, if that is to be measured."""
        match event:
            case OutputAudioDelta(delta=delta):
                seconds = (len(delta) * 3 // 4 - delta[-2:].count("=")) / self._out_bytes_per_s
                self._counters.add(AUDIO, "out", seconds)
            case SpeechStarted() | SpeechStopped():
                return self._taken
            case BufferCommitted():
                self._counters.add(TURNS)
            case ResponseDone(response=response):
                self._counters.add(RESPONSES, response.status)
            case ErrorEvent(error=error):
                self._counters.add(ERRORS, error.code or "")
            case SessionCreated(session=session) | SessionUpdated(session=session):
                form = session.audio.output.format
                self._out_bytes_per_s = 2 * form.rate if isinstance(form, PcmFormat) else _G711_BYTES_PER_S
        return None

    def sent(self, taken: float) -> None:
        """An event for which `put_out` returned that has gone out."""
        self._counters.observe(LATENCY, time.perf_counter() - taken)

    def look(self) -> None:
        """Counts the audio that has come since the last look."""
        heard_ms = self._session.input_ms
        self._counters.add(AUDIO, "in", (heard_ms - self._heard_ms) / 1000)
        self._heard_ms = heard_ms
