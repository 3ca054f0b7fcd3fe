"""The help text: keys from the one table, states, and the words of the status line."""

from __future__ import annotations

from tui_assistant.tui.bindings import Context, keys_of
from tui_assistant.tui.drawing.runs import EMPTY, Line, Run, merge, wrap

STATES: tuple[tuple[str, str, str], ...] = (
    ("IDLE", "on dim", "Nobody speaks. In HANDS-FREE the microphone listens; in PUSH-TO-TALK space starts."),
    ("SPEECH", "on voice", "You are heard. In PUSH-TO-TALK: until space sends."),
    ("ENDING", "on wait", "You paused. The turn ends when the bar is full; speak on, and it goes on."),
    ("THINKING", "on wait", "Your turn is over, the answer is on its way."),
    ("SPEAKING", "on bot", "The answer is heard. esc or space stops it."),
    ("MUTED", "on warn", "The microphone is off until you press x."),
)
WORDS: tuple[tuple[str, str], ...] = (
    ("HANDS-FREE", "The assistant decides by voice activity when your turn ends, and answers by itself."),
    ("PUSH-TO-TALK", "You decide: space starts, space sends. turn_detection is null."),
    (
        "half-duplex",
        "While the answer plays on loudspeakers the microphone is not listened to, else the assistant would hear "
        "itself. Keys interrupt it, speech does not. With headphones (start with --headphones) speech does.",
    ),
    ("keys toggle", "Your terminal reports no key releases: press space to start, press it again to send."),
    ("reply 0.56 s", "From the end of your speech to the first sound of the answer."),
    ("● REC", "The session is being recorded to a folder."),
    ("p", "p(speech): how sure the detector is that you speak. Above the threshold line speech begins."),
    ("local estimate", "The conversation runs elsewhere; level and p come from a detector of our own beside it."),
)
TUNING: tuple[tuple[str, str], ...] = (
    ("threshold", "p from which speech begins. Noise starts turns? Go higher. You are not heard? Go lower."),
    ("silence_duration_ms", "The pause that ends a turn. You are cut off? Go higher. Answers come late? Go lower."),
    ("prefix_padding_ms", "Audio kept before the onset. First syllables are missing? Go higher."),
)
LABEL_WIDTH = 15


def help_lines(width: int) -> list[Line]:
    lines: list[Line] = []
    for context in Context:
        lines += _title(str(context))
        for key in keys_of(context):
            lines += _entry((f" {key.label} ", "key"), key.help, width)
        lines.append(EMPTY)
    lines += _title("States")
    for name, role, sentence in STATES:
        lines += _entry((f" {name} ", role), sentence, width)
    for title, entries in (("Words on the screen", WORDS), ("Tuning", TUNING)):
        lines += [EMPTY, *_title(title)]
        for name, sentence in entries:
            lines += _entry((name, "bold ink"), sentence, width)
    return lines


def _title(words: str) -> list[Line]:
    return [(((words), "bold voice"),)]


def _entry(label: Run, sentence: str, width: int) -> list[Line]:
    """The label at the left, the sentence wrapped beside it; a label that is too long stands alone."""
    rows = wrap([(sentence, "ink")], max(10, width - LABEL_WIDTH - 3))
    indent: Run = (" " * (LABEL_WIDTH + 2), "dim")
    lines: list[Line] = []
    if len(label[0]) > LABEL_WIDTH:
        lines.append((("  ", "dim"), label))
        return lines + [merge([indent, *row]) for row in rows]
    gap: Run = (" " * (LABEL_WIDTH - len(label[0])), "dim")
    for number, row in enumerate(rows):
        lines.append(merge([("  ", "dim"), label, gap, *row]) if number == 0 else merge([indent, *row]))
    return lines
