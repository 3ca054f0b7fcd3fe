"""Identifiers from a counter, so that a replay gives the same ones."""

from __future__ import annotations

from collections import Counter

_LONGEST_NUMBER = 18  # digits; no session counts so far


class Ids:
    """Makes "item_1", "item_2", "resp_1" ...; with a `tag` "item_TAG_1", so that sessions of one process differ."""

    def __init__(self, tag: str = "") -> None:
        self._infix = f"{tag}_" if tag else ""
        self._counts: Counter[str] = Counter()
        self._taken: set[str] = set()

    def next(self, kind: str) -> str:
        while True:
            self._counts[kind] += 1
            name = f"{kind}_{self._infix}{self._counts[kind]}"
            if name not in self._taken:
                return name
            self._taken.discard(name)  # passed: it cannot be made any more

    def take(self, name: str) -> None:
        """The client has chosen this one; it will not be made a second time."""
        kind = name.partition("_")[0]
        number = name.removeprefix(f"{kind}_{self._infix}")
        # Only what is still to be made is kept: a client may name any number of items.
        if number.isdecimal() and len(number) <= _LONGEST_NUMBER and int(number) > self._counts[kind]:
            self._taken.add(name)
