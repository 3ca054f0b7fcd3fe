"""The values in force and the settings file: what saving would change, saving, and the user's own presets."""

from __future__ import annotations

import difflib
import os
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tui_assistant import config
from tui_assistant.client.tuning import PRESETS, Preset, Tuning
from tui_assistant.config_file import with_values, write
from tui_assistant.config_sections import PresetSettings
from tui_assistant.errors import AssistantError, ConfigError

LONGEST_NAME = 40  # of a preset: one line in the panel
DIGITS = 3  # of a number in the file: a slider's 0.55 is not 0.5500000000000003

# where a value of Tuning stands in the file
PLACES = {
    "threshold": "turn_detection.threshold",
    "prefix_padding_ms": "turn_detection.prefix_padding_ms",
    "silence_duration_ms": "turn_detection.silence_duration_ms",
    "eagerness": "turn_detection.eagerness",
    "hysteresis": "turn_detection.hysteresis",
    "min_speech_ms": "turn_detection.min_speech_ms",
    "tail_ms": "keys.tail_ms",
    "gain_db": "audio.gain_db",
}


class SavedSettings:
    """Reads and writes the file in the thread that calls. ConfigError and UnavailableError say what was in the way."""

    def __init__(self, path: Path | None, own: tuple[Preset, ...]) -> None:
        """`path` None: where the file is looked for."""
        self._path = path
        self._own = own
        self._one_at_a_time = threading.Lock()

    def behind(self, job: Callable[[], str], tell: Callable[[str, str], None]) -> None:
        """Does `job` on a thread of its own, because a disk may take its time; `tell` gets what came of it there."""

        def work() -> None:
            try:
                with self._one_at_a_time:
                    told, severity = job(), "information"
            except AssistantError as error:
                told, severity = str(error), "error"
            tell(told, severity)

        threading.Thread(target=work, name="save").start()

    @property
    def presets(self) -> tuple[Preset, ...]:
        """Ours, then the user's."""
        return PRESETS + self._own

    def diff(self, tuning: Tuning) -> str:
        """What `save` would change, as a unified diff."""
        before, after = (_ended(text).splitlines(keepends=True) for text in self._edited(tuning))
        return "".join(difflib.unified_diff(before, after, self.path.name, self.path.name))

    def save(self, tuning: Tuning) -> str:
        """Writes the values that the file does not have already; returns what came of it in words."""
        changes = self._changes(tuning)
        if not changes:
            return f"{self.path} has these values already."
        write(self.path, _ended(with_values(self.path, changes)[1]))
        names = ", ".join(key.rpartition(".")[2] for key in changes)
        winning = [name for key in changes if os.environ.get(name := config.variable_of(key))]
        but = f" But {', '.join(winning)} is set and wins over the file." if winning else ""
        return f"Saved to {self.path}: {names}.{but}"

    def save_preset(self, name: str, tuning: Tuning) -> str:
        """Writes all values as [presets.NAME]; returns what came of it in words."""
        name = " ".join(name.split())
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise ConfigError(f"A preset's name has 1 to {LONGEST_NAME} characters.")
        if name in {preset.name for preset in PRESETS}:
            raise ConfigError(f"{name} is a preset that comes with the program: choose another name.")
        values = _rounded(tuning)
        before = config.read_file(self.path).get("presets", {})
        words = before.get(name, {}).get("words", "") if isinstance(before, dict) else ""
        table = {**({"words": words} if words else {}), "type": values.pop("kind"), **values}
        place: dict[tuple[str, ...], Any] = {("presets", name): table}
        write(self.path, _ended(with_values(self.path, place)[1]))
        kept = tuple(preset for preset in self._own if preset.name != name)
        self._own = (*kept, preset_of(name, PresetSettings(**table)))
        return f'Saved to {self.path}: the preset "{name}".'

    def _edited(self, tuning: Tuning) -> tuple[str, str]:
        return with_values(self.path, self._changes(tuning))

    @property
    def path(self) -> Path:
        return self._path or config.config_path()

    def _changes(self, tuning: Tuning) -> dict[str, Any]:
        """Dotted key -> value, where the file, or the default that it leaves, says something else."""
        document, known = config.read_file(self.path), config.fields()

        def now(key: str) -> Any:
            section, _, name = key.partition(".")
            table = document.get(section)
            return table.get(name, known[key].default) if isinstance(table, dict) else known[key].default

        values = _rounded(tuning)
        changes: dict[str, Any] = {}
        kind, written = tuning.kind, now("turn_detection.type")
        if kind != written and not (written == "none" and kind == "server_vad"):  # none goes on with server_vad
            changes["turn_detection.type"] = kind
            if written == "none":
                changes["mode"] = "push-to-talk"  # which "none" has said so far
        changes |= {key: values[name] for name, key in PLACES.items() if values[name] != now(key)}
        return changes


def preset_of(name: str, settings: PresetSettings) -> Preset:
    """A [presets.NAME] table as the tune panel has it."""
    values = settings.given()
    values.pop("words", None)
    if "type" in values:
        values["kind"] = values.pop("type")
    return Preset(name, settings.words, values)


def _rounded(tuning: Tuning) -> dict[str, Any]:
    return {name: round(each, DIGITS) if isinstance(each, float) else each for name, each in asdict(tuning).items()}


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
