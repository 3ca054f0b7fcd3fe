"""Lines as runs of (text, role). A role names what the text means; palette.py turns it into colours.

Roles: ink, dim, faint (graphics only), voice, bot, wait, pad, warn, live; "bold ROLE" for weight, "on ROLE" for a badge
(dark text on that colour), "key" for a key cap, "cut ROLE" for a mark across a filled cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, chop_cells, set_cell_size

Run = tuple[str, str]
Line = tuple[Run, ...]

EMPTY: Line = ()


def merge(runs: Iterable[Run]) -> Line:
    """The same line with neighbours of one role joined and empty runs dropped: fewer style changes, fewer bytes."""
    merged: list[Run] = []
    for text, role in runs:
        if not text:
            continue
        if merged and merged[-1][1] == role:
            merged[-1] = (merged[-1][0] + text, role)
        else:
            merged.append((text, role))
    return tuple(merged)


def joined(runs: Iterable[Run]) -> Line:
    """As `merge`; spaces go with the run before them, whose colour nobody sees on them: half the colour changes."""
    merged: list[Run] = []
    for text, role in merge(runs):
        if merged and text.isspace() and not _has_ground(merged[-1][1]) and not _has_ground(role):
            merged[-1] = (merged[-1][0] + text, merged[-1][1])
        else:
            merged.append((text, role))
    return merge(merged)


def _has_ground(role: str) -> bool:
    return role == "key" or role.startswith(("on ", "cut "))


def text_of(line: Iterable[Run]) -> str:
    return "".join(text for text, _ in line)


def width_of(line: Iterable[Run]) -> int:
    """In terminal cells: a wide character counts two."""
    return sum(cell_len(text) for text, _ in line)


def crop(line: Sequence[Run], width: int) -> Line:
    """At most `width` cells of the line; what is cut ends in an ellipsis."""
    if width <= 0:
        return EMPTY
    if width_of(line) <= width:
        return tuple(line)
    kept: list[Run] = []
    room = width - 1
    for text, role in line:
        size = cell_len(text)
        if size > room:
            kept.append((set_cell_size(text, room) + "…", role))
            break
        kept.append((text, role))
        room -= size
    return merge(kept)


def crop_inside(text: str, width: int) -> str:
    """At most `width` cells of the text: what is cut is left out of its middle, with an ellipsis there."""
    if cell_len(text) <= width:
        return text
    tail, room = "", (width - 1) * 2 // 5
    for character in reversed(text):
        if cell_len(character + tail) > room:
            break
        tail = character + tail
    return set_cell_size(text, max(0, width - 1 - cell_len(tail))) + "…" + tail


def wrap(line: Sequence[Run], width: int) -> list[Line]:
    """The line broken at spaces into lines of at most `width` cells; a longer word is broken anywhere."""
    width = max(1, width)
    rows: list[Line] = []
    row: list[Run] = []
    used = 0
    for word in _words(line):
        size = width_of(word)
        if used and used + size - _trailing_spaces(word) > width:
            rows.append(_rstrip(row))
            row, used = [], 0
        for text, role in word:
            for piece in chop_cells(text, width) if size > width else [text]:
                length = cell_len(piece)
                if used and size > width and used + length > width:
                    rows.append(merge(row))
                    row, used = [], 0
                row.append((piece, role))
                used += length
    if row or not rows:
        rows.append(_rstrip(row))
    return rows


def _words(line: Sequence[Run]) -> Iterable[list[Run]]:
    """Pieces that must not be parted: a word with the spaces behind it, even where roles change inside the word."""
    word: list[Run] = []
    for text, role in line:
        start = 0
        for index, character in enumerate(text):
            after_space = index > 0 and text[index - 1] == " "
            if index == 0:
                after_space = bool(word) and word[-1][0].endswith(" ")
            if after_space and character != " ":
                if text[start:index]:
                    word.append((text[start:index], role))
                yield word
                word, start = [], index
        if text[start:]:
            word.append((text[start:], role))
    if word:
        yield word


def _trailing_spaces(word: Sequence[Run]) -> int:
    text = text_of(word)
    return len(text) - len(text.rstrip(" "))


def _rstrip(row: Sequence[Run]) -> Line:
    kept = list(merge(row))
    if kept:
        kept[-1] = (kept[-1][0].rstrip(" "), kept[-1][1])
    return merge(kept)
