from __future__ import annotations

import json
import stat
import threading
import time
from pathlib import Path

import pytest

from tui_assistant.engine.ports import Alarm
from tui_assistant.models.skills.timerbook import MAX_TIMERS, METADATA_LIMIT, TimerBook


class Ears:
    """Collects alarms, and lets a test wait for one."""

    def __init__(self) -> None:
        self.alarms: list[Alarm] = []
        self._more = threading.Condition()

    def __call__(self, alarm: Alarm) -> None:
        with self._more:
            self.alarms.append(alarm)
            self._more.notify_all()

    def wait(self, count: int = 1) -> list[Alarm]:
        with self._more:
            assert self._more.wait_for(lambda: len(self.alarms) >= count, 10), f"{len(self.alarms)} alarms"
        return self.alarms


def test_a_timer_rings_in_the_session_that_set_it() -> None:
    book, mine, other = TimerBook(), Ears(), Ears()
    leave_other, leave = book.listen("b", other), book.listen("a", mine)
    timer = book.add(0.05, "tea", "a")
    assert timer is not None
    alarm = mine.wait()[0]
    assert alarm.text == "Your tea timer is done."
    assert alarm.metadata == {"origin": "timer", "timer": "tea timer", "timers": "[]"}
    assert other.alarms == []
    leave()
    book.add(0.05, "", "a")
    assert other.wait()[0].text == "Your zero second timer is done."
    leave_other()


def test_several_ring_in_order_and_the_list_shrinks() -> None:
    book, ears = TimerBook(), Ears()
    book.add(0.10, "egg", "a")
    book.add(0.05, "tea", "a")
    leave = book.listen("a", ears)
    alarms = ears.wait(2)
    leave()
    assert [alarm.metadata["timer"] for alarm in alarms] == ["tea timer", "egg timer"]
    assert [entry["name"] for entry in json.loads(alarms[0].metadata["timers"])] == ["egg"]


def test_an_overdue_timer_rings_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state" / "timers.json"
    now = time.time()
    TimerBook(path, clock=lambda: now - 3600).add(300, "", "gone")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    book, ears = TimerBook(path), Ears()
    assert len(book.running()) == 1
    leave = book.listen("new", ears)
    assert ears.wait()[0].text == "Your five minute timer finished while I was away."
    leave()
    assert TimerBook(path).running() == ()


def test_a_running_timer_survives_a_restart_and_is_silent(tmp_path: Path) -> None:
    path = tmp_path / "timers.json"
    first = TimerBook(path).add(600, "pasta", "a")
    assert first is not None
    book, ears = TimerBook(path), Ears()
    leave = book.listen("b", ears)
    assert book.running() == (first,)
    assert 598 < book.left(first) <= 600
    leave()
    assert ears.alarms == []


def test_a_timer_waits_until_somebody_listens() -> None:
    clock = [1000.0]
    book, ears = TimerBook(clock=lambda: clock[0], steady=lambda: clock[0]), Ears()
    book.add(10, "", "a")
    clock[0] = 1011.0
    assert len(book.running()) == 1
    leave = book.listen("b", ears)
    assert ears.wait()[0].text == "Your ten second timer is done."
    leave()


@pytest.mark.parametrize("set_by_s", [-7200.0, -3.0, 3.0, 7200.0])
def test_timers_move_with_a_clock_that_is_set(tmp_path: Path, set_by_s: float) -> None:
    """Neither at once nor hours late: five minutes are five minutes, also in the file."""
    wall, steady = [1_000_000.0], [50.0]
    book, ears = TimerBook(tmp_path / "t.json", clock=lambda: wall[0], steady=lambda: steady[0]), Ears()
    book.add(300, "", "a")
    leave = book.listen("a", ears)
    wall[0] += set_by_s + 200
    steady[0] += 200
    (timer,) = book.running()
    assert book.left(timer) == pytest.approx(100)
    assert json.loads((tmp_path / "t.json").read_text())[0]["ends_at"] == pytest.approx(timer.ends_at)
    assert ears.alarms == []
    wall[0] += 101
    steady[0] += 101
    book.add(0.001, "wakes the thread", "a")
    assert "Your five minute timer is done." in [alarm.text for alarm in ears.wait()]
    leave()


def test_a_suspend_is_no_jump() -> None:
    """Both clocks have gone on: the timer has finished meanwhile."""
    now = [1000.0]
    book, ears = TimerBook(clock=lambda: now[0], steady=lambda: now[0] - 900), Ears()
    book.add(300, "", "a")
    now[0] += 4000
    leave = book.listen("a", ears)
    assert ears.wait()[0].text == "Your five minute timer finished while I was away."
    leave()


def test_a_listener_that_fails_does_not_silence_the_others() -> None:
    def broken(_: Alarm) -> None:
        raise RuntimeError("gone")

    book, ears = TimerBook(), Ears()
    leave_broken, leave = book.listen("bad", broken), book.listen("good", ears)
    book.add(0.02, "one", "bad")
    book.add(0.06, "two", "good")
    assert ears.wait()[0].metadata["timer"] == "two timer"
    leave_broken()
    leave()


def test_the_thread_ends_with_the_last_listener() -> None:
    book = TimerBook()
    leave = book.listen("a", Ears())
    thread = next(thread for thread in threading.enumerate() if thread.name == "timers")
    leave()
    leave()  # a second time does nothing
    thread.join(5)
    assert not thread.is_alive()


def test_metadata_fits_and_the_number_is_limited() -> None:
    book = TimerBook()
    added = [book.add(60 + n, "a rather long name of a timer", "a") for n in range(MAX_TIMERS + 1)]
    assert added[-1] is None
    assert None not in added[:-1]
    text = book.metadata()["timers"]
    assert len(text) <= METADATA_LIMIT
    first = json.loads(text)[0]
    assert set(first) == {"name", "ends_at", "label"}
    assert first["ends_at"] == pytest.approx(time.time() + 60, abs=3)


@pytest.mark.parametrize(
    "content",
    ["", "{", "null", "[1, null, {}]", '[{"id": "x", "name": "", "seconds": -1, "ends_at": 5, "session_id": "s"}]',
     '[{"id": "x", "name": "", "seconds": 1, "ends_at": NaN, "session_id": "s"}]', "[" * 100_000],
)  # fmt: skip
def test_a_broken_file_is_an_empty_book(tmp_path: Path, content: str) -> None:
    path = tmp_path / "timers.json"
    path.write_text(content)
    assert TimerBook(path).running() == ()


def test_a_folder_that_cannot_be_written_keeps_the_timer_in_memory(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    book = TimerBook(blocker / "timers.json")
    assert book.add(60, "", "a") is not None
    assert len(book.running()) == 1
