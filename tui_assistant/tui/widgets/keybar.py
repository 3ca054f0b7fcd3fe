"""The bottom line: the keys of what has the focus. A click on an entry is the key."""

from __future__ import annotations

from textual import events
from textual.message import Message

from tui_assistant.tui.bindings import Context, bar_of
from tui_assistant.tui.drawing.keybar import Cap, Span, keybar
from tui_assistant.tui.widgets.lines import Lines

KEPT = ("mode", "help", "quit", "leave")  # the ways on and out stay on the narrowest screen


class KeyBar(Lines):
    class Clicked(Message):
        """An entry of the bar was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, context: Context = Context.MAIN, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.context = context
        self._spans: tuple[Span, ...] = ()

    def on_resize(self) -> None:
        self.update(self.context)

    def update(self, context: Context) -> None:
        self.context = context
        caps = [Cap(key.label, key.name, key.action, key.action in KEPT) for key in bar_of(context)]
        line, self._spans = keybar(caps, self.size.width)
        self.show([line])

    def on_click(self, event: events.Click) -> None:
        for span in self._spans:
            if span.start <= event.x < span.end:
                self.post_message(self.Clicked(span.action))
