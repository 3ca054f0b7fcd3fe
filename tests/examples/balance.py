"""A pane that shows who has been talking in the last two minutes."""

from tui_assistant.runtime.api import Phase
from tui_assistant.tui.widgets.pane import Pane

FRAME_S = 0.032


class Balance(Pane):
    title = "Who talks"

    def draw(self, snapshot, width):
        phases = [frame.phase for frame in snapshot.frames]
        room = width - len("assistant  120 s ")
        lines = []
        for name, role, phase in (("you", "voice", Phase.SPEECH), ("assistant", "bot", Phase.ANSWER)):
            count = phases.count(phase)
            bar = "█" * round(room * count / max(1, len(phases)))
            lines.append(((f"{name:<9}{count * FRAME_S:5.0f} s ", "dim"), (bar, role)))
        return lines
