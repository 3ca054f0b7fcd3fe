"""What a terminal sends for a key, taken apart. Pure, and without Textual: `doctor --keys` reads the same sequences.

The Kitty keyboard protocol (https://sw.kovidgoyal.net/kitty/keyboard-protocol/) writes a key as CSI code ; modifiers
: event ; text final. The event says press, repeat or release, and is left out for a press.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui_assistant.client.hold import Edge

# The protocol's flags ("progressive enhancement").
EVENT_TYPES = 0b00010
ALL_KEYS = 0b01000  # without it a key that types text is sent as that text, which has no release
# Textual pushes 1 | 8 | 16; event types are added to what it has pushed, so that its own pop takes them away again.
WANTED = 0b11011
SET_FLAGS = f"\x1b[={WANTED};1u"
PUSH_FLAGS = f"\x1b[>{WANTED}u"
POP_FLAGS = "\x1b[<u"
# Asks for the flags in force. No DA1 behind it as a fence, as the protocol proposes: its answer would arrive as keys.
ASK_FLAGS = "\x1b[?u"
ANSWER_S = 0.5  # a local terminal answers within 20 ms; one at the end of a long line may still answer later

_EVENTS = {"1": Edge.PRESS, "2": Edge.REPEAT, "3": Edge.RELEASE}
_KEY = re.compile(r"\x1b\[([\d:]*)(?:;(\d*)(?::([123]))?(?:;([\d:]*))?)?([u~ABCDEFHPQRS])")
_FLAGS = re.compile(r"\x1b\[\?(\d{1,9})u")
_TOKEN = re.compile(r"\x1b\[[<=>?]?[\d:;]*[A-Za-z~]|\x1bO.|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class KeySequence:
    """One key. `code` names it whatever the modifiers: a release finds its press by it."""

    code: str
    edge: Edge | None  # None: the terminal did not say
    plain: str  # the sequence as it would be without event types


def split(sequence: str) -> KeySequence | None:
    """None for what is no whole key sequence."""
    match = _KEY.fullmatch(sequence)
    if match is None:
        return None
    number, modifiers, event, text, final = match.groups()
    code = f"{number or '1'}{final}"
    if event is None:
        return KeySequence(code, None, sequence)
    modifiers = "" if modifiers == "1" else modifiers  # 1 stands for none; it is there only to carry the event
    if not (modifiers or text):
        plain = f"\x1b[{'' if number == '1' and final not in 'u~' else number}{final}"
    else:
        plain = f"\x1b[{number};{modifiers}{f';{text}' if text else ''}{final}"
    return KeySequence(code, _EVENTS[event], plain)


def flags_answer(sequence: str) -> int | None:
    """The flags in force, when that is the answer to ASK_FLAGS."""
    match = _FLAGS.fullmatch(sequence)
    return int(match[1]) if match else None


def reports_release(flags: int, types_text: bool) -> bool:
    """Whether these flags bring the release of a key; `types_text`: the key alone writes a character."""
    return bool(flags & EVENT_TYPES) and (not types_text or bool(flags & ALL_KEYS))


def tokens(text: str) -> tuple[list[str], str]:
    """Raw input cut into sequences and characters, and what is still incomplete at its end."""
    rest = ""
    if begun := re.search(r"\x1b(\[[<=>?]?[\d:;]*)?\Z", text):
        text, rest = text[: begun.start()], begun[0]
    return _TOKEN.findall(text), rest
