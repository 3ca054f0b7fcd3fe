"""The card of a turn: why it began, how it ended, what came near it before, and where the time to its answer went.

What a server says of its reasons is foreign: any of its values may be missing or of another type.
"""

from __future__ import annotations

from collections.abc import Mapping

from tui_assistant.client.turns import Blip, Mark, TurnRecord
from tui_assistant.protocol.items import JsonObject
from tui_assistant.safetext import clean
from tui_assistant.tui.drawing.runs import EMPTY, Line, Run, crop, merge, wrap

NAME_WIDTH = 9  # "  began  "
MOST_BAR = 40
LEAST_BAR = 6
WORD_CHARACTERS = 80  # of a foreign value
MARK_WORDS: Mapping[Mark, str] = {
    Mark.CUT_OFF: "it cut me off",
    Mark.TOO_SLOW: "too slow",
    Mark.NOT_SPEECH: "not speech",
}
MENDS: Mapping[Mark, str] = {
    Mark.CUT_OFF: "raise silence_duration_ms or lower eagerness",
    Mark.TOO_SLOW: "lower silence_duration_ms or raise eagerness",
    Mark.NOT_SPEECH: "raise threshold or min_speech_ms",
}
STAGES: tuple[tuple[str, str, str], ...] = (
    ("vad", "vad", "silence waited for"),
    ("asr", "asr", "to the last words"),
    ("think", "think", "to the first text"),
    ("voice", "voice", "to the first sound"),
    ("out", "heard", "until it was heard"),
)
MEANING_WIDTH = 2 + max(len(meaning) for _, _, meaning in STAGES)


def card(record: TurnRecord, width: int, mark: Mark | None = None) -> list[Line]:
    """The lines below the words of the turn; `mark`: what the user says about it."""
    lines: list[Line] = []
    if mark is not None:
        lines += _entry("marked", [(MARK_WORDS[mark], "bold wait"), (f": {MENDS[mark]}", "dim")], width)
    lines += _entry("began", [(began(record), "ink")], width)
    lines += _entry("", [(_onset(record), "dim")], width)
    lines += _entry("ended", [(ended(record), "ink")], width)
    if record.stopped_ms is not None:
        lines += _entry("", [(_end(record), "dim")], width)
    lines += [EMPTY, *_before(record.blips, width), EMPTY, *_waterfall(record, width)]
    return lines


def _entry(name: str, words: list[Run], width: int) -> list[Line]:
    rows = wrap(words, max(10, width - NAME_WIDTH - 2))
    label = f"  {name:<{NAME_WIDTH - 2}}"
    return [merge([(label if number == 0 else " " * NAME_WIDTH, "dim"), *row]) for number, row in enumerate(rows)]


# -------------------------------------------------------------------------------------------------- why it began


def began(record: TurnRecord) -> str:
    """`p 0.83 ≥ threshold 0.50 for 64 ms`, or who took the floor."""
    match record.why_started:
        case {"rule": "threshold", "p": p, "threshold": threshold, "held_ms": held}:
            return f"p {_part(p)} ≥ threshold {_part(threshold)} for {_whole(held)} ms"
        case None if _by_hand(record):
            return "the talk key took the floor"
        case None:
            return "the server gives no reason"
        case other:
            return _unknown(other)


def _by_hand(record: TurnRecord) -> bool:
    return (record.why_stopped or {}).get("rule") == "commit"


def _onset(record: TurnRecord) -> str:
    parts = [f"at {_seconds(record.onset_ms)}", f"decided {record.started_ms - record.onset_ms} ms later"]
    if record.why_started is None and _by_hand(record):
        parts = [f"at {_seconds(record.started_ms)}", f"speech from {_seconds(record.onset_ms)}"]
    elif record.why_started is None and record.onset_p:
        parts.append(f"p {record.onset_p:.2f}")
    return " · ".join([*parts, f"peak p {record.peak_p:.2f}", f"{record.level_dbfs:.0f} dBFS RMS"])


# ------------------------------------------------------------------------------------------------- how it ended


