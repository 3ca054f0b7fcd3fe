from __future__ import annotations

import random

import pytest

from tui_assistant.models.skills.phrases import expand, sample


def test_optional_and_alternatives_expand() -> None:
    phrases = {" ".join(words) for words in expand("(set|start) [a [new]] timer {seconds}")}
    assert phrases == {
        f"{verb}{article} timer {{seconds}}" for verb in ("set", "start") for article in ("", " a", " a new")
    }


def test_samples_are_among_the_expansions() -> None:
    rng = random.Random(1)
    template = "(a|b [c|d]) {e} [f]"
    drawn = {tuple(sample(template, rng)) for _ in range(300)}
    assert drawn == set(expand(template))


@pytest.mark.parametrize("template", ["a)", "(a|b", "a | b"])
def test_bad_template(template: str) -> None:
    with pytest.raises(ValueError, match="bad template"):
        expand(template)
