"""A back-off trigram model in ARPA form.

Each order keeps a constant share of its mass for the order below (linear discounting), because the counts come from
made-up sentences: how often something was counted says little about how surely it is said. The lowest order is mixed
with a background of common words, so that talk that is no command has words to be heard as.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

START, END = "<s>", "</s>"
_FLOOR = -99.0  # ARPA's logarithm of nothing


@dataclass(frozen=True, slots=True)
class Smoothing:
    """Shares between 0 and 1: of the next lower order, and of the background within single words."""

    lower_order: float = 0.25
    background: float = 0.1


def arpa(sentences: Iterable[list[str]], background: Mapping[str, float], smoothing: Smoothing) -> str:
    """The model as text. `background` maps words to probabilities that add up to one, or is empty."""
    ones: Counter[str] = Counter()
    twos: dict[str, Counter[str]] = defaultdict(Counter)
    threes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for sentence in sentences:
        words = [START, *sentence, END]
        ones.update(words[1:])
        for one, two in pairwise(words):
            twos[one][two] += 1
        for one, two, three in zip(words, words[1:], words[2:], strict=False):
            threes[one, two][three] += 1
    single = _mixed(ones, background, smoothing.background if background else 0.0)
    keep = 1.0 - smoothing.lower_order
    pairs = {one: _shares(counts, keep) for one, counts in twos.items()}
    triples = {context: _shares(counts, keep) for context, counts in threes.items()}
    return "\n".join(_lines(single, pairs, triples, smoothing.lower_order))


def _shares(counts: Counter[str], keep: float) -> dict[str, float]:
    total = sum(counts.values())
    return {word: keep * count / total for word, count in counts.items()}


def _mixed(ones: Counter[str], background: Mapping[str, float], share: float) -> dict[str, float]:
    total = sum(ones.values())
    mixed = {word: (1.0 - share) * count / total for word, count in ones.items()}
    for word, probability in background.items():
        mixed[word] = mixed.get(word, 0.0) + share * probability
    return mixed


def _log(value: float) -> str:
    return f"{math.log10(value) if value > 0 else _FLOOR:.4f}"


def _backoff(seen: Mapping[str, float], lower: Mapping[str, float], reserved: float) -> float:
    """What is reserved, over what the lower order has left for words not seen here."""
    left = 1.0 - sum(lower.get(word, 0.0) for word in seen)
    return reserved / left if left > 1e-6 else 1.0


def _lines(
    single: dict[str, float],
    pairs: dict[str, dict[str, float]],
    triples: dict[tuple[str, str], dict[str, float]],
    reserved: float,
) -> list[str]:
    known = [f"ngram 1={len(single) + 1}", f"ngram 2={sum(map(len, pairs.values()))}"]
    lines = ["\\data\\", *known, f"ngram 3={sum(map(len, triples.values()))}", "", "\\1-grams:"]
    for word in sorted({START, *single}):
        probability = single.get(word, 0.0)
        weight = _backoff(pairs[word], single, reserved) if word in pairs else 1.0
        lines.append(f"{_log(probability)} {word} {_log(weight)}")
    lines += ["", "\\2-grams:"]
    for one in sorted(pairs):
        for two in sorted(pairs[one]):
            seen = triples.get((one, two))
            # The model of two words as it really is: what was seen, and single words for the rest.
            weight = _backoff(seen, pairs.get(two, {}), reserved) if seen else 1.0
            lines.append(f"{_log(pairs[one][two])} {one} {two} {_log(weight)}")
    lines += ["", "\\3-grams:"]
    for one, two in sorted(triples):
        context = triples[one, two]
        lines += [f"{_log(context[three])} {one} {two} {three}" for three in sorted(context)]
    return [*lines, "", "\\end\\", ""]
