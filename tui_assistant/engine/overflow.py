"""Audio that a full input buffer refuses: counted, and told to the client."""

from __future__ import annotations

from tui_assistant.engine.observation import Dropped
from tui_assistant.engine.outbox import Outbox
from tui_assistant.protocol import server
from tui_assistant.protocol.items import ErrorDetail

REFUSAL_EVERY_MS = 10_000  # one error when refusing begins, then one per so much refused audio


class Overflow:
    """Speaks up at fixed places of what is refused, so that the cutting of the audio does not matter."""

    def __init__(self, rate: int, holds_ms: int, outbox: Outbox) -> None:
        """`holds_ms`: how much audio the buffer holds."""
        self._rate = rate
        self._holds_ms = holds_ms
        self._outbox = outbox
        self._refused = 0  # samples, since the buffer is full

    def refuse(self, samples: int) -> None:
        """So many more samples are not taken."""
        before, self._refused = self._refused, self._refused + samples
        for begun in range(-(-before // self._rate), -(-self._refused // self._rate)):  # seconds
            self._outbox.observe(Dropped("refused_samples", self._rate))
            if begun * 1000 % REFUSAL_EVERY_MS:
                continue
            minutes = self._holds_ms // 60_000
            message = f"The input audio buffer is full: it holds {minutes} minutes. Commit or clear it."
            self._outbox.send(server.ErrorEvent(error=ErrorDetail(code="input_audio_buffer_full", message=message)))

    def over(self) -> None:
        """There is room again."""
        self._refused = 0
