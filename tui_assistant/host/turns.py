"""The engine's own turn detection for a conversation whose model is elsewhere: audio in, turns and their audio out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast, get_args

from tui_assistant.engine.buffer import SampleBuffer
from tui_assistant.engine.ids import Ids
from tui_assistant.engine.intake import Happened, Intake, Utterance
from tui_assistant.engine.observation import FrameSeen, Observation, TurnState
from tui_assistant.engine.outbox import Outbox
from tui_assistant.engine.ports import Ask, Cancel, Judge, SpeechDetector
from tui_assistant.host.workers import Post
from tui_assistant.models import registry
from tui_assistant.protocol import server
from tui_assistant.protocol.items import JsonObject
from tui_assistant.protocol.session import Audio, AudioInput, PcmFormat, SessionConfig, TurnDetection
from tui_assistant.protocol.update import apply_update

_ASKS = get_args(Ask)


@dataclass(frozen=True, slots=True)
class Turned:
    """A turn is over: its audio ends at the sample `end` of the session; the last speech in it at `speech_end_ms`."""

    utterance: Utterance
    end: int
    speech_end_ms: int


Step = server.SpeechStarted | server.SpeechStopped | server.ErrorEvent | Observation | Turned


class Turns:
    """One stream of audio, int16 mono at `rate`. All calls and `on_step` are on one thread; none blocks.

    `on_step` may call back: what that brings comes behind the rest. Words are nobody's business here, so a judge goes
    by what it hears alone.
    """

    def __init__(
        self,
        rate: int,
        *,
        detector: str | SpeechDetector = "silero",
        ids: Ids | None = None,
        post: Post | None = None,
        on_step: Callable[[Step], None],
    ) -> None:
        """`post`: takes the Judge asks of semantic_vad; None: P is 0.5."""
        made = registry.create(registry.Port.DETECTOR, detector) if isinstance(detector, str) else detector
        self._outbox = Outbox(ids := ids or Ids())
        self._post = post
        self._on_step = on_step
        self._config = SessionConfig(audio=Audio(input=AudioInput(format=PcmFormat(rate=rate))))
        self._intake = Intake(self._config.audio.input, made, ids, self._outbox, judge=post is not None)
        self._steps: deque[Step] = deque()
        self._passing_on = False
        self._asked: str | None = None  # the judge's open question
        self.speech_end_ms = 0  # of the open turn: end of its last frame of speech

    @property
    def rules(self) -> TurnDetection | None:
        return self._config.audio.input.turn_detection

    @property
    def buffer(self) -> SampleBuffer:
        """The audio that an open turn, or one that begins now, may need."""
        return self._intake.buffer

    @property
    def now_ms(self) -> int:
        """All audio so far."""
        return self._intake.now_ms

    @property
    def item_id(self) -> str | None:
        """Of the turn that is open: announced, or given to the audio of a manual one."""
        return self._intake.item_id

    def feed(self, pcm: bytes) -> None:
        self._take(self._intake.feed(pcm))

    def tick(self, now_ms: int) -> None:
        """Real time has come to `now_ms`."""
        self._take(self._intake.tick(now_ms))

    def update(self, patch: JsonObject) -> None:
        """The turn detection of a session.update holds from now on. Raises RemoteProtocolError; then nothing has."""
        heard = (patch.get("audio") or {}).get("input") or {}
        if "turn_detection" not in heard:
            return
        rules = {"type": "realtime", "audio": {"input": {"turn_detection": heard["turn_detection"]}}}
        config = apply_update(self._config, rules)
        self._take(self._intake.catch_up())
        self._config = config
        self._intake.configure(config.audio.input)
        self._take(iter(()))

    def commit(self) -> None:
        """The client takes what is held. Raises RemoteProtocolError when that is too little; then nothing changes."""
        self._take(self._intake.catch_up())
        taken = self._intake.commit()
        self._take(iter((taken,)))

    def clear(self) -> None:
        """What is held is dropped, an announced turn too."""
        self._take(self._intake.catch_up())
        self._intake.clear()
        self._take(iter(()))

    # -------------------------------------------------------------------------------------------------- inside

    def _take(self, happened: Iterator[Happened]) -> None:
        """Runs `happened` to its end, as it must be, before anybody who may call back hears of it."""
        for each in happened:
            self._collect()
            if isinstance(each, Utterance):
                end = self.buffer.end if not each.by_voice else min(self.buffer.at_ms(each.end_ms), self.buffer.end)
                self._steps.append(Turned(each, end, self.speech_end_ms))
        self._collect()
        self._pass_on()

    def _collect(self) -> None:
        for output in self._outbox.take():
            if isinstance(output, _ASKS):
                self._ask(cast("Ask", output))
                continue
            if isinstance(output, FrameSeen) and output.state in (TurnState.SPEECH, TurnState.WAITING):
                self.speech_end_ms = output.end_ms - output.silence_ms
            self._steps.append(cast("Step", output))

    def _ask(self, ask: Ask) -> None:
        """The judge is asked; the recogniser is not: the server writes down what it hears."""
        if self._post is None:
            return
        if isinstance(ask, Judge):
            self._asked = ask.ask_id
            self._post(ask, lambda answer: self._take(self._intake.judged(ask.ask_id, answer) or iter(())))
        elif isinstance(ask, Cancel) and ask.ask_id == self._asked:
            self._post(ask)

    def _pass_on(self) -> None:
        if self._passing_on:
            return
        self._passing_on = True
        try:
            while self._steps:
                self._on_step(self._steps.popleft())
        finally:
            self._passing_on = False
