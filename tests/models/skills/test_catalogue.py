from __future__ import annotations

import json

from tui_assistant.models.skills.catalogue import SKILLS, tool_definitions


def test_names_are_unique_and_templates_name_their_parameters() -> None:
    assert len({skill.name for skill in SKILLS}) == len(SKILLS)
    for skill in SKILLS:
        used = {part.split("}")[0] for phrase in skill.phrases for part in phrase.split("{")[1:]}
        assert used == {parameter.name for parameter in skill.parameters}, skill.name


def test_tools_are_json_schema_in_the_flat_form() -> None:
    tools = {str(tool["name"]): tool for tool in json.loads(json.dumps(tool_definitions()))}
    assert "hello" not in tools
    timer = tools["timer_set"]
    assert timer["type"] == "function"
    assert timer["parameters"]["required"] == ["seconds"]
    assert timer["parameters"]["properties"]["seconds"]["minimum"] == 1
    assert "kilometer" in tools["convert"]["parameters"]["properties"]["to_unit"]["enum"]


def test_no_home_automation() -> None:
    words = " ".join(phrase for skill in SKILLS for phrase in skill.phrases)
    for word in ("light", "lamp", "blinds", "thermostat", "garage"):
        assert word not in words
