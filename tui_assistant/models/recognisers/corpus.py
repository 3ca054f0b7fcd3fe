"""Sentences that people may say to the skills: what the language model is made from."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping

from tui_assistant.models.skills.base import Skill
from tui_assistant.models.skills.phrases import sample

SEED = 1  # the model is the same at every start
SENTENCES = 16_000  # not tuned; more make the start slower
# What a conversation has beside requests: recognised in order to be ignored, or to answer a question.
SHORT_REPLIES = "yes|no|yeah|nope|right|sure|okay|never mind|yes please|no thanks|mhm|do it|correct|huh"
_OPENINGS = (
    "please", "okay", "hey", "um", "uh", "can you", "could you", "could you please", "can you please", "so", "well",
    "i want to", "i want you to", "would you", "i would like to", "now", "um please",
)  # fmt: skip
_CLOSINGS = ("please", "please", "now", "thanks", "thank you", "for me")
_SHORTER = (("what is", "what's"), ("who is", "who's"), ("how is", "how's"), ("that is", "that's"), ("it is", "it's"),
            ("i am", "i'm"), ("what are", "what're"), ("i would", "i'd"), ("can not", "can't"), ("did not", "didn't"),
            ("timer is", "timer's"))  # fmt: skip
_BEFORE_TIMER = re.compile(
    r"\b(hour|minute|second)s (\w+ )?timer\b"
)  # "a five minute timer", not "a five minutes timer"
_CONTRACTIONS = [(re.compile(rf"\b{long}\b"), short) for long, short in _SHORTER]


def sentences(skills: Iterable[Skill], count: int = SENTENCES, seed: int = SEED) -> Iterator[list[str]]:
    """`count` sentences of words, the skills in proportion to their weights, with the fillers of natural speech."""
    rng = random.Random(seed)  # noqa: S311  # sentences, not secrets
    pool = list(skills)
    weights = [skill.weight for skill in pool]
    for skill in rng.choices(pool, weights, k=count):
        yield _spoken(skill, rng)
    for reply in SHORT_REPLIES.split("|"):
        for _ in range(max(1, count // 800)):
            yield reply.split()


def _spoken(skill: Skill, rng: random.Random) -> list[str]:
    parts = sample(rng.choice(skill.phrases), rng)
    values = skill.say(rng) if skill.say is not None else {}
    text = " ".join(_value(skill, part[1:-1], values, rng) if part[0] == "{" else part for part in parts)
    text = _BEFORE_TIMER.sub(r"\1 \2timer", text)
    for long, short in _CONTRACTIONS:
        if rng.random() < 0.5:
            text = long.sub(short, text)
    if rng.random() < 0.12:
        text = f"{rng.choice(_OPENINGS)} {text}"
    if rng.random() < 0.05:
        text = f"{text} {rng.choice(_CLOSINGS)}"
    words = text.split()
    if rng.random() < 0.03:
        words.insert(rng.randrange(len(words) + 1), rng.choice(("um", "uh")))
    return words


def _value(skill: Skill, name: str, values: Mapping[str, str], rng: random.Random) -> str:
    return values[name] if name in values else skill.parameter(name).slot.say(rng)
