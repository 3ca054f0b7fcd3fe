"""The help text: keys from the one table, states, and the words of the status line."""

from __future__ import annotations

from tui_assistant.runtime.api import Keyboard
from tui_assistant.safetext import clean
from tui_assistant.tui.bindings import Context, keys_of
from tui_assistant.tui.drawing.runs import EMPTY, Line, Run, merge, wrap
from tui_assistant.tui.keys.names import DEFAULT_KEYS, TalkKeys

STATES: tuple[tuple[str, str, str], ...] = (
    ("IDLE", "on dim", "Nobody speaks. In HANDS-FREE the microphone listens; in PUSH-TO-TALK the talk key starts."),
    ("SPEECH", "on voice", "You are heard. In PUSH-TO-TALK: as long as you hold the talk key."),
    ("ENDING", "on wait", "You paused. The turn ends when the bar is full; speak on, and it goes on."),
    ("THINKING", "on wait", "Your turn is over, the answer is on its way."),
    ("SPEAKING", "on bot", "The answer is heard. esc stops it; the talk key stops it and listens."),
    ("MUTED", "on warn", "The microphone is off until you press x."),
)
WORDS: tuple[tuple[str, str], ...] = (
    ("HANDS-FREE", "The assistant decides by voice activity when your turn ends, and answers by itself."),
    ("PUSH-TO-TALK", "You decide: hold the talk key while you speak. turn_detection is null."),
    (
        "half-duplex",
        "While the answer plays on loudspeakers, what the microphone hears is withheld, else the assistant would hear "
        "itself. Keys interrupt it, and so does a voice that is clearly louder than the echo. With an echo canceller "
        "(pip install 'tui-assistant[aec]') any voice does, and where there is no echo: k measures it.",
    ),
    ("aec", "The answer is taken out of what the microphone hears (WebRTC's echo canceller): speech interrupts it."),
    (
        "headphones",
        "Nothing of the answer reaches the microphone, as the setup (k) has measured or --headphones says: speech "
        "interrupts it. With other speakers measure again.",
    ),
    (
        "ERLE",
        "While the answer plays: by how much its echo was made quieter in the last second. Good: 20 dB and more.",
    ),
    (
        "barge-in in two stages",
        "Speaking over an answer makes it quiet at once. It stops when you go on for a quarter of a second; after a "
        'cough or an "mhm" it comes back. Always so here; said where a server elsewhere leaves it to us. [barge_in] in '
        "config.toml has the times.",
    ),
    (
        "barge-in by server",
        "The server decides: an answer stops at the first sound of your voice, and every turn is answered. As you have "
        "set it, or because this service leaves no choice.",
    ),
    ("reply 0.56 s", "From the end of your speech to the first sound of the answer."),
    ("● REC", "The session is being recorded to a folder."),
    ("p", "p(speech): how sure the detector is that you speak. Above the threshold line speech begins."),
    (
        "what-if",
        "While you change values: the turns of the last two minutes with the values of before and with those of now, "
        "over the same speech. ╳ is where they differ. The seconds are those below the chart. The lanes stay for ten "
        "seconds after you leave the sliders; the next time you open them they begin anew.",
    ),
    (
        "↗ sending",
        "At this moment what you say leaves this machine. ↗ sending silence: you are muted, the server gets silence. "
        "↗ not sending: it is connected, and gets nothing.",
    ),
    (
        "wire",
        "Audio sent ↑ and received ↓, bytes, and tokens as the server reports them, in and out. ≈ is what they cost by "
        "[link.prices] in config.toml; ≥ where something has no price there.",
    ),
    ("local estimate", "The conversation runs elsewhere; level and p come from a detector of our own beside it."),
)
TALKING: tuple[tuple[str, str], ...] = (
    ("○ down", "You are heard from here on, and from a third of a second before."),
    ("● held", "Let go to send. In HANDS-FREE, too: while you hold the key no pause ends your turn."),
    (
        "◉ latched",
        "A tap keeps the microphone without holding. The next tap sends, or 1.5 s of silence after you have spoken, or "
        "the end of the countdown of 30 s. Pressing and holding makes it a hold.",
    ),
    ("keys released", "Your terminal tells when a key is let go: the turn ends with it, and 0.2 s later it is sent."),
    (
        "keys inferred",
        "Your terminal tells only that a held key repeats. The turn ends when the repeats stop, up to half a second "
        "after you let go; how your terminal repeats is learned. A tap is known as one after 0.8 s at most.",
    ),
    ("keys toggle", "One press of the talk key starts, the next one sends."),
    ("2 minutes", "No turn is longer. Ten seconds before, you are warned."),
    (
        "audio.open",
        'With "on-press" the microphone is open only while you talk in push-to-talk, and so is its light. It costs the '
        "audio before the press and the moment that opening takes, 0.1 to 0.5 s: wait that long before you speak.",
    ),
)
TUNING: tuple[tuple[str, str], ...] = (
    ("threshold", "p from which speech begins. Noise starts turns? Go higher. You are not heard? Go lower."),
    ("silence_duration_ms", "The pause that ends a turn. You are cut off? Go higher. Answers come late? Go lower."),
    ("prefix_padding_ms", "Audio kept before the onset. First syllables are missing? Go higher."),
    (
        "type",
        "server_vad: a pause ends your turn. semantic_vad: the pause may be short where you sound finished, and long "
        "where you don't.",
    ),
    ("eagerness", "Of semantic_vad. You are cut off? low. Answers come late? high."),
    (
        "hysteresis",
        "Speech goes on down to threshold less this. Soft endings are cut? Go higher. Noise holds turns? Go lower.",
    ),
    ("min_speech_ms", "So long a voice must last to begin a turn. Keys and clicks begin turns? Go higher."),
    ("tail_ms", "What is still heard after the talk key is let go. Last words are missing? Go higher."),
    ("gain_db", "Makes the microphone louder before everything else. Speech stands under -35 dBFS? Go higher."),
    ("…", "Behind a value: changed here, and not confirmed by the session yet."),
)
LABEL_WIDTH = 15


def help_lines(width: int, keyboard: Keyboard | None = None, talk: TalkKeys = DEFAULT_KEYS) -> list[Line]:
    """`keyboard`: what the terminal is like; its line of help stands at the head of what is said about talking."""
    lines: list[Line] = []
    for context in Context:
        lines += _title(str(context))
        for key in keys_of(context, talk):
            lines += _entry((f" {key.label} ", "key"), key.help, width)
        lines.append(EMPTY)
        if context is Context.MAIN:
            lines += [*_talking(keyboard, talk, width), EMPTY]
    lines += _title("States")
    for name, role, sentence in STATES:
        lines += _entry((f" {name} ", role), sentence, width)
    for title, entries in (("Words on the screen", WORDS), ("Tuning", TUNING)):
        lines += [EMPTY, *_title(title)]
        for name, sentence in entries:
            lines += _entry((name, "bold ink"), sentence, width)
    return lines


def _talking(keyboard: Keyboard | None, talk: TalkKeys, width: int) -> list[Line]:
    lines = _title(f"Holding {talk.talk_label} to talk")
    if keyboard is not None and keyboard.why:
        lines += _entry((" here ", "on wait"), clean(keyboard.why, limit=200), width)
    for name, sentence in TALKING:
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
