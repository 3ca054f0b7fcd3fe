"""The one door between foreign text and the terminal.

Transcripts, model output, device names, file names and error texts may hold terminal escapes (a title, the clipboard,
cursor movement), right-to-left overrides or line separators. `clean` makes them harmless; whoever draws the result must
also draw it as plain text, never as markup.
"""

from __future__ import annotations

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# C0 and C1 controls (ESC and the 8-bit CSI, OSC and DCS among them); TAB and line ends are as the caller wishes.
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], REPLACEMENT)
# Bidirectional controls re-order what stands around them; ZWJ and ZWNJ stay: emoji and Indic scripts need them.
_BIDI = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
# Unicode line separators would break line-by-line output; surrogates can't be encoded; tags and fillers can't be seen.
_OTHERS = {0x2028: " ", 0x2029: " ", 0xFEFF: None, 0xFFFE: None, **dict.fromkeys(range(0xE0000, 0xE0080))}
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), REPLACEMENT)

_MANY_LINES = {**_CONTROLS, **_BIDI, **_OTHERS, **_SURROGATES, 0x09: "    ", 0x0A: "\n", 0x0D: None}
_ONE_LINE = {**_MANY_LINES, 0x09: " ", 0x0A: " "}


def clean(text: object, *, lines: bool = False, limit: int | None = None) -> str:
    """`text` with everything removed that could move a cursor, change a terminal or reorder its surroundings.

    A line break becomes a space unless `lines`. More than `limit` characters are cut, with an ellipsis.
    """
    result = str(text).translate(_MANY_LINES if lines else _ONE_LINE)
    if limit is not None and len(result) > limit:
        result = result[: max(0, limit - 1)] + "…"
    return result
