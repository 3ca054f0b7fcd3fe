from __future__ import annotations

from tui_assistant.audio.echo import TAIL_S, HalfDuplexGate


def test_the_gate_closes_while_something_is_heard_and_a_tail_longer() -> None:
    gate = HalfDuplexGate()
    assert not gate.closed(0, 0.0)
    assert gate.closed(4800, 1.0)
    assert gate.closed(1, 1.1)
    assert gate.closed(0, 1.1 + TAIL_S - 0.01)
    assert not gate.closed(0, 1.1 + TAIL_S)
    assert not gate.closed(0, 1.2)  # open stays open until something is heard again
    assert gate.closed(10, 1.2)
