"""Barge-in in two stages: what the user's voice does to an answer. Pure; time is counted in frames of the detector.

At the onset the answer is ducked. Once there was enough speech it is cancelled; when the voice falls silent before
that, or says nothing but backchannels, it fades back in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tui_assistant.client.backchannels import is_backchannel
from tui_assistant.client.blips import FRAME_MS, onset_p, release_p
from tui_assistant.client.tuning import Tuning
from tui_assistant.protocol.session import SemanticVad, ServerVad

ONSET_FRAMES = 2  # as the engine's: one frame of speech is a click
LATE_MS = FRAME_MS  # the first sound is so much older than the first frame that counts as speech; measured: 28 ms
PAUSE_MS = 200  # of silence: a cough is over, and inside a word there is less


@dataclass(frozen=True, slots=True)
class BargeInTimes:
    """Speech that cancels an answer, in ms. `after_ms` 0: it is left to the server, at the onset."""

    after_ms: int = 250
    backchannel_ms: int = 700
    """While the words so far are nothing but backchannels; at least `after_ms`. 0: they are words like any other."""

    @property
    def by_client(self) -> bool:
        return self.after_ms > 0

    def rules(self, rules: ServerVad | SemanticVad) -> ServerVad | SemanticVad:
        """What is asked of the server: it still says when turns begin and end, and leaves the rest to us."""
        if not self.by_client:
            return rules
        return rules.model_copy(update={"create_response": False, "interrupt_response": False})


SERVERS_WAY = BargeInTimes(0, 0)


class Verdict(Enum):
    """What becomes of the answer."""

    DUCK = "somebody speaks: it goes on quietly"
    RESUME = "it was nothing: it comes back"
    CANCEL = "the user has the floor"


class Interruption:
    """Follows the frames of the microphone. Returns a verdict when something changes, else None."""

    def __init__(self, times: BargeInTimes) -> None:
        self._times = times
        self.ducked = False
        self._run = 0  # frames of speech in a row
        self._speech_ms = 0  # since the onset, pauses not counted
        self._pause_ms = 0

    @property
    def speaking(self) -> bool:
        """The last frame was speech."""
        return self._run > 0

    def began(self, *, answering: bool) -> Verdict | None:
        """The server says that a turn begins."""
        return self._duck() if answering else None

    def frame(
        self,
        p: float,
        tuning: Tuning,
        *,
        answering: bool,
        turn_open: bool,
        words: str = "",
        question: bool = False,
    ) -> Verdict | None:
        """The next frame, FRAME_MS after the last one.

        `answering`: there is an answer to interrupt; `turn_open`: the server has a turn of the user open; `words`: the
        partial transcript of it; `question`: the answer ends by asking, so that a "yes" is no backchannel.
        """
        speech = p >= (release_p(tuning) if turn_open or self._run else onset_p(tuning))
        self._run = self._run + 1 if speech else 0
        if not answering:
            return self.over()
        if not self.ducked:
            return self._duck() if self._run >= ONSET_FRAMES or (turn_open and speech) else None
        self._speech_ms += FRAME_MS * speech
        self._pause_ms = 0 if speech else self._pause_ms + FRAME_MS
        if turn_open and self._enough(words, question):
            return self._end(Verdict.CANCEL)
        return self._end(Verdict.RESUME) if self._pause_ms >= PAUSE_MS else None

    def over(self) -> Verdict | None:
        """There is no answer any more, or the voice is not ours to judge."""
        return self._end(Verdict.RESUME) if self.ducked else None

    def _enough(self, words: str, question: bool) -> bool:
        times = self._times
        if is_backchannel(words) and not question:
            return self._speech_ms >= max(times.after_ms, times.backchannel_ms)
        return self._speech_ms >= times.after_ms

    def _duck(self) -> Verdict | None:
        if self.ducked:
            return None
        self.ducked = True
        self._speech_ms, self._pause_ms = LATE_MS + max(1, self._run) * FRAME_MS, 0
        return Verdict.DUCK

    def _end(self, verdict: Verdict) -> Verdict:
        self.ducked = False
        return verdict
