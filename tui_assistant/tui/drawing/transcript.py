"""One utterance as lines: clock, speaker, words; below it, dimmed, why the turn ended or where the time went."""

from __future__ import annotations

from tui_assistant.client.hold import Method
from tui_assistant.runtime.api import Line as Utterance
from tui_assistant.runtime.api import Mode, Snapshot, Speaker
from tui_assistant.safetext import clean
from tui_assistant.tui.drawing.runs import EMPTY, Line, Run, merge, wrap
from tui_assistant.tui.keys.names import DEFAULT_KEYS, TalkKeys

MAX_CHARACTERS = 20_000  # of one utterance: wrapping stays under a frame, and no speech is that long
NARROW = 40  # below this width the clock is left out


def utterance(line: Utterance, width: int, *, chosen: bool = False, mark: str = "") -> list[Line]:
    """The lines of one utterance, `width` cells wide, without a gap below.

    `chosen`: a `▸` stands before the speaker, so that no colour is needed. `mark`: what the user said about the turn.
    """
    if line.divider:
        return [_divider(line, width)]
    colour = str(Speaker(line.who)) if line.who is Speaker.BOT else "voice"
    if not line.final and line.who is Speaker.YOU:
        colour = "wait"
    clock = f"{clean(line.clock, limit=8):<8} " if width >= NARROW else ""
    head: list[Run] = [(clock, "dim"), ("▌", colour), (f"{line.who:<5}", f"bold {colour}")]
    if chosen:
        head = [(clock[:-1], "key"), ("▸▌" if clock else "▸", colour), (f"{line.who:<5}", f"bold {colour}")]
    rest: list[Run] = [(" " * len(clock), "dim"), ("▌", "faint"), (" " * 5, "dim")]
    indent = len(clock) + 6
    rows = wrap([*_words(line), *_mark(mark)], max(8, width - indent))
    lines = [merge([*(head if number == 0 else rest), *row]) for number, row in enumerate(rows)]
    if line.note:
        note = wrap([(clean(line.note, limit=400), "dim")], max(8, width - indent))
        lines.extend(merge([*rest, *row]) for row in note)
    return lines


def _divider(line: Utterance, width: int) -> Line:
    """A rule across, with its words in it."""
    words = f"── {clean(line.clock, limit=8)} {clean(line.text, limit=60)} "[:width]
    return merge([(words + "─" * (width - len(words)), "dim")])


def _mark(words: str) -> list[Run]:
    return [(f" [{words}]", "bold wait")] if words else []


def _words(line: Utterance) -> list[Run]:
    text = clean(line.text, limit=MAX_CHARACTERS)
    runs: list[Run] = [(text, "ink")]
    if line.stash:
        runs.append((" " if text and not text.endswith(" ") else "", "ink"))
        runs.append((clean(line.stash, limit=MAX_CHARACTERS), "dim"))
    if not line.final:
        runs.append((" …" if text or line.stash else "…", "dim"))
    elif not text.strip():
        runs.append(("(no words)", "dim"))
    if line.interrupted_at_s is not None:
        runs.append((f" [interrupted at {line.interrupted_at_s:.1f} s]", "warn"))
    if line.failed:
        runs.append((" [failed]", "warn"))
    if line.typed:
        runs.append((" (typed)", "dim"))
    return runs


def welcome(snapshot: Snapshot, width: int, talk: TalkKeys = DEFAULT_KEYS) -> list[Line]:
    """For an empty conversation: what to do first."""
    keys = [("D", "plays a recorded demo"), ("i", "types a message"), ("?", "explains everything")]
    if snapshot.lacks_microphone:
        rows: list[Line] = [(("No microphone yet. ", "ink"), ("See it work without one: press D.", "ink"))]
        keys.insert(2, ("d", "chooses a microphone"))
    elif snapshot.mode is Mode.PUSH_TO_TALK:
        toggles = snapshot.keyboard.method is Method.TOGGLE
        then = " and speak; press it again to send." if toggles else " and speak; let go to send."
        rows = [(("Press " if toggles else "Hold ", "ink"), (f" {talk.talk_label} ", "key"), (then, "ink"))]
    else:
        rows = [(("Just speak. A pause ends your turn, and you are answered.", "ink"),)]
    if not snapshot.lacks_microphone:
        rows.append((('Try "what time is it" or "set a timer for five minutes".', "dim"),))
    lines: list[Line] = [EMPTY]
    for row in rows:
        lines.extend(merge([("  ", "dim"), *part]) for part in wrap(row, max(8, width - 4)))
        lines.append(EMPTY)
    lines.extend((("  ", "dim"), (f" {key} ", "key"), (f"  {does}", "dim")) for key, does in keys)
    return lines
