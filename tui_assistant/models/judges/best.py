"""The best judgement that is to be had: sound and words together, or the words alone.

Each notices what the other cannot: the sound a voice that is held up, the words a sentence that is no sentence yet. So
the one that is less sure of the end counts: a wrong "not yet" costs a pause, a wrong "finished" cuts a turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui_assistant.engine.ports import Judged, TurnJudge
from tui_assistant.errors import ModelError
from tui_assistant.models.judges import words


class LowerJudge:
    """The lower P of two judges; `judge` names the one that decided."""

    def __init__(self, first: TurnJudge, second: TurnJudge) -> None:
        self._judges = (first, second)
        self.name = f"{first.name} and {second.name}"

    def judge(self, pcm: bytes, text: str) -> Judged:
        return min((judge.judge(pcm, text) for judge in self._judges), key=lambda judged: judged.p)


class WordsOnly(words.WordsJudge):
    """The words, where smart-turn is missing; the name says so to the user."""

    def __init__(self, why: str) -> None:
        self.name = f"words alone ({why})"

    def judge(self, pcm: bytes, text: str) -> Judged:
        return Judged(words.p_finished(text), words.WordsJudge.name)


def create(options: Mapping[str, Any]) -> TurnJudge:
    """Options as smart_turn's."""
    # Here, because numpy and onnxruntime are not needed where words are all there is.
    try:
        from tui_assistant.models.judges import smart_turn

        return LowerJudge(smart_turn.create(options), words.create(options))
    except ImportError:
        return WordsOnly("for smart-turn: pip install 'tui-assistant[semantic]'")
    except ModelError as error:
        return WordsOnly(f"for smart-turn: {error.hint or error.message}")
