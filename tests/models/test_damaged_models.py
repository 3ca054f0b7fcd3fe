"""Every model that is downloaded, in every way in which its files can be wrong: one line at once, never a traceback."""

from __future__ import annotations

import hashlib
import os
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from tui_assistant.commands import doctor
from tui_assistant.errors import ModelError
from tui_assistant.models import registry, store
from tui_assistant.models.catalogue import CATALOGUE, Entry, File
from tui_assistant.models.registry import BUILT_IN, NEXT_BEST, Port

CONTENT = b"weights" * 2_000
PORTS = {
    name: port
    for port in (Port.RECOGNISER, Port.SYNTHESISER, Port.JUDGE)
    for name in BUILT_IN[port]
    if name in CATALOGUE or name == "piper"
}


def nothing(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def tiny(path: Path) -> None:
    path.write_bytes(b"x")


def truncated(path: Path) -> None:
    path.write_bytes(CONTENT[:5_000])


def changed(path: Path) -> None:
    path.write_bytes(CONTENT[::-1])


def half(path: Path) -> None:
    path.rename(path.with_name(path.name + ".part"))
    truncated(path.with_name(path.name + ".part"))


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[Path]]:
    """Puts a model there as it should be, in small; returns its files."""
    monkeypatch.setattr(store, "default_folder", lambda: tmp_path)

    def put(name: str) -> list[Path]:
        entry = CATALOGUE["piper-en_US-joe-medium" if name == "piper" else name]
        sha256 = hashlib.sha256(CONTENT).hexdigest()
        files = tuple(File(file.name, "", len(CONTENT), sha256) for file in entry.files)
        monkeypatch.setitem(store.CATALOGUE, entry.name, Entry(entry.name, "MIT", files))  # type: ignore[arg-type]
        paths = [tmp_path / entry.name / file.name if file.name else tmp_path / entry.name for file in files]
        for path in paths:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(CONTENT)
        assert store.Store().path(entry.name)
        return paths

    return put


def test_every_model_of_the_catalogue_is_looked_at() -> None:
    assert set(PORTS) == {name for name in CATALOGUE if not name.startswith("piper-")} | {"piper"}
    assert all(NEXT_BEST[port] for port in PORTS.values())


@pytest.mark.parametrize("spoil", [nothing, empty, tiny, truncated, changed, half, folder, dangling])
@pytest.mark.parametrize("name", PORTS)
def test_one_line_at_once_and_the_next_best(
    here: Callable[[str], list[Path]], name: str, spoil: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = here(name)[-1]
    spoil(path)
    if path.is_file():
        os.utime(path, (1, 1))
    port, other = PORTS[name], object()
    real = registry.create

    def create(port: Port, wanted: str, options: object = None) -> object:
        return real(port, wanted) if wanted == name else other

    monkeypatch.setattr(registry, "create", create)
    lines: list[str] = []
    began = time.monotonic()
    assert registry.first(port, name, {}, NEXT_BEST[port], lines.append) is other
    assert time.monotonic() - began < 5  # 1 s where the machine has nothing else to do
    (line,) = lines
    assert "not on this machine" in line or "are here" in line or "is damaged" in line
    assert f"models get {'piper-en_US-joe-medium' if name == 'piper' else name}" in line
    assert line.endswith(f"the next best {port} takes the place of {name}")
    assert "\n" not in line


def test_a_file_that_cannot_be_read_is_one_line(
    here: Callable[[str], list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = here("smart-turn")
    os.utime(path, (1, 1))

    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(store.checksums, "sha256", refuse)
    with pytest.raises(ModelError, match="smart-turn cannot be read: smart-turn: Permission denied"):
        registry.create(Port.JUDGE, "smart-turn")
    damage = doctor.damaged("smart-turn")
    assert damage is not None
    assert "cannot be read" in damage.message


def test_a_judge_that_is_whole_and_no_network_gives_way_to_the_words(
    here: Callable[[str], list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Session:
        def __init__(self, *arguments: object, **more: object) -> None:
            """Takes every file."""

        def run(self, *arguments: object) -> object:
            raise RuntimeError("there is no input_features")

    runtime = types.ModuleType("onnxruntime")
    runtime.__dict__.update(SessionOptions=types.SimpleNamespace, InferenceSession=Session)
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    here("smart-turn")
    judge = registry.create(Port.JUDGE, "best")
    assert judge.name.startswith("words alone (for smart-turn: tui-assistant models remove smart-turn")
