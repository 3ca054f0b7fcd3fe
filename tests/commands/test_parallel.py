from __future__ import annotations

import os
import sys

import pytest

from tui_assistant.commands.parallel import Workers, progress
from tui_assistant.errors import UnavailableError


def square(value: int) -> tuple[int, int]:
    return value * value, os.getpid()


def die(value: int) -> None:
    os._exit(value)


TASKS = [(value,) for value in range(20)]
SQUARES = [value * value for value in range(20)]


def test_one_job_works_in_this_process() -> None:
    with Workers(1) as workers:
        results = list(workers.each(square, TASKS))
    assert [value for value, _ in results] == SQUARES
    assert {pid for _, pid in results} == {os.getpid()}


def test_more_jobs_are_other_processes_and_keep_the_order() -> None:
    with Workers(2) as workers:
        results = list(workers.each(square, TASKS))
    assert [value for value, _ in results] == SQUARES
    assert os.getpid() not in {pid for _, pid in results}


def test_threads_work_in_this_process() -> None:
    with Workers(2, "threading") as workers:
        results = list(workers.each(square, TASKS))
        assert list(workers.each(square, [])) == []
    assert [value for value, _ in results] == SQUARES
    assert {pid for _, pid in results} == {os.getpid()}


def test_a_worker_that_dies_is_one_clear_line() -> None:
    with Workers(2) as workers, pytest.raises(UnavailableError, match=r"a worker process has ended.*--jobs 1"):
        list(workers.each(die, [(1,), (1,)]))


@pytest.mark.parametrize(
    ("backend", "module", "words"),
    [
        ("dask", "distributed", r"--backend dask: Dask is not installed.*pip install 'dask\[distributed\]'"),
        ("ray", "ray.util.joblib", r"--backend ray: Ray is not installed.*pip install 'ray\[default\]'"),
    ],
)
def test_a_backend_that_is_not_installed_is_named(
    backend: str, module: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not there
    with pytest.raises(UnavailableError, match=words):
        Workers(2, backend)


def test_without_a_terminal_nothing_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("things", 3) as count:
        assert list(count([1, 2, 3])) == [1, 2, 3]
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_the_bar_is_on_stderr_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with progress("things", 3) as count:
        assert list(count([1, 2, 3])) == [1, 2, 3]
    output = capsys.readouterr()
    assert output.out == ""
    assert "things" in output.err
    assert "3/3" in output.err
