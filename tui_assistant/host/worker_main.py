"""The program of a worker process: `python -P -m tui_assistant.host.worker_main '{"port": ..., "name": ...}'`.

It loads one model and answers asks until its stdin ends. File descriptor 1 belongs to the frames alone; whatever a
library prints goes to stderr, which the host has pointed at a log file or at nothing. It imports only what its model
needs.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import threading
import time
from typing import Any

from tui_assistant.errors import AssistantError
from tui_assistant.host import frames, worker_asks
from tui_assistant.host.frames import Hello, Instead, Message, Ready, Reply, Unusable
from tui_assistant.host.inbox import Inbox
from tui_assistant.models import registry
from tui_assistant.models.registry import Port

EXIT_UNUSABLE = 3
EXIT_USAGE = 2
_GRACE_S = 0.3  # for the call that is in a model when the host goes
_LOOPS: dict[Port, Any] = {
    Port.RECOGNISER: worker_asks.recognise,
    Port.RESPONDER: worker_asks.respond,
    Port.SYNTHESISER: worker_asks.speak,
    Port.JUDGE: worker_asks.judge,
}


class Pipe:
    """The two ends that lead to the host, taken away from everybody else in this process."""

    def __init__(self) -> None:
        self._in = os.fdopen(os.dup(0), "rb", buffering=2**16)
        self._out = os.dup(1)
        self._lock = threading.Lock()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)

    def send(self, message: Message) -> None:
        """Writes one frame; ends the process when nobody is there to read it."""
        rest = memoryview(frames.encode(message))
        try:
            with self._lock:
                while rest:
                    rest = rest[os.write(self._out, rest) :]
        except OSError:
            leave(0)

    def receive(self) -> Message | None:
        """The next frame, or None at the end."""
        prefix = self._in.read(frames.LENGTH.size)
        if len(prefix) < frames.LENGTH.size:
            return None
        size = frames.length(prefix)
        body = self._in.read(size)
        return frames.decode(body) if len(body) == size else None


def leave(status: int) -> None:
    """Ends the process at once: threads inside a native library cannot be joined."""
    sys.stderr.flush()
    os._exit(status)


def main(arguments: list[str]) -> int:
    """Exit status: 0 the host has closed the pipe, EXIT_UNUSABLE the model cannot be loaded, EXIT_USAGE wrong call."""
    try:
        spec = json.loads(arguments[1])
        port, name, others = Port(spec["port"]), str(spec["name"]), [str(each) for each in spec.get("instead", ())]
        loop = _LOOPS[port]
    except (IndexError, KeyError, TypeError, ValueError):
        print("this program is started by tui-assistant itself", file=sys.stderr)
        return EXIT_USAGE
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the host's; it closes our stdin when it is time
    faulthandler.enable()  # a crash in a native library leaves its stack in the log
    pipe = Pipe()
    hello = pipe.receive()
    if not isinstance(hello, Hello):
        return EXIT_USAGE
    inbox = Inbox()
    # Reads while the model loads, so that the process also ends when its host dies in the meantime.
    threading.Thread(target=_read, args=(pipe, inbox), name="reader", daemon=True).start()
    began = time.monotonic()
    try:
        model = registry.first(port, name, hello.options, others, lambda line: pipe.send(Instead(line)))
    except AssistantError as error:
        pipe.send(Unusable(str(error)))
        return EXIT_UNUSABLE
    spare = getattr(model, "spare", None)
    if spare is not None:
        spare.tell = lambda line: pipe.send(Instead(line))
    label = str(getattr(model, "name", name))
    pipe.send(Ready(label, round((time.monotonic() - began) * 1000)))
    loop(model, inbox, lambda ask_id, answer: pipe.send(Reply(ask_id, answer)))
    return 0


def _read(pipe: Pipe, inbox: Inbox) -> None:
    try:
        while (message := pipe.receive()) is not None:
            inbox.put(message)  # type: ignore[arg-type]  # the host sends nothing but asks after its hello
    finally:
        inbox.end()
        time.sleep(_GRACE_S)
        leave(0)


if __name__ == "__main__":
    leave(main(sys.argv))
