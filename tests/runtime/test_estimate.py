"""What our own rules make of the frames, beside a server's decisions."""

from __future__ import annotations

from dataclasses import replace

from tui_assistant.client.tuning import Tuning
from tui_assistant.engine.turn import Started, Stopped
from tui_assistant.runtime.api import Phase
from tui_assistant.runtime.estimate import Estimate

SPEECH, SILENCE = 0.9, 0.0


def test_it_says_what_the_engine_would() -> None:
    estimate, tuning = Estimate(), Tuning(silence_duration_ms=128)
    said = [estimate.frame(p, tuning) for p in [SILENCE] + [SPEECH] * 3 + [SILENCE] * 5]
    assert [phase for phase, _ in said] == (
        [Phase.QUIET] * 2 + [Phase.SPEECH] * 2 + [Phase.WAITING] * 4 + [Phase.QUIET]
    )
    decided = {number: each for number, (_, each) in enumerate(said) if each is not None}
    assert [type(each) for each in decided.values()] == [Started, Stopped]
    assert list(decided) == [2, 7]


def test_values_act_at_once_and_what_nobody_decides_on_ends_a_turn() -> None:
    estimate, tuning = Estimate(), Tuning()
    for _ in range(3):
        estimate.frame(SPEECH, tuning)
    estimate.skip()
    assert estimate.frame(SILENCE, tuning) == (Phase.QUIET, None)
    deaf = replace(tuning, threshold=0.95)
    assert [estimate.frame(SPEECH, deaf)[0] for _ in range(4)] == [Phase.QUIET] * 4
