"""How a worker process handles its asks: one loop per port, which takes them from the inbox.

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
from tui_assistant.host.inbox import Flag, Inbox
from tui_assistant.models.registry import describe

T = TypeVar("T")
Send = Callable[[str, Answer], None]

MAX_RESPONDING = 16  # threads; more asks than that wait their turn


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
