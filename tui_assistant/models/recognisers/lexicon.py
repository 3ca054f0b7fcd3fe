"""How words are pronounced, and which common words stand for everything that is no command.

Pronunciations come from the dictionary of the installed model (a CMUdict); those that it lacks are given here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

Lexicon = Mapping[str, tuple[str, ...]]  # word -> pronunciations, each a string of phones

_MISSING: dict[str, tuple[str, ...]] = {
    "mhm": ("M HH M", "AH M HH AH M", "EH M HH M"),
    "milliliter": ("M IH L AH L IY T ER",),
    "milliliters": ("M IH L AH L IY T ER Z",),
    "unmute": ("AH N M Y UW T",),
    "celsius": ("S EH L S IY AH S", "S EH L S Y AH S"),
    "countdown": ("K AW N T D AW N",),
    "nevermind": ("N EH V ER M AY N D",),
    "what're": ("W AH T ER", "W AH DX ER"),
    "timer's": ("T AY M ER Z",),
    "um": ("AH M",),
    "uh": ("AH",),
    "hm": ("HH M",),
}


def read_dictionary(path: Path) -> dict[str, tuple[str, ...]]:
    """CMUdict form: `word PHONES`, further pronunciations as `word(2) PHONES`."""
    found: dict[str, list[str]] = defaultdict(list)
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            head, _, phones = line.strip().partition(" ")
            if phones and not head.startswith((";", "#")):
                found[head.partition("(")[0] or head].append(phones.strip())
    return {word: tuple(phones) for word, phones in found.items()}


def pronunciations(words: Iterable[str], dictionary: Lexicon) -> dict[str, tuple[str, ...]]:
    """For each word that has one; words without are left out, and so can't be recognised."""
    known = ((word, dictionary.get(word) or _MISSING.get(word)) for word in words)
    return {word: phones for word, phones in known if phones}


def dictionary_text(lexicon: Lexicon) -> str:
    lines = []
    for word in sorted(lexicon):
        for number, phones in enumerate(lexicon[word], 1):
            lines.append(f"{word} {phones}" if number == 1 else f"{word}({number}) {phones}")
    return "\n".join(lines) + "\n"


def background_words(
    lexicon: Lexicon,
    dictionary: Lexicon,
    probability: Callable[[str], float],
    count: int,
    without: Collection[str] = (),
) -> dict[str, float]:
    """The `count` likeliest words of everyday English, with probabilities that add up to one.

    Words that sound exactly like a word of the skills are left out: they would take its place.
    """
    taken = {phones for pronounced in lexicon.values() for phones in pronounced}
    candidates = []
    for word, pronounced in dictionary.items():
        if word in without or not word[0].isalpha():
            continue
        if word in lexicon or not taken.intersection(pronounced):
            candidates.append((probability(word), word))
    chosen = sorted(candidates, reverse=True)[:count]
    total = sum(value for value, _ in chosen)
    return {word: value / total for value, word in chosen} if total > 0 else {}
