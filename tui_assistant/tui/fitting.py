"""From the records of the turns and the frames of the scope to what the lab's fit takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tui_assistant.client.blips import FRAME_MS
from tui_assistant.client.tuning import Tuning
from tui_assistant.client.turns import TurnRecord
from tui_assistant.lab.fit import Fault, Fit, MarkedTurn, NoFit, fit
from tui_assistant.runtime.api import Snapshot


def marked(records: Sequence[TurnRecord]) -> tuple[MarkedTurn, ...]:
    """The marks of turns that have ended."""
    return tuple(
        MarkedTurn(Fault(str(each.mark)), each.onset_ms, _speech_end_ms(each, each.stopped_ms), each.stopped_ms)
        for each in records
        if each.mark is not None and each.stopped_ms is not None
    )


def _speech_end_ms(record: TurnRecord, stopped_ms: int) -> int:
    return stopped_ms if record.speech_end_ms is None else record.speech_end_ms


def fit_of(snapshot: Snapshot, records: Sequence[TurnRecord]) -> Fit | NoFit:
    """Takes up to a second or two: not on the screen's own thread."""
    frames = snapshot.frames
    # What the conversation was not to hear began no turn, and must begin none here. With a server that shows nothing of
    # what it hears, all there is are our own estimates.
    own = not any(frame.decided for frame in frames)
    return fit(
        [frame.p if own or frame.decided else 0.0 for frame in frames],
        snapshot.tuning.rules(),
        marked(records),
        start_ms=frames[0].at_ms - FRAME_MS if frames else 0,
        judged=[frame.judged for frame in frames] if any(frame.judged is not None for frame in frames) else (),
    )


def tuned(tuning: Tuning, found: Fit) -> Tuning:
    """`tuning` with what the fit changes."""
    return replace(tuning, **found.changed)
