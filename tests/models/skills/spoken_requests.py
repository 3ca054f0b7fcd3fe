"""Requests with random values, and voices to say them.

The values are new at every seed; the sentences are not held out: most are also sample phrases of the skills, and the
phrases were extended after looking at what went wrong here. Figures say how well such requests are heard, not how well
other wordings are.
"""

from __future__ import annotations

import random
import subprocess
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from needs import needs

from tui_assistant.engine.ports import Recogniser
from tui_assistant.models.skills.brain import Understanding
from tui_assistant.models.skills.expressions import parse_expression
from tui_assistant.models.skills.words import tokenise

FLITE_VOICES = ("slt", "kal16", "awb")
_ONES_LINE = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS_LINE = "- - twenty thirty forty fifty sixty seventy eighty ninety"
_ONES, _TENS = _ONES_LINE.split(), _TENS_LINE.split()
Value = str | float


@dataclass(frozen=True, slots=True)
class Request:
    text: str
    skill: str
    arguments: dict[str, Value]  # those that must come out; notes are compared by their words


def say(number: int) -> str:
    """0..999999 in words; written apart from the package's own, so that the test does not repeat its mistakes."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10] + (f" {_ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        return f"{_ONES[number // 100]} hundred" + (f" and {say(number % 100)}" if number % 100 else "")
    return f"{say(number // 1000)} thousand" + (f" {say(number % 1000)}" if number % 1000 else "")


def _plural(count: int, unit: str) -> str:
    return f"{say(count)} {unit}{'' if count == 1 else 's'}"


def _duration(rng: random.Random) -> tuple[str, float]:
    kind = rng.randrange(6)
    minutes, seconds, hours = rng.randrange(1, 60), rng.randrange(5, 60), rng.randrange(1, 13)
    if kind == 0:
        return _plural(minutes, "minute"), minutes * 60
    if kind == 1:
        return _plural(seconds, "second"), seconds
    if kind == 2:
        return f"{_plural(hours, 'hour')} and {_plural(minutes, 'minute')}", hours * 3600 + minutes * 60
    if kind == 3:
        return f"{_plural(minutes, 'minute')} and {_plural(seconds, 'second')}", minutes * 60 + seconds
    if kind == 4:
        return f"{say(minutes)} and a half minutes", minutes * 60 + 30
    return rng.choice(
        (("half an hour", 1800.0), ("an hour and a half", 5400.0), (_plural(hours, "hour"), hours * 3600.0))
    )


def _timer(template: str) -> Callable[[random.Random], Request]:
    def make(rng: random.Random) -> Request:
        text, seconds = _duration(rng)
        return Request(template.format(text), "timer_set", {"seconds": float(seconds)})

    return make


def _sum(template: str, sign: str, top: int = 100) -> Callable[[random.Random], Request]:
    def make(rng: random.Random) -> Request:
        one, two = rng.randrange(2, top), rng.randrange(2, top)
        value = {"+": one + two, "-": one - two, "*": one * two, "/": one / two, "%": one * two / 100}[sign]
        return Request(template.format(say(one), say(two)), "arithmetic", {"result": value})

    return make


def _conversion(template: str, source: str, target: str) -> Callable[[random.Random], Request]:
    def make(rng: random.Random) -> Request:
        value = rng.randrange(2, 200)
        arguments: dict[str, Value] = {"value": float(value), "from_unit": source, "to_unit": target}
        return Request(template.format(say(value)), "convert", arguments)

    return make


def _fixed(text: str, skill: str, **arguments: Value) -> Callable[[random.Random], Request]:
    return lambda _: Request(text, skill, arguments)


def _volume(rng: random.Random) -> Request:
    value = rng.randrange(1, 21) * 5
    return Request(f"set the volume to {say(value)} percent", "volume_set", {"percent": float(value)})


def _root(rng: random.Random) -> Request:
    value = rng.randrange(2, 31)
    return Request(f"what's the square root of {say(value * value)}", "arithmetic", {"result": value})


def _decimal(rng: random.Random) -> Request:
    whole, tenth, other = rng.randrange(1, 20), rng.randrange(1, 10), rng.randrange(2, 10)
    text = f"what is {say(whole)} point {say(tenth)} times {say(other)}"
    return Request(text, "arithmetic", {"result": (10 * whole + tenth) * other / 10})


def _named(rng: random.Random) -> Request:
    name = rng.choice(("pasta", "pizza", "coffee", "laundry"))
    text, seconds = _duration(rng)
    return Request(f"set a {name} timer for {text}", "timer_set", {"seconds": float(seconds), "name": name})


MAKERS: tuple[Callable[[random.Random], Request], ...] = (
    _timer("set a timer for {}"),
    _timer("start a timer for {}"),
    _timer("please set a timer for {}"),
    _timer("could you set a timer for {}"),
    _timer("create a timer for {}"),
    _timer("remind me in {}"),
    _timer("wake me up in {}"),
    _named,
    _sum("what is {} plus {}", "+"),
    _sum("what's {} minus {}", "-"),
    _sum("how much is {} times {}", "*"),
    _sum("what is {} divided by {}", "/"),
    _sum("what's {} percent of {}", "%"),
    _sum("calculate {} times {}", "*", 1000),
    _sum("add {} and {}", "+", 1000),
    _root,
    _decimal,
    _conversion("how many ounces are in {} cups", "cup", "ounce"),
    _conversion("convert {} miles to kilometers", "mile", "kilometer"),
    _conversion("convert {} pounds to kilograms", "pound", "kilogram"),
    _conversion("what is {} degrees fahrenheit in celsius", "degree fahrenheit", "degree celsius"),
    _conversion("how many feet are in {} meters", "meter", "foot"),
    _conversion("how many minutes are in {} hours", "hour", "minute"),
    _volume,
    _fixed("what time is it", "time"),
    _fixed("what's the time please", "time"),
    _fixed("tell me the time", "time"),
    _fixed("what day is it today", "date"),
    _fixed("what's the date", "date"),
    _fixed("how much time is left on my timer", "timer_status"),
    _fixed("how long is left on the timer", "timer_status"),
    _fixed("cancel the timer", "timer_cancel"),
    _fixed("stop my timer", "timer_cancel"),
    _fixed("cancel all timers", "timer_cancel_all"),
    _fixed("make a note buy milk", "note_add", note="buy milk"),
    _fixed("take a note call the doctor", "note_add", note="call the doctor"),
    _fixed("read my notes", "note_list"),
    _fixed("delete the last note", "note_delete"),
    _fixed("say that again", "repeat"),
    _fixed("turn the volume up", "volume_up"),
    _fixed("turn down the volume", "volume_down"),
    _fixed("what can you do", "help"),
    _fixed("tell me a joke", "joke"),
    _fixed("thank you very much", "thanks"),
    _fixed("how are you today", "how_are_you"),
    _fixed("good morning", "hello"),
)


def requests(seed: int, count: int) -> list[Request]:
    """`count` requests, each from another sentence as long as there are enough of them."""
    rng = random.Random(seed)
    makers = list(MAKERS)
    rng.shuffle(makers)
    return [makers[index % len(makers)](rng) for index in range(count)]


def flite(text: str, voice: str, folder: Path) -> bytes:
    """16 kHz mono int16, with silence around it as a microphone gives it."""
    needs("flite")
    target = folder / "said.wav"
    subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(target)], check=True, capture_output=True)
    return _at_16k(target)


def espeak(text: str, voice: str, folder: Path) -> bytes:
    needs("espeak-ng")
    target = folder / "said.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-w", str(target), text], check=True, capture_output=True)
    return _at_16k(target)


def _at_16k(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        rate, data = file.getframerate(), file.readframes(file.getnframes())
    samples = np.frombuffer(data, np.int16)
    if rate != 16_000:
        samples = np.clip(np.round(soxr.resample(samples.astype(np.float32), rate, 16_000)), -32768, 32767).astype(
            np.int16
        )
    quiet = np.random.default_rng(0).normal(0, 3, 8_000).astype(np.int16)  # -80 dBFS of room
    return bytes(np.concatenate((quiet[:4_800], samples, quiet)).tobytes())


def recognise(recogniser: Recogniser, pcm: bytes, session_id: str = "") -> str:
    """As it comes from a microphone: 20 ms at a time."""
    open_for = getattr(recogniser, "open_for", None)
    stream = open_for(None, session_id) if open_for else recogniser.open(None)
    for start in range(0, len(pcm), 640):
        stream.accept(pcm[start : start + 640])
    text = stream.finish().text
    stream.close()
    return text


def judged(request: Request, understood: Understanding) -> bool:
    """The right skill with the right values, done without a question."""
    intent = understood.intent
    if intent is None or understood.confirm or intent.skill.name != request.skill:
        return False
    for name, wanted in request.arguments.items():
        if name == "result":
            found = parse_expression(tokenise(str(intent.arguments["expression"])), 0)
            if found is None or abs(float(found[0]) - float(wanted)) > 1e-6 * max(1.0, abs(float(wanted))):
                return False
        elif intent.arguments.get(name) != wanted:
            return False
    return True
