"""The card of the chosen line's turn: why it began, how it ended, where the time went. It follows what is learned."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui_assistant.client.turns import Mark
from tui_assistant.runtime.api import Speaker, TalkApi
from tui_assistant.tui.bindings import Context, bindings_of
from tui_assistant.tui.drawing.answers import turn_of
from tui_assistant.tui.drawing.runs import EMPTY, Line, wrap
from tui_assistant.tui.drawing.transcript import utterance
from tui_assistant.tui.drawing.whycard import card
from tui_assistant.tui.widgets.conversation import Conversation
from tui_assistant.tui.widgets.keybar import KeyBar
from tui_assistant.tui.widgets.pages import Pages

LOOK_SECONDS = 0.25  # how often it looks for news: an open turn ends, an answer is heard


class TurnCard(ModalScreen[bool]):
    """Gives True when the turn is to be shown in the scope."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Context.CARD)

    def __init__(self, talk: TalkApi, conversation: Conversation, mark: Callable[[str, Mark | None], str]) -> None:
        """Shows the line that is chosen in `conversation`. `mark` marks a line and returns why it can't."""
        super().__init__()
        self._talk, self._conversation, self._mark = talk, conversation, mark
        self._refused = ""
        self._shown: object = None

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="dialog"):
            pages = Pages(self._lines, id="pages")
            pages.border_title = "Turn"
            yield pages
            yield KeyBar(Context.CARD, id="keys")

    def on_mount(self) -> None:
        self.set_interval(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        key = self._conversation.chosen
        state = (key, self._conversation.utterances, self._talk.turn_records(), self._refused)
        if (*state, self._conversation.marked(key)) != self._shown:
            self._shown = (*state, self._conversation.marked(key))
            self.query_one(Pages).renew()

    def _lines(self, width: int) -> list[Line]:
        key, lines = self._conversation.chosen, self._conversation.utterances
        chosen = next((line for line in lines if line.key == key), None)
        asked, record, why_not = turn_of(key, lines, self._talk.turn_records())
        drawn: list[Line] = []
        if self._refused:
            drawn += [*wrap(((self._refused, "warn"),), width), EMPTY]
        if chosen is not None:
            drawn += [*utterance(chosen, width), EMPTY]
        if asked is not None and chosen is not None and chosen.who is Speaker.BOT:
            drawn += [(("  It answers this turn:", "dim"),), *utterance(asked, width), EMPTY]
        if record is None:
            drawn += wrap(((f"  {why_not}", "ink"),), width)
        elif asked is not None:
            drawn += card(record, width, self._conversation.marked(asked.key))
        return drawn

    async def on_key_bar_clicked(self, message: KeyBar.Clicked) -> None:
        if message.action not in ("turn", "scroll"):
            await self.run_action(message.action)

    def action_turn(self, key: str) -> None:
        self._refused = ""
        self._conversation.choose_beside(1 if key == "right" else -1)
        self._look()

    def action_mark(self, mark: str) -> None:
        self._refused = self._mark(self._conversation.chosen, Mark(mark) if mark else None)
        self._look()

    def action_show(self) -> None:
        self.dismiss(True)

    def action_scroll(self, key: str) -> None:
        self.query_one(Pages).step(key)

    def action_leave(self) -> None:
        self.dismiss(False)
