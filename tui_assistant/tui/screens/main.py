"""The main screen: where things stand, and what the keys do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen, Screen

from tui_assistant.client.hold import HoldPhase
from tui_assistant.client.repeat import SAME_KEY_MS, Presses
from tui_assistant.client.tuning import Preset, Tuning
from tui_assistant.runtime.api import Line, LineChanged, Mode, Notice, Snapshot, Suggest, TalkApi, Told
from tui_assistant.tui import panes
from tui_assistant.tui.bindings import NEEDS_KEY, Context, bindings_of
from tui_assistant.tui.drawing.setup import OFFER
from tui_assistant.tui.drawing.transcript import welcome
from tui_assistant.tui.keys.names import TalkKeys
from tui_assistant.tui.keys.router import Router
from tui_assistant.tui.layout import AIRY_ROWS, BORDER_ROWS, HIGH_ROWS, Layout, layout_for
from tui_assistant.tui.messages import (
    CardWanted,
    LinesLeft,
    LineTyped,
    MarkWanted,
    PresetsWanted,
    SaveWanted,
    ScopeLeft,
    TranscriptNamed,
    Tuned,
    TuneLeft,
    TurnWanted,
    TypingLeft,
)
from tui_assistant.tui.screens.devices import DeviceScreen
from tui_assistant.tui.screens.fit import FitScreen
from tui_assistant.tui.screens.help import HelpScreen
from tui_assistant.tui.screens.marking import Marking
from tui_assistant.tui.screens.presets import PresetScreen
from tui_assistant.tui.screens.savesettings import SaveScreen
from tui_assistant.tui.screens.setup import SetUp, SetupScreen
from tui_assistant.tui.screens.turncard import TurnCard
from tui_assistant.tui.widgets.compact import Compact
from tui_assistant.tui.widgets.conversation import Conversation
from tui_assistant.tui.widgets.keybar import KeyBar
from tui_assistant.tui.widgets.notices import Notices
from tui_assistant.tui.widgets.pane import Pane
from tui_assistant.tui.widgets.scope import Scope
from tui_assistant.tui.widgets.statusline import StatusLine
from tui_assistant.tui.widgets.tune import Tune
from tui_assistant.tui.widgets.typeline import FileLine, TypeLine

Answer = TypeVar("Answer")  # of a dialog


class MainScreen(Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Context.MAIN)
    AUTO_FOCUS = ""

    def __init__(
        self, talk: TalkApi, key_time: Callable[[], float], router: Router, others: Sequence[Pane] = ()
    ) -> None:
        """`key_time`: when the key that is being handled was read, in seconds; a busy screen handles it later.

        `router` takes the talk key off before it gets here, while this screen says that it is `open`.
        `others`: panes of other people, which stand below the sliders.
        """
        super().__init__()
        self._router = router
        self._talk = talk
        self._key_time = key_time
        self._keys = TalkKeys(router.wishes.talk, router.wishes.toggle)
        self._presses = Presses()  # of the toggle key, which repeats as every key does
        self._explained = False  # why the keyboard isn't better has been said
        self._changed: dict[str, Line] = {}
        self._layout_now = Layout.COMPACT
        self._snapshot = Snapshot()
        self._now = 0.0
        self.baseline = Tuning()  # what was in force when the sliders were opened: the what-if compares with it
        self.status = StatusLine(id="status")
        self.conversation = Conversation(id="conversation")
        self.type_line = TypeLine(id="type")
        self.file_line = FileLine(id="file")
        self.scope = Scope(id="scope", keys=self._keys)
        self.tune = Tune(id="tune")
        self.compact = Compact(id="compact", keys=self._keys)
        self.notices = Notices(id="notices")
        self._panes = tuple(others)
        self.key_bar = KeyBar(id="keys", keys=self._keys)
        self._marking = Marking(talk, self.conversation, self._show_turn)
        for pane in (self.conversation, self.scope, self.tune):
            pane.border_title = str(pane.id).capitalize()

    def compose(self) -> ComposeResult:
        yield self.status
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield self.conversation
                yield self.type_line
                yield self.file_line
            with Vertical(id="right"):
                yield self.scope
                yield self.tune
                yield from self._panes
        yield self.compact
        yield self.notices
        yield self.key_bar

    # ------------------------------------------------------------------------------------------ what comes

    def take(self, notice: Notice) -> None:
        """Everything but Ended, which is the app's."""
        match notice:
            case LineChanged(line):
                self._changed[line.key] = line  # drawn with the next frame: many changes cost one
            case Told():
                self.notices.board.add(notice)
            case Suggest(text):
                self.notices.board.suggestion = text
            case _:
                pass

    def frame(self, snapshot: Snapshot, now: float) -> None:
        """One frame. Each widget decides by itself whether anything of it has changed."""
        self._snapshot, self._now = snapshot, now
        if self._changed:
            changed, self._changed = list(self._changed.values()), {}
            self.conversation.put(changed)
        elif self.conversation.is_empty:
            self.conversation.welcome(welcome(snapshot, self.conversation.size.width, self._keys))
        self._explain_keys(snapshot)
        self.notices.board.offer = OFFER if self._talk.setup.offered else ""
        self.status.update(snapshot)
        self.key_bar.talk(snapshot.hold.phase, muted=snapshot.muted)
        self.scope.compare(snapshot, self.baseline, now, looking=self.has_class("tuning"))
        if self._layout_now is Layout.COMPACT:
            self.compact.update(snapshot, self.size, self.scope.comparison, self.scope.column_ms)
        if self.scope.display:
            self.scope.update(snapshot)
        if self.tune.display:
            self.tune.update(snapshot)
        self._update_panes(snapshot)
        self.notices.update(now, self.size.width)

    def _update_panes(self, snapshot: Snapshot) -> None:
        for pane in self._panes:
            if problem := panes.update(pane, snapshot):
                self._tell(problem)

    def _explain_keys(self, snapshot: Snapshot) -> None:
        """Once, when push-to-talk is first used: what this terminal's keyboard can't do."""
        used = snapshot.mode is Mode.PUSH_TO_TALK or snapshot.hold.phase is not HoldPhase.FREE
        if used and snapshot.keyboard.why and not self._explained:
            self._explained = True
            self.notices.board.add(Told(snapshot.keyboard.why))

    # ------------------------------------------------------------------------------------------- handlers

    def on_mount(self) -> None:
        self.app.set_keymap({"talk": self._keys.talk, "toggle": self._keys.toggle})

    def on_resize(self, event: events.Resize) -> None:
        columns, rows = event.size
        self._layout_now = layout_for(columns, rows)
        for layout in Layout:
            self.set_class(layout is self._layout_now, str(layout))
        self.set_class(rows < BORDER_ROWS, "bare")
        self.set_class(rows >= HIGH_ROWS, "high")
        self.conversation.set_airy(rows >= AIRY_ROWS)
        self.call_after_refresh(lambda: self.frame(self._snapshot, self._now))

    def on_descendant_focus(self) -> None:
        self._key_bar()
        self._open_router()

    def on_descendant_blur(self) -> None:
        self._key_bar()
        self._open_router()

    def on_screen_suspend(self) -> None:
        self._router.open = False
        self.key_bar.rest(True)

    def on_screen_resume(self) -> None:
        self._open_router()
        self.key_bar.rest(False)

    def _open_router(self) -> None:
        """The talk key talks, unless what has the focus wants to be typed into."""
        self._router.open = not isinstance(self.focused, TypeLine)

    def _key_bar(self) -> None:
        contexts: dict[type, Context] = {
            Tune: Context.TUNE,
            Scope: Context.SCOPE,
            Conversation: Context.LINES,
            TypeLine: Context.TYPE,
            FileLine: Context.FILE,
        }
        self.key_bar.update(contexts.get(type(self.focused), Context.MAIN))

    @on(KeyBar.Clicked)
    async def _key_clicked(self, message: KeyBar.Clicked) -> None:
        focused = self.focused
        if focused is not None and hasattr(focused, f"action_{message.action.partition('(')[0]}"):
            if message.action not in NEEDS_KEY:
                await focused.run_action(message.action)
            return
        if message.action == "talk":
            self._talk.talk()  # a click does not repeat itself
        else:
            await self.run_action(message.action)

    @on(Tuned)
    def _tuned(self, message: Tuned) -> None:
        self._talk.apply(message.tuning)

    @on(PresetsWanted)
    def _presets_wanted(self) -> None:
        self._dialog(PresetScreen(self._talk, self.tune.tuning), self._preset_chosen)

    def _preset_chosen(self, preset: Preset | None) -> None:
        if preset is not None:
            self.change(preset.on(self.tune.tuning), preset.name)

    @on(SaveWanted)
    def _save_wanted(self) -> None:
        self._dialog(SaveScreen(self._talk))

    def change(self, tuning: Tuning, what: str) -> None:
        """Other values, live, so that `u` on the sliders takes them back. `what`: a preset's name, "calibration"."""
        self.tune.change(tuning, what)

    @on(TuneLeft)
    def _tune_left(self) -> None:
        self.remove_class("tuning")
        self.set_focus(self.scope if self.scope.paused else None)

    @on(ScopeLeft)
    def _scope_left(self) -> None:
        self.remove_class("scoping")
        self.set_focus(self.tune if self.has_class("tuning") else None)

    @on(CardWanted)
    def _card_wanted(self) -> None:
        def closed(show: bool | None) -> None:
            if show:
                self._tell(self._marking.show(self.conversation.chosen))

        self._dialog(TurnCard(self._talk, self.conversation, self._marking.mark), closed)

    @on(MarkWanted)
    def _mark_wanted(self, message: MarkWanted) -> None:
        self._tell(self._marking.mark(message.key, message.mark))

    @on(TurnWanted)
    def _turn_wanted(self, message: TurnWanted) -> None:
        self._tell(self._marking.show(message.key))

    @on(LinesLeft)
    def _lines_left(self) -> None:
        self.set_focus(None)

    def _show_turn(self, onset_ms: int) -> None:
        self.conversation.choose("")
        self.scope.show_turn(onset_ms)

    def _tell(self, problem: str) -> None:
        if problem:
            self.notices.board.add(Told(problem, "warning"))

    @on(LineTyped)
    def _line_typed(self, message: LineTyped) -> None:
        self._talk.say(message.text)

    @on(TranscriptNamed)
    def _transcript_named(self, message: TranscriptNamed) -> None:
        self._talk.save_transcript(message.path)

    @on(TypingLeft)
    def _typing_left(self) -> None:
        self.remove_class("typing", "naming")
        self.set_focus(None)

    # -------------------------------------------------------------------------------------------- actions

    def action_talk(self) -> None:
        """The talk key, where no driver has taken it off before."""
        self._router.pulse(self._key_time() * 1000)

    def action_switch(self) -> None:
        if self._presses.pulse(self._key_time() * 1000):
            self._talk.talk()
        elif (waiting := self._presses.waiting) is not None:
            self.set_timer(SAME_KEY_MS / 1000, lambda: self._believe(waiting))

    def _believe(self, press_ms: float) -> None:
        """The press was no auto-repeat if no other has followed."""
        if self._presses.waiting == press_ms:
            self._presses.waiting = None
            self._talk.talk()

    def action_mode(self) -> None:
        self._talk.toggle_mode()

    def action_turns(self) -> None:
        self._talk.switch_turns()

    def action_tune(self) -> None:
        if not self.has_class("tuning"):
            self.baseline = self._snapshot.tuning
        self.add_class("tuning")
        self.tune.focus()
        self.call_after_refresh(lambda: self.tune.update(self._snapshot))

    def action_lines(self) -> None:
        if self.conversation.is_empty:
            self._tell("There is no line to choose yet: say something first.")
        else:
            self.conversation.focus()

    def action_pause(self) -> None:
        self.scope.pause()

    def action_zoom(self, direction: str) -> None:
        self.scope.zoom(1 if direction == "in" else -1)

    def action_type(self) -> None:
        self._router.open = False  # at once: the next key may have been typed already
        self.add_class("typing")
        self.set_focus(self.type_line)

    def action_record(self) -> None:
        self._talk.record(None)

    def action_transcript(self) -> None:
        self._router.open = False
        self.add_class("naming")
        self.file_line.propose(time.strftime("transcript-%Y-%m-%d.md"))
        self.set_focus(self.file_line)

    def action_interrupt(self) -> None:
        self._talk.interrupt()

    def action_anew(self) -> None:
        self._talk.new_conversation()

    def action_mute(self) -> None:
        self._talk.toggle_mute()

    def action_demo(self) -> None:
        self._talk.play_demo()

    def action_devices(self) -> None:
        self._dialog(DeviceScreen(self._talk))

    def action_setup(self) -> None:
        self._dialog(SetupScreen(self._talk, self._snapshot), self._set_up)

    def _set_up(self, found: SetUp | None) -> None:
        if found is not None:
            self.change(found.tuning, "calibration")
            if found.adjust:
                self.action_tune()

    def action_fit(self) -> None:
        self._dialog(FitScreen(self._snapshot, self._talk.turn_records()), self._fitted)

    def _fitted(self, tuning: Tuning | None) -> None:
        if tuning is not None:
            self.change(tuning, "fit")

    def action_help(self) -> None:
        self._dialog(HelpScreen(self._snapshot.keyboard, self._keys))

    def _dialog(self, screen: ModalScreen[Answer], answered: Callable[[Answer | None], None] | None = None) -> None:
        self._router.open = False  # at once: the next key may have been typed already
        self.app.push_screen(screen, answered)

    def action_quit(self) -> None:
        self.app.exit(return_code=0)

    def action_copy_or_quit(self) -> None:
        selected = self.get_selected_text()
        if selected:
            self.app.copy_to_clipboard(selected)
            self.clear_selection()
        else:
            self.app.exit(return_code=130)  # what SIGINT would give: in raw mode ctrl+c is only a key

    def action_scroll(self, where: str) -> None:
        self.conversation.go(where)
