"""Names of models: built-in ones, those of other packages, paths; and what is said when one cannot be had."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tui_assistant.errors import ConfigError, ModelError
from tui_assistant.host.worker_process import _environment
from tui_assistant.models.registry import BUILT_IN, NO_TELEMETRY, Port, create, describe, names

PLUGIN = """
def create(options):
    return ("a detector", options)

def wrong(options):
    raise ConfigError("option x must be y", "write y")

def broken(options):
    raise KeyError("weights")

nothing = None

from tui_assistant.errors import ConfigError
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with entry points, as pip would have installed it."""
    (tmp_path / "plugin_of_others.py").write_text(PLUGIN)
    (tmp_path / "plugin_without_library.py").write_text("import onnxruntime_that_is_missing\n")
    info = tmp_path / "plugin_of_others-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin-of-others\nVersion: 1.0\n")
    lines = [f"{name} = plugin_of_others:{name}" for name in ("create", "wrong", "broken", "nothing", "absent")]
    lines += ["lost = plugin_that_is_gone:create", "needy = plugin_without_library:create"]
    lines += ["silero = plugin_of_others:create"]  # must not take a built-in name
    (info / "entry_points.txt").write_text("\n".join(["[tui_assistant.detectors]", *lines]) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))


def test_the_table_says_the_same_as_the_installed_metadata() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    for port in Port:
        declared = project["entry-points"][f"tui_assistant.{port}s"]
        assert declared.items() <= BUILT_IN[port].items()
        assert names(port)[: len(BUILT_IN[port])] == tuple(BUILT_IN[port])


@pytest.mark.usefixtures("plugin")
def test_models_of_other_packages_are_found() -> None:
    assert set(names(Port.DETECTOR)) >= {"silero", "create", "wrong"}
    assert "create" not in names(Port.RECOGNISER)
    made: Any = create(Port.DETECTOR, "create", {"a": 1})
    assert made == ("a detector", {"a": 1})
    assert create(Port.DETECTOR, "plugin_of_others:create") == ("a detector", {})
    assert create(Port.DETECTOR, "silero").name == "silero"


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("sillero", "there is no detector called 'sillero' (there are: silero, webrtc, energy,"),
        ("broken", "the detector broken does not start: KeyError: 'weights' (update or remove the package plugin-of"),
        ("nothing", "plugin_of_others:nothing is not a function (update or remove the package plugin-of-others)"),
        ("absent", "plugin_of_others:absent is not a function"),
        ("lost", "needs the library plugin_that_is_gone, which is not installed"),
        ("needy", "needs the library onnxruntime_that_is_missing, which is not installed"),
        ("no_such_module_at_all:create", "needs the library no_such_module_at_all, which is not installed"),
        (":", "the detector : does not start: ValueError"),
    ],
)
def test_what_cannot_be_made_is_one_line_with_the_mend(name: str, line: str) -> None:
    with pytest.raises(ModelError) as error:
        create(Port.DETECTOR, name)
    assert line in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.usefixtures("plugin")
def test_a_models_own_words_pass_unchanged() -> None:
    with pytest.raises(ConfigError, match="option x must be y"):
        create(Port.DETECTOR, "wrong")


@pytest.mark.parametrize(
    ("port", "name", "library", "line"),
    [
        (Port.RECOGNISER, "pocketsphinx", "pocketsphinx", "pip install 'tui-assistant[local]'"),
        (Port.DETECTOR, "plugin_semantic:create", "onnxruntime", "pip install 'tui-assistant[semantic]'"),
    ],
)
def test_a_missing_library_of_ours_is_mended_by_its_extra(
    port: Port, name: str, library: str, line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "plugin_semantic.py").write_text("import onnxruntime\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, library, None)  # as if it were not installed
    with pytest.raises(ModelError) as error:
        create(port, name)
    assert line in str(error.value)


def test_an_error_is_described_in_one_line() -> None:
    assert describe(ValueError("first\nsecond")) == "ValueError: first"
    assert describe(ValueError()) == "ValueError"
    assert len(describe(ValueError("x" * 9999))) == 200


def test_importing_the_registry_loads_no_model_and_no_numpy() -> None:
    code = "import sys, tui_assistant.models.registry; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert "tui_assistant.models.registry" in loaded
    for heavy in ("numpy", "httpx", "textual", "sounddevice", "pocketsphinx", "asyncio", "importlib.metadata"):
        assert heavy not in loaded


def test_no_library_tells_its_makers_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """onnxruntime reads the variable when it is imported, here or in a worker."""
    for name in NO_TELEMETRY:
        monkeypatch.setenv(name, "0")
    assert {name: _environment()[name] for name in NO_TELEMETRY} == dict(NO_TELEMETRY)
    create(Port.DETECTOR, "energy")
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
