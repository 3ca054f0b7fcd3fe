"""How a worker process handles its asks: a bounded inbox filled by the reader thread, and one loop per port.

Recogniser, Synthesiser and TurnJudge asks are handled on the main thread, one after the other, as their ports promise:
those of a session in order, and the sessions in turn. A Responder gets a thread per ask. A Cancel is seen at once,
because the reader thread sets the flag that the adapter holds.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

from tui_assistant.engine.ports import (
    Alarm,
    Answer,
    Ask,
    AudioChunk,
    Cancel,
    Failed,
    Final,
    FunctionCallDelta,
    Judge,
    Judged,
    Notify,
    Partial,
    Recogniser,
    RecognitionStream,
    Release,
    Respond,
    Responded,
    Responder,
    Speak,
    Spoken,
    Synthesiser,
    TextDelta,
    Transcribe,
    TranscribeAudio,
    TranscribeEnd,
    TurnJudge,
    WaitingStream,
)
from tui_assistant.errors import AssistantError
from tui_assistant.host.fair import FairQueue
from tui_assistant.models.registry import describe

T = TypeVar("T")
Send = Callable[[str, Answer], None]

INBOX_BYTES = 2**20  # 32 s of speech; beyond it the pipe fills and the host's own bounded queue counts
MAX_RESPONDING = 16  # threads; more asks than that wait their turn


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


def recognise(model: Recogniser, inbox: Inbox, send: Send) -> None:
    """Handles a recogniser's asks until the inbox ends."""
    streams: dict[str, RecognitionStream] = {}
    open_for: Callable[[str | None, str], RecognitionStream] | None = getattr(model, "open_for", None)

    def close(ask_id: str) -> None:
        inbox.forget(ask_id)
        stream = streams.pop(ask_id, None)
        if stream is not None:
            stream.close()

    def wait(ask_id: str, stream: WaitingStream, flag: Flag) -> None:
        with answering(ask_id, send):
            for piece in _pieces(stream.results(), flag):
                send(ask_id, piece if isinstance(piece, Partial) else _expect(piece, Final))
        with contextlib.suppress(Exception):  # it has answered or failed; closing it may fail as well
            close(ask_id)

    while (ask := inbox.get()) is not None:
        ask_id = ask.ask_id
        fine = False
        with answering(ask_id, send):
            if isinstance(ask, Cancel):
                close(ask_id)
            elif isinstance(ask, Transcribe):
                streams[ask_id] = open_for(ask.language, ask.session_id) if open_for else model.open(ask.language)
            elif ask_id in streams and not inbox.flag(ask_id).cancelled:
                if isinstance(ask, TranscribeAudio):
                    partial = streams[ask_id].accept(ask.pcm)
                    if partial is not None:
                        send(ask_id, partial)
                elif isinstance(ask, TranscribeEnd) and hasattr(streams[ask_id], "results"):
                    waiting: Any = streams[ask_id]
                    arguments = (ask_id, waiting, inbox.flag(ask_id))
                    threading.Thread(target=wait, args=arguments, name="results", daemon=True).start()
                elif isinstance(ask, TranscribeEnd):
                    send(ask_id, _expect(streams[ask_id].finish(), Final))
                    close(ask_id)
            fine = True
        if not fine:
            with contextlib.suppress(Exception):  # the stream has failed and said so; closing it may fail as well
                close(ask_id)


def speak(model: Synthesiser, inbox: Inbox, send: Send) -> None:
    """Handles a synthesiser's asks, one sentence after the other, until the inbox ends."""
    while (ask := inbox.get()) is not None:
        if not isinstance(ask, Speak):
            continue
        flag = inbox.flag(ask.ask_id)
        with answering(ask.ask_id, send):
            for chunk in _pieces(model.speak(ask, flag), flag):
                send(ask.ask_id, _expect(chunk, AudioChunk))
            if not flag.cancelled:
                send(ask.ask_id, Spoken())
        inbox.forget(ask.ask_id)


