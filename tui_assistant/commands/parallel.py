"""The same function over many tasks: here, on all processors, or on a Dask or Ray cluster, by way of joblib.

What comes out is in the order of the tasks, however many work at them.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any, Self, TypeVar

from tui_assistant.errors import UnavailableError

Result = TypeVar("Result")


class Workers:
    """A context manager. `jobs` 1 without a backend works here, in this process; 0 is one for each processor."""

    def __init__(self, jobs: int, backend: str | None = None) -> None:
        """Raises UnavailableError when the backend is not installed."""
        self._stack = ExitStack()
        self._here = jobs == 1 and backend is None
        self._return_as = "list" if backend == "ray" else "generator"  # joblib has no generators over Ray
        self._processes = not self._here and backend in (None, "loky")
        if not self._here:
            self._join(backend or "loky", jobs or -1)

    def _join(self, backend: str, jobs: int) -> None:
        import joblib

        if backend == "dask":
            self._stack.enter_context(_dask_client())
        elif backend == "ray":
            _register_ray()
        self._stack.enter_context(joblib.parallel_config(backend=backend, n_jobs=jobs))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def each(self, function: Callable[..., Result], tasks: Sequence[tuple[Any, ...]]) -> Iterator[Result]:
        """`function(*task)` of every task, in order. Raises UnavailableError when a worker process dies."""
        if self._here or not tasks:
            yield from (function(*task) for task in tasks)
            return
        import joblib
        from joblib.externals.loky.process_executor import BrokenProcessPool

        calls = ((_quiet, function, *task) if self._processes else (function, *task) for task in tasks)
        try:
            yield from joblib.Parallel(return_as=self._return_as)(joblib.delayed(call)(*rest) for call, *rest in calls)
        except BrokenProcessPool as error:
            raise UnavailableError("a worker process has ended before its work", "try --jobs 1") from error


def _quiet(function: Callable[..., Result], *task: Any) -> Result:
    """In a worker process: the terminal's ctrl-c reaches it, too, and ends it without a traceback of its own."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return function(*task)


def progress(what: str, total: int) -> AbstractContextManager[Callable[[Iterable[Result]], Iterator[Result]]]:
    """Counts what passes through on a bar on stderr, where that is a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        return nullcontext(iter)
    return _Bar(what, total)


class _Bar:
    def __init__(self, what: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task(what, total=total)

    def __enter__(self) -> Callable[[Iterable[Result]], Iterator[Result]]:
        self._progress.start()
        return self._count

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def _count(self, results: Iterable[Result]) -> Iterator[Result]:
        for result in results:
            yield result
            self._progress.advance(self._task)


def _dask_client() -> AbstractContextManager[Any]:
    try:
        from distributed import Client
    except ImportError as error:
        raise UnavailableError("--backend dask: Dask is not installed", "pip install 'dask[distributed]'") from error
    try:
        client: AbstractContextManager[Any] = Client()  # at DASK_SCHEDULER_ADDRESS, else on this machine
    except (OSError, RuntimeError, ValueError) as error:
        raise UnavailableError(f"--backend dask: no cluster: {error}", "check DASK_SCHEDULER_ADDRESS") from error
    return client


def _register_ray() -> None:
    try:
        from ray.util.joblib import register_ray
    except ImportError as error:
        raise UnavailableError("--backend ray: Ray is not installed", "pip install 'ray[default]'") from error
    register_ray()  # joblib then connects to RAY_ADDRESS, else starts Ray on this machine
