"""Keeps a model's thinking out of what is spoken."""

from __future__ import annotations

_TAGS = ("think", "thinking", "reasoning")
_OPENING = tuple(f"<{tag}>" for tag in _TAGS)
_LONGEST = max(map(len, _OPENING)) + 1


class ThoughtFilter:
    """Removes <think> ... </think> from a text that arrives in pieces.

    Only where a line begins with the tag: an answer about the tag, in the middle of a sentence, stays.
    """

    def __init__(self) -> None:
        self._held = ""  # text that may turn out to be a tag
        self._closing = ""  # the tag that ends the thought we are in; "" outside
        self._line_begins = True
        self._spoken = False

    def feed(self, piece: str) -> str:
        """The part of the text so far that is surely no thought."""
        self._held += piece
        spoken = []
        while self._held:
            text = self._thought() if self._closing else self._speech()
            if text is None:
                break
            spoken.append(text)
        result = "".join(spoken)
        if not self._spoken:
            result = result.lstrip()  # the empty lines between thought and answer
            self._spoken = bool(result)
        return result

    def end(self) -> str:
        """What was held back, when no more text comes."""
        held, self._held = self._held, ""
        return "" if self._closing else held if self._spoken else held.lstrip()

    def _thought(self) -> str | None:
        before, tag, after = self._held.partition(self._closing)
        if not tag:
            self._held = before[-len(self._closing) :]
            return None
        self._held, self._closing = after, ""
        self._line_begins = True
        return ""

    def _speech(self) -> str | None:
        """The next safe piece, or None when more text is needed to know."""
        if self._line_begins:
            bare = self._held.lstrip()
            for tag in _OPENING:
                if bare.startswith(tag):
                    self._held = bare[len(tag) :]
                    self._closing = tag.replace("<", "</")
                    return ""
            if not bare or (len(bare) < _LONGEST and any(tag.startswith(bare) for tag in _OPENING)):
                return None
        line, end, self._held = self._held.partition("\n")
        if self._line_begins and not line.strip():
            # An empty line: whitespace is given out together with what follows it.
            following = self._held.lstrip()
            line, end, self._held = line + end + self._held[: len(self._held) - len(following)], "", following
            return line
        self._line_begins = bool(end)
        return line + end