def ended(record: TurnRecord) -> str:
    """With the figures that decided."""
    why = record.why_stopped
    match why:
        case {"rule": "silence", "silence_ms": silence, "needed_ms": needed}:
            return f"silence {_whole(silence)} ms ≥ {_whole(needed)} ms"
        case {"rule": "judge", "silence_ms": silence, "wait_ms": wait, "p": p}:
            judge = (why or {}).get("judge")
            asked = f" ({_word(judge)})" if judge else ""
            return f"P(end) {_part(p)} after {_whole(silence)} ms{asked}: so sure, it waits {_whole(wait)} ms"
        case {"rule": "commit", "released_ms": released}:
            return f"key released at {_seconds(released)}"
        case {"rule": "commit"}:
            return "commit by the client"
        case {"rule": "max_turn", "longest_ms": longest}:
            return f"the longest turn is {_seconds(longest)}: a fan, a television?"
        case {"rule": "no_audio", "quiet_ms": quiet}:
            return f"no audio came for {_whole(quiet)} ms"
        case {"rule": "clear"}:
            return "the audio was thrown away by the client: there is no answer"
        case {"rule": "link_lost"}:
            return "the link was lost"
        case {"rule": "end_of_input"}:
            return "the recording was over"
        case {"rule": "idle_timeout"}:
            return "nobody spoke for so long that the assistant did (idle_timeout)"
        case None:
            return "still open" if record.stopped_ms is None else "the server gives no reason"
        case other:
            return _unknown(other)


def _end(record: TurnRecord) -> str:
    assert record.stopped_ms is not None
    parts = [f"at {_seconds(record.stopped_ms)}"]
    if record.speech_end_ms is not None:
        parts.append(f"{record.stopped_ms - record.speech_end_ms} ms after the last speech")
        parts.append(f"it lasted {_seconds(record.speech_end_ms - record.onset_ms)}")
    return " · ".join(parts)


# ------------------------------------------------------------------------------------------- what came near it


def _before(blips: tuple[Blip, ...], width: int) -> list[Line]:
    if not blips:
        return _entry("before", [("nothing that was nearly speech in the 3 s before it", "dim")], width)
    count = f"{len(blips)} time{'s' if len(blips) > 1 else ''} p rose in the 3 s before it, and no turn began:"
    lines = _entry("before", [(count, "ink")], width)
    for blip in blips:
        figures = f"{_seconds(blip.at_ms)}  {blip.length_ms} ms  p {blip.peak_p:.2f}  {blip.peak_dbfs:.0f} dBFS"
        kept = f"  kept by {clean(blip.kept_by, limit=WORD_CHARACTERS)}"
        lines += _entry("", [(figures, "dim"), (kept, "ink")], width)
    return lines


# ------------------------------------------------------------------------------------------ where the time went


def _waterfall(record: TurnRecord, width: int) -> list[Line]:
    times = record.waterfall
    if times is None:
        return _entry("answer", [("not heard, or not yet: no times are known", "dim")], width)
    total = max(1, times.total)
    words = [("heard ", "ink"), (f"{times.total} ms", "bold ink"), (" after the end of speech", "ink")]
    lines = _entry("answer", words, width)
    digits = len(str(total))
    room = min(MOST_BAR, width - NAME_WIDTH - 7 - digits - 4 - MEANING_WIDTH)
    start = 0
    for field, name, meaning in STAGES:
        ms: int = getattr(times, field)
        runs: list[Run] = [(" " * NAME_WIDTH, "dim"), (f"{name:<7}", "dim")]
        if room >= LEAST_BAR:
            first, last = round(start * room / total), round((start + ms) * room / total)
            length = max(1, last - first) if ms > 0 else 0
            first = min(first, room - length)
            rest = room - first - length
            runs += [("·" * first, "faint"), ("█" * length, "wait" if field == "vad" else "bot"), ("·" * rest, "faint")]
        runs += [(f" {ms:>{digits}} ms", "ink"), (f"  {meaning}", "dim")]
        lines.append(crop(merge(runs), width))
        start += ms
    return lines


# ----------------------------------------------------------------------------------------------- foreign values


def _number(value: object) -> float | None:
    """A finite number; JSON of others may hold anything."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e12 else None  # NaN is not less, either


def _whole(value: object) -> str:
    number = _number(value)
    return _word(value) if number is None else f"{number:.0f}"


def _part(value: object) -> str:
    number = _number(value)
    return _word(value) if number is None else f"{number:.2f}"


def _seconds(value: object) -> str:
    number = _number(value)
    return _word(value) if number is None else f"{number / 1000:.2f} s"


def _word(value: object) -> str:
    return clean(value, limit=WORD_CHARACTERS)


def _unknown(reason: JsonObject) -> str:
    return clean(", ".join(f"{key} {value}" for key, value in reason.items()) or "no reason", limit=2 * WORD_CHARACTERS)
