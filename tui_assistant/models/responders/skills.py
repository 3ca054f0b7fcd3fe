"""The Responder that works offline: the skills."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tui_assistant.engine.ports import Alarm, Cancellation, Respond, Responded, TextDelta
from tui_assistant.models.skills.brain import Brain
from tui_assistant.models.skills.notebook import Notebook
from tui_assistant.models.skills.timerbook import TimerBook
from tui_assistant.models.tools.base import OwnTool


class SkillResponder:
    """Answers in one piece, in a few milliseconds; `Responded.metadata["skill"]` names what was done.

    Other keys, where they apply: `arguments` (JSON), `timers` (JSON list), `volume` ("0.50" absolute, "+0.10" or
    "-0.10" relative), `volume_muted` ("true", "false"), `stop`, `result`, `notes` (count), `intent` (to be confirmed).
    """

    name = "skills"

    def __init__(self, state_dir: Path | None = None) -> None:
        self._timers = TimerBook(state_dir / "timers.json" if state_dir else None)
        self._brain = Brain(self._timers, Notebook(state_dir / "notes.json" if state_dir else None))

    def respond(self, request: Respond, cancellation: Cancellation) -> Iterator[TextDelta | Responded]:
        if cancellation.cancelled:
            return
        said = [message.text for message in request.messages if message.role == "assistant"]
        asked = [message.text for message in request.messages if message.role == "user"]
        outcome = self._brain.answer(request.session_id, asked[-1] if asked else "", said[-1] if said else "")
        if outcome.text and not cancellation.cancelled:
            yield TextDelta(outcome.text)
        if not cancellation.cancelled:
            yield Responded(dict(outcome.metadata))

    def tools(self) -> tuple[OwnTool, ...]:
        """The same skills for a language model that answers beside them."""
        return self._brain.tools()

    def understands(self, request: Respond) -> bool:
        """Whether there is an answer of our own, or nothing to answer; nothing is done or remembered."""
        asked = [message.text for message in request.messages if message.role == "user"]
        return self._brain.concerns(request.session_id, asked[-1] if asked else "")

    def notify(self, session_id: str, ring: Callable[[Alarm], None]) -> Callable[[], None]:
        return self._timers.listen(session_id, ring)


def create(options: Mapping[str, str]) -> SkillResponder:
    """Options: `state_dir`, where timers.json and notes.json are kept (without it: in memory only)."""
    folder = options.get("state_dir", "")
    return SkillResponder(Path(folder).expanduser() if folder else None)
