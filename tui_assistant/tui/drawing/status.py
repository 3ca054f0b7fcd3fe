"""The status line. The mode is whole at every width; other things drop out, the least important first."""

from __future__ import annotations

from tui_assistant.protocol.session import SemanticVad, ServerVad, TurnDetection
from tui_assistant.runtime.api import Mode, Snapshot
from tui_assistant.safetext import clean
from tui_assistant.tui.drawing.runs import Line, Run, crop, merge, width_of
from tui_assistant.tui.drawing.traffic import mark

NAME_WIDTH = 24  # of a device: enough to tell two apart


def turn_words(detection: TurnDetection | None) -> str:
    """`server_vad 0.50/500`, `semantic_vad auto`, `turn_detection null`."""
    match detection:
        case ServerVad():
            return f"server_vad {detection.threshold:.2f}/{detection.silence_duration_ms}"
        case SemanticVad():
            return f"semantic_vad {detection.eagerness}"
        case None:
            return "turn_detection null"


def _items(snapshot: Snapshot) -> list[tuple[int, Run]]:
    """(priority, run) in the order of the line; the highest priority stays longest."""
    mode = (f" {snapshot.mode} ", "on voice" if snapshot.mode is Mode.HANDS_FREE else "on bot")
    items: list[tuple[int, Run]] = [(20, ("tui-assistant", "bold ink")), (100, mode)]
    if snapshot.muted:
        items.append((95, ("muted", "bold warn")))
    manual = snapshot.mode is Mode.PUSH_TO_TALK  # there turn detection is off, and it matters what the key can
    items.append((34 if manual else 70, (turn_words(snapshot.turn_detection), "ink")))
    link = clean(snapshot.link, limit=30)
    leaving = mark(snapshot)
    if snapshot.turns and not manual:
        items.append((45, (f"turns {snapshot.turns}", "ink")))
    if snapshot.link_state == "ready":
        items.append((50 if leaving is None else 72, (link, "ink")))
    else:
        items.append((90, (f"{link}: {clean(snapshot.link_state, limit=40)}", "bold warn")))
    if leaving is not None:
        items.append((98, leaving))  # that audio leaves the machine is said at every width
    if snapshot.demo:
        items.append((60, ("mic demo", "wait")))
    elif snapshot.microphone:
        items.append((40, (f"mic {clean(snapshot.microphone, limit=NAME_WIDTH)}", "dim")))
    elif snapshot.lacks_microphone:
        items.append((80, ("no microphone", "bold warn")))
    items.append((70 if manual else 25, (f"keys {snapshot.keyboard.method}", "dim")))
    if not snapshot.starting:
        items.append((30, (clean(snapshot.duplex), "dim")))
    if snapshot.barge_in == "server":
        items.append((45, ("barge-in by server", "dim")))
    elif snapshot.barge_in == "two-stage" and snapshot.link != "local":
        items.append((26, ("barge-in in two stages", "dim")))
    if snapshot.volume != 1.0:
        items.append((28, (f"volume {snapshot.volume:.0%}", "dim")))
    for name, count in snapshot.counters.items():
        items.append((75, (f"! {clean(name, limit=20)} {count}", "warn")))
    if snapshot.recording:
        items.append((95, ("● REC", "bold live")))
    if snapshot.latency_ms is not None:
        items.append((35, (f"reply {snapshot.latency_ms / 1000:.2f} s", "bot")))
    if snapshot.replies.count > 1:
        items.append((15, (snapshot.replies.in_short, "dim")))
    return items


def status(snapshot: Snapshot, width: int) -> Line:
    items = _items(snapshot)
    while len(items) > 1 and width_of(_joined(items)) > width:
        items.remove(min(items, key=lambda item: item[0]))
    return crop(merge(_joined(items)), width)


def _joined(items: list[tuple[int, Run]]) -> list[Run]:
    """Two cells between the words; the badge brings one of them on each side."""
    runs: list[Run] = []
    for index, (_, run) in enumerate(items):
        badges = sum(near[1].startswith("on ") for _, near in items[max(0, index - 1) : index + 1])
        runs += [(" " * (2 - badges if index else 1 - badges), "dim"), run]
    return runs
