from __future__ import annotations

from tui_assistant.audio.watchdog import SilenceWatch, Watchdog


def first_alarm(watchdog: Watchdog, calls, start: float, step: float, checks: int) -> float | None:
    for number in range(checks):
        now = start + number * step
        if watchdog.check(calls(now), now):
            return now - start
    return None


def test_callbacks_that_end_are_noticed_within_600_ms() -> None:
    alarm = first_alarm(Watchdog(), lambda now: min(50, int(now * 100)), 0.0, 0.01, 300)
    assert alarm is not None
    assert 1.0 <= alarm <= 1.1


def test_callbacks_that_go_on_raise_no_alarm() -> None:
    assert first_alarm(Watchdog(), lambda now: int(now * 100), 0.0, 0.01, 500) is None


def test_a_program_that_stood_still_is_no_lost_device() -> None:
    watchdog = Watchdog()
    assert not watchdog.check(10, 0.0)
    assert not watchdog.check(10, 30.0)  # suspended, or a long stall: the callbacks stood still too
    assert not watchdog.check(11, 30.01)
    assert not watchdog.check(11, 30.3)


def test_a_restart_gives_the_device_its_time_again() -> None:
    watchdog = Watchdog()
    for tenth in range(5):
        watchdog.check(1, tenth / 10)
    watchdog.restart()
    assert not watchdog.check(1, 9.0)
    assert not watchdog.check(1, 9.1)


def test_only_exact_zeros_for_three_seconds_are_silent() -> None:
    watch = SilenceWatch()
    watch.feed(47_999, False)
    assert not watch.silent(16_000)
    watch.feed(1, False)
    assert watch.silent(16_000)
    watch.feed(160, True)
    assert not watch.silent(16_000)
