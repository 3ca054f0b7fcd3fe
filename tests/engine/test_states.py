"""The tables of states are true, and drawn whole."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.engine.observation import TurnState
from tui_assistant.engine.ports import FRAME_MS
from tui_assistant.engine.response import NEXT, ResponseState
from tui_assistant.engine.states import DIAGRAMS, RESPONSE_MOVES, TURN_MOVES, mermaid, text
from tui_assistant.engine.turn import TurnTracker
from tui_assistant.protocol.session import ServerVad


def test_the_response_s_table_is_the_one_that_it_obeys() -> None:
    assert {state: set(targets) for state, targets in RESPONSE_MOVES.items()} == NEXT


def test_all_states_are_there() -> None:
    assert set(TURN_MOVES) == set(TurnState)
    assert set(RESPONSE_MOVES) == set(ResponseState)


def moves(probabilities: list[float], silence_ms: int) -> set[tuple[TurnState, TurnState]]:
    tracker = TurnTracker(ServerVad(silence_duration_ms=silence_ms))
    found = set()
    for place, p in enumerate(probabilities):
        before = tracker.state
        tracker.frame(place * FRAME_MS, p)
        if tracker.state is not before:
            found.add((before, tracker.state))
    return found


TABLE = {(state, target) for state, targets in TURN_MOVES.items() for target in targets}


@given(st.lists(st.sampled_from([0.0, 0.4, 0.9]), max_size=60), st.sampled_from([0, 64, 500]))
@settings(max_examples=200, deadline=None)
def test_a_turn_moves_as_its_table_says(probabilities: list[float], silence_ms: int) -> None:
    assert moves(probabilities, silence_ms) <= TABLE


def test_every_move_of_a_turn_happens() -> None:
    seen = moves([0.9, 0.0, 0.9, 0.9, 0.0, 0.4, 0.0, 0.0, 0.0], 64) | moves([0.9] * 4_000, 64)
    assert seen == {(a, b) for a, b in TABLE if TurnState.OFF not in (a, b)}


SMALL = {
    TurnState.IDLE: {TurnState.ONSET: "p: high; and low"},
    TurnState.ONSET: {},
}


def test_a_diagram_to_the_letter() -> None:
    idle, onset = (str(state.value).replace(";", ",").replace(":", " -") for state in SMALL)
    assert mermaid(SMALL).splitlines(keepends=True) == [
        "stateDiagram-v2\n",
        f"    IDLE: IDLE<br>{idle}\n",
        f"    ONSET: ONSET<br>{onset}\n",
        "    [*] --> IDLE\n",
        "    IDLE --> ONSET: p - high, and low\n",
        "    ONSET --> [*]\n",
    ]


def test_for_a_terminal_to_the_letter() -> None:
    assert text(SMALL).splitlines(keepends=True) == [
        f"IDLE  {TurnState.IDLE.value}\n",
        "    -> ONSET      p: high; and low\n",
        f"ONSET  {TurnState.ONSET.value}\n",
    ]


def test_the_diagrams_hold_every_state_and_move() -> None:
    for table in DIAGRAMS.values():
        drawn, written = mermaid(table), text(table)
        assert drawn.startswith("stateDiagram-v2\n")
        assert drawn.count(" --> ") == 1 + sum(len(targets) or 1 for targets in table.values())
        for line in drawn.splitlines()[1:]:
            assert line.count(":") <= 1, "Mermaid would end the label there"
            assert ";" not in line, "and there"
        assert all(f"{state.name}  {state.value}" in written for state in table)
