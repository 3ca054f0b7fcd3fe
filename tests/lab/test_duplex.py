from __future__ import annotations

import pytest

from tui_assistant.lab.duplex import Duplex, advise
from tui_assistant.sound.chirp import Echo


@pytest.mark.parametrize(
    ("echo", "duplex", "words"),
    [
        (Echo(), Duplex.HEADPHONES, "does not hear the speakers: it stays open"),
        (Echo(confidence=0.4, level_db=-3), Duplex.HEADPHONES, "does not hear"),
        (Echo(-50.0, 80, 1.0, -70.0), Duplex.HEADPHONES, "at -50 dB after 80 ms, too faint"),
        (Echo(-20.0, 80, 1.0, -30.0), Duplex.HEADPHONES, "too faint"),  # 10 dB under the noise
        (Echo(-12.0, 80, 1.0, -70.0), Duplex.CANCELLER, "an echo canceller could take that away"),
        (Echo(-12.0, 450, 1.0, -70.0), Duplex.HALF_DUPLEX, "too late for an echo canceller"),
        (Echo(3.0, 80, 1.0, -70.0), Duplex.HALF_DUPLEX, "louder than an echo canceller can mend"),
    ],
)
def test_advice(echo: Echo, duplex: Duplex, words: str) -> None:
    advice = advise(echo)
    assert advice.duplex is duplex
    assert words in advice.words


def test_the_gain_is_no_part_of_the_figure_that_is_told() -> None:
    advice = advise(Echo(-2.0, 80, 1.0, -70.0), gain_db=10.0)
    assert "at -12 dB" in advice.words


def test_a_canceller_in_use_is_not_to_be_installed() -> None:
    echo = Echo(-12.0, 80, 1.0, -70.0)
    assert "takes that away: it is in use" in advise(echo, cancelling=True).words
    assert "pip install 'tui-assistant[aec]'" in advise(echo).words
