"""A model that cannot be had: the line about it, and which one takes its place."""

from __future__ import annotations

from typing import Any

import pytest

from tui_assistant.errors import ModelError
from tui_assistant.models import registry
from tui_assistant.models.recognisers import best as best_recogniser
from tui_assistant.models.registry import BUILT_IN, NEXT_BEST, Port, first
from tui_assistant.models.synthesisers import best as best_synthesiser


class Made:
    def __init__(self, name: str, options: Any) -> None:
        self.name, self.options = name, options


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names that can be made."""
    names = {"espeak", "pocketsphinx"}

    def create(port: Port, name: str, options: Any = None) -> Made:
        if name not in names:
            raise ModelError(f"the model {name} is not on this machine", f"tui-assistant models get {name}")
        return Made(name, options)

    monkeypatch.setattr(registry, "create", create)
    return names


def choose(wanted: str, lines: list[str] | None = None, options: Any = None) -> Made:
    tell = (lines if lines is not None else []).append
    made = first(Port.RECOGNISER, wanted, options or {}, NEXT_BEST[Port.RECOGNISER], tell)
    assert isinstance(made, Made)
    return made


def test_what_is_wanted_is_taken_with_its_options(there: set[str]) -> None:
    there.add("moonshine-small")
    lines: list[str] = []
    assert choose("pocketsphinx", lines, {"a": 1}).options == {"a": 1}
    assert lines == []


def test_the_next_best_takes_its_place_and_one_line_says_so(there: set[str]) -> None:
    there.add("moonshine-batch")
    lines: list[str] = []
    made = choose("moonshine-tiny", lines, {"folder": "x"})
    assert (made.name, made.options) == ("moonshine-batch", None)  # options are of one model only
    assert lines == [
        "the model moonshine-tiny is not on this machine (tui-assistant models get moonshine-tiny); "
        "the next best recogniser takes the place of moonshine-tiny"
    ]


def test_where_none_can_be_had_it_is_about_what_was_wanted(there: set[str]) -> None:
    there.clear()
    with pytest.raises(ModelError, match="moonshine-tiny is not on this machine"):
        choose("moonshine-tiny")


def test_where_nothing_else_could_be_tried_no_line_promises_it(there: set[str]) -> None:
    lines: list[str] = []
    with pytest.raises(ModelError, match="not on this machine"):
        first(Port.RESPONDER, "chat", {}, (), lines.append)
    assert lines == []


def test_the_best_is_what_there_is(there: set[str]) -> None:
    assert best_recogniser.create({}).name == "pocketsphinx"
    assert best_synthesiser.create({}).name == "espeak"
    there |= {"moonshine-tiny", "moonshine-small", "piper", "kokoro", "transcriptions", "speech"}
    assert best_recogniser.create({}).name == "moonshine-small"
    assert best_synthesiser.create({}).name == "piper"
    there.clear()
    with pytest.raises(ModelError, match="not on this machine"):
        best_synthesiser.create({})


def test_the_chain_names_models_that_there_are_and_no_server() -> None:
    for port, names in NEXT_BEST.items():
        assert set(names) <= set(BUILT_IN[port]) - {"best", "transcriptions", "speech"}
