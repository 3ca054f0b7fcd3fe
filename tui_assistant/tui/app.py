"""The app: pulls one snapshot per frame, hands notices to the main screen, and ends with an exit status."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.filter import LineFilter, NoColor

from tui_assistant.errors import ConfigError
from tui_assistant.runtime.api import EchoMeasured, Ended, Notice, TalkApi
from tui_assistant.safetext import clean
from tui_assistant.tui.keys.driver import choose
from tui_assistant.tui.keys.router import KeyWishes, Router
from tui_assistant.tui.keys.terminal import terminal_name
from tui_assistant.tui.layout import WIDE_COLUMNS
from tui_assistant.tui.messages import Noticed
from tui_assistant.tui.palette import ALIASES, DARK_THEME, THEMES, Styles, palette_of, variables
from tui_assistant.tui.panes import load
from tui_assistant.tui.screens.main import MainScreen
from tui_assistant.tui.screens.setup import SetupScreen
from tui_assistant.tui.widgets.typeline import TypeLine

FRAMES_PER_SECOND = 30
LOST_KEY_S = 2.0  # a key that has not come back by then was taken by somebody


class AssistantApp(App[None], inherit_bindings=False):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "cancelled", show=False),  # in dialogs; the main screen has its own
    ]
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE_COLUMNS, "-spacious")]  # noqa: RUF012  # as Textual types it
    TITLE = "tui-assistant"

    def __init__(
        self,
        talk: TalkApi,
        *,
        theme: str | None = None,
        keys: KeyWishes | None = None,
        panes: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`theme`: "dark", "light", "ansi" or the name of any Textual theme; None: TEXTUAL_THEME, else "dark".

        `panes`: see panes.py. Raises ConfigError for a theme or a pane that does not exist.
        """
        self.pens = Styles(palette_of(THEMES[0]))
        self.router = Router(talk, keys, terminal=terminal_name)  # the key driver asks for it under this name
        super().__init__()
        self._talk = talk
        self._clock = clock
        self._key_time = 0.0
        self._main = MainScreen(talk, lambda: self._key_time, self.router, load(panes))
        self._in_hand: events.Key | None = None  # the key that later ones wait for ...
        self._held: deque[events.Key] = deque()
        self.ended_reason = ""
        for ours in THEMES:
            self.register_theme(ours)
        wanted = theme or os.environ.get("TEXTUAL_THEME") or DARK_THEME
        name = ALIASES.get(wanted, wanted)
        if name not in self.available_themes:
            known = ", ".join(sorted([*ALIASES, *self.available_themes]))
            raise ConfigError(f"There is no theme {clean(wanted, limit=40)!r}", f"there are: {known}")
        self.theme = name

    def get_driver_class(self) -> type[Driver]:
        """Ours, which knows of key releases; the stock one where ours does not fit. Unused without a terminal."""
        stock = super().get_driver_class()
        choice = choose(stock)
        self.router.misfit = choice.reason
        return choice.driver or stock

    def get_css_variables(self) -> dict[str, str]:
        palette = palette_of(self.current_theme)
        self.pens = Styles(palette, colour=not getattr(self, "no_color", False))
        return {**super().get_css_variables(), **variables(palette)}

    def get_line_filters(self) -> Sequence[LineFilter]:
        """With NO_COLOR set no colour at all is sent; Textual alone would send shades of grey."""
        filters = super().get_line_filters()
        return [*filters, NoColor()] if self.no_color else filters

    def on_mount(self) -> None:
        self.push_screen(self._main)
        self.set_interval(1 / FRAMES_PER_SECOND, self._frame)
        # The Talk loads models and opens devices: not before something can be seen.
        self.call_after_refresh(self._start)
        if self.router.misfit and not self.is_headless:
            self.router.no_answer()

    def _start(self) -> None:
        self._talk.start(self._listen)
        self.router.announce()  # the terminal has mostly answered by now

    def end_soon(self, status: int) -> None:
        """Ends the app with that status; may be called from a signal handler, even before there is a loop."""
        loop = self._loop  # Textual has no public name for it
        if loop is None:
            raise SystemExit(status)
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: self.exit(return_code=status))

    def _listen(self, notice: Notice) -> None:
        """Called on the Talk's thread."""
        try:
            self.post_message(Noticed(notice))
        except RuntimeError:
            return  # the loop is closed: the screen has gone while the Talk still had something to say

    def _frame(self) -> None:
        if self._main.key_bar.is_mounted:  # the last one composed
            self._main.frame(self._talk.snapshot(), self._clock())

    async def on_event(self, event: events.Event) -> None:
        """Keys are dealt with one after the other.

        Textual forwards a key to what has the focus at that moment, and runs bindings when the key has come back here:
        text right behind `i`, or behind an arrow key, would be taken for commands or overtake.
        """
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._in_hand is None:
            await self._deal_with(event)
        else:
            if not self._held:
                self.set_timer(LOST_KEY_S, partial(self._go_on, self._in_hand))
            self._held.append(event)

    async def _deal_with(self, key: events.Key) -> None:
        focused = self.focused if self.screen is self._main else self._main
        comes_back = focused is None or (isinstance(focused, TypeLine) and not key.is_printable)
        await super().on_event(key)
        if key.is_forwarded and comes_back:
            self._in_hand = key

    async def _go_on(self, key: events.Key) -> None:
        """That key has been dealt with: the next, please."""
        if self._in_hand is key:
            self._in_hand = None
            while self._held and self._in_hand is None:
                await self._deal_with(self._held.popleft())

    def on_key(self, event: events.Key) -> None:
        """Runs before Textual looks for the key's binding: actions don't get the event."""
        self._key_time = event.time
        if event is self._in_hand:
            self.call_next(self._go_on, event)  # when its binding has been run

    def on_noticed(self, message: Noticed) -> None:
        if isinstance(message.notice, Ended):
            self.ended_reason = message.notice.reason
            self.exit(return_code=message.notice.status)
        elif isinstance(message.notice, EchoMeasured):
            if isinstance(self.screen, SetupScreen):
                self.screen.take(message.notice)
        else:
            self._main.take(message.notice)

    def action_switch(self) -> None:
        """The toggle key in a dialog."""
        self._main.action_switch()

    def action_cancelled(self) -> None:
        self.exit(return_code=130)  # what SIGINT would give
