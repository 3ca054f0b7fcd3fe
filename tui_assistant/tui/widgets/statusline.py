"""The top line: mode, turn detection, link, devices, losses, the last answer's latency."""

from __future__ import annotations

from tui_assistant.runtime.api import Snapshot
from tui_assistant.tui.drawing.status import status
from tui_assistant.tui.widgets.lines import Lines


class StatusLine(Lines):
    def update(self, snapshot: Snapshot) -> None:
        self.show([status(snapshot, self.size.width)])
