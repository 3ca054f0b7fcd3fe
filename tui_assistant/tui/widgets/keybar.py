"""The bottom line: the keys of what has the focus. A click on an entry is the key."""

from __future__ import annotations

from textual import events
from textual.message import Message

from tui_assistant.client.hold import HoldPhase
from tui_assistant.tui.bindings import Context, Key, bar_of
from tui_assistant.tui.drawing.hold import cap
from tui_assistant.tui.drawing.keybar import Cap, Span, keybar
from tui_assistant.tui.keys.names import DEFAULT_KEYS, TalkKeys
from tui_assistant.tui.widgets.lines import Lines

KEPT = ("mode", "help", "quit", "leave")  # the ways on and out stay on the narrowest screen


class KeyBar(Lines):
    class Clicked(Message):
        """An entry of the bar was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(
        self, context: Context = Context.MAIN, *, id: str | None = None, keys: TalkKeys = DEFAULT_KEYS
    ) -> None:
        super().__init__(id=id)
        self.context = context
        self._keys = keys
        self._phase = HoldPhase.FREE
        self._spans: tuple[Span, ...] = ()
        self._hidden: frozenset[str] = frozenset()
        self._words: dict[str, str] = {}
        self._resting = False

    def on_resize(self) -> None:
        self.update(self.context)

    def update(self, context: Context) -> None:
        self.context = context
        line, self._spans = keybar(() if self._resting else self._caps(), self.size.width)
        self.show([line])

    def rest(self, resting: bool) -> None:
        """Shows no keys while a dialog has them all."""
        self._resting = resting
        self.update(self.context)

    def hide(self, *actions: str, **words: str) -> None:
        """The keys that would do nothing now; those that were hidden before are shown again. `words`: what the keys of
        other actions are called meanwhile."""
        if (self._hidden, self._words) != (frozenset(actions), words):
            self._hidden, self._words = frozenset(actions), words
            self.update(self.context)

    def talk(self, phase: HoldPhase, *, muted: bool) -> None:
        """Where the talk key stands, and what the mute key would do; called with every frame."""
        self.hide(*self._hidden, **({"mute": "unmute"} if muted else {}))
        if phase is not self._phase:
            self._phase = phase
            self.update(self.context)

    def _caps(self) -> list[Cap]:
        return [self._cap(key) for key in bar_of(self.context, self._keys) if key.action not in self._hidden]

    def _cap(self, key: Key) -> Cap:
        keep = key.action in KEPT
        if key.action != "talk":
            return Cap(key.label, self._words.get(key.action, key.name), key.action, keep)
        word, look, role = cap(self._phase)
        return Cap(key.label, word, key.action, keep or self._phase is not HoldPhase.FREE, look, role)

    def on_click(self, event: events.Click) -> None:
        for span in self._spans:
            if span.start <= event.x < span.end:
                self.post_message(self.Clicked(span.action))
