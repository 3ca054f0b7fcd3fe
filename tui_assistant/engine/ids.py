"""Identifiers from a counter, so that a replay gives the same ones."""

from __future__ import annotations

from collections import Counter


class Ids:
    """Makes "item_1", "item_2", "resp_1" ...; with a `tag` "item_TAG_1", so that sessions of one process differ."""

    def __init__(self, tag: str = "") -> None:
        self._infix = f"{tag}_" if tag else ""
        self._counts: Counter[str] = Counter()

    def next(self, kind: str) -> str:
        self._counts[kind] += 1
        return f"{kind}_{self._infix}{self._counts[kind]}"
