"""The transcript: wrapped lines in one scrolling widget, so that thousands of utterances cost no more than ten."""

from __future__ import annotations

from typing import ClassVar, cast

from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from tui_assistant.client.turns import Mark
from tui_assistant.runtime.api import Line as Utterance
from tui_assistant.tui.bindings import Context, bindings_of
from tui_assistant.tui.drawing.runs import EMPTY, Line, text_of
from tui_assistant.tui.drawing.transcript import utterance
from tui_assistant.tui.drawing.whycard import MARK_WORDS
from tui_assistant.tui.messages import CardWanted, LinesLeft, MarkWanted, TurnWanted
from tui_assistant.tui.widgets.lines import HasPens, strip_of

MAX_UTTERANCES = 2_000  # hours of talk; older ones leave the screen (a recording keeps them)


class Conversation(ScrollView, can_focus=True):
    """With the focus, one of its lines is chosen; without, none is."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Context.LINES)
    ALLOW_SELECT = True
    FOCUS_ON_CLICK = False  # the mouse selects text

    follow: var[bool] = var(True)
    """The end is in view and stays there when lines come."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._utterances: dict[str, Utterance] = {}
        self._blocks: dict[str, list[Line]] = {}
        self._rows: list[Line] = []
        self._starts: dict[str, int] = {}
        self._welcome: list[Line] = []
        self._wrapped_at = 0
        self._airy = True
        self._chosen = ""  # key of the chosen line
        self._before = ""  # the one before the focus went
        self._followed = True  # the end was in view when a line was chosen first
        self._marks: dict[str, Mark] = {}

    @property
    def chosen(self) -> str:
        """The key of the chosen line; empty: none."""
        return self._chosen

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        return tuple(self._utterances.values())

    def marked(self, key: str) -> Mark | None:
        return self._marks.get(key)

    def mark(self, key: str, mark: Mark | None) -> None:
        """Shows the mark at its line."""
        if mark is None:
            self._marks.pop(key, None)
        else:
            self._marks[key] = mark
        self._wrap_again(key)

    def choose(self, key: str) -> None:
        """Chooses that line and brings it into sight; empty: none."""
        before, self._chosen = self._chosen, key if key in self._utterances else ""
        for changed in {before, self._chosen} - {""}:
            self._wrap_again(changed)
        if self._chosen:
            self._show(self._chosen)

    def choose_beside(self, by: int) -> None:
        """Chooses the line so many further down; the ends are ends."""
        keys = list(self._utterances)
        if keys:
            now = keys.index(self._chosen) if self._chosen in keys else len(keys) - 1 - by
            self.choose(keys[min(len(keys) - 1, max(0, now + by))])

    def _show(self, key: str) -> None:
        start = self._starts.get(key, 0)
        if key == next(reversed(self._utterances)):
            self.to_end()
        else:
            region = Region(0, start, self._text_width(), len(self._blocks[key]))
            self.scroll_to_region(region, animate=False, immediate=True, force=True, x_axis=False)

    @property
    def is_empty(self) -> bool:
        return not self._utterances

    @property
    def rows(self) -> list[Line]:
        return self._rows

    def welcome(self, lines: list[Line]) -> None:
        """What an empty conversation shows."""
        if self.is_empty and lines != self._rows:
            self._welcome = lines
            self._lay_out()

    def put(self, lines: list[Utterance]) -> None:
        """Takes new and changed utterances; a known key replaces the earlier one in its place."""
        relay = False
        for line in lines:
            self._utterances[line.key] = line
            relay = self._changed(line, relay=relay)
        while len(self._utterances) > MAX_UTTERANCES:
            oldest = next(iter(self._utterances))
            del self._utterances[oldest], self._blocks[oldest]
            self._marks.pop(oldest, None)
            relay = True
        if relay:
            self._lay_out()

    def _changed(self, line: Utterance, *, relay: bool) -> bool:
        """Draws that line anew in its place; says whether all must be laid out again, as `relay` says of others."""
        known = self._blocks.get(line.key)
        block = self._blocks[line.key] = self._wrap(line)
        if known is not None and len(known) == len(block) and line.key in self._starts and not relay:
            self._replace(self._starts[line.key], known, block)
            return False
        return True

    def _wrap_again(self, key: str) -> None:
        if key in self._utterances and self._changed(self._utterances[key], relay=False):
            self._lay_out()

    def _wrap(self, line: Utterance) -> list[Line]:
        mark = self._marks.get(line.key)
        words = "" if mark is None else MARK_WORDS[mark]
        block = utterance(line, self._text_width(), chosen=line.key == self._chosen, mark=words)
        return [*block, EMPTY] if self._airy else block

    def _text_width(self) -> int:
        return max(1, self.scrollable_content_region.width or self.size.width)

    def _replace(self, start: int, before: list[Line], after: list[Line]) -> None:
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            if old != new:
                self._rows[start + number] = new
                self.refresh_line(start + number)

    def _lay_out(self) -> None:
        """Puts the blocks below each other again, e.g. because one has grown."""
        before, self._rows, self._starts = self._rows, [], {}
        for key, block in self._blocks.items():
            self._starts[key] = len(self._rows)
            self._rows.extend(block)
        if self.is_empty:
            self._rows = list(self._welcome)
        elif self._rows and self._rows[-1] == EMPTY:
            self._rows.pop()
        self.virtual_size = Size(self._text_width(), len(self._rows))
        if self.follow:
            self.to_end()
        if before != self._rows:
            self.refresh()

    def go(self, where: str) -> None:
        """Scrolls: "page_up", "page_down", "up", "down", "home" or "end"."""
        match where:
            case "page_up":
                self.scroll_page_up(animate=False)
            case "page_down":
                self.scroll_page_down(animate=False)
            case "up":
                self.scroll_up(animate=False)
            case "down":
                self.scroll_down(animate=False)
            case "home":
                self.scroll_home(animate=False)
            case "end":
                self.to_end()

    def to_end(self) -> None:
        # force: the scroll bar that allows it appears only with the next layout
        self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)

    def set_airy(self, airy: bool) -> None:
        """An empty line behind each utterance, where there is room."""
        if airy != self._airy:
            self._airy = airy
            self._wrap_all()

    def on_resize(self, event: events.Resize) -> None:
        if self._text_width() != self._wrapped_at:
            self._wrapped_at = self._text_width()
            self._wrap_all()
        elif self.follow:
            self.to_end()
        self.follow = self.follow or self.max_scroll_y == 0  # there is nothing that it could be scrolled to

    def _wrap_all(self) -> None:
        self._blocks = {key: self._wrap(line) for key, line in self._utterances.items()}
        self._lay_out()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.follow = new_value >= self.max_scroll_y

    def watch_follow(self, follow: bool) -> None:
        self.border_subtitle = "" if follow else "↓ more · end"

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        row, width = scroll_y + y, self.size.width
        line = self._rows[row] if row < len(self._rows) else EMPTY
        pens = cast("HasPens", self.app).pens
        strip = strip_of(line, pens, width, self.rich_style)
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(row)) is not None:
            start, end = span
            marked = strip.crop(start, width if end == -1 else end)
            style = self.screen.get_component_rich_style("screen--selection")
            strip = Strip.join(
                [strip.crop(0, start), marked.apply_style(style), strip.crop(start + marked.cell_length, width)]
            )
        return strip.apply_offsets(scroll_x, row)

    # ------------------------------------------------------------------------------------- the chosen line

    def on_focus(self) -> None:
        if not self._chosen and not self._before:
            self._followed = self.follow
        if not self._chosen:
            self.choose(self._before)
        if not self._chosen:
            self.choose_beside(0)

    def on_blur(self) -> None:
        if self.screen.is_current:  # else a dialog is about that line
            self._before = self._chosen
            self.choose("")

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if not self.has_focus or offset is None:
            return
        row = self.scroll_offset.y + offset.y
        for key, start in self._starts.items():
            if start <= row < start + len(self._blocks[key]):
                self.choose(key)
                return

    def action_choose(self, key: str) -> None:
        self.choose_beside(1 if key == "down" else -1)

    def action_edge(self, key: str) -> None:
        self.choose_beside(-MAX_UTTERANCES if key == "home" else MAX_UTTERANCES)

    def action_card(self) -> None:
        self.post_message(CardWanted(self._chosen))

    def action_show(self) -> None:
        self.post_message(TurnWanted(self._chosen))

    def action_mark(self, mark: str) -> None:
        self.post_message(MarkWanted(self._chosen, Mark(mark) if mark else None))

    def action_leave(self) -> None:
        self._before = ""
        self.choose("")
        if self._followed:
            self.to_end()
        self.post_message(LinesLeft())

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return selection.extract("\n".join(text_of(row) for row in self._rows)), "\n"
