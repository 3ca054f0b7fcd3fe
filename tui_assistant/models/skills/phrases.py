"""Phrase templates: `[optional] (this|that) {slot}`, nested at will, expanded to flat phrases."""

from __future__ import annotations

import random
import re
from functools import lru_cache

_PIECES = re.compile(r"[\[\]()|]|\{\w+\}|[^\s\[\]()|{}]+")

Node = str | tuple["Sequence_", ...]  # a word or slot, or the alternatives of a group
Sequence_ = tuple[Node, ...]


@lru_cache(maxsize=2_000)
def _parsed(template: str) -> Sequence_:
    pieces = _PIECES.findall(template)
    alternatives, at = _alternatives(pieces, 0, "")
    if at != len(pieces) or len(alternatives) != 1:
        raise ValueError(f"bad template: {template}")
    return alternatives[0]


def _alternatives(pieces: list[str], at: int, closing: str) -> tuple[tuple[Sequence_, ...], int]:
    found: list[Sequence_] = []
    current: list[Node] = []
    while at < len(pieces) and pieces[at] != (closing or None):
        piece = pieces[at]
        at += 1
        if piece in "([":
            group, at = _alternatives(pieces, at, ")" if piece == "(" else "]")
            current.append((*group, ()) if piece == "[" else group)
        elif piece == "|":
            found.append(tuple(current))
            current = []
        elif piece in ")]":
            raise ValueError("bad template: " + " ".join(pieces))
        else:
            current.append(piece)
    return (*found, tuple(current)), at + bool(closing)


def expand(template: str) -> list[tuple[str, ...]]:
    """All flat phrases of a template."""
    return [phrase for phrase in dict.fromkeys(_expanded(_parsed(template))) if phrase]


def _expanded(nodes: Sequence_) -> list[tuple[str, ...]]:
    flat: list[tuple[str, ...]] = [()]
    for node in nodes:
        tails = [(node,)] if isinstance(node, str) else [t for option in node for t in _expanded(option)]
        flat = [head + tail for head in flat for tail in tails]
    return flat


def sample(template: str, rng: random.Random) -> list[str]:
    """One flat phrase, every choice equally likely."""
    return _sampled(_parsed(template), rng)


def _sampled(nodes: Sequence_, rng: random.Random) -> list[str]:
    words: list[str] = []
    for node in nodes:
        words.extend([node] if isinstance(node, str) else _sampled(rng.choice(node), rng))
    return words
