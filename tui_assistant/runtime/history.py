"""What is kept of a conversation while it runs: the frames of the scope and the records of the turns, on one clock."""

from __future__ import annotations

from tui_assistant.client import effects as do
from tui_assistant.client.blips import Figures, release_p
from tui_assistant.client.dialogue import Dialogue
from tui_assistant.client.effects import Effect
from tui_assistant.client.latency import Waterfall
from tui_assistant.client.ledger import Ledger
from tui_assistant.client.tuning import Tuning
from tui_assistant.client.turns import TurnRecord
from tui_assistant.engine.frontend import Frame
from tui_assistant.engine.observation import FrameSeen
from tui_assistant.engine.turn import Started, Stopped
from tui_assistant.links.base import Link
from tui_assistant.protocol import client, server
from tui_assistant.runtime.api import Phase
from tui_assistant.runtime.capture import Capture
from tui_assistant.runtime.estimate import Estimate
from tui_assistant.runtime.scope import Scope

BYTES = 2  # of a sample


class History:
    """All calls come from the Talk thread; `shown` may be read from any."""

    def __init__(self, link: Link, capture: Capture, dialogue: Dialogue) -> None:
        self._link = link
        self._capture = capture
        self._dialogue = dialogue
        self.scope = Scope()
        self.ledger = Ledger()
        self._estimate = Estimate()
        self.shown: tuple[TurnRecord, ...] = ()
        self._fed_ms = 0.0  # audio that the link has got
        self._offset_ms = 0  # how far the scope's clock is ahead of the session's, as of the last frame ...
        self._ahead_ms = 0  # ... and of our own detector's

    def show(self, tuning: Tuning) -> None:
        """Publishes what has become of the turns. `tuning`: the values in force."""
        self.ledger.tuning = tuning
        self.shown = self.ledger.records

    def fed(self, pcm: bytes) -> None:
        """Audio that the link is given."""
        self._fed_ms += len(pcm) * 1000 / (BYTES * self._link.input_rate)

    def seen(self, frame: FrameSeen, *, shown: bool) -> None:
        """The conversation's own frame; `shown`: it holds what the microphone hears."""
        if shown:
            self.scope.seen(frame, answering=self._dialogue.playback.playing)
            self.ledger.frame(Figures(self.scope.now_ms, frame.p, frame.rms_dbfs))
        self._offset_ms = self.scope.now_ms - frame.end_ms

    def estimated(self, frame: Frame, *, heard: bool) -> None:
        """A frame of our own detector; `heard`: the conversation gets its audio, too."""
        level, local, decided = frame.rms_dbfs, None, None
        if heard and not self._dialogue.held and not self._link.observes:
            local, decided = self._estimate.frame(frame.p, self.ledger.tuning)
        else:
            self._estimate.skip()
        self.scope.estimated(frame.p, level, self._phase(frame.p, heard=heard), local)
        self._ahead_ms = self.scope.now_ms - frame.end_ms
        if isinstance(decided, Started):
            self.scope.local_began(decided.at_ms - decided.onset_ms)
        elif isinstance(decided, Stopped):
            self.scope.local_ended()
        self.ledger.frame(Figures(self.scope.now_ms, frame.p, level, heard))

    def _phase(self, p: float, *, heard: bool) -> Phase:
        if self._dialogue.talking:
            return Phase.SPEECH
        if heard and self._dialogue.user_open and not self._link.observes:
            return Phase.SPEECH if p >= release_p(self.ledger.tuning) else Phase.WAITING
        return Phase.ANSWER if self._dialogue.playback.playing else Phase.QUIET

    def server_event(self, event: server.ServerEvent) -> None:
        """An event of the server, before the dialogue takes it."""
        now = self.scope.now_ms
        theirs_ms = self._ahead_ms - round(self._fed_ms - self._capture.estimated_ms)
        offset_ms = self._offset_ms if self._link.observes else theirs_ms
        if isinstance(event, server.SpeechStarted):
            if event.at_ms is not None:
                speech_ms = int((event.reason or {}).get("held_ms", 0))
                padding_ms = event.at_ms - speech_ms - event.audio_start_ms
            else:  # somebody else's server: the audio begins with the padding
                padding_ms = self.ledger.tuning.prefix_padding_ms
                speech_ms = max(0, now - offset_ms - event.audio_start_ms - padding_ms)
            self.scope.began(padding_ms, speech_ms)
        elif isinstance(event, server.BufferCommitted):
            self.scope.committed()
        if not (isinstance(event, server.SessionCreated) and self._link.observes):  # turns outlive a server's session
            self.ledger.take(event, now, offset_ms)

    def effect(self, effect: Effect) -> None:
        """An effect of the client core, before it is carried out."""
        match effect:
            case do.TakeFloor(at_ms=at_ms):
                self.ledger.take_floor(self._at(at_ms))
            case do.KeepFloor():
                self.ledger.keep_floor()
            case do.ReleaseFloor(at_ms=at_ms):
                self.ledger.release_floor(self._at(at_ms))
            case do.DropFloor():
                self.ledger.drop_floor()
            case client.InputAudioBufferCommit():
                self.ledger.send(self.scope.now_ms)
            case Waterfall(turn_id=turn_id):
                self.ledger.answered(turn_id, effect)

    def _at(self, client_ms: float) -> int:
        """A moment of client time on the scope's clock."""
        return self.scope.now_ms - self._capture.ms_ago(client_ms / 1000)
