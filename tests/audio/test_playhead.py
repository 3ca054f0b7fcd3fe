from __future__ import annotations

from tui_assistant.audio.playhead import Playhead

RATE = 1000  # a sample is a millisecond


def test_samples_are_heard_when_the_device_says_not_when_they_are_handed_over() -> None:
    head = Playhead(RATE)
    for block in range(20):  # the device takes 200 ms at once
        head.add(10, 10, 5.0 + block * 0.01)
    assert head.handed == 200
    assert [head.heard(now) for now in (4.9, 5.0, 5.0505, 5.2005, 9.0)] == [0, 0, 50, 200, 200]


def test_silence_between_samples_does_not_count() -> None:
    head = Playhead(RATE)
    head.add(10, 10, 0.0)
    head.add(10, 4, 0.01)
    head.add(10, 0, 0.02)
    head.add(10, 10, 0.03)
    assert [head.heard(now) for now in (0.0125, 0.014, 0.0295, 0.0355)] == [12, 14, 14, 19]


def test_a_corrected_time_never_takes_back_what_was_heard() -> None:
    head = Playhead(RATE)
    head.add(100, 100, 1.0)
    assert head.heard(1.0505) == 50
    head.add(100, 100, 1.13)  # the device was 30 ms later than it thought
    assert head.heard(1.06) == 50
    assert head.heard(1.1005) == 70


def test_a_cut_takes_the_rest_out_of_both_counts() -> None:
    head = Playhead(RATE)
    head.add(100, 100, 0.0)
    assert head.cut(0.0305) == 70
    assert (head.handed, head.heard(5.0)) == (30, 30)
    head.restart()
    head.add(50, 50, 10.0)
    assert [head.heard(now) for now in (9.0, 10.0205, 11.0)] == [30, 50, 80]


def test_a_restart_means_that_all_was_heard() -> None:
    head = Playhead(RATE)
    head.add(100, 100, 0.0)
    head.restart()
    assert head.heard(0.0) == 100
