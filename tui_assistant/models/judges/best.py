"""The best judgement that is to be had: sound and words together, or the words alone.

Each notices what the other cannot: the sound a voice that means to go on, the words a sentence that is
not complete. So the one that is less sure of the end counts: a wrong "not yet" costs a pause, a wrong "finished" cuts a
turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui_assistant.engine.ports import Judged, TurnJudge
from tui_assistant.errors import ModelError
from tui_assistant.models.judges import words


class LowerJudge:
    """The lower P of the two; `judge` names the one that decided. Where no word is known, the sound alone decides."""

    def __init__(self, sound: TurnJudge, reader: TurnJudge) -> None:
        self._sound = sound
        self._reader = reader
        self.name = f"{sound.name} and {reader.name}"

    def judge(self, pcm: bytes, text: str) -> Judged:
        heard = self._sound.judge(pcm, text)
        if not words.words_of(text):
            return heard
        return min(heard, self._reader.judge(pcm, text), key=lambda judged: judged.p)


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
