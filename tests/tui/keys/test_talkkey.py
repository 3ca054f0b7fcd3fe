from __future__ import annotations

import pytest

from tui_assistant.tui.keys.talkkey import Press, TalkKey


def acted(times_ms: list[float]) -> list[float]:
    """When the talk key acts, for presses at those times; a waiting press acts unless another comes in time."""
    key, result, waiting = TalkKey(), [], None
    for now in times_ms:
        if waiting is not None and now >= waiting:
            result.append(waiting)
        waiting = None
        match key.press(now):
            case Press.ACT:
                result.append(now)
            case Press.WAIT:
                waiting = now + 120
            case Press.REPEAT:
                pass
    return [*result, waiting] if waiting is not None else result


def test_two_presses_start_and_send() -> None:
    assert acted([0, 3_000]) == [0, 3_000]


def test_a_quick_second_press_counts_a_little_later() -> None:
    assert acted([0, 400]) == [0, 520]


@pytest.mark.parametrize("first_repeat", [250, 400, 500, 660])
@pytest.mark.parametrize("every", [25, 40, 90])
def test_a_held_key_acts_once(first_repeat: int, every: int) -> None:
    held = [0.0, *(float(first_repeat + every * number) for number in range(100))]
    assert acted(held) == [0]


def test_after_holding_the_next_press_counts() -> None:
    held = [0.0, 500.0, 530.0, 560.0, 590.0]
    assert acted([*held, 3_000.0]) == [0, 3_000]
    assert acted([*held, 900.0]) == [0, 1_020]
