"""Our parser beside Textual's own: the same events out of the same bytes, but for what stock Textual can't read."""

from __future__ import annotations

import random

import pytest
from textual import events
from textual._xterm_parser import XTermParser
from textual.message import Message

from tui_assistant.client.hold import Edge
from tui_assistant.tui.keys.parser import EdgeParser

Seen = list[tuple[str, str, Edge | None]]

ORDINARY = [
    "hello world", " ", "é漢字👩‍💻", "\r", "\t", "\x7f", "\x03", "\x00", "\x1a",  # typed text and control keys
    "\x1b[A", "\x1bOA", "\x1b[1;2A", "\x1b[1;5C", "\x1bOP", "\x1b[15~", "\x1b[3;5~", "\x1b[Z",  # legacy keys
    "\x1ba", "\x1bA", "\x1b ", "\x1b\x1b[A", "\x1b\x7f",  # alt
    "\x1b[97;;97u", "\x1b[97;2;65u", "\x1b[97;5u", "\x1b[97;3u", "\x1b[32;;32u", "\x1b[32;2;32u", "\x1b[32;5u",
    "\x1b[13u", "\x1b[9u", "\x1b[27u", "\x1b[127u", "\x1b[97;65;65u", "\x1b[57441;2u", "\x1b[57442;5u",  # kitty
    "\x1b[0;;233u", "\x1b[0;;128104:8205:128105u",  # an input method
    "\x1b[<0;10;20M", "\x1b[<0;10;20m", "\x1b[<64;3;4M", "\x1b[<35;7;8M", "\x1b[M !!",  # mouse
    "\x1b[I", "\x1b[O", "\x1b[48;40;120;800;1200t", "\x1b[12;34R", "\x1b[?2026;2$y", "\x1b[?2048;1$y",  # reports
    "\x1b[200~a b\x1b[32;1:2;32u \x1b[201~", "\x1b[200~  \x1b[201~", "\x1b[200~x\x1b[?27uy\x1b[201~",  # pastes
    "\x1b[?1;2c", "\x1b[>41;379;0c", "\x1bP>|XTerm(379)\x1b\\", "\x1b]11;rgb:0000/0000/0000\x1b\\",  # other answers
]  # fmt: skip


def plain(message: Message) -> object:
    """What of an event matters, in a form that can be compared."""
    match message:
        case events.Key():
            return "key", message.key, message.character
        case events.Paste():
            return "paste", message.text
        case events.MouseEvent():
            return type(message).__name__, message.x, message.y, message.button, message.shift, message.ctrl
        case events.Resize():
            return "resize", message.size
        case _:
            return type(message).__name__


def read(parser: XTermParser, chunks: list[str]) -> list[object]:
    found = [plain(event) for chunk in chunks for event in parser.feed(chunk)]
    if parser._timeout_time is not None:  # an escape is waiting: its time is over
        parser._timeout_time = 0.0
        found += [plain(event) for event in parser.tick()]
    return found


def ours(seen: Seen | None = None, take: str = "") -> EdgeParser:
    """`take`: the name of the key that is taken."""
    into: Seen = [] if seen is None else seen

    def report(name: str, code: str, edge: Edge | None) -> bool:
        into.append((name, code, edge))
        return edge is Edge.RELEASE or (bool(take) and name == take)

    return EdgeParser(report=report, answered=lambda flags: None)


@pytest.mark.parametrize("sent", ORDINARY)
def test_what_is_ordinary_reads_as_it_always_did(sent: str) -> None:
    expected = read(XTermParser(), [sent])
    assert read(ours(), [sent]) == expected
    assert read(ours(), list(sent)) == expected, "one character at a time"


@pytest.mark.parametrize("seed", range(20))
def test_so_does_any_mixture_cut_anywhere(seed: int) -> None:
    dice = random.Random(seed)
    sent = "".join(dice.choices(ORDINARY, k=40))
    cuts = sorted(dice.randrange(len(sent)) for _ in range(30))
    chunks = [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True) if a < b]
    assert read(ours(), chunks) == read(XTermParser(), chunks)


