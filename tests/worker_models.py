"""Tiny models that run in real worker processes, named by path: WorkerSpec(port, "worker_models:recogniser")."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from tui_assistant.engine.ports import (
    Alarm,
    AudioChunk,
    Cancellation,
    Final,
    FunctionCallDelta,
    Partial,
    Respond,
    Responded,
    Speak,
    TextDelta,
)
from tui_assistant.errors import ModelError

Options = dict[str, Any]


class Stream:
    """Hears bytes as letters; a few letters mean more."""

    def __init__(self, deadly: bool) -> None:
        self._heard = bytearray()
        self._deadly = deadly

    def accept(self, pcm: bytes) -> Partial | None:
        if pcm == b"die!" and self._deadly:
            os.kill(os.getpid(), 9)
        if pcm == b"bad!":
            raise ValueError("first line\nsecond line")
        self._heard += pcm
        print("a library talks on fd 1", flush=True)
        os.write(1, b"and so does its C part\n")
        return Partial(self._heard.decode(), "…")

    def finish(self) -> Final:
        return Final(self._heard.decode())

    def close(self) -> None:
        self._heard.clear()


class Letters:
    name = "letters"

    def __init__(self, options: Options) -> None:
        self._deadly = bool(options.get("deadly"))

    def open(self, language: str | None) -> Stream:
        if language == "tlh":
            raise ModelError("nobody speaks this", "learn it")
        return Stream(self._deadly)


class Learner(Letters):
    """Has heard every session from its own beginning on."""

    name = "learner"

    def open_for(self, language: str | None, session_id: str) -> Stream:
        stream = self.open(language)
        stream.accept(f"{session_id} {language}: ".encode())
        return stream


class Talker:
    """Answers by what the last message says."""

    name = "talker"

    def __init__(self, options: Options) -> None:
        self._prefix = str(options.get("prefix", ""))

    def respond(
        self, request: Respond, cancellation: Cancellation
    ) -> Iterator[TextDelta | FunctionCallDelta | Responded]:
        text = request.messages[-1].text
        if text == "think":
            yield TextDelta("a thought")
            if self._gate(cancellation):
                yield Responded({"done": "it"})
            return
        if request.messages[-1].output_of is not None:
            call = request.messages[-2].call
            yield TextDelta(
                f"{call and call.name} {call and call.arguments}: {text}, of {request.messages[-1].output_of}"
            )
        if text == "call":
            yield from self._call(request)
            return
        if text == "die":
            os.kill(os.getpid(), 9)
        if text == "fail":
            raise ModelError("the model is out", "come back later")
        if text == "wrong":
            yield "not a delta"  # type: ignore[misc]
        if text == "pid":
            yield TextDelta(str(os.getpid()))
        if text == "modules":
            yield TextDelta(" ".join(sorted(sys.modules)))
        if text == "endless":
            woken: list[bool] = []
            cancellation.on_cancel(lambda: woken.append(True))
            while not (cancellation.cancelled and woken):
                yield TextDelta(".")
                time.sleep(0.005)
            return
        if text == "slow":
            time.sleep(0.3)
        yield TextDelta(self._prefix + text)
        yield Responded({"skill": "echo"}, 1, 2)

    def prepares(self, request: Respond) -> bool:
        return request.messages[-1].text == "think"

    def _gate(self, cancellation: Any) -> bool:
        return bool(cancellation.wait_released())

    def _call(self, request: Respond) -> Iterator[TextDelta | FunctionCallDelta | Responded]:
        """One function after the other, each argument by itself, slowly; the arguments say what was offered."""
        for number, tool in enumerate(request.tools, 1):
            for piece in ('{"of":', json.dumps(tool.parameters), f',"choice":"{request.tool_choice}"', "}"):
                yield FunctionCallDelta(f"call_of_{number}", tool.name, piece)
                time.sleep(0.05)
        yield Responded({}, 3, 4)

    def notify(self, session_id: str, ring: Callable[[Alarm], None]) -> Callable[[], None]:
        ring(Alarm(f"{session_id} {os.getpid()}", {"origin": "timer"}))
        return lambda: ring(Alarm("stopped"))


class Beeper:
    name = "beeper"

    def speak(self, request: Speak, cancellation: Cancellation) -> Iterator[AudioChunk]:
        for number in range(len(request.text)):
            if request.text == "forever":
                time.sleep(0.01)
                while not cancellation.cancelled:
                    time.sleep(0.002)
                return
            yield AudioChunk(bytes([number, 0]) * 160, 16_000)


def recogniser(options: Options) -> Letters:
    time.sleep(float(options.get("load_s", 0)))
    return Letters(options)


def learner(options: Options) -> Learner:
    return Learner(options)


def responder(options: Options) -> Talker:
    return Talker(options)


def synthesiser(options: Options) -> Beeper:
    return Beeper()


def broken(options: Options) -> Talker:
    raise RuntimeError("weights are gone\nreally")


def without_library(options: Options) -> Talker:
    import a_library_that_nobody_has  # type: ignore[import-not-found]  # noqa: F401 - it is missing: that is the point

    return Talker(options)


def dies_loading(options: Options) -> Talker:
    os._exit(7)


def writes_nonsense(options: Options) -> Talker:
    for fd in range(3, 20):
        try:
            os.write(fd, b"\xff\xff\xff\xffnonsense")
        except OSError:
            continue
    time.sleep(5)
    return Talker(options)


def deaf(options: Options) -> Talker:
    """Never loads, and does not go when it is asked to: neither at the end of its stdin nor by SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.modules["__main__"].leave = lambda status: time.sleep(60)  # type: ignore[attr-defined]  # worker_main
    while True:
        time.sleep(0.1)
