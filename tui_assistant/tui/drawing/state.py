"""The state line: a badge with the state's word, its clock, and what ends it."""

from __future__ import annotations

from tui_assistant.client.hold import HoldPhase, Method
from tui_assistant.runtime.api import Mode, Phase, Snapshot, State
from tui_assistant.tui.drawing.hold import clock, hold_line
from tui_assistant.tui.drawing.runs import Line, Run, crop, merge
from tui_assistant.tui.keys.names import DEFAULT_KEYS, TalkKeys

BADGE = {
    State.IDLE: "on dim",
    State.SPEECH: "on voice",
    State.ENDING: "on wait",
    State.THINKING: "on wait",
    State.SPEAKING: "on bot",
    State.MUTED: "on warn",
}


def state(
    snapshot: Snapshot, width: int, *, name: str = "state", keys: TalkKeys = DEFAULT_KEYS, escapes: bool = True
) -> Line:
    """`escapes`: esc interrupts; nothing has the focus that it would leave instead."""
    runs: list[Run] = [(f"{name:<7}", "dim")] if name else []
    runs += [(f" {snapshot.state} ", BADGE[snapshot.state]), ("  ", "dim")]
    room = width - sum(len(text) for text, _ in runs)
    if snapshot.hold.phase is HoldPhase.FREE:
        runs += _details(snapshot, room, keys, escapes=escapes)
        runs.append(_hint(_estimate(snapshot), "".join(text for text, _ in runs), width))
    else:
        runs += hold_line(snapshot.hold, keys, room)
    return crop(merge(runs), width)


def _details(snapshot: Snapshot, room: int, keys: TalkKeys, *, escapes: bool) -> list[Run]:
    elapsed = clock(snapshot.state_ms)
    manual = snapshot.mode is Mode.PUSH_TO_TALK
    match snapshot.state:
        case State.IDLE:
            if snapshot.starting or snapshot.lacks_microphone:
                return [("starting" if snapshot.starting else "no microphone", "dim")]
            return [(how_to_talk(snapshot, keys) if manual else "listening", "dim")]
        case State.SPEECH:
            held = snapshot.talking or manual
            return [(elapsed, "ink"), _hint(f"  {keys.talk_label} sends" if held else "", elapsed, room)]
        case State.ENDING:
            return _ending(snapshot, room)
        case State.THINKING:
            return [(elapsed, "ink")]
        case State.SPEAKING:
            return [(elapsed, "ink"), _hint("  esc interrupts" if escapes else "", elapsed, room)]
        case State.MUTED:
            return [("x listens again", "dim")]


def _estimate(snapshot: Snapshot) -> str:
    """Where our own detection says something else than the server does."""
    local = snapshot.frames[-1].local if snapshot.frames else None
    theirs = snapshot.state in (State.SPEECH, State.ENDING)
    ours = local in (Phase.SPEECH, Phase.WAITING)
    if local is None or ours == theirs or snapshot.state not in (State.IDLE, State.SPEECH, State.ENDING):
        return ""
    return f"  local estimate: {'speech' if ours else 'quiet'}"


def how_to_talk(snapshot: Snapshot, keys: TalkKeys) -> str:
    """`hold space and speak`, or where a press switches, `space starts`."""
    toggles = snapshot.keyboard.method is Method.TOGGLE
    return f"{keys.talk_label} starts" if toggles else f"hold {keys.talk_label} and speak"


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
