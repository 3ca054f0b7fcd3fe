"""The choice of who detects turns, as it is told."""

from __future__ import annotations

from fakes import silence
from floor_desk import WritingLink
from served_link import Listened, tone

from tui_assistant.runtime.turns import TurnsChoice


class Tuner:
    applied = 0

    def again(self) -> None:
        self.applied += 1


async def test_a_change_is_told_once_and_the_values_are_set_again() -> None:
    told: list[str] = []
    tuner = Tuner()
    async with Listened("there") as heard:
        choice = TurnsChoice(heard.link, tuner, lambda text, severity: told.append(text))  # type: ignore[arg-type]
        assert choice.where == "there"
        choice.look()
        assert told == []
        choice.switch()
        choice.look()
        assert (choice.where, tuner.applied) == ("here", 1)
        assert told == ["Turns are detected here now: only speech is sent."]
        heard.hear(silence(500), tone(500))
        choice.switch()
        assert told[1:] == ["From the next turn on."]
        assert choice.where == "here"
        heard.hear(tone(100), silence(1_000))
        choice.look()
        assert (choice.where, tuner.applied) == ("there", 2)
        assert len(told) == 3


def test_where_the_conversation_runs_here_there_is_no_choice() -> None:
    told: list[str] = []
    choice = TurnsChoice(WritingLink(), Tuner(), lambda text, severity: told.append(text))  # type: ignore[arg-type]
    choice.switch()
    choice.look()
    assert choice.where == ""
    assert len(told) == 1
