"""The running timers, as skills report them in the metadata of their responses."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError


@dataclass(frozen=True, slots=True)
class RunningTimer:
    """`ends_at` in seconds of since_boot, which nobody sets; `label` is foreign text such as "five minute timer"."""

    label: str
    ends_at: float
    name: str = ""


_TIMERS = TypeAdapter(list[RunningTimer])


def running_timers(metadata: dict[str, str], *, set_by: float = 0.0) -> tuple[RunningTimer, ...] | None:
    """The timers after a response, or None when it says nothing of them.

    `set_by`: since_boot less Unix time, which is what the metadata have.
    """
    try:
        found = _TIMERS.validate_json(metadata["timers"])
        return tuple(replace(timer, ends_at=timer.ends_at + set_by) for timer in found)
    except (KeyError, ValidationError):
        return None


def in_words(timers: tuple[RunningTimer, ...], now: float) -> tuple[str, ...]:
    """What is left of each, soonest first: "five minute timer 4:31"."""
    words = []
    for timer in sorted(timers, key=lambda timer: timer.ends_at):
        left = max(0, round(timer.ends_at - now))
        if left:
            hours, rest = divmod(left, 3600)
            clock = f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
            words.append(f"{timer.label} {clock}")
    return tuple(words)
