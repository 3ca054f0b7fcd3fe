"""From text, typed or recognised, to the tokens that the matcher and the parsers work on."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache


def word_set(*lines: str) -> frozenset[str]:
    """The words of all `lines`: easier to read and to extend than rows of quotes."""
    return frozenset(word for line in lines for word in line.split())


MAX_TOKENS = 120  # a request longer than this is no command; it also bounds the parsers' work

# Words that mean nothing wherever they stand.
FILLERS = frozenset({"um", "uh", "uhm", "hmm", "er", "erm", "ah", "please", "kindly", "hey"})
# Openings that mean nothing at the start, longest first; inside a sentence they may ("what can you do").
OPENINGS = tuple(
    tuple(phrase.split())
    for phrase in (
        "i would like you to",
        "i want you to",
        "i need you to",
        "i would like to",
        "do you mind",
        "i want to",
        "could you",
        "can you",
        "would you",
        "will you",
        "can i",
        "okay",
        "ok",
        "well",
        "so",
        "and",
        "now",
        "just",
        "then",
    )
)
# Openings after which a sentence may be a command of its own, and which are then not taken away.
KEPT_OPENINGS = frozenset({("help", "me"), ("hear", "me"), ("done",)})
_CLOSINGS = {("for", "me"), ("thank", "you"), ("right", "now")}
BACKCHANNELS = frozenset(
    {
        "mhm",
        "uh-huh",
        "huh",
        "hm",
        "mm",
        "yeah",
        "yes",
        "yep",
        "right",
        "sure",
        "no",
        "nope",
        "aha",
        "okay",
        "ok",
        "well",
        "so",
    }
)
YES = frozenset({"yes", "yeah", "yep", "sure", "right", "correct", "exactly", "ok", "okay", "affirmative", "do it"})
NO = frozenset({"no", "nope", "nah", "wrong", "don't", "negative", "never mind", "nevermind", "cancel", "stop"})

_CONTRACTIONS = {
    "what's": "what is",
    "whats": "what is",
    "who's": "who is",
    "how's": "how is",
    "how're": "how are",
    "when's": "when is",
    "where's": "where is",
    "that's": "that is",
    "it's": "it is",
    "there's": "there is",
    "i'm": "i am",
    "i'd": "i would",
    "you're": "you are",
    "you've": "you have",
    "i've": "i have",
    "today's": "today",
    "what're": "what are",
    "gonna": "going to",
    "timer's": "timer is",
    "cannot": "can not",
    "can't": "can not",
    "dont": "don't",
}
_SPELLINGS = {
    "one's": "one",
    "metre": "meter",
    "metres": "meters",
    "kilometre": "kilometer",
    "kilometres": "kilometers",
    "centimetre": "centimeter",
    "centimetres": "centimeters",
    "millimetre": "millimeter",
    "millimetres": "millimeters",
    "litre": "liter",
    "litres": "liters",
    "millilitre": "milliliter",
    "millilitres": "milliliters",
    "centigrade": "celsius",
    "per-cent": "percent",
    "uh-uh": "no",
    "×": "*",
    "÷": "/",
    "−": "-",
    "²": "squared",
    "³": "cubed",
    "√": "root",
    "½": "half",
    "**": "^",
}
_NUMBER_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_TOKEN = re.compile(r"\d+(?:\.\d+)?|\.\d+|°[cf]\b|uh-huh|uh-uh|[^\W\d_]+(?:'[^\W\d_]+)*|\*\*|[-+*/^()%×÷−²³√½°]")
_HYPHEN = re.compile(r"(?<=[a-z])-(?=[a-z])")


def tokenise(text: str) -> list[str]:
    """Lower-case words, numbers in digits and signs; contractions spelled out; at most MAX_TOKENS + 1 tokens."""
    text = unicodedata.normalize("NFC", text[: 20 * MAX_TOKENS]).lower().replace("\u2019", "'")
    text = _NUMBER_COMMA.sub("", text)
    if "uh-" not in text:
        text = _HYPHEN.sub(" ", text)
    tokens: list[str] = []
    for match in _TOKEN.finditer(text):
        word = match.group()
        word = _CONTRACTIONS.get(word) or _SPELLINGS.get(word, word)
        if word.endswith("'s") and word != "'s":
            word = word[:-2]
        tokens.extend(word.split())
    return tokens[: MAX_TOKENS + 1]


def strip_fillers(tokens: list[str]) -> list[str]:
    """Without fillers, and without the openings and closings that carry no request."""
    kept = [token for token in tokens if token not in FILLERS]
    found = True
    while found and kept:
        found = False
        for opening in OPENINGS:
            size = len(opening)
            rest = tuple(kept[size : size + 2])
            if tuple(kept[:size]) == opening and rest and not _keeps_opening(rest):
                kept = kept[size:]
                found = True
                break
    if kept[:1] == ["can"] and kept[1:2] in (["much"], ["many"]):
        kept = ["how", *kept[1:]]  # what recognisers make of a short "how" at the very start
    while len(kept) > 3 and tuple(kept[-2:]) in _CLOSINGS:
        kept = kept[:-2]
    while len(kept) > 2 and kept[-1] in {"now", "thanks", "then"}:
        kept = kept[:-1]
    return kept


def _keeps_opening(rest: tuple[str, ...]) -> bool:
    return rest in KEPT_OPENINGS or rest[:1] in KEPT_OPENINGS


@lru_cache(maxsize=20_000)
def similarity(one: str, other: str) -> float:
    """1 for equal words, 1 - edits / length of the longer one otherwise; 0 where words are too short to compare."""
    if one == other:
        return 1.0
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    if len(shorter) < 3 or len(longer) - len(shorter) > len(longer) // 3:
        return 0.0
    before = list(range(len(shorter) + 1))
    for row, letter in enumerate(longer, 1):
        current = [row]
        for column, second in enumerate(shorter, 1):
            current.append(min(before[column] + 1, current[-1] + 1, before[column - 1] + (letter != second)))
        before = current
    return 1.0 - before[-1] / len(longer)
