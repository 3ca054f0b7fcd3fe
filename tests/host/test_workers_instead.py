"""A wanted model that is missing, half here or damaged, in real worker processes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from worker_desk import over, until

from tui_assistant.engine.ports import Final, Transcribe, TranscribeAudio, TranscribeEnd
from tui_assistant.host.workers import WorkerEvent, WorkerPool, WorkerSpec
from tui_assistant.models.catalogue import CATALOGUE
from tui_assistant.models.registry import Port

OTHER = ("worker_models:recogniser",)


def half(folder: Path) -> None:
    (folder / "moonshine-tiny").mkdir()
    (folder / "moonshine-tiny" / "decoder_kv.ort.part").write_bytes(bytes(20_000_000))


def damaged(folder: Path) -> None:
    """All is there in its right size, and has changed since it came."""
    entry = CATALOGUE["moonshine-tiny"]
    (folder / entry.name).mkdir()
    records = []
    for file in entry.files:
        (folder / entry.name / file.name).write_bytes(bytes(file.size))
        records.append(f'"{file.name}": {{"size": {file.size}, "sha256": "{"0" * 64}", "mtime_ns": 1}}')
    (folder / f"{entry.name}.json").write_text("{" + ", ".join(records) + "}")


@pytest.fixture
async def pools() -> AsyncIterator[list[WorkerPool]]:
    made: list[WorkerPool] = []
    yield made
    for pool in made:
        await pool.close()


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (
            lambda folder: None,
            "the model moonshine-tiny is not on this machine (tui-assistant models get moonshine-",
        ),
        (half, "only 20.0 of 45.2 MB of the model moonshine-tiny are here"),
        (damaged, "the model moonshine-tiny is damaged: adapter.ort is not what was downloaded"),
    ],
    ids=["missing", "half", "damaged"],
)
async def test_a_clear_line_and_the_next_best_hears(tmp_path: Path, pools: list[WorkerPool], spoil, line) -> None:  # type: ignore[no-untyped-def]
    spoil(tmp_path)
    events: list[WorkerEvent] = []
    spec = WorkerSpec(Port.RECOGNISER, "moonshine-tiny", {"folder": str(tmp_path)}, instead=OTHER)
    pool = WorkerPool({Port.RECOGNISER: spec}, on_event=events.append)
    pools.append(pool)
    answers: list[object] = []
    pool.post(Transcribe("a"), answers.append)
    began = time.monotonic()
    await until(lambda: events)
    took = time.monotonic() - began
    assert took < 5  # within a second where the machine is not busy: a process has to be started
    assert events[0].kind == "instead"
    assert events[0].message.startswith(line)
    assert events[0].message.endswith("the next best recogniser takes the place of moonshine-tiny")
    pool.post(TranscribeAudio("a", b"x" * 6))
    pool.post(TranscribeEnd("a"))
    await until(lambda: over(answers))  # type: ignore[arg-type]
    assert isinstance(answers[-1], Final)
    assert [event.kind for event in events] == ["instead", "instead"]
    assert events[1].message.startswith("the recogniser is ")


async def test_where_nothing_can_take_its_place_it_fails_as_before(tmp_path: Path, pools: list[WorkerPool]) -> None:
    events: list[WorkerEvent] = []
    spec = WorkerSpec(Port.RECOGNISER, "moonshine-tiny", {"folder": str(tmp_path)}, instead=("worker_models:nothing",))
    pool = WorkerPool({Port.RECOGNISER: spec}, on_event=events.append)
    pools.append(pool)
    await pool.start()
    assert not await pool.ready(Port.RECOGNISER)
    assert [event.kind for event in events] == ["instead", "failed"]
    assert "moonshine-tiny is not on this machine" in events[1].message
