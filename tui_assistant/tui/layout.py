"""Which panes have room. The main screen knows three layouts:

wide     conversation at the left, scope and sliders at the right (120x40 has all panes)
stacked  conversation above the scope (tall and narrow)
compact  conversation and one line with state and level (80x24); `t` brings the sliders
"""

from __future__ import annotations

from enum import StrEnum

WIDE_COLUMNS, WIDE_ROWS = 100, 22  # below, the chart beside the conversation would be too small to read
STACKED_ROWS = 32
AIRY_ROWS = 30  # from here on there is an empty line between utterances
HIGH_ROWS = 36  # from here on the sliders have room for a sentence each
BORDER_ROWS = 14  # below, borders cost more than they order


class Layout(StrEnum):
    WIDE = "wide"
    STACKED = "stacked"
    COMPACT = "compact"


def layout_for(columns: int, rows: int) -> Layout:
    if columns >= WIDE_COLUMNS and rows >= WIDE_ROWS:
        return Layout.WIDE
    return Layout.STACKED if rows >= STACKED_ROWS and columns >= 50 else Layout.COMPACT
