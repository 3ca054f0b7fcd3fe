"""Has the user finished, by the words alone: a filler or an open ending means that more is to come.

Recognisers drop fillers or write them as other words; pocketsphinx hears only what the skills know. So the last words
are looked at, and everything that is not open counts as complete.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tui_assistant.engine.ports import Judged


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


NO_WORDS_P = 0.5  # nothing recognised yet: nothing to judge by
FILLER_P = 0.05  # "uhm": the user says that more is to come
OPEN_P = 0.1  # "set a timer for": no sentence ends like that
NUMBER_P = 0.35  # "twenty": may go on with "five", or be all
WORD_P = 0.6  # one word that is no command: may be a beginning
COMPLETE_P = 0.95

FILLERS = _set("uh uhm uhh uhhm um umm uhmm er erm ehm eh hm hmm mm mmm ah äh ähm")
CONJUNCTIONS = _set("and or but because if when while then than as since unless until although though")
DETERMINERS = _set("a an the my your his her our their this these those every some any another")
PREPOSITIONS = _set(
    "for to from at in of with without by into about between during under over per against through plus minus times "
    "divided multiplied"
)
VERBS = _set(  # that need something behind them
    "is are was were am be been do does did can could will would should shall may might must have has had i'm "
    "what's let's set make add give tell remind call please want need going named called"
)
QUESTIONS = _set("what which who whose how")
PRONOUNS = _set("i we he she they")  # as a last word the beginning of a clause
# Numbers that may be followed by a smaller one; all others are complete, or their unit is missing.
TENS = _set("twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million point")
NUMBERS = _set(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen half quarter"
)
# What is asked for in one word.
COMMANDS = _set(
    "stop yes no yeah okay ok cancel help thanks hello hi goodbye bye louder quieter repeat again pause quiet"
)
# Before a number these mean that a unit is to follow: "a timer for five".
UNIT_FOLLOWS = _set("for in of to from")

_OPEN = CONJUNCTIONS | DETERMINERS | PREPOSITIONS | VERBS | QUESTIONS | PRONOUNS
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_TRAILING = re.compile(r"(?:\.\.\.|…|,|-|–|—|:)\s*$")  # how recognisers that punctuate write an unfinished sentence
# Questions and requests that do end in a word of _OPEN.
_COMPLETE_ENDINGS = re.compile(
    r"(?:what (?:time|day|date) is (?:it|this)|what is (?:this|that)|who are you|how are you|where (?:am|are) (?:i|we)"
    r"|(?:yes|no|stop|thank you|that'?s what) (?:please|i (?:want|need))|please|(?:yes|no) i (?:do|am|can|will|would)"
    r"|turn it (?:on|off)|what (?:can|do) you do)$"
)


def words_of(text: str) -> list[str]:
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def p_finished(text: str) -> float:
    """P that the user has finished, having said `text` (any case, with or without punctuation)."""
    words = words_of(text)
    if not words:
        return NO_WORDS_P
    last = words[-1]
    if last in FILLERS:
        return FILLER_P
    if len(words) > 1 and _COMPLETE_ENDINGS.search(" ".join(words)):
        return COMPLETE_P
    if last in _OPEN or _TRAILING.search(text):
        return OPEN_P
    if last in TENS:
        return NUMBER_P
    if last in NUMBERS or last.isdigit():
        return OPEN_P if len(words) > 1 and words[-2] in UNIT_FOLLOWS else NUMBER_P if len(words) == 1 else COMPLETE_P
    if len(words) == 1 and last not in COMMANDS:
        return WORD_P
    return COMPLETE_P


class WordsJudge:
    """A TurnJudge that reads the words so far."""

    name = "words"

    def judge(self, pcm: bytes, text: str) -> Judged:
        return Judged(p_finished(text), self.name)


def create(options: Mapping[str, Any]) -> WordsJudge:
    return WordsJudge()
