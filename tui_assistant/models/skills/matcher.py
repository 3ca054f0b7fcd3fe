"""From a request to the skill that is meant: an alignment of the request with every promising sample phrase.

Both are rows of words. Aligning them costs: a word of the phrase left out, a word of the request left over, a word that
is only similar. Little words cost little, so that recognition errors in them do not matter; a word that says something
and belongs to no phrase costs a whole unit, so that talk that merely contains a command is not taken for one.
confidence = 1 - cost / weight of the phrase.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .base import Arguments, Intent, Skill
from .numbers import NUMBER_WORDS
from .phrases import expand
from .slots import FREE, Found, Value
from .words import MAX_TOKENS, similarity, strip_fillers, tokenise, word_set

CANDIDATES = 8  # phrases that are aligned in full: enough for every close rival
SIMILAR = 0.7  # words less similar than this are different words
LITTLE = 0.15  # weight of words that carry no meaning of their own
MIDDLE = 0.45  # weight of question words and the like
# Free words explain whatever is said, so that a long talk with one right word in it would look like a command. Then all
# words of the phrase that say something must be there: one missing costs more than this leaves.
FREE_LEAST = 0.7
_LITTLE_WORDS = word_set(
    "a an the to of for my me is are am in on at it that this some any i you your do does did be by with there about",
    "have has was will would should and just us we let got new",
)
_MIDDLE_WORDS = word_set("what how many much tell give show again now right all up can make know who which")
_INFINITE = float("inf")

Chart = dict[str, list[list[Found]]]
Cell = tuple[float, tuple[tuple[str, Value], ...]]  # cost so far, and the values found on the way


def weight(word: str) -> float:
    return LITTLE if word in _LITTLE_WORDS else MIDDLE if word in _MIDDLE_WORDS else 1.0


@dataclass(frozen=True, slots=True)
class _Phrase:
    skill: Skill
    parts: tuple[str, ...]  # words, and parameters in braces
    weight: float
    words_weight: float  # of the words alone
    slots: tuple[str, ...]  # kinds of slots that must be found


class Matcher:
    """Built once from the skills (about 50 ms); `match` is pure and safe from several threads."""

    def __init__(self, skills: Iterable[Skill]) -> None:
        self._phrases: list[_Phrase] = []
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self._slots = {p.slot.name: p.slot for skill in skills for p in skill.parameters}
        seen: set[tuple[str, ...]] = set()
        for skill in skills:
            for template in skill.phrases:
                for words in expand(template):
                    parts = _normal_parts(words)
                    if parts not in seen:
                        seen.add(parts)
                        self._add(skill, parts)
        self._bare = [i for i, phrase in enumerate(self._phrases) if all(part[0] == "{" for part in phrase.parts)]

    def _add(self, skill: Skill, parts: tuple[str, ...]) -> None:
        total = sum(skill.parameter(part[1:-1]).slot.weight if part[0] == "{" else weight(part) for part in parts)
        words = sum(weight(part) for part in parts if part[0] != "{")
        slots = tuple(skill.parameter(part[1:-1]).slot.name for part in parts if part[0] == "{")
        self._phrases.append(_Phrase(skill, parts, total, words, slots))
        for part in set(parts):
            if part[0] != "{":
                self._postings[part].append((len(self._phrases) - 1, weight(part)))

    def match(self, text: str) -> Intent | None:
        """The best intent, however unsure; None when nothing at all agrees."""
        tokens = strip_fillers(tokenise(text))
        if not tokens or len(tokens) > MAX_TOKENS:
            return None
        chart: Chart = {
            name: [slot.find(tokens, at) for at in range(len(tokens))] for name, slot in self._slots.items()
        }
        best: tuple[float, float] = (0.0, 0.0)
        found: Intent | None = None
        for index in self._promising(tokens, chart):
            phrase = self._phrases[index]
            cost, arguments = _align(phrase, tokens, chart)
            confidence = 1.0 - cost / phrase.weight
            if FREE.name in phrase.slots and confidence < FREE_LEAST:
                continue
            # Of equal matches the one that explains more by words of its own is meant.
            rank = (round(confidence, 3), phrase.weight)
            if confidence > 0 and rank > best:
                best = rank
                found = Intent(phrase.skill, arguments, confidence)
        return found

    def _promising(self, tokens: Sequence[str], chart: Chart) -> list[int]:
        """The phrases with the best chances, judged by the words that they share with the request, in any order."""
        weights = [weight(token) for token in tokens]
        spans = {name: _longest(row, weights) for name, row in chart.items()}
        hits: dict[int, float] = defaultdict(float)
        for token in set(tokens):
            postings = self._postings.get(token)
            if postings is None:
                postings = self._near(token)
            for index, value in postings:
                hits[index] += value
        for index in self._bare:
            hits[index] += 0.0
        total = sum(weights)
        scored = []
        for index, hit in hits.items():
            phrase = self._phrases[index]
            if hit < 0.45 * phrase.words_weight:
                continue  # most of it is missing: it cannot win
            covered = hit
            for name in phrase.slots:
                if not spans[name]:
                    break
                covered += spans[name]
            else:
                missing = phrase.words_weight - hit
                left_over = total - covered if total > covered else 0.0
                scored.append(((missing + left_over) / phrase.weight, index))
        return [index for _, index in heapq.nsmallest(CANDIDATES, scored)]

    def _near(self, token: str) -> list[tuple[int, float]]:
        near: list[tuple[int, float]] = []
        if len(token) < 3 or token in NUMBER_WORDS:
            return near
        for word, postings in self._postings.items():
            if abs(len(word) - len(token)) <= 2 and (alike := similarity(word, token)) >= SIMILAR:
                near.extend((index, value * alike) for index, value in postings)
        return near


def _longest(row: list[list[Found]], weights: list[float]) -> float:
    """Weight of the longest stretch of the request that a kind of slot explains."""
    spans = (sum(weights[at:end]) for at, found in enumerate(row) for end, _, _ in found)
    return max(spans, default=0.0)


def _normal_parts(words: Sequence[str]) -> tuple[str, ...]:
    parts: list[str] = []
    for word in words:
        parts.extend([word] if word[0] == "{" else tokenise(word))
    return tuple(parts)


def _align(phrase: _Phrase, tokens: Sequence[str], chart: Chart) -> tuple[float, Arguments]:
    """Cheapest alignment by dynamic programming: row = parts of the phrase done, column = tokens done."""
    size = len(tokens)
    left_over = [weight(token) for token in tokens]
    row: list[Cell] = [(0.0, ())]
    for at in range(size):
        row.append((row[at][0] + left_over[at], ()))
    for part in phrase.parts:
        following: list[Cell] = [(_INFINITE, ())] * (size + 1)
        if part[0] == "{":
            name = part[1:-1]
            spans = chart[phrase.skill.parameter(name).slot.name]
            for at in range(size):
                cost, arguments = row[at]
                for end, value, penalty in spans[at]:
                    if cost + penalty < following[end][0]:
                        following[end] = (cost + penalty, (*arguments, (name, value)))
        else:
            full = weight(part)
            following = [(cost + full, arguments) for cost, arguments in row]
            for at in range(size):
                alike = similarity(part, tokens[at])
                if alike >= SIMILAR:
                    cost = row[at][0] + (1.0 - alike) * max(full, left_over[at])
                    if cost < following[at + 1][0]:
                        following[at + 1] = (cost, row[at][1])
        for at in range(size):
            cost = following[at][0] + left_over[at]
            if cost < following[at + 1][0]:
                following[at + 1] = (cost, following[at][1])
        row = following
    cost, arguments = row[size]
    return cost, dict(arguments)