@pytest.mark.parametrize(
    ("stock", "press", "repeat"),
    [
        ("\x1b[97;;97u", "\x1b[97;1:1;97u", "\x1b[97;1:2;97u"),
        ("\x1b[97;2;65u", "\x1b[97;2:1;65u", "\x1b[97;2:2;65u"),
        ("\x1b[13u", "\x1b[13;1:1u", "\x1b[13;1:2u"),
        ("\x1b[9;2u", "\x1b[9;2:1u", "\x1b[9;2:2u"),
        ("\x1b[A", "\x1b[1;1:1A", "\x1b[1;1:2A"),
        ("\x1b[1;5A", "\x1b[1;5:1A", "\x1b[1;5:2A"),
        ("\x1b[3~", "\x1b[3;1:1~", "\x1b[3;1:2~"),
        ("\x1b[S", "\x1b[1;1:1S", "\x1b[1;1:2S"),
        ("\x1b[32;;32u", "\x1b[32;1:1;32u", "\x1b[32;1:2;32u"),
        ("\x1b[13;;13u", "\x1b[13;1:1;13u", "\x1b[13;1:2;13u"),
    ],
)
def test_a_press_and_a_repeat_are_the_key_that_they_were(stock: str, press: str, repeat: str) -> None:
    expected = read(XTermParser(), [stock])
    assert len(expected) == 1
    assert read(ours(), [press]) == expected
    assert read(ours(), [repeat]) == expected


@pytest.mark.parametrize("sent", ["\x1b[97;1:3u", "\x1b[1;1:3A", "\x1b[57441;2:3u", "\x1b[13;1:3u", "\x1b[3;1:3~"])
def test_a_release_is_no_key_for_textual(sent: str) -> None:
    seen: Seen = []
    assert read(ours(seen), [sent, "x"]) == [("key", "x", "x")]
    assert [edge for _, _, edge in seen] == [Edge.RELEASE, None]


def test_what_is_taken_is_no_key_for_textual() -> None:
    sent = "a b\x1b[32;;32u\x1b[32;1:2;32uc"
    assert [key for _, key, _ in read(ours(take="space"), [sent])] == ["a", "b", "c"]  # type: ignore[misc]


def test_no_character_of_a_paste_is_reported() -> None:
    seen: Seen = []
    assert read(ours(seen, take="space"), list("\x1b[200~a b  c\x1b[201~ ")) == [("paste", "a b  c")]
    assert [name for name, _, _ in seen if name] == ["space"], "the one behind the paste"


@pytest.mark.parametrize(
    "inside", ["\x1b[32;;32u", "a \x1b b  c", "\x1b  \x1b  ", "\x1b[ " + " " * 40, "\x1b]0; title \x07"]
)
def test_nor_is_one_of_a_paste_with_escapes_which_textual_takes_for_keys(inside: str) -> None:
    seen: Seen = []
    sent = f"\x1b[200~{inside}\x1b[201~"
    assert read(ours(seen, take="space"), [sent]) == read(XTermParser(), [sent])
    assert [name for name, _, _ in seen if name] == []


def test_alt_and_modifiers_are_other_keys() -> None:
    seen: Seen = []
    read(ours(seen), ["\x1b ", "\x1b[32;2;32u", "\x1b[32;5u", "\x1b[32;3u", "\x1b[32;65;32u"])
    assert [name for name, _, _ in seen if name] == ["shift+space", "ctrl+space", "alt+space", "space"], (
        "caps lock is no modifier, and a legacy alt+space has no name of its own"
    )


def test_the_terminals_answer_is_no_key() -> None:
    flags: list[int] = []
    parser = EdgeParser(report=lambda *_: False, answered=flags.append)
    assert read(parser, ["\x1b[?27u"]) == []
    assert read(parser, list("\x1b[?0u")) == []
    assert flags == [27, 0]


@pytest.mark.parametrize("sent", ["\x1b[99999999u", "\x1b[97:65;1:2u", "\x1b[97;1:1;99999999u"])
def test_numbers_that_are_no_character_do_no_harm(sent: str) -> None:
    assert read(ours(), [sent, "x"])[-1] == ("key", "x", "x")
