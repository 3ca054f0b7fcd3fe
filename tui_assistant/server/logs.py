"""What the server logs: one line each on stderr, with a message that stands in the program and named figures.

Nothing that a client said or sent is in a log, and no token: of a library only its name and the kind of its error are
shown, because its own words may quote them.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import sys
import time
import traceback
from logging.handlers import QueueHandler, QueueListener
from pathlib import Path
from queue import Full, Queue
from typing import TYPE_CHECKING, Any, Literal, TextIO

Format = Literal["text", "json"]

MAX_WAITING = 10_000  # lines: some megabytes
_OURS = "tui_assistant"


def fields(**figures: str | float | None) -> dict[str, Any]:
    """For a log call's `extra`."""
    return {"fields": figures}


def configure(form: Format | None, worker: int | None = None) -> QueueListener:
    """Logs to stderr from now on; without a format only what needs attention, in text. `worker`: who says it.

    A thread of its own writes, until the process ends or the listener that is returned is stopped.
    """
    handler = _Lines(sys.stderr)
    handler.setFormatter(_Json(worker) if form == "json" else _Text(worker))
    waiting: Queue[logging.LogRecord] = Queue(MAX_WAITING)
    door = _Door(waiting)
    door.setLevel(logging.WARNING if form is None else logging.INFO)
    logging.getLogger().addHandler(door)
    if form is not None:
        logging.getLogger(_OURS).setLevel(logging.INFO)
    listener = QueueListener(waiting, handler)
    listener.start()
    atexit.register(listener.stop)
    return listener


if TYPE_CHECKING:
    _Stream = logging.StreamHandler[TextIO]
else:
    _Stream = logging.StreamHandler  # no generic class before Python 3.11.4


class _Lines(_Stream):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """Nobody reads stderr any more; the base class would write the arguments to it."""


class _Door(QueueHandler):
    """Sessions do not wait for whoever reads stderr; when he stands still, what is beyond MAX_WAITING is lost."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record  # as it is: the base class would put the arguments into the message

    def enqueue(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(Full):
            super().enqueue(record)


class _Formatter(logging.Formatter):
    def __init__(self, worker: int | None) -> None:
        super().__init__()
        self._figures = {} if worker is None else {"worker": worker}

    def parts(self, record: logging.LogRecord) -> dict[str, Any]:
        """What a line says, in its order. Arguments of the message are left out: they may be anything."""
        ours = record.name.split(".")[0] == _OURS
        second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        return {
            "time": f"{second}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": str(record.msg) if ours else "a library has reported something",
            **self._figures,
            **getattr(record, "fields", {}),
            **_error(record),
        }


def _error(record: logging.LogRecord) -> dict[str, str]:
    error = record.exc_info[1] if record.exc_info else None
    return {} if error is None else {"error": type(error).__name__, "where": where(error)}


def where(error: BaseException) -> str:
    """File and line; not the message, which may quote what was said."""
    places = traceback.extract_tb(error.__traceback__)
    return f"{Path(places[-1].filename).name}:{places[-1].lineno}" if places else ""


class _Json(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps({name: value for name, value in self.parts(record).items() if value is not None})


class _Text(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        parts = self.parts(record)
        begin = " ".join(parts.pop(name) for name in ("time", "level", "logger", "message"))
        # as JSON, so that no line break or escape sequence of a value reaches a terminal
        return " ".join([begin, *(f"{name}={json.dumps(value)}" for name, value in parts.items() if value is not None)])
