"""The states of a turn and of a response as tables, and the tables as diagrams.

A response refuses what is not in its table (response.NEXT); the tracker of turns is held against its table by a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from tui_assistant.engine.observation import TurnState
from tui_assistant.engine.response import ResponseState

Moves = Mapping[Enum, Mapping[Enum, str]]

TURN_MOVES: Moves = {
    TurnState.OFF: {TurnState.IDLE: "turn_detection is set"},
    TurnState.IDLE: {TurnState.ONSET: "p >= threshold", TurnState.OFF: "turn_detection null"},
    TurnState.ONSET: {
        TurnState.SPEECH: "p >= threshold again: speech_started",
        TurnState.IDLE: "p < threshold",
        TurnState.OFF: "turn_detection null",
    },
    TurnState.SPEECH: {
        TurnState.WAITING: "p < threshold - 0.15",
        TurnState.IDLE: "120 s, or no audio: speech_stopped; commit, clear",
        TurnState.OFF: "turn_detection null",
    },
    TurnState.WAITING: {
        TurnState.SPEECH: "p >= threshold - 0.15",
        TurnState.IDLE: "silence long enough: speech_stopped; commit, clear",
        TurnState.OFF: "turn_detection null",
    },
}
RESPONSE_MOVES: Moves = {
    ResponseState.WAITING: {
        ResponseState.THINKING: "the words are known",
        ResponseState.DONE: "nothing was said; cancelled",
    },
    ResponseState.THINKING: {
        ResponseState.FINISHING: "the text is complete, or at max_output_tokens",
        ResponseState.DONE: "failed; cancelled",
    },
    ResponseState.FINISHING: {ResponseState.DONE: "all is said; cancelled"},
    ResponseState.DONE: {},
}
DIAGRAMS: dict[str, Moves] = {"turn": TURN_MOVES, "response": RESPONSE_MOVES}


def mermaid(moves: Moves) -> str:
    """A Mermaid `stateDiagram-v2`; the first state of the table is where it begins."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {state.name}: {state.name}<br>{_plain(str(state.value))}" for state in moves]
    lines.append(f"    [*] --> {next(iter(moves)).name}")
    for state, targets in moves.items():
        lines += [f"    {state.name} --> {target.name}: {_plain(why)}" for target, why in targets.items()]
        if not targets:
            lines.append(f"    {state.name} --> [*]")
    return "\n".join(lines) + "\n"


def text(moves: Moves) -> str:
    """The same for a terminal: a line for each state, one for each way out of it."""
    lines = []
    for state, targets in moves.items():
        lines.append(f"{state.name}  {state.value}")
        lines += [f"    -> {target.name:<10} {why}" for target, why in targets.items()]
    return "\n".join(lines) + "\n"


def _plain(words: str) -> str:
    """Mermaid ends a label at a semicolon or a colon."""
    return words.replace(";", ",").replace(":", " -")
