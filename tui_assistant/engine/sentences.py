"""Cuts a growing text into pieces that a voice can say, as soon as each is complete."""

from __future__ import annotations

import re

LONGEST_PIECE = 240  # characters: a longer sentence is cut at a comma or a space, so that its sound begins in time

# A sentence's end: its mark, closing quotes or brackets, then white space (still inside the text, so a decimal point
# or a mark at the very end waits for what follows). CJK marks need no space.
_END = re.compile(r"""[.!?…]+["'”’)\]]*(?=\s)|[。！？]|\n""")
# The first piece may end with a clause too: its sound begins while the model still writes the sentence.
_FIRST_END = re.compile(_END.pattern + r"""|[,;:]["'”’)\]]*(?=\s)""")
_CLAUSE = ",;:"
FIRST_WORDS = 4  # at least: a shorter clause is over before the next piece is there, and sounds chopped
# The last place where a fence is whole before a piece gets too long and is cut.
_LAST_FENCE = LONGEST_PIECE + 1 - 3
_ABBREVIATIONS = frozenset(
    {"mr", "mrs", "ms", "dr", "prof", "st", "vs", "etc", "e.g", "i.e", "no", "approx", "a.m", "p.m"}
)
# What is written for the eye and not to be read out.
_FENCE = "```"
_MARKDOWN = re.compile(r"```.*?(?:```|$)|(?:(?!```)[*_`#>|])+|\[([^\]]*)\]\([^)]*\)", re.DOTALL)


class SentenceCutter:
    """Text deltas in, speakable pieces out; what they say together is the text without its markdown."""

    def __init__(self) -> None:
        self._rest = ""
        self._begun = False  # a piece has been cut

    def push(self, delta: str) -> list[str]:
        """Takes more text; returns the pieces that are complete."""
        self._rest += delta
        pieces = []
        while (cut := self._cut()) is not None:
            self._begun = True
            pieces.append(self._rest[:cut])
            self._rest = self._rest[cut:]
        return [spoken for piece in pieces if (spoken := speakable(piece))]

    def flush(self) -> list[str]:
        """The text is complete: what is left."""
        rest, self._rest = self._rest, ""
        spoken = speakable(rest)
        return [spoken] if spoken else []

    def _cut(self) -> int | None:
        self._leave_out_code()
        # What lies further on must not matter: it may not have been there yet.
        fence = self._rest.find(_FENCE)
        for match in (_END if self._begun else _FIRST_END).finditer(self._rest):
            if match.end() > (LONGEST_PIECE if fence < 0 else min(fence, LONGEST_PIECE)):
                break
            words = self._rest[: match.start()].split()
            if match.group()[0] in _CLAUSE and len(words) < FIRST_WORDS:
                continue
            if words and words[-1].lower().lstrip("(\"'") in _ABBREVIATIONS and match.group().startswith("."):
                continue
            if self._rest[: match.end()].strip():
                return match.end()
        if len(self._rest) <= LONGEST_PIECE or 0 <= fence <= _LAST_FENCE:
            return None  # code is being written: its end is waited for
        head = self._rest[:LONGEST_PIECE]
        for mark in (", ", "; ", ": ", " "):
            if (place := head.rfind(mark)) > 0:
                return place + len(mark)
        return LONGEST_PIECE

    def _leave_out_code(self) -> None:
        """Takes complete code blocks out: no end of a sentence counts inside them."""
        while 0 <= (fence := self._rest.find(_FENCE)) <= _LAST_FENCE:
            close = self._rest.find(_FENCE, fence + len(_FENCE))
            if close < 0:
                return
            self._rest = f"{self._rest[:fence]} {self._rest[close + len(_FENCE) :]}"


def speakable(text: str) -> str:
    """`text` without markdown, in one line."""
    return " ".join(_MARKDOWN.sub(lambda match: match.group(1) or " ", text).split())
