"""The state line: a badge with the state's word, its clock, and what ends it."""

from __future__ import annotations

from tui_assistant.runtime.api import Mode, Snapshot, State
from tui_assistant.tui.drawing.runs import Line, Run, crop, merge

BADGE = {
    State.IDLE: "on dim",
    State.SPEECH: "on voice",
    State.ENDING: "on wait",
    State.THINKING: "on wait",
    State.SPEAKING: "on bot",
    State.MUTED: "on warn",
}


def clock(ms: int) -> str:
    """Seconds with one decimal, minutes from 60 s on: `1.2 s`, `2:05`."""
    if ms < 60_000:
        return f"{ms // 100 / 10:.1f} s"
    return f"{ms // 60_000}:{ms // 1000 % 60:02}"


def state(snapshot: Snapshot, width: int, *, name: str = "state") -> Line:
    runs: list[Run] = [(f"{name:<7}", "dim")] if name else []
    runs += [(f" {snapshot.state} ", BADGE[snapshot.state]), ("  ", "dim")]
    room = width - sum(len(text) for text, _ in runs)
    runs += _details(snapshot, room)
    return crop(merge(runs), width)


def _details(snapshot: Snapshot, room: int) -> list[Run]:
    elapsed = clock(snapshot.state_ms)
    manual = snapshot.mode is Mode.PUSH_TO_TALK
    match snapshot.state:
        case State.IDLE:
            if not snapshot.microphone and not snapshot.demo:
                return [("no microphone", "dim")]
            return [("space starts" if manual else "listening", "dim")]
        case State.SPEECH:
            held = snapshot.talking or manual
            return [(elapsed, "ink"), _hint("  space sends" if held else "", elapsed, room)]
        case State.ENDING:
            return _ending(snapshot, room)
        case State.THINKING:
            return [(elapsed, "ink")]
        case State.SPEAKING:
            return [(elapsed, "ink"), _hint("  esc interrupts", elapsed, room)]
        case State.MUTED:
            return [("x listens again", "dim")]


def _hint(text: str, before: str, room: int) -> Run:
    """`text` behind `before`, whole or not at all."""
    return (text if len(before) + len(text) <= room else "", "dim")


def _ending(snapshot: Snapshot, room: int) -> list[Run]:
    """`silence ████──── 312 / 500 ms`: the bar is full when the turn ends."""
    needed = max(1, snapshot.needed_ms)
    figures = f" {snapshot.silence_ms:>{len(str(needed))}} / {needed} ms"
    width = min(20, room - len("silence ") - len(figures))
    if width < 4:
        return [(figures.strip(), "ink")]
    filled = min(width, snapshot.silence_ms * width // needed)
    return [("silence ", "dim"), ("█" * filled, "wait"), ("─" * (width - filled), "faint"), (figures, "ink")]


def alarms(snapshot: Snapshot, cleaned: tuple[str, ...], width: int) -> Line:
    """The running timers, in words. `cleaned`: snapshot.alarms through safetext."""
    if not cleaned:
        return ()
    return crop(((f"{'timers':<7}", "dim"), ("  ".join(f"◷ {text}" for text in cleaned), "wait")), width)
