"""The skills as tools: a language model calls them by the schema that their phrases have, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from tui_assistant.models.skills.base import Context, Skill
from tui_assistant.models.skills.catalogue import SKILLS
from tui_assistant.models.skills.notebook import Notebook
from tui_assistant.models.skills.timerbook import TimerBook
from tui_assistant.models.tools.base import Arguments, OwnTool, ToolContext, ToolResult

# The model talks for itself; what it said before, it has before its eyes.
_NOT_OFFERED = frozenset({"help", "repeat", "stop"})


def skill_tools(
    timers: TimerBook, notes: Notebook, now: Callable[[], datetime], skills: Iterable[Skill] = SKILLS
) -> tuple[OwnTool, ...]:
    """Those of the brain: the same books, the same handlers."""

    def tool(skill: Skill) -> OwnTool:
        def run(arguments: Arguments, context: ToolContext) -> ToolResult:
            given = Context(context.session_id, now, timers, notes, request=context.request)
            outcome = skill.handler(arguments, given)
            return ToolResult(outcome.text, outcome.text, {"skill": skill.name, **outcome.metadata})

        return OwnTool(skill.name, skill.description, run, skill.schema(), confirm=skill.destructive, say=skill.restate)

    return tuple(tool(skill) for skill in skills if not skill.chatter and skill.name not in _NOT_OFFERED)
