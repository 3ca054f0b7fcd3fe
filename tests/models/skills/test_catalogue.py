from __future__ import annotations

import json
from datetime import datetime

from tui_assistant.models.skills.as_tools import skill_tools
from tui_assistant.models.skills.catalogue import SKILLS
from tui_assistant.models.skills.notebook import Notebook
from tui_assistant.models.skills.timerbook import TimerBook


def test_names_are_unique_and_templates_name_their_parameters() -> None:
    assert len({skill.name for skill in SKILLS}) == len(SKILLS)
    for skill in SKILLS:
        used = {part.split("}")[0] for phrase in skill.phrases for part in phrase.split("{")[1:]}
        assert used == {parameter.name for parameter in skill.parameters}, skill.name


def test_as_tools_they_have_a_json_schema_and_small_talk_is_none() -> None:
    tools = skill_tools(TimerBook(None), Notebook(None), datetime.now)
    schemas = {tool.name: json.loads(json.dumps(tool.parameters)) for tool in tools}
    assert "hello" not in schemas
    assert schemas["timer_set"]["required"] == ["seconds"]
    assert schemas["timer_set"]["properties"]["seconds"]["minimum"] == 1
    assert "kilometer" in schemas["convert"]["properties"]["to_unit"]["enum"]


def test_no_home_automation() -> None:
    words = " ".join(phrase for skill in SKILLS for phrase in skill.phrases)
    for word in ("light", "lamp", "blinds", "thermostat", "garage"):
        assert word not in words
