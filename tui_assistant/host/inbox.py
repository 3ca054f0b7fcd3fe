"""From the reader thread of a worker process to its model: asks in a bounded queue, and the flags of open ones."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from tui_assistant.engine.ports import Ask, Cancel, Judge, Notify, Release, Respond, Speak, Transcribe
from tui_assistant.host.fair import FairQueue
from tui_assistant.host.frames import weight

INBOX_BYTES = 2**20  # 32 s of speech; beyond it the pipe fills and the host's own bounded queue counts


class Flag:
    """A Cancellation, and the Gate of a Respond, that the reader thread sets."""

    def __init__(self, *, speculative: bool = False) -> None:
        self._lock = threading.Lock()
        self._decided = threading.Event()  # wanted in earnest, or cancelled
        if not speculative:
            self._decided.set()
        self._cancelled = False
        self._callbacks: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def on_cancel(self, callback: Callable[[], None]) -> None:
        with self._lock:
            if not self._cancelled:
                self._callbacks.append(callback)
                return
        callback()

    @property
    def released(self) -> bool:
        """Nobody doubts any more that the answer is wanted."""
        return self._decided.is_set()

    def release(self) -> None:
        self._decided.set()

    def wait_released(self) -> bool:
        self._decided.wait()
        return not self._cancelled

    def cancel(self) -> None:
        with self._lock:
            if self._cancelled:
                return
            self._cancelled = True
            callbacks, self._callbacks = self._callbacks, []
        self._decided.set()
        for callback in callbacks:
            # An adapter's clean-up may fail on a connection that is gone already; the ask is over either way.
            with contextlib.suppress(Exception):
                callback()


class Inbox:
    """Asks on their way from the reader thread to the model, bounded in bytes; and the flags of those that are open."""

    def __init__(self, limit: int = INBOX_BYTES) -> None:
        self._limit = limit
        self._asks = FairQueue()
        self._bytes = 0
        self._ended = False
        self._change = threading.Condition()
        self._flags: dict[str, Flag] = {}

    def put(self, ask: Ask) -> None:
        """Called by the reader; waits while the model is far behind, except for a Cancel or a Release."""
        with self._change:
            if isinstance(ask, Cancel):
                flag = self._flags.get(ask.ask_id)
            elif isinstance(ask, Release):
                flag = None
                if ask.ask_id in self._flags:
                    self._flags[ask.ask_id].release()
            else:
                flag = None
                self._change.wait_for(lambda: self._ended or self._bytes <= self._limit)
                if isinstance(ask, Transcribe | Respond | Notify | Speak | Judge):
                    self._flags[ask.ask_id] = Flag(speculative=isinstance(ask, Respond) and ask.speculative)
            self._asks.put(ask)
            self._bytes += weight(ask)
            self._change.notify_all()
        if flag is not None:
            flag.cancel()

    def get(self) -> Ask | None:
        """The next ask; None at the end of the worker's life."""
        with self._change:
            self._change.wait_for(lambda: self._ended or bool(self._asks))
            if self._ended:
                return None
            ask = self._asks.pop()
            self._bytes -= weight(ask)
            self._change.notify_all()
            return ask

    def end(self) -> None:
        """The host has gone: everything is cancelled."""
        with self._change:
            self._ended = True
            flags = list(self._flags.values())
            self._change.notify_all()
        for flag in flags:
            flag.cancel()

    def flag(self, ask_id: str) -> Flag:
        with self._change:
            return self._flags.setdefault(ask_id, Flag())

    def forget(self, ask_id: str) -> None:
        with self._change:
            self._flags.pop(ask_id, None)
