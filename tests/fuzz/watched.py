"""A driver that writes down what it sees: the turns of the oracle's kind, and the ledger of everything else."""

from __future__ import annotations

from typing import Any

import numpy as np
from fakes import Driver, plain
from fuzz.ledger import Ledger
from oracle import PER_MS, Change, Turn

from tui_assistant.protocol import server
from tui_assistant.protocol.codec import decode_audio


class Spoken16k:
    """p(speech) of each frame is the level at which its last sample was fed."""

    name = "spoken"

    def __init__(self) -> None:
        self.level = 0  # thousandths
        self.seen: list[int] = []

    def probability(self, frame: Any) -> float:
        self.seen.append(self.level)
        return self.level / 1000

    def reset(self) -> None:
        """Nothing is remembered."""


class Watched(Driver):
    """Each event goes to the ledger, and the turns are written down with the audio of their items."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.ledger = Ledger()
        self.turns: list[Turn] = []
        self.changes: list[Change] = []
        self.position = 0  # samples fed
        self._names: dict[str, int] = {}
        self._end = 0  # of the turn that was stopped last
        super().__init__(*arguments, **options)

    def _take(self, outputs: list[Any]) -> list[Any]:
        super()._take(outputs)
        for output in outputs:
            if isinstance(output, server.ServerEventBase):
                self.ledger.take(output)  # type: ignore[arg-type]
                self._write_down(output)
        return outputs

    def _write_down(self, event: Any) -> None:
        now_ms = self.position // PER_MS
        match event:
            case server.SpeechStarted(item_id=item_id, audio_start_ms=begin_ms, at_ms=at_ms):
                self.turns.append(Turn("started", self._name(item_id), at_ms or 0, begin_ms))
            case server.SpeechStopped(item_id=item_id, audio_end_ms=end_ms, reason=reason):
                if (reason or {})["rule"] == "no_audio":
                    self.changes.append(Change(self.position, "no_audio"))
                self._end = end_ms * PER_MS
                self.turns.append(Turn("stopped", self._name(item_id), end_ms, 0, self._end))
            case server.TimeoutTriggered():
                self.changes.append(Change(self.position, "timeout"))
            case server.BufferCommitted(item_id=item_id, reason=reason):
                by_voice = (reason or {})["rule"] not in ("commit", "idle_timeout")
                end = self._end if by_voice else self.position
                length = self._length(item_id, end)
                self.turns.append(Turn("committed", self._name(item_id), end // PER_MS, end - length, end))
            case server.BufferCleared():
                self.turns.append(Turn("cleared", 0, now_ms))
            case server.ErrorEvent(error=error) if error.code == "input_audio_buffer_commit_empty":
                self.turns.append(Turn("refused", 0, now_ms))

    def _length(self, item_id: str, end: int) -> int:
        """The samples of an item, which are their own positions."""
        (retrieved,) = self.session.event(plain("conversation.item.retrieve", item_id=item_id))
        assert isinstance(retrieved, server.ItemRetrieved)
        audio: str | None = retrieved.item.content[0].audio  # type: ignore[union-attr]
        if audio is None:
            return 0
        samples = np.frombuffer(decode_audio(audio), "<u2").astype(int)
        assert (np.diff(samples) % 65536 == 1).all(), "the audio has a gap"
        assert samples[-1] == (end - 1) % 65536, "the audio ends elsewhere"
        return len(samples)

    def _name(self, item_id: str) -> int:
        return self._names.setdefault(item_id, len(self._names) + 1)
