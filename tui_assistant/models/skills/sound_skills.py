"""Repeat, volume and stop: what changes how the assistant is heard. The client follows the metadata."""

from __future__ import annotations

from .base import Arguments, Context, Outcome, Parameter, Skill, number_of
from .numbers import number_text
from .slots import PERCENT

_LEVEL = Parameter("percent", PERCENT, "Loudness in percent", minimum=0, maximum=100)


def _repeat(_: Arguments, context: Context) -> Outcome:
    return Outcome(context.last_answer or "I have not said anything yet.")


def _volume_up(_: Arguments, __: Context) -> Outcome:
    return Outcome("Louder.", {"volume": "+0.10"})


def _volume_down(_: Arguments, __: Context) -> Outcome:
    return Outcome("Quieter.", {"volume": "-0.10"})


def _volume_set(arguments: Arguments, _: Context) -> Outcome:
    percent = number_of(arguments, "percent")
    if percent is None or not 0 <= percent <= 100:
        return Outcome("The volume goes from zero to one hundred percent.")
    return Outcome(f"Volume {number_text(percent, 0)} percent.", {"volume": f"{percent / 100:.2f}"})


def _mute(_: Arguments, __: Context) -> Outcome:
    return Outcome("Muted.", {"volume_muted": "true"})


def _unmute(_: Arguments, __: Context) -> Outcome:
    return Outcome("Sound is on.", {"volume_muted": "false"})


def _stop(_: Arguments, __: Context) -> Outcome:
    return Outcome("Okay.", {"stop": "true"})


REPEAT = Skill(
    name="repeat",
    description="Says the last answer again.",
    phrases=(
        "(say|tell me|give me|read) that again",
        "repeat [that|it|yourself]",
        "say (it again|that one more time|again)",
        "what did you [just] say",
        "(once|one) more [time]",
        "come again",
        "i did not (hear|get|catch|understand) (that|you)",
        "what was that",
        "again",
        "pardon [me]",
        "(repeat|say) the last (answer|thing|one)",
    ),
    handler=_repeat,
    restate=lambda _: "repeat what I said",
    weight=0.9,
)

VOLUME_UP = Skill(
    name="volume_up",
    description="Makes the assistant's voice louder.",
    phrases=(
        "(turn|put) [the] (volume|sound) up",
        "(turn|put) up the (volume|sound)",
        "turn it up",
        "volume up",
        "[speak|talk|be|make it] [a (bit|little)] louder",
        "(increase|raise) the volume",
        "(speak|talk) up",
        "i can not hear you",
        "you are too quiet",
    ),
    handler=_volume_up,
    restate=lambda _: "turn the volume up",
    weight=0.8,
)

VOLUME_DOWN = Skill(
    name="volume_down",
    description="Makes the assistant's voice quieter.",
    phrases=(
        "(turn|put) [the] (volume|sound) down",
        "(turn|put) down the (volume|sound)",
        "turn it down",
        "volume down",
        "[speak|talk|be|make it] [a (bit|little)] (quieter|softer)",
        "(decrease|lower|reduce) the volume",
        "(not so loud|too loud|you are too loud|that is too loud)",
    ),
    handler=_volume_down,
    restate=lambda _: "turn the volume down",
    weight=0.8,
)

VOLUME_SET = Skill(
    name="volume_set",
    description="Sets the loudness of the assistant's voice.",
    phrases=(
        "(set|change|turn|put) [the] volume (to|at) {percent}",
        "(set|turn) [the] volume {percent}",
        "volume [to|at] {percent}",
        "(turn|set) the volume (up|down) to {percent}",
    ),
    handler=_volume_set,
    restate=lambda arguments: f"set the volume to {number_text(number_of(arguments, 'percent') or 0, 0)} percent",
    parameters=(_LEVEL,),
    weight=1.0,
)

MUTE = Skill(
    name="mute",
    description="Turns the assistant's voice off.",
    phrases=("mute [the] [sound|volume|yourself|voice]", "turn (off the sound|the sound off)"),
    handler=_mute,
    restate=lambda _: "mute the sound",
    weight=0.4,
)

UNMUTE = Skill(
    name="unmute",
    description="Turns the assistant's voice on again.",
    phrases=("unmute [the] [sound|volume|yourself|voice]", "turn the sound [back] on"),
    handler=_unmute,
    restate=lambda _: "turn the sound on",
    weight=0.4,
)

STOP = Skill(
    name="stop",
    description="Stops what the assistant is saying and silences a ringing timer.",
    phrases=(
        "stop [it|that|talking|ringing|the (alarm|ringing|noise)]",
        "(be quiet|shut up|silence|quiet|enough|that is enough|hush)",
        "(never mind|nevermind|forget it|cancel|cancel that|dismiss)",
        "(turn off|dismiss|silence) the alarm",
    ),
    handler=_stop,
    restate=lambda _: "stop",
    weight=0.9,
)

SOUND_SKILLS = (REPEAT, VOLUME_UP, VOLUME_DOWN, VOLUME_SET, MUTE, UNMUTE, STOP)
