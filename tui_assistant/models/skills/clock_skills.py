"""The time and the date."""

from __future__ import annotations

from datetime import datetime

from .base import Arguments, Context, Outcome, Skill
from .numbers import number_words

_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
             "twelve": "twelfth"}  # fmt: skip


def time_words(now: datetime) -> str:
    """ "3:07 PM": short on the screen, and every voice reads it right."""
    return f"{now.hour % 12 or 12}:{now.minute:02d} {'AM' if now.hour < 12 else 'PM'}"


def ordinal(day: int) -> str:
    head, _, last = number_words(day).rpartition(" ")
    regular = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    last = _ORDINALS.get(last, regular)
    return f"{head} {last}".strip()


def _time(_: Arguments, context: Context) -> Outcome:
    return Outcome(f"It is {time_words(context.now())}.")


def _date(_: Arguments, context: Context) -> Outcome:
    now = context.now()
    return Outcome(f"Today is {now:%A}, {now:%B} {ordinal(now.day)}, {now.year}.")


TIME = Skill(
    name="time",
    description="Tells the current local time.",
    phrases=(
        "what time is it [right now|now]",
        "what is the [current] time [right now|now|please]",
        "(tell|give) me [what] [the] [current] time [it is]",
        "do you (know what time it is|have the time|know the time)",
        "[the] [current] time [please]",
        "how late is it",
        "what time do we have",
        "what hour is it",
        "what does the clock say",
    ),
    handler=_time,
    restate=lambda _: "tell the time",
    weight=1.2,
)

DATE = Skill(
    name="date",
    description="Tells today's date and the day of the week.",
    phrases=(
        "what day is it [today]",
        "what (day is|is) today",
        "what is the (date|day) [today]",
        "what is today's (date|day)",
        "what is the day of the week",
        "what day of the (week|month) is it [today]",
        "what date is it [today]",
        "(tell|give) me (the date|today's date|what day it is)",
        "which day is (it|today)",
        "what (month|year) is it",
        "[the] date [today]",
        "today's date",
        "do you know (what day it is|the date)",
        "what is the current date",
        "is it (monday|tuesday|wednesday|thursday|friday|saturday|sunday) today",
    ),
    handler=_date,
    restate=lambda _: "tell the date",
    weight=1.0,
)

CLOCK_SKILLS = (TIME, DATE)
