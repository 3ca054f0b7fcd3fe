"""Barge-in between our client and an engine, with a device's clock and a network's delay that the test turns."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field

import pytest
from fakes import FRAME_BYTES, Driver, Models, ScriptedDetector, config
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.client import effects as do
from tui_assistant.client.backchannels import is_floor
from tui_assistant.client.dialogue import Dialogue
from tui_assistant.client.effects import Effect
from tui_assistant.client.interruption import SERVERS_WAY, BargeInTimes
from tui_assistant.engine.observation import FrameSeen
from tui_assistant.engine.outbox import Output
from tui_assistant.engine.ports import Partial, Respond, Transcribe, TranscribeEnd
from tui_assistant.protocol import client, server
from tui_assistant.protocol.session import ServerVad

FRAME_MS = 32
RATE = 24_000
LETTER_MS = 20  # of the voice
REPLY = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen."  # 1.7 s


@dataclass(frozen=True, slots=True)
class Said:
    """An utterance: frames of silence before it, frames of speech, its words."""

    after: int
    speech: int
    words: str


@dataclass
class Room:
    """Steps of one frame. `delay`: frames that an event takes, either way; `asr`: that the words take."""

    said: list[Said]
    times: BargeInTimes = field(default_factory=BargeInTimes)
    delay: int = 0
    asr: int = 0
    partials: bool = False

    def __post_init__(self) -> None:
        script = [p for each in self.said for p in [0.0] * each.after + [0.9] * each.speech]
        words = iter(self.said)
        self.driver = Driver(ScriptedDetector(script), config(ServerVad()), Models(reply=[REPLY]))
        self.script = script
        self.at = 0
        self.dialogue = Dialogue(self.times.rules(ServerVad()), RATE, barge_in=self.times)
        self.down: deque[tuple[int, Output]] = deque((0, output) for output in self.driver.outputs)
        self.up: deque[tuple[int, client.ClientEvent]] = deque()
        self.words = words
        self.thinking: list[tuple[int, TranscribeEnd]] = []
        self.queue: deque[list[object]] = deque()  # [item, samples] at the device
        self.played = 0
        self.heard: dict[str, int] = {}  # samples by item
        self.flushed: set[str] = set()
        self.ducked = False
        self.sent: list[client.ClientEvent] = []
        self.told: list[str] = []
        self._do(self.dialogue.begin())

    @property
    def now_ms(self) -> int:
        return self.at * FRAME_MS

    def run(self, frames: int) -> None:
        for _ in range(frames):
            self.step()

    def finish(self) -> None:
        self.run(len(self.script) - self.at + 200)

    def step(self) -> None:
        while self.up and self.up[0][0] <= self.at:
            self._down(self.driver.event(self.up.popleft()[1]))
        self._down(self.driver.feed(bytes(FRAME_BYTES)))
        self._models()
        if self.delay:  # our own detector's frame, long before the server's word
            self._do(self.dialogue.frame(self.script[self.at] if self.at < len(self.script) else 0.0))
        self._device(RATE * FRAME_MS // 1000)
        self._do(self.dialogue.heard(self.played, self.now_ms))
        self.at += 1
        while self.down and self.down[0][0] <= self.at:
            output = self.down.popleft()[1]
            if isinstance(output, FrameSeen) and not self.delay:
                self._do(self.dialogue.frame(output.p))
            elif isinstance(output, server.ServerEventBase):
                self._do(self.dialogue.take(output, self.now_ms))  # type: ignore[arg-type]

    def _models(self) -> None:
        for ask in list(self.driver.open):
            if isinstance(ask, TranscribeEnd):
                self.driver.open.remove(ask)
                self.thinking.append((self.at + self.asr, ask))
        for due, ask in list(self.thinking):
            if due <= self.at:
                self.thinking.remove((due, ask))
                self.driver.models.words = [next(self.words).words]
                for answer in self.driver.models.answers(ask):
                    self._down(self.driver.answer(ask, answer))
        while self.driver.open and not isinstance(self.driver.open[0], TranscribeEnd):
            before = len(self.driver.outputs)
            self.driver.finish(self.driver.open[0])
            self._down(self.driver.outputs[before:])

    def _down(self, outputs: list[Output]) -> None:
        for output in outputs:
            self.down.append((self.at + self.delay, output))
            if self.partials and isinstance(output, Transcribe):
                spoken = [each for each in self.said if is_floor(each.words) or each.words]
                known = sum(isinstance(o, Transcribe) for o in self.driver.outputs)
                if known <= len(spoken):
                    self._down(self.driver.answer(output, Partial(spoken[known - 1].words)))

    def _device(self, samples: int) -> None:
        while samples and self.queue:
            item, left = self.queue[0]
            count = min(samples, int(left))  # type: ignore[call-overload]
            assert item not in self.flushed
            self.heard[str(item)] = self.heard.get(str(item), 0) + count
            self.played, samples = self.played + count, samples - count
            self.queue[0][1] = int(left) - count  # type: ignore[call-overload]
            if not self.queue[0][1]:
                self.queue.popleft()

    def _do(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case do.Play(item_id=item, pcm=pcm):
                    self.queue.append([item, len(pcm) // 2])
                case do.Flush():
                    self.flushed |= {str(item) for item, _ in self.queue}
                    self.queue.clear()
                    self.ducked = False
                case do.Duck():
                    assert not self.ducked
                    self.ducked = True
                case do.Unduck():
                    self.ducked = False
                case do.Tell(text=text):
                    self.told.append(text)
                case client.ClientEventBase():
                    self.sent.append(effect)  # type: ignore[arg-type]
                    self.up.append((self.at + self.delay, effect))  # type: ignore[arg-type]
        if not self.delay:
            while self.up:
                self._down(self.driver.event(self.up.popleft()[1]))

    @property
    def asked(self) -> int:
        return sum(isinstance(event, client.ResponseCreate) for event in self.sent)

    @property
    def contexts(self) -> list[list[tuple[str, str]]]:
        """(role, text) of the messages of each request to the responder."""
        return [[(line.role, line.text) for line in ask.messages] for ask in self.driver.of(Respond)]


TURN = 16  # frames of silence end a turn


@pytest.mark.parametrize("into", range(2, 50, 4))
@pytest.mark.parametrize("delay", [0, 3])
def test_at_every_point_of_an_answer_the_next_request_holds_only_what_was_heard(into: int, delay: int) -> None:
    room = Room([Said(4, 10, "hello"), Said(TURN + into + 2 * delay, 30, "no, that")], delay=delay)
    room.finish()
    assert not room.told
    assert room.asked == 2
    first, last = room.contexts[0], room.contexts[-1]
    assert first == [("user", "hello")]
    assert last[-1] == ("user", "no, that")
    (cut,) = [event for event in room.sent if isinstance(event, client.ConversationItemTruncate)]
    heard_ms = room.heard[cut.item_id] * 1000 // RATE
    assert cut.audio_end_ms == pytest.approx(heard_ms, abs=1)
    said = " ".join(text for role, text in last if role == "assistant")
    letters = heard_ms // LETTER_MS
    assert REPLY.startswith(said.removesuffix(" …"))
    assert len(said.removesuffix(" …")) <= letters
    assert letters - len(said) <= len("fourteen ")


def test_the_servers_way_does_the_same_by_itself() -> None:
    room = Room([Said(4, 10, "hello"), Said(40, 30, "no, that")], SERVERS_WAY)
    room.finish()
    assert room.asked == 0
    assert len(room.contexts) == 2
    assert room.contexts[-1][-1] == ("user", "no, that")


@pytest.mark.parametrize(("speech", "words"), [(5, ""), (5, "mhm"), (18, "okay")])
def test_who_only_listens_hears_the_answer_to_its_end_and_gets_no_other(speech: int, words: str) -> None:
    room = Room([Said(4, 10, "hello"), Said(30, speech, words)], partials=True)
    room.finish()
    assert room.asked == 1
    assert room.flushed == set()
    assert sum(room.heard.values()) == len(REPLY) * LETTER_MS * RATE // 1000
    assert not room.ducked
    assert not room.dialogue.busy


UTTERANCES = st.lists(
    st.builds(
        Said,
        after=st.integers(TURN + 2, 90),
        speech=st.integers(2, 40),
        words=st.sampled_from(["", "mhm", "yes okay", "stop", "what time is it"]),
    ),
    min_size=1,
    max_size=6,
)


@settings(deadline=None, max_examples=40)
@given(UTTERANCES, st.integers(0, 6), st.integers(0, 25), st.booleans(), st.sampled_from([250, 100, 600]))
def test_nothing_that_is_cut_is_heard_again_and_every_turn_is_answered_at_most_once(
    said: list[Said], delay: int, asr: int, partials: bool, after_ms: int
) -> None:
    room = Room(said, BargeInTimes(after_ms, 700), delay=delay, asr=asr, partials=partials)
    room.finish()  # nothing flushed is heard: Room looks
    commits = [output for output in room.driver.outputs if isinstance(output, server.BufferCommitted)]
    assert room.told == []
    assert room.asked <= len(commits) == len(said)
    assert not room.ducked
    assert not room.dialogue.busy
    assert not room.queue
    created = [output for output in room.driver.outputs if isinstance(output, server.ResponseCreated)]
    assert len(created) == room.asked  # none was refused
    answered = [line for context in room.contexts for line in context]
    floor = [each.words for each in said if is_floor(each.words)]
    if floor:
        assert ("user", floor[-1]) in answered
    over_nothing = said[0].words
    if over_nothing:
        assert room.contexts[0][0] == ("user", over_nothing)


def test_a_cough_in_the_middle_of_thinking_does_not_swallow_the_question() -> None:
    room = Room([Said(4, 10, "what time is it"), Said(TURN + 2, 5, "")], asr=30)
    room.finish()
    assert room.contexts == [[("user", "what time is it")]]
    assert sum(room.heard.values()) == len(REPLY) * LETTER_MS * RATE // 1000


def test_steps_are_counted_once() -> None:
    """The room itself: what is handed to the device is heard or flushed."""
    room = Room([Said(4, 10, "hello")])
    for _ in itertools.repeat(None, 120):
        room.step()
    assert room.heard == {room.driver.events[-1].response.output[0].id: len(REPLY) * LETTER_MS * 24}  # type: ignore[union-attr]
