"""Running timers: persisted, and rung from one thread that sleeps until the next is due."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Condition, Thread
from uuid import uuid4

from tui_assistant.clock import since_boot
from tui_assistant.engine.ports import Alarm

from .durations import duration_label
from .storage import load_list, save_list

MAX_TIMERS = 20  # more are a mistake, and the list has to fit into one metadata value
MAX_SECONDS = 100 * 3_600.0
MAX_NAME = 40
METADATA_LIMIT = 512  # characters of one metadata value, by the protocol
LONGEST_SLEEP_S = 30.0  # a suspend may pass while the thread sleeps on a clock that does not count it
SET_S = 1.0  # so much at once is no drift: somebody, or a time server, has set the time of day
LATE_S = 5.0  # rung later than this after its time, a timer says that it finished earlier

Ring = Callable[[Alarm], None]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timer:
    """`ends_at` is unix time, so that it means the same after a restart; `session_id` set it and hears it."""

    id: str
    name: str  # given by the user, or empty
    seconds: float
    ends_at: float
    session_id: str

    @property
    def label(self) -> str:
        """Completes "Your ... is done."."""
        return f"{self.name} timer" if self.name else f"{duration_label(self.seconds)} timer"


class TimerBook:
    """Safe from several threads. The ringing thread exists only while somebody listens.

    When the time of day is set while timers run, they move with it: five minutes stay five minutes.
    """

    def __init__(
        self,
        path: Path | None = None,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = since_boot,
    ) -> None:
        self._path = path
        self._clock = clock
        self._steady = steady
        self._offset = clock() - steady()
        self._changed = Condition()
        self._listeners: dict[str, list[Ring]] = {}
        self._thread: Thread | None = None
        self._timers = _loaded(path) if path is not None else []

    def running(self) -> tuple[Timer, ...]:
        """Soonest first."""
        with self._changed:
            self._follow_clock()
            return tuple(sorted(self._timers, key=lambda timer: timer.ends_at))

    def left(self, timer: Timer) -> float:
        return max(0.0, timer.ends_at - self._clock())

    def metadata(self) -> dict[str, str]:
        """For the client: {"timers": JSON list of {name, ends_at, label}}, as many as fit, soonest first."""
        listed: list[dict[str, object]] = []
        for timer in self.running():
            entry = {"name": timer.name, "ends_at": math.ceil(timer.ends_at), "label": timer.label}
            if len(_compact([*listed, entry])) > METADATA_LIMIT:
                break
            listed.append(entry)
        return {"timers": _compact(listed)}

    def add(self, seconds: float, name: str, session_id: str) -> Timer | None:
        """None when there are already MAX_TIMERS."""
        with self._changed:
            if len(self._timers) >= MAX_TIMERS:
                return None
            self._follow_clock()
            timer = Timer(uuid4().hex, name[:MAX_NAME], seconds, self._clock() + seconds, session_id)
            self._timers.append(timer)
            self._save()
            self._changed.notify_all()
            return timer

    def remove(self, timers: tuple[Timer, ...]) -> None:
        gone = {timer.id for timer in timers}
        with self._changed:
            self._timers = [timer for timer in self._timers if timer.id not in gone]
            self._save()
            self._changed.notify_all()

    def listen(self, session_id: str, ring: Ring) -> Callable[[], None]:
        """Alarms go to `ring` (on the ringing thread) until the returned function is called."""
        with self._changed:
            self._listeners.setdefault(session_id, []).append(ring)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="timers", daemon=True)
                self._thread.start()
            self._changed.notify_all()

        def leave() -> None:
            with self._changed:
                rings = self._listeners.get(session_id, [])
                if ring in rings:
                    rings.remove(ring)
                if not rings:
                    self._listeners.pop(session_id, None)
                self._changed.notify_all()

        return leave

    def _run(self) -> None:
        while True:
            with self._changed:
                due = self._next_due()
                while due is None:
                    if not self._listeners:
                        self._thread = None
                        return
                    self._changed.wait(self._pause())
                    due = self._next_due()
                timer, ring, late = due
                self._timers.remove(timer)
                self._save()
            text = f"Your {timer.label} finished while I was away." if late else f"Your {timer.label} is done."
            try:
                ring(Alarm(text, {"origin": "timer", "timer": timer.label, **self.metadata()}))
            except Exception:  # a session that fails to hear its alarm must not silence the timers of the others
                logger.exception("alarm not delivered")

    def _pause(self) -> float | None:
        if not self._timers:
            return None
        return min(LONGEST_SLEEP_S, max(0.0, min(timer.ends_at for timer in self._timers) - self._clock()))

    def _follow_clock(self) -> None:
        was, self._offset = self._offset, self._clock() - self._steady()
        change = self._offset - was
        if abs(change) >= SET_S and self._timers:
            self._timers = [replace(timer, ends_at=timer.ends_at + change) for timer in self._timers]
            self._save()

    def _next_due(self) -> tuple[Timer, Ring, bool] | None:
        self._follow_clock()
        now = self._clock()
        ready = [timer for timer in self._timers if timer.ends_at <= now]
        if not ready or not self._listeners:
            return None
        timer = min(ready, key=lambda one: one.ends_at)
        rings = self._listeners.get(timer.session_id) or next(iter(self._listeners.values()))
        return timer, rings[-1], now - timer.ends_at > LATE_S

    def _save(self) -> None:
        if self._path is None:
            return
        try:
            save_list(self._path, [asdict(timer) for timer in self._timers])
        except OSError as error:  # a full or read-only disk: the timer still rings in this run
            logger.warning("timers not saved", extra={"errno": error.errno})


def _compact(entries: list[dict[str, object]]) -> str:
    return json.dumps(entries, separators=(",", ":"), ensure_ascii=False)


def _loaded(path: Path) -> list[Timer]:
    timers = []
    for entry in load_list(path)[:MAX_TIMERS]:
        identity, name, session = entry.get("id"), entry.get("name"), entry.get("session_id")
        seconds, ends_at = entry.get("seconds"), entry.get("ends_at")
        if not (isinstance(identity, str) and isinstance(name, str) and isinstance(session, str)):
            continue
        if not (isinstance(seconds, (int, float)) and isinstance(ends_at, (int, float))):
            continue
        if 0 < seconds <= MAX_SECONDS and 0 < ends_at < 1e11:
            timers.append(Timer(identity, name[:MAX_NAME], float(seconds), float(ends_at), session))
    return timers
