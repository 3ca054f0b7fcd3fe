"""Settings of the interpreter that keep audio steady beside a busy screen."""

from __future__ import annotations

import gc
import sys

SWITCH_INTERVAL_S = 0.0005  # how long another thread may keep the interpreter; the default is ten times that
COLLECT_EVERY_S = 10.0  # while nobody speaks
COLLECT_ANYWAY_S = 120.0  # who speaks for so long without a pause may notice one


class ProcessTuning:
    """Garbage is collected only while nobody speaks: a collection stops all threads for tens of milliseconds."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self._frozen = False
        self._collected_at = 0.0
        self._interval = sys.getswitchinterval()
        if wanted:
            sys.setswitchinterval(SWITCH_INTERVAL_S)

    def rest(self, quiet: bool, now: float) -> None:
        """Called at every poll; `quiet`: nobody speaks."""
        if not self._wanted or now - self._collected_at < (COLLECT_EVERY_S if quiet else COLLECT_ANYWAY_S):
            return
        self._collected_at = now
        if not self._frozen:  # all that was imported lives for ever: it need not be looked at again
            self._frozen = True
            gc.collect()
            gc.freeze()
            gc.disable()
        else:
            gc.collect()

    def undo(self) -> None:
        if self._wanted:
            sys.setswitchinterval(self._interval)
        if self._frozen:
            gc.unfreeze()
            gc.enable()
