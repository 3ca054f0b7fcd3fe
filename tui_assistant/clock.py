"""A clock that nobody sets: it counts the time of a suspend as well, which time.monotonic does not on Linux."""

from __future__ import annotations

import time


def since_boot() -> float:
    """Seconds since some moment before the program; never jumps, whatever is done to the time of day."""
    # CLOCK_BOOTTIME is Linux'. In sleep macOS' CLOCK_MONOTONIC goes on (man clock_gettime), and Windows' monotonic.
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if hasattr(time, "clock_gettime"):
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic()
