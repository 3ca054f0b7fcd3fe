"""The part of TalkApi that is about the settings file and the presets in it."""

from __future__ import annotations

from collections.abc import Callable

from tui_assistant.client.tuning import Preset
from tui_assistant.errors import AssistantError
from tui_assistant.runtime import api
from tui_assistant.runtime.calls import Calls
from tui_assistant.runtime.saved import SavedSettings


class SavedCalls:
    """Mixed into Talk; all calls from any thread."""

    _saved: SavedSettings
    _snapshot: api.Snapshot
    _call: Calls
    _tell: Callable[[str, str], None]

    def settings_diff(self) -> str:
        try:
            return self._saved.diff(self._snapshot.tuning)
        except AssistantError as error:
            self._tell_soon(str(error), "error")
            return ""

    def save_settings(self) -> None:
        tuning = self._snapshot.tuning
        self._saved.behind(lambda: self._saved.save(tuning), self._tell_soon)

    def presets(self) -> tuple[Preset, ...]:
        return self._saved.presets

    def save_preset(self, name: str) -> None:
        tuning = self._snapshot.tuning
        self._saved.behind(lambda: self._saved.save_preset(name, tuning), self._tell_soon)

    def _tell_soon(self, text: str, severity: str) -> None:
        self._call(lambda: self._tell(text, severity))
