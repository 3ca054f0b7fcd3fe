"""What the main screen does with the chosen line of the transcript: its mark, its card, its place in the scope."""

from __future__ import annotations

from collections.abc import Callable

from tui_assistant.client.turns import Mark, TurnRecord
from tui_assistant.runtime.api import Speaker, TalkApi
from tui_assistant.tui.drawing.answers import FORGOTTEN, TYPED, turn_of
from tui_assistant.tui.widgets.conversation import Conversation

YOURS_ONLY = "A mark belongs to a turn of yours: choose the line above the answer."


class Marking:
    """`mark` and `show` act on one line, and return in a sentence why they can't."""

    def __init__(self, talk: TalkApi, conversation: Conversation, show_turn: Callable[[int], None]) -> None:
        """`show_turn` gets the onset of a turn, in milliseconds on the clock of the frames."""
        self._talk, self._conversation, self._show_turn = talk, conversation, show_turn

    def _find(self, key: str) -> tuple[TurnRecord | None, str]:
        _, record, why_not = turn_of(key, self._conversation.utterances, self._talk.turn_records())
        return record, why_not

    def mark(self, key: str, mark: Mark | None) -> str:
        line = next((line for line in self._conversation.utterances if line.key == key), None)
        if line is None:
            return FORGOTTEN
        if line.who is not Speaker.YOU:
            return YOURS_ONLY
        record, why_not = self._find(key)
        if record is None:
            return why_not or TYPED
        self._talk.mark(key, mark)
        self._conversation.mark(key, mark)
        return ""

    def show(self, key: str) -> str:
        record, why_not = self._find(key)
        if record is not None:
            self._show_turn(record.onset_ms)
        return why_not
