"""Backchannels: what listeners say to show that they listen. Pure."""

from __future__ import annotations

import re

_WORDS = """
ah, aha, alright, ha, hm, hmm, huh, i see, indeed, mhm, mhmm, mm, mmhm, mm hm, mm hmm, mmm, of course, oh, ok, okay,
quite, right, sure, true, uh, uh huh, uh hum, uhuh, um, um hum, wow, yeah, yep, yes, yup
"""
BACKCHANNELS = frozenset(" ".join(each.split()) for each in _WORDS.split(","))
"""What listeners say without wanting the floor; also several of them, as "yeah, right, okay". Without punctuation.

"no", "stop" and "wait" are none. "what", "really" and "go on" are none either: they want something.
"""
_LONGEST = max(len(each.split()) for each in BACKCHANNELS)


def is_backchannel(words: str) -> bool:
    """Nothing but backchannels, and at least one."""
    left = re.findall(r"[^\W_]+(?:'[^\W_]+)*", words.casefold())
    if not left:
        return False
    while left:
        for count in range(min(_LONGEST, len(left)), 0, -1):
            if " ".join(left[:count]) in BACKCHANNELS:
                del left[:count]
                break
        else:
            return False
    return True


def is_floor(words: str) -> bool:
    """The words take the floor: there are some, and not only backchannels."""
    return any(map(str.isalnum, words)) and not is_backchannel(words)
