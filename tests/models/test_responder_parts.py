"""The chat responder's parsers by themselves, and the fallback from one responder to another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.engine.ports import Alarm, Cancellation, ChatMessage, Respond, Responded, TextDelta
from tui_assistant.errors import ModelError
from tui_assistant.host.inbox import Flag
from tui_assistant.models.responders.fallback import Fallback
from tui_assistant.models.responders.fallback import create as create_fallback
from tui_assistant.models.responders.skills import SkillResponder
from tui_assistant.models.responders.sse import MAX_EVENT_BYTES, SseError, SseParser
from tui_assistant.models.responders.thoughts import ThoughtFilter

EVENTS = "\ufeff: c\n\ndata: ünï\ndata:two\ndata\n\r\nid: 7\rdata: 3\r\rdata:  x\n\n\n\ndata: last".encode()
WANTED = ["ünï\ntwo\n", "3", " x", "last"]


@given(st.lists(st.integers(0, len(EVENTS)), max_size=12))
def test_events_are_the_same_however_the_bytes_are_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(EVENTS)]
    parser = SseParser()
    got = [data for a, b in pairwise(edges) for data in parser.feed(EVENTS[a:b])]
    assert got + list(parser.end()) == WANTED


@given(st.lists(st.binary(max_size=40)))
def test_no_bytes_harm_the_parser(pieces: list[bytes]) -> None:
    parser = SseParser()
    got = [data for piece in pieces for data in parser.feed(piece)] + list(parser.end())
    assert sum(map(len, got)) <= sum(map(len, pieces)) + len(pieces)


@pytest.mark.parametrize("piece", [b"x" * 1000, b"data: " + b"x" * 1000 + b"\n"])
def test_an_event_without_an_end_is_refused(piece: bytes) -> None:
    parser = SseParser()

    def feed_all() -> None:
        for _ in range(MAX_EVENT_BYTES // 900):
            list(parser.feed(piece))

    with pytest.raises(SseError):
        feed_all()


THOUGHTS = [
    ("plain words", "plain words"),
    ("<think>a\nb</think>\n\nTwo.", "Two."),
    ("  \n<thinking> a </thinking>Two", "Two"),
    ("<think></think>", ""),
    ("<think>never ends", ""),
    ("<thin air", "<thin air"),
    ("a <think> b", "a <think> b"),
    ("One.\n<think>x</think>\nTwo.", "One.\n\nTwo."),
    ("One.\n\n  two\n\nthree\n", "One.\n\n  two\n\nthree\n"),
    ("<reasoning>x</think></reasoning>y", "y"),
    ("<", "<"),
]


@pytest.mark.parametrize(("text", "spoken"), THOUGHTS)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_thoughts_are_left_out_however_the_text_is_cut(text: str, spoken: str, size: int) -> None:
    thoughts = ThoughtFilter()
    got = "".join(thoughts.feed(text[i : i + size]) for i in range(0, len(text), size)) + thoughts.end()
    assert got.rstrip() == spoken.rstrip()


class Fixed:
    """A responder that always does the same."""

    def __init__(self, name: str, text: str, skill: str = "", error: str = "") -> None:
        self.name = name
        self._text, self._skill, self._error = text, skill, error
        self.asked = 0

    def respond(self, request: Respond, cancellation: Cancellation) -> Iterator[TextDelta | Responded]:
        self.asked += 1
        if self._text:
            yield TextDelta(self._text)
        if self._error:
            raise ModelError(self._error)
        yield Responded({"skill": self._skill} if self._skill else {})

    def notify(self, session_id: str, ring: Callable[[Alarm], None]) -> Callable[[], None]:
        ring(Alarm(f"{self.name} on"))
        return lambda: ring(Alarm(f"{self.name} off"))


def run(first: Fixed, then: Fixed, *, optional: bool = False) -> str:
    request = Respond("a", "s", (ChatMessage("user", "x"),))
    pieces = Fallback(first, then, optional=optional).respond(request, Flag())
    return "".join(piece.text for piece in pieces if isinstance(piece, TextDelta))


def test_the_second_responder_is_asked_only_what_the_first_did_not_understand() -> None:
    chat = Fixed("chat", "Paris.")
    assert run(Fixed("skills", "It is two.", "time"), chat) == "It is two."
    assert run(Fixed("skills", "", "none"), chat) == ""  # a cough: nothing is to be said
    assert chat.asked == 0
    assert run(Fixed("skills", "I heard: x.", "none"), chat) == "Paris."


@pytest.mark.parametrize(
    "lines", [(), (ChatMessage("user", "what time is it"), ChatMessage("assistant", "Two."), ChatMessage("user", ""))]
)
def test_where_the_user_has_said_nothing_the_model_finds_the_words(lines: tuple[ChatMessage, ...]) -> None:
    """A client's response.create with instructions alone, and idle_timeout_ms."""
    answering = Fallback(SkillResponder(), Fixed("chat", "Still there?"), optional=True)
    pieces = list(answering.respond(Respond("a", "s", lines, "Greet the user."), Flag()))
    assert pieces == [TextDelta("Still there?"), Responded({})]


def test_when_the_second_fails_its_reason_or_the_firsts_words_are_given() -> None:
    skills = Fixed("skills", "I heard: x.", "none")
    with pytest.raises(ModelError, match="no server"):
        run(skills, Fixed("chat", "", error="no server"))
    assert run(skills, Fixed("chat", "", error="no server"), optional=True) == "I heard: x."
    with pytest.raises(ModelError):
        run(skills, Fixed("chat", "Par", error="broke"), optional=True)


def test_alarms_of_both_are_heard_and_ended() -> None:
    rung: list[str] = []
    stop = Fallback(Fixed("a", ""), Fixed("b", ""), optional=False).notify("s", lambda alarm: rung.append(alarm.text))
    stop()
    assert rung == ["a on", "b on", "a off", "b off"]


def test_skills_and_chat_are_put_together_by_name() -> None:
    made = create_fallback({"then_options": {"base_url": "http://127.0.0.1:1"}, "optional": True})
    assert made.name == "skills, then chat"
    request = Respond("a", "s", (ChatMessage("user", "what time is it"),))
    end = list(made.respond(request, Flag()))[-1]
    assert isinstance(end, Responded)
    assert end.metadata["skill"] == "time"
