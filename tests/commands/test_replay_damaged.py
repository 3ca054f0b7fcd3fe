"""A recording that somebody, or a disk, has changed: it comes out differently or is refused, in one line."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from recorded import SCENES, Bench

from tui_assistant.commands import replay
from tui_assistant.errors import AssistantError

TRIES = 120
VALUES: list[Any] = [None, "", "x", -1, 1e308, [], {}, True, float("nan"), float("inf"), "9" * 40, [[]], 0.5]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damaged") / "r"
    bench = Bench(folder, vad="energy")
    SCENES["hands-free"](bench)
    bench.recorder.close()
    return folder


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


def changed(entry: Any, chance: random.Random) -> Any:
    """One value of it is another one, or missing."""
    path = chance.choice(places(entry)[1:])
    holder = entry
    for key in path[:-1]:
        holder = holder[key]
    if chance.random() < 0.3:
        del holder[path[-1]]
    else:
        holder[path[-1]] = chance.choice(VALUES)
    return entry


@pytest.mark.parametrize("name", ["meta.json", "input.log", "events.jsonl", "frames.jsonl"])
def test_no_other_error_comes_of_it(
    recorded: Path, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(recorded, tmp_path / "r")
    text = (folder / name).read_text()
    lines = [text] if name == "meta.json" else text.splitlines(keepends=True)
    chance = random.Random(name)  # not for secrets
    refused: list[AssistantError] = []
    for number in range(TRIES):
        at = chance.randrange(len(lines))
        if name == "input.log" and number % 2:  # most lines are audio: the others are worth as much
            at = chance.choice([place for place, line in enumerate(lines) if '"call":"feed"' not in line])
        broken = json.dumps(changed(json.loads(lines[at]), chance)) + "\n"
        (folder / name).write_text("".join([*lines[:at], broken, *lines[at + 1 :]]))
        for options in (replay.Options(), replay.Options(settings=("threshold=0.6",), detect=number % 4 == 0)):
            if name == "input.log" and options.settings and not options.detect:
                continue  # it does not look there
            try:
                assert replay.run([str(folder)], options) in (0, replay.DIFFERENT)
            except AssistantError as error:
                refused.append(error)
    assert len(refused) > TRIES // 10
    assert [error for error in refused if "\n" in str(error) or error.exit_status != 2] == []
    assert capsys.readouterr().out
