from __future__ import annotations

import operator
import os
import signal
import sys

import pytest

from tui_assistant.commands.parallel import Workers, progress
from tui_assistant.errors import UnavailableError

# Functions that another process can import too: a test module's it can't, unless it runs where pytest was started.
PID, LENGTH, DIE = os.getpid, operator.length_hint, os._exit
TASKS = [("x" * value,) for value in range(20)]
LENGTHS = list(range(20))
NOTHING: list[tuple[()]] = [()] * 20


@pytest.mark.parametrize(("jobs", "backend"), [(1, "loky"), (2, "threading")])
def test_one_job_and_threads_work_in_this_process(jobs: int, backend: str) -> None:
    with Workers(jobs, backend) as workers:
        assert list(workers.each(LENGTH, TASKS)) == LENGTHS
        assert set(workers.each(PID, NOTHING)) == {os.getpid()}
        assert list(workers.each(LENGTH, [])) == []


def test_more_jobs_are_other_processes_and_keep_the_order() -> None:
    with Workers(2) as workers:
        assert list(workers.each(LENGTH, TASKS)) == LENGTHS
        assert os.getpid() not in set(workers.each(PID, NOTHING))


def test_ctrl_c_ends_a_worker_without_a_traceback() -> None:
    with Workers(2) as workers:
        assert set(workers.each(signal.getsignal, [(signal.SIGINT,)] * 4)) == {signal.SIG_DFL}


def test_a_worker_that_dies_is_one_clear_line() -> None:
    with Workers(2) as workers, pytest.raises(UnavailableError, match=r"a worker process has ended.*--jobs 1"):
        list(workers.each(DIE, [(1,), (1,)]))


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
