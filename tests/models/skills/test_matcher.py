from __future__ import annotations

import random
import time

import pytest

from tui_assistant.models.skills.catalogue import SKILLS
from tui_assistant.models.skills.matcher import Matcher
from tui_assistant.models.skills.phrases import sample


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(SKILLS)


@pytest.mark.parametrize(
    ("text", "skill", "arguments"),
    [
        ("What time is it?", "time", {}),
        ("what's the date today", "date", {}),
        ("Set a timer for 5 minutes.", "timer_set", {"seconds": 300.0}),
        ("um could you please start a timer for five and a half minutes", "timer_set", {"seconds": 330.0}),
        ("remind me in forty two and a half minutes", "timer_set", {"seconds": 2550.0}),
        ("set a pasta timer for ten minutes", "timer_set", {"seconds": 600.0, "name": "pasta"}),
        ("set a timer for ten minutes called tea", "timer_set", {"seconds": 600.0, "name": "tea"}),
        ("how much time is left on the pasta timer", "timer_status", {"name": "pasta"}),
        ("cancel the five minute timer", "timer_cancel", {"seconds": 300.0}),
        ("cancel all timers", "timer_cancel_all", {}),
        ("12*3+4", "arithmetic", {"expression": "12 * 3 + 4"}),
        ("what's 15% of 80", "arithmetic", {"expression": "15 % of 80"}),
        ("add five and seven", "arithmetic", {"expression": "add five and seven"}),
        ("how many ounces are in two cups", "convert", {"value": 2.0, "from_unit": "cup", "to_unit": "ounce"}),
        ("convert ten miles to kilometers", "convert", {"value": 10.0, "from_unit": "mile", "to_unit": "kilometer"}),
        ("how many feet in a mile", "convert", {"value": 1.0, "from_unit": "mile", "to_unit": "foot"}),
        ("make a note buy milk and eggs", "note_add", {"note": "buy milk and eggs"}),
        ("read my notes", "note_list", {}),
        ("delete the last note", "note_delete", {}),
        ("set the volume to fifty percent", "volume_set", {"percent": 50.0}),
        ("turn it up", "volume_up", {}),
        ("say that again", "repeat", {}),
        ("stop", "stop", {}),
        ("what can you do", "help", {}),
        ("thank you very much", "thanks", {}),
    ],
)
def test_clear_requests(matcher: Matcher, text: str, skill: str, arguments: dict[str, object]) -> None:
    intent = matcher.match(text)
    assert intent is not None
    assert (intent.skill.name, intent.arguments) == (skill, arguments)
    assert intent.confidence > 0.9


@pytest.mark.parametrize(
    ("text", "skill"),
    [
        ("set the time for five minutes", "timer_set"),
        ("start a times for five minutes", "timer_set"),
        ("how many ounce are two cups", "convert"),
        ("convort ten miles to kilometers", "convert"),
    ],
)
def test_one_or_two_errors_do_not_hide_the_request(matcher: Matcher, text: str, skill: str) -> None:
    intent = matcher.match(text)
    assert intent is not None
    assert intent.skill.name == skill
    assert 0.6 < intent.confidence < 1.0


@pytest.mark.parametrize(
    "text",
    [
        "and so my fellow americans ask not what your country can do for you ask what you can do for your country",
        "it was the best of times it was the worst of times",
        "in being comparatively modern",
        "turn on the kitchen lights",
        "open the garage door",
        "what is the weather like in new york",
        "he was not an ill disposed young man",
        "i set my watch by the time of the five minute train",
    ],
)
def test_other_talk_is_not_plausible(matcher: Matcher, text: str) -> None:
    intent = matcher.match(text)
    assert intent is None or intent.confidence < 0.55


@pytest.mark.parametrize("text", ["", "um", "???", "word " * 200, "\x00\u202e", "(" * 500, "1 + " * 400])
def test_odd_input_is_no_request(matcher: Matcher, text: str) -> None:
    intent = matcher.match(text)
    assert intent is None or intent.confidence < 0.55


def test_free_words_do_not_make_a_long_talk_a_note(matcher: Matcher) -> None:
    """What a presidential address was heard as: one right word, and free words that explain the rest."""
    talk = "add are my are out what add i'd want you are hundred and over your and twenty over can you for your hundred"
    assert matcher.match(talk) is None
    for text in ("add milk to my notes", "put milk on my list", "make a node buy milk"):
        found = matcher.match(text)
        assert found is not None
        assert (found.skill.name, str(found.arguments["note"]).split()[-1]) == ("note_add", "milk")


def test_every_sample_phrase_is_understood(matcher: Matcher) -> None:
    rng = random.Random(3)
    wrong = []
    for _ in range(600):
        skill = rng.choice(SKILLS)
        values = skill.say(rng) if skill.say else {}
        words = [
            values.get(part[1:-1]) or skill.parameter(part[1:-1]).slot.say(rng) if part[0] == "{" else part
            for part in sample(rng.choice(skill.phrases), rng)
        ]
        intent = matcher.match(" ".join(words))
        if intent is None or intent.skill is not skill or intent.confidence < 0.74:
            wrong.append((skill.name, " ".join(words), intent and (intent.skill.name, round(intent.confidence, 2))))
    assert len(wrong) <= 12, wrong


def test_a_match_is_quick(matcher: Matcher) -> None:
    text = "could you please set a timer for one hour and twenty five minutes"
    times = []
    for _ in range(30):
        start = time.thread_time()
        matcher.match(text)
        times.append(time.thread_time() - start)
    assert sorted(times)[15] < 0.02
