"""config.toml is changed in place: what was asked for, and nothing else."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui_assistant.config_file import with_values, write
from tui_assistant.errors import ConfigError, UnavailableError

COMMENTED = """\
# mine
mode = "hands-free"  # for now

[turn_detection]  # slow speakers
# threshold = 0.4
threshold = 0.6   # a loud fan

[audio]
input = "USB"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_comments_and_order_stay(file: Path) -> None:
    file.write_text(COMMENTED)
    values = {"turn_detection.threshold": 0.7, "audio.gain_db": 6.0, "mode": "push-to-talk", "keys.tail_ms": 300}
    before, after = with_values(file, values)
    assert before == COMMENTED
    changed = COMMENTED.replace("0.6 ", "0.7 ").replace('"hands-free"', '"push-to-talk"')
    assert after == changed + "gain_db = 6.0\n\n[keys]\ntail_ms = 300\n"


def test_a_preset_is_a_table_of_its_own_also_under_a_name_with_a_dot(file: Path) -> None:
    file.write_text("# mine\n")
    _, after = with_values(file, {("presets", "v 1.2"): {"threshold": 0.4}})
    assert after == '# mine\n\n[presets."v 1.2"]\nthreshold = 0.4\n'
    file.write_text(after)
    _, after = with_values(file, {("presets", "v 1.2"): {"tail_ms": 100}})
    assert tomllib.loads(after) == {"presets": {"v 1.2": {"tail_ms": 100}}}
    file.write_text(after)
    _, after = with_values(file, {("presets", "two"): {"tail_ms": 1}})
    assert list(tomllib.loads(after)["presets"]) == ["v 1.2", "two"]


@pytest.mark.parametrize(
    "text",
    [
        "turn_detection.threshold = 0.6 # dotted\naudio.input = 'x'\n",
        "turn_detection = { threshold = 0.6 }\n[audio]\ninput = 'x'\n",
        "[audio]\r\ninput = 'x'\r\n\r\n[turn_detection]\r\nthreshold = 0.6\r\n",
        "[turn_detection]\n[audio]\ninput = 'x'\n[presets.a]\ntail_ms = 3",
        "",
    ],
)
def test_however_it_is_written_the_value_gets_there(file: Path, text: str) -> None:
    file.write_bytes(text.encode())
    wanted: dict[str, Any] = tomllib.loads(text)
    for section, name, value in (("turn_detection", "threshold", 0.7), ("audio", "gain_db", -3.0)):
        wanted.setdefault(section, {})[name] = value
    _, after = with_values(file, {"turn_detection.threshold": 0.7, "audio.gain_db": -3.0})
    assert tomllib.loads(after) == wanted
    assert ("# dotted" in after) == ("# dotted" in text)


NAMES = st.sampled_from(["threshold", "tail_ms", "input"])
VALUES = st.one_of(
    st.integers(-5, 5000), st.floats(-20, 40).map(lambda x: round(x, 3)), st.sampled_from(["low", "x y"])
)
LINES = st.lists(st.sampled_from(["# said", "", "x = 1 # one", 'y = "#"']), max_size=2, unique=True)
SECTIONS = st.dictionaries(st.sampled_from(["turn_detection", "audio", "keys"]), st.tuples(LINES, NAMES, VALUES))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES, SECTIONS, st.dictionaries(st.sampled_from(["turn_detection", "audio", "keys"]), NAMES), VALUES)
def test_only_what_was_asked_for_changes(
    file: Path, top: list[str], sections: dict[str, Any], where: dict[str, str], value: object
) -> None:
    text = "\n".join(top) + "\n"
    for section, (lines, name, first) in sections.items():
        shown = f'"{first}"' if isinstance(first, str) else first
        text += "\n".join([f"[{section}]", *lines, f"{name} = {shown}  # why", ""])
    file.write_text(text)
    _, after = with_values(file, {f"{section}.{name}": value for section, name in where.items()})
    wanted = tomllib.loads(text)
    for section, name in where.items():
        wanted.setdefault(section, {})[name] = value
    assert tomllib.loads(after) == wanted
    assert after.count("#") >= text.count("#")


@pytest.mark.parametrize("text", ["turn_detection = 3\n", "presets = []\n"])
def test_what_is_no_table_is_said(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError, match="is not a table there"):
        with_values(file, {"turn_detection.threshold": 0.7, "presets.x.y": 1})
    assert file.read_text() == text


def test_a_broken_file_is_not_touched(file: Path) -> None:
    file.write_text("[audio\n")
    with pytest.raises(ConfigError, match="not valid TOML"):
        with_values(file, {"audio.gain_db": 1.0})


def test_it_is_written_for_its_owner_alone(file: Path) -> None:
    write(file, "a = 1\n")
    write(file, "a = 2\n")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("a = 2\n", 0o600)
    assert os.listdir(file.parent) == ["config.toml"]
    file.unlink()
    file.mkdir()
    with pytest.raises(UnavailableError, match="cannot be written"):
        write(file, "a = 1\n")
