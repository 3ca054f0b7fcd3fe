from __future__ import annotations

from tui_assistant.audio.timeline import Timeline


def test_key_times_fall_on_samples_although_callbacks_come_late() -> None:
    timeline = Timeline(48_000)
    for block in range(200):
        lateness = 0.0 if block % 5 else 0.03  # every fifth callback is 30 ms late
        timeline.add(block * 480, 1000.0 + block * 0.01 + lateness)
    assert timeline.position_at(1001.0) == 48_000
    assert timeline.position_at(1002.5) == 120_000  # not there yet
    assert timeline.position_at(900.0) == 0


def test_without_anchors_and_after_a_restart_nothing_is_known() -> None:
    timeline = Timeline(16_000)
    assert timeline.position_at(5.0) == 0
    timeline.add(160, 5.0)
    timeline.restart()
    timeline.add(16_000, 7.0)
    assert timeline.position_at(7.5) == 24_000


def test_a_drifting_clock_is_followed() -> None:
    timeline = Timeline(48_000)
    real = 48_000 * 1.0002  # a sound card that runs 200 ppm fast
    for block in range(6000):
        timeline.add(block * 480, block * 480 / real)
    assert abs(timeline.position_at(6000 * 480 / real) - 6000 * 480) < 48  # under a millisecond after a minute
