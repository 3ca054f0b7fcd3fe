from __future__ import annotations

import numpy as np
import pytest
from echo_room import Desk, heard, speech, through

from tui_assistant.audio.echo import EchoStage, Levels
from tui_assistant.audio.gate import LEARN, MARGIN_DB, EchoGate

RATE = 16_000
ANSWER = ("lj_0002", "lj_0004", "lj_0006")


def run(gate: EchoGate, mic: np.ndarray) -> np.ndarray:
    """For every 10 ms while ANSWER is played, whether it was clearly louder."""
    _, _, levels = through(EchoStage(RATE), Desk(speech(*ANSWER), RATE), mic)
    louder = []
    for level in levels:
        gate.push(level)
        louder.append(gate.louder)
    return np.array(louder)


@pytest.mark.parametrize("echo_db", [-20.0, -6.0, 6.0])
@pytest.mark.parametrize("wet", [0.1, 0.4])
def test_the_echo_alone_is_as_loud_as_expected(echo_db: float, wet: float) -> None:
    louder = run(EchoGate(), heard(speech(*ANSWER), RATE, echo_db=echo_db, wet=wet))
    assert louder.mean() < 0.01
    ten = np.convolve(louder, np.ones(32), "valid")
    assert ten.max() < 16  # never half of what ten frames of the detector last


@pytest.mark.parametrize("who", ["jfk", "librivox_0880", "lj_0013"])
def test_a_voice_that_is_clearly_louder_opens_it(who: str) -> None:
    answer = speech(*ANSWER)
    echo_dbfs = -26.0
    user = speech(who, dbfs=echo_dbfs + 14)[: 3 * RATE]
    louder = run(EchoGate(), heard(answer, RATE, user=user, user_at_s=4.0))
    assert louder[:395].mean() < 0.01
    assert louder[400:700].sum() > 40


def test_the_coupling_is_the_echos_level() -> None:
    gate = EchoGate()
    assert gate.coupling_db is None
    for _ in range(LEARN):
        gate.push(Levels(microphone=1e4, reference=1e6))
        assert not gate.louder  # nothing is known yet
    assert gate.coupling_db == pytest.approx(-20.0)
    for _ in range(2):
        gate.push(Levels(microphone=1e4 * 10 ** (MARGIN_DB / 10) * 1.1, reference=1e6))
    assert gate.louder
    gate.push(Levels(microphone=1e4, reference=1e6))
    gate.push(Levels(microphone=1e4, reference=1e6))
    assert not gate.louder


def test_who_speaks_does_not_become_the_echo_and_a_volume_that_was_turned_up_does() -> None:
    gate = EchoGate()
    for _ in range(LEARN):
        gate.push(Levels(1e4, 1e6))
    for _ in range(100):
        gate.push(Levels(1e6, 1e6))  # a second of somebody, 20 dB louder
    assert gate.louder
    assert gate.coupling_db < -17
    for _ in range(1000):
        gate.push(Levels(1e6, 1e6))
    assert not gate.louder


def test_pauses_of_the_answer_teach_nothing() -> None:
    gate = EchoGate()
    for _ in range(200):
        gate.push(Levels(1e4, 0.0))
    assert gate.coupling_db is None
    gate.restart()
    assert not gate.louder
