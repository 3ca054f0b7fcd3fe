"""All skills of the assistant."""

from __future__ import annotations

from .base import Skill
from .clock_skills import CLOCK_SKILLS
from .maths_skills import MATHS_SKILLS
from .note_skills import NOTE_SKILLS
from .sound_skills import SOUND_SKILLS
from .talk_skills import TALK_SKILLS
from .timer_skills import TIMER_SKILLS

SKILLS: tuple[Skill, ...] = (
    *CLOCK_SKILLS,
    *TIMER_SKILLS,
    *MATHS_SKILLS,
    *NOTE_SKILLS,
    *SOUND_SKILLS,
    *TALK_SKILLS,
)