def judge(model: TurnJudge, inbox: Inbox, send: Send) -> None:
    """Handles a judge's asks until the inbox ends; one that came too late is not worth its time any more."""
    while (ask := inbox.get()) is not None:
        if not isinstance(ask, Judge):
            continue
        if not inbox.flag(ask.ask_id).cancelled:
            with answering(ask.ask_id, send):
                send(ask.ask_id, _expect(model.judge(ask.pcm, ask.text), Judged))
        inbox.forget(ask.ask_id)


def respond(model: Responder, inbox: Inbox, send: Send) -> None:
    """Hands a responder's asks to threads, and keeps the sessions that want its alarms, until the inbox ends."""
    stops: dict[str, Callable[[], None]] = {}
    waiting: dict[str, Respond] = {}  # speculative ones that the model would act on: no thread waits with them
    prepares: Callable[[Respond], bool] = getattr(model, "prepares", lambda ask: False)

    def answer(ask: Respond, flag: Flag) -> None:
        with answering(ask.ask_id, send):
            last = Responded()
            for piece in _pieces(model.respond(ask, flag), flag):
                if isinstance(piece, Responded):
                    last = piece
                else:
                    send(ask.ask_id, piece if isinstance(piece, FunctionCallDelta) else _expect(piece, TextDelta))
            if not flag.cancelled:
                send(ask.ask_id, last)
        inbox.forget(ask.ask_id)

    threads = ThreadPoolExecutor(MAX_RESPONDING, "respond")
    while (ask := inbox.get()) is not None:
        ask_id = ask.ask_id
        if isinstance(ask, Release):
            if (held := waiting.pop(ask_id, None)) is not None:
                threads.submit(answer, replace(held, speculative=False), inbox.flag(ask_id))
            continue
        with answering(ask_id, send):
            if isinstance(ask, Respond):
                flag = inbox.flag(ask_id)
                released = flag.released  # read first: it is true of what was cancelled, too
                if flag.cancelled:
                    inbox.forget(ask_id)
                elif released:
                    threads.submit(answer, replace(ask, speculative=False), flag)
                elif prepares(ask):
                    threads.submit(answer, ask, flag)
                else:
                    waiting[ask_id] = ask
            elif isinstance(ask, Notify):

                def ring(alarm: Alarm, ask_id: str = ask_id) -> None:
                    send(ask_id, alarm)

                stops[ask_id] = model.notify(ask.session_id, ring)
            elif isinstance(ask, Cancel) and waiting.pop(ask_id, None) is not None:
                inbox.forget(ask_id)
            elif isinstance(ask, Cancel) and ask_id in stops:
                inbox.forget(ask_id)
                stops.pop(ask_id)()


@contextlib.contextmanager
def answering(ask_id: str, send: Send) -> Iterator[None]:
    """What an adapter raises becomes the ask's Failed, and the worker lives on."""
    try:
        yield
    except AssistantError as error:
        send(ask_id, Failed("model_failed", str(error)))
    except Exception as error:  # noqa: BLE001 - an adapter may raise anything; it becomes one line for the user
        # Without the message: it may quote what the user said.
        print("adapter failed:", type(error).__name__, file=sys.stderr)
        traceback.print_tb(error.__traceback__)
        send(ask_id, Failed("model_failed", f"the model failed: {describe(error)}"))


def _pieces(pieces: Iterator[T], flag: Flag) -> Iterator[T]:
    """`pieces` until cancelled; closes the adapter's generator in time instead of leaving that to the collector."""
    try:
        for piece in pieces:
            if flag.cancelled:
                return
            yield piece
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()


def _expect(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"the model gave {type(value).__name__} where {kind.__name__} belongs")
    return value


def weight(ask: Ask) -> int:
    """About how many bytes an ask holds, for the bounds of the queues on both sides of the pipe."""
    size = 64  # the frame around it
    if isinstance(ask, TranscribeAudio | Judge):
        size += len(ask.pcm)
    elif isinstance(ask, Speak):
        size += len(ask.text)
    elif isinstance(ask, Respond):
        size += len(ask.instructions) + sum(len(line.text) for line in ask.messages)
    return size
