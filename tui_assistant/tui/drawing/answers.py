"""Which turn a line of the transcript belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tui_assistant.client.turns import TurnRecord
from tui_assistant.runtime.api import Line as Utterance
from tui_assistant.runtime.api import Speaker

TYPED = "Typed: no turn was detected."
FORGOTTEN = "Nothing is kept of this turn; only the last 200 are."
UNKNOWN = "Which turn this answers is not known: the assistant spoke by itself, or several turns came before it."
ANSWERS_TYPED = "This answers what was typed: no turn was detected."


def turn_of(
    key: str, lines: Sequence[Utterance], records: Iterable[TurnRecord]
) -> tuple[Utterance | None, TurnRecord | None, str]:
    """The user's line of that turn, its record, and in a sentence why there is none.

    `key`: of one of `lines`. An answer belongs to the only line of the user between it and the answer before it; where
    there are several, to the one with the times that stand at the answer.
    """
    number = next((number for number, line in enumerate(lines) if line.key == key), None)
    if number is None:
        return None, None, FORGOTTEN
    known = {record.item_id: record for record in records}
    line = lines[number]
    if line.who is Speaker.YOU:
        record = known.get(line.key)
        return line, record, "" if record else TYPED if line.typed else FORGOTTEN
    asked: list[Utterance] = []
    for before in reversed(lines[:number]):
        if before.who is Speaker.BOT:
            break
        asked.append(before)
    if len(asked) > 1:
        asked = [each for each in asked if each.key in known and _timed(line, known[each.key])]
    if len(asked) != 1:
        return None, None, UNKNOWN
    if asked[0].typed:
        return None, None, ANSWERS_TYPED
    record = known.get(asked[0].key)
    return asked[0], record, "" if record else FORGOTTEN


def _timed(line: Utterance, record: TurnRecord) -> bool:
    return record.waterfall is not None and str(record.waterfall) in line.note
