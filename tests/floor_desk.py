"""A talk key, a microphone of known samples and a link that writes down, all on one clock that a test moves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from conversation import updated
from numpy.typing import NDArray

from tui_assistant.audio.base import DeviceState
from tui_assistant.audio.clocked import ClockedSpeaker
from tui_assistant.client.dialogue import Dialogue
from tui_assistant.client.hold import Edge, KeyEdge, Method
from tui_assistant.protocol import client
from tui_assistant.protocol.session import ServerVad
from tui_assistant.runtime.api import Keyboard
from tui_assistant.runtime.capture import Capture
from tui_assistant.runtime.floor import FloorKeeper
from tui_assistant.runtime.hands import Hands

RATE = 16_000
START_S = 50.0  # on the clock, when sample 0 was spoken
RULES = ServerVad()


def signal(begin: int, end: int) -> NDArray[np.int16]:
    """Samples that say which they are, within four seconds."""
    return np.arange(begin, end).astype(np.uint16).view(np.int16)


class Counting:
    """A microphone of such samples."""

    name, silent, lost, rate = "counting", False, 0, RATE

    def __init__(self, clock: Callable[[], float]) -> None:
        self.state = DeviceState.RUNNING
        self._clock = clock
        self.started_at: float | None = None
        self.position = 0
        self.closed = False

    def start(self) -> None:
        self.started_at = self._clock()

    def read(self) -> NDArray[np.int16]:
        begin, self.position = self.position, self.position_at(self._clock())
        return signal(begin, self.position)

    def position_at(self, at: float) -> int:
        return 0 if self.started_at is None else max(0, round((at - self.started_at) * RATE))

    def close(self) -> None:
        self.closed = True


class Silence:
    """A detector that hears speech when the test says so."""

    name = "scripted"
    p = 0.0

    def probability(self, frame: NDArray[np.int16]) -> float:
        return self.p

    def reset(self) -> None:
        """Nothing to forget."""


class WritingLink:
    """Stretches of audio and names of events, in the order in which the link got them."""

    name, input_rate, output_rate, observes, fine = "writing", RATE, 24_000, False, True

    def __init__(self) -> None:
        self.got: list[str | bytearray] = []
        self.dialogue: Dialogue | None = None
        self.hands: Hands | None = None

    def send(self, event: client.ClientEvent) -> None:
        self.got.append(event.type)
        if isinstance(event, client.SessionUpdate):
            assert self.dialogue is not None
            assert self.hands is not None
            rules = event.session["audio"]["input"]["turn_detection"]
            self.got[-1] = "detect" if rules else "manual"
            self.hands.do(self.dialogue.take(updated(ServerVad(**rules) if rules else None), 0))

    def feed(self, pcm: bytes) -> None:
        if self.got and isinstance(self.got[-1], bytearray):
            self.got[-1] += pcm
        elif pcm:
            self.got.append(bytearray(pcm))

    @property
    def events(self) -> list[str]:
        return [item for item in self.got if isinstance(item, str)]

    @property
    def audio(self) -> list[NDArray[np.int16]]:
        """One array for each stretch between two events."""
        return [np.frombuffer(item, np.int16) for item in self.got if not isinstance(item, str)]

    def behind(self, event: str) -> list[NDArray[np.int16]]:
        """The stretch that follows each such event, if one does at once."""
        pairs = zip(self.got, self.got[1:], strict=False)
        return [
            np.frombuffer(item, np.int16) for before, item in pairs if before == event and not isinstance(item, str)
        ]


class FloorDesk:
    """The runtime's part of a hold without its thread: `pass_to` moves the clock, `poll` looks."""

    def __init__(
        self, *, push_to_talk: bool = True, method: Method = Method.RELEASED, tail_ms: int = 200, remember: bool = False
    ) -> None:
        self.now = START_S
        self.detector = Silence()
        self.link = WritingLink()
        self.told: list[str] = []
        self.capture = Capture(RATE, lambda: self.detector, tail_ms=tail_ms)
        self.dialogue = self.link.dialogue = Dialogue(RULES, 24_000, push_to_talk=push_to_talk)
        self.hands = self.link.hands = Hands(
            self.link,  # type: ignore[arg-type]  # nothing is opened
            self.capture,
            show=lambda line: None,
            tell=lambda text, severity: self.told.append(text),
        )
        self.speaker = ClockedSpeaker(clock=lambda: self.now)
        self.speaker.start()
        self.hands.use_speaker(self.speaker)
        self.microphone = Counting(lambda: self.now)
        self.awake = True
        self.muted = self.withheld = False
        self.keeper = FloorKeeper(
            self.capture,
            self.dialogue,
            tail_ms=tail_ms,
            remember=remember,
            act=self.hands.do,
            feed=self.link.feed,
            wake=lambda: self.awake,
            now_ms=lambda: self.now * 1000,
        )
        self.microphone.start()
        self.capture.use(self.microphone)
        self.keeper.use_keyboard(Keyboard(method, "desk"))
        self.hands.do(self.dialogue.begin())

    def key(self, edge: Edge, at_ms: float) -> None:
        """`at_ms`: since sample 0 was spoken. The time of the call is `now`."""
        self.keeper.key(KeyEdge(edge, START_S * 1000 + at_ms))

    def poll(self, at_ms: float) -> None:
        """Looks at that time."""
        self.now = START_S + at_ms / 1000
        samples = self.keeper.poll(withheld=self.withheld, muted=self.muted)
        for _ in self.capture.estimate(samples):
            self.keeper.heard(self.detector.p)

    def pass_to(self, at_ms: float, *, step_ms: float = 10) -> None:
        """Polls up to that time."""
        now_ms = (self.now - START_S) * 1000
        while now_ms < at_ms:
            now_ms = min(at_ms, now_ms + step_ms)
            self.poll(now_ms)

    @property
    def ms(self) -> float:
        return (self.now - START_S) * 1000
