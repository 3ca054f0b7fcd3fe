"""What goes over the link's wire, in one line, and the mark ↗ of audio that leaves this machine.

The mark has words, not only a colour: `↗ sending`, `↗ sending silence`, `↗ not sending`.
"""

from __future__ import annotations

from collections.abc import Iterator

from tui_assistant.runtime.api import Snapshot
from tui_assistant.safetext import clean
from tui_assistant.tui.drawing.runs import EMPTY, Line, Run, crop, merge, width_of

PLACE_WIDTH = 40  # of a host
_MARK_ROLES = {"sending": "bold live", "sending silence": "warn"}


def mark(snapshot: Snapshot) -> Run | None:
    """None where nothing can leave this machine."""
    traffic = snapshot.traffic
    if traffic is None or not traffic.leaves:
        return None
    return f"↗ {traffic.sending}", _MARK_ROLES.get(traffic.sending, "ink")


def line(snapshot: Snapshot, width: int) -> Line:
    """`wire   ↑ 1:23 ↓ 45 s · 1.2k tokens in (640 cached) 310 out · ≈ 0.0323 USD`, as much as there is room for."""
    if snapshot.traffic is None:
        return EMPTY
    label: Run = (f"{'wire':<7}", "dim")
    for text in _variants(snapshot):
        found = merge([label, (text, "ink")])
        if width_of(found) <= width:
            return found
    return crop(found, width)


def words(snapshot: Snapshot) -> str:
    """The same for a line of text; empty: there is no wire."""
    return next(_variants(snapshot), "") if snapshot.traffic is not None else ""


def _variants(snapshot: Snapshot) -> Iterator[str]:
    """From all there is to the least."""
    traffic = snapshot.traffic
    assert traffic is not None
    place = clean(traffic.place, limit=PLACE_WIDTH)
    if not traffic.measured:
        yield from (f"each turn goes to {place}, to be written down", f"each turn goes to {place}", f"↗ {place}")
        return
    tokens, cost = traffic.tokens, [] if snapshot.cost is None else [clean(str(snapshot.cost), limit=24)]
    audio = f"↑ {_time(traffic.up_ms)} ↓ {_time(traffic.down_ms)}"
    size = f"{_bytes(traffic.up_bytes)} ↑ {_bytes(traffic.down_bytes)} ↓"
    cached = f" ({_count(tokens.cached)} cached)" if tokens.cached else ""
    spent = bool(tokens.read or tokens.written)
    long = [f"{_count(tokens.read)} tokens in{cached} {_count(tokens.written)} out"] if spent else []
    short = [f"{_count(tokens.read)} in {_count(tokens.written)} out"] if spent else []
    for parts in ([audio, size, *long, *cost], [audio, *long, *cost], [audio, *short, *cost], [audio, *cost], [audio]):
        yield " · ".join(parts)


def _time(ms: int) -> str:
    """`45 s`, `1:23`, `1:02:03`."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}" if minutes else f"{seconds} s"


def _bytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1_000_000 else f"{count // 1000} kB"


def _count(number: int) -> str:
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:.1f}{unit}"
    return str(number)
