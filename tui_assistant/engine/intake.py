"""The input side of a session: audio in, speech events and utterances out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from tui_assistant.engine import ahead
from tui_assistant.engine.buffer import SampleBuffer
from tui_assistant.engine.dictation import Dictation
from tui_assistant.engine.frontend import Frame, FrontEnd
from tui_assistant.engine.ids import Ids
from tui_assistant.engine.judging import AskNow, Judging
from tui_assistant.engine.observation import FrameSeen, TurnState
from tui_assistant.engine.outbox import Outbox
from tui_assistant.engine.overflow import Overflow
from tui_assistant.engine.ports import FRAME_MS, Answer, Partial, SpeechDetector
from tui_assistant.engine.turn import Question, Started, Stopped, TurnTracker, prefix_padding_ms
from tui_assistant.engine.wire import WireReader, wire_rate
from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol import server
from tui_assistant.protocol.items import JsonObject
from tui_assistant.protocol.session import AudioInput, SemanticVad, ServerVad

KEPT_BEYOND_PREFIX_MS = 600  # while idle: covers the slowest onset seen (235 ms), the deciding frames and a key's delay
LONGEST_MANUAL_MS = 10 * 60_000  # nobody holds a key longer; bounds the memory of a session
MIN_COMMIT_MS = 100  # "Expected at least 100ms of audio"
NO_AUDIO_GRACE_MS = 1_000  # on top of the silence that would end the turn
JUDGED_MS = 8_000  # of audio for the judge: what smart-turn hears


@dataclass(frozen=True, slots=True)
class Began:
    """The user has begun to speak; decided at `at_ms`."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Paused:
    """The user may have finished with these words; empty: they have not, after all."""

    words: str


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch of the user's audio that becomes an item."""

    item_id: str
    pcm: bytes  # int16 at the input rate
    start_ms: int
    end_ms: int
    ask_id: str | None  # of the recogniser's stream
    reason: JsonObject
    by_voice: bool  # ended by turn detection, not by the client


Happened = Began | Paused | Utterance


class Intake:
    """Buffer, turn detection and dictation of one session."""

    def __init__(
        self,
        audio: AudioInput,
        detector: SpeechDetector,
        ids: Ids,
        outbox: Outbox,
        *,
        events_only: bool = False,
        judge: AskNow | bool = False,
        session_id: str = "",
    ) -> None:
        """`events_only`: nobody wants the words or the observations, only when turns begin and end.

        `judge`: False, P is 0.5; True, the outbox's Judge asks are answered; a function is asked on the spot.
        """
        self._events_only = events_only
        self._judge = judge
        self._judging = Judging(ids, outbox, None if isinstance(judge, bool) else judge)
        self._held: deque[Frame] = deque()  # heard but not decided: the judge's answer is missing
        self._detector = detector
        self._ids = ids
        self._outbox = outbox
        self._audio = audio
        self._reader = WireReader(audio.format)
        rate = wire_rate(audio.format)
        self.buffer = SampleBuffer(rate, keeps=not events_only)
        self._front = FrontEnd(rate, detector)
        self._session_id = session_id
        self._dictation = Dictation(ids, outbox, session_id)
        self._rules = audio.turn_detection
        self._tracker = TurnTracker(self._rules, judged=bool(judge)) if self._rules else None
        self._start_ms = 0  # where the held audio begins
        self._item_id: str | None = None  # announced, or given to the audio of a manual turn
        self._overflow = Overflow(rate, LONGEST_MANUAL_MS, outbox)
        self._paused_behind = ""  # the words of the last Paused of the open turn
        self._quiet_since: tuple[int, int] | None = None  # (position, tick) since when nothing was appended

    def with_format(self, audio: AudioInput) -> Intake:
        """A fresh one for another format; only before the first audio."""
        return Intake(
            audio,
            self._detector,
            self._ids,
            self._outbox,
            events_only=self._events_only,
            judge=self._judge,
            session_id=self._session_id,
        )

    @property
    def speaking(self) -> bool:
        """A turn is open, or audio of a manual one is arriving."""
        return (self._tracker is not None and self._tracker.open) or self._dictation.ask_id is not None

    @property
    def item_id(self) -> str | None:
        """The item that is being spoken: announced, or to come with a commit."""
        return self._item_id

    @property
    def dictated_item(self) -> tuple[str, str] | None:
        """The open recogniser stream and the item that its words belong to."""
        if self._dictation.hearing is None or self._item_id is None:
            return None
        return self._dictation.hearing, self._item_id

    def lose_words(self, ask_id: str) -> None:
        """The recogniser has failed; `ask_id` may be the stream that is still open."""
        if ask_id == self._dictation.ask_id:
            self._dictation.give_up()

    def feed(self, data: bytes) -> Iterator[Happened]:
        """Takes wire bytes of any length. The iterator must be run to its end."""
        samples = self._reader.decode(data)
        refused = 0
        if self._tracker is None:
            room = self.buffer.at_ms(LONGEST_MANUAL_MS) - len(self.buffer)
            refused = max(0, len(samples) - room)
            samples = samples[:room]
        self.buffer.append(samples)
        for frame in self._front.push(samples):
            if not self._held and (self._tracker is None or self._tracker.question is None):
                yield from self._hear(frame)  # nothing waits for a judge
                continue
            self._held.append(frame)
            if len(self._held) * FRAME_MS > LONGEST_MANUAL_MS:
                yield from self.catch_up()
            yield from self._decide()
        if refused:  # after what was taken of the same bytes
            self._overflow.refuse(refused)

    def flush(self) -> Iterator[Happened]:
        """The input is over: an open turn ends with the reason `end_of_input`."""
        yield from self.catch_up()
        for frame in self._front.flush():
            self._held.append(frame)
            yield from self._decide()
        yield from self.catch_up()
        if self._tracker is not None and self._tracker.open:
            yield self._stop(self._tracker.stop(self.now_ms, {"rule": "end_of_input"}))

    def judged(self, ask_id: str, answer: Answer) -> Iterator[Happened] | None:
        """The judge's answer; None when `ask_id` is no open question. The iterator must be run to its end."""
        if self._tracker is None or ask_id != self._judging.ask_id:
            return None
        self._tracker.judged(self._judging.answered(answer))
        return self._decide()

    def catch_up(self) -> Iterator[Happened]:
        """Decides all audio so far, without answers that are still missing: what follows changes the buffer."""
        while self._held:
            if self._tracker is not None and self._tracker.blocked(self._held[0].end_ms):
                self._tracker.judged(self._judging.give_up())
            yield from self._decide()

    def hear_words(self, ask_id: str, words: Partial) -> None:
        """The open stream's words so far."""
        if ask_id == self._dictation.ask_id:
            self._dictation.read(f"{words.text} {words.stash}".strip(), self.now_ms)

    def _decide(self) -> Iterator[Happened]:
        while self._held and not (self._tracker is not None and self._tracker.blocked(self._held[0].end_ms)):
            yield from self._hear(self._held.popleft())

    @property
    def now_ms(self) -> int:
        """How much audio has been written to the buffer since the session began."""
        return self.buffer.ms(self.buffer.end)

    @property
    def _from_now_ms(self) -> int:
        """The first whole millisecond after all audio so far: a frame that began earlier holds some of it."""
        return -(-self.buffer.end * 1000 // self.buffer.rate)

    def commit(self) -> Utterance:
        """The client takes what is held. Raises RemoteProtocolError when that is too little; then nothing changes."""
        held_ms = len(self.buffer) * 1000 / self.buffer.rate
        if held_ms < MIN_COMMIT_MS:
            message = (
                "Error committing input audio buffer: buffer too small. "
                f"Expected at least {MIN_COMMIT_MS}ms of audio, but buffer only has {held_ms:.2f}ms of audio."
            )
            raise RemoteProtocolError(message, code="input_audio_buffer_commit_empty")
        if self._dictation.ask_id is None:
            self._dictation.open(self._start_ms, self._language)
        ask_id = self._dictation.finish(self._front.unframed)
        item_id = self._item_id or self._ids.next("item")
        end_ms = self.now_ms
        taken = Utterance(
            item_id,
            self.buffer.slice(self.buffer.start, self.buffer.end),
            self._start_ms,
            end_ms,
            ask_id,
            {"rule": "commit"},
            False,
        )
        self._restart()
        return taken

    def clear(self) -> None:
        """The client drops what is held, an announced turn too; the clock goes on."""
        self._dictation.cancel()
        self._restart()

    def configure(self, audio: AudioInput) -> None:
        """New settings hold from now on; the format stays."""
        before, self._rules = self._rules, audio.turn_detection
        self._audio = audio
        if self._rules is None:
            # Speech in progress stays in the buffer and keeps its announced item for the client's commit.
            self._tracker = None
            self._judging.cancel()
        elif self._tracker is not None:
            self._tracker.configure(self._rules)
            self._forget_question(self._tracker)
        elif before is None:
            self._dictation.cancel()
            self._item_id = None
            self._overflow.over()
            self._tracker = TurnTracker(self._rules, judged=bool(self._judge))
            self._tracker.abandon(self._from_now_ms)
            self._keep_last(self.now_ms)

    def tick(self, now_ms: int) -> Iterator[Happened]:
        """Real time has come to `now_ms`: a turn whose audio stopped arriving is ended, a late judge not waited for."""
        if self._judging.overdue(now_ms) and self._tracker is not None:
            self._tracker.judged(self._judging.give_up())
            yield from self._decide()
        if self._quiet_since is None or self._quiet_since[0] != self.buffer.end:
            self._quiet_since = (self.buffer.end, now_ms)
        due = self._quiet_deadline
        if due is not None and not self._held and self._tracker is not None and now_ms >= due:
            quiet_ms = now_ms - self._quiet_since[1]
            yield self._stop(self._tracker.stop(self.now_ms, {"rule": "no_audio", "quiet_ms": quiet_ms}))

    @property
    def deadline(self) -> int | None:
        """When `tick` should be called at the latest, in its own time."""
        due = (self._judging.deadline, self._quiet_deadline)
        return min((each for each in due if each is not None), default=None)

    @property
    def _quiet_deadline(self) -> int | None:
        if self._tracker is None or not self._tracker.open or self._quiet_since is None:
            return None
        return self._quiet_since[1] + self._tracker.needed_ms + NO_AUDIO_GRACE_MS

    @property
    def _language(self) -> str | None:
        return self._audio.transcription.language if self._audio.transcription else None

    def _hear(self, frame: Frame) -> Iterator[Happened]:
        if not self._events_only or self._judge:
            self._dictation.hear(frame)
        if (tracker := self._tracker) is None:
            self._hear_by_hand(frame)
            return
        decision = tracker.frame(frame.start_ms, frame.p)
        self._forget_question(tracker)
        if not self._events_only:
            self._outbox.observe(tracker.seen(frame))
        if decision is None:  # nearly always
            pass
        elif isinstance(decision, Started):
            self._start(decision, tracker)
            yield Began(decision.at_ms)
        elif isinstance(decision, Stopped):
            yield self._stop(decision)
        else:
            self._ask_judge(decision, tracker)
        if not tracker.open:
            self._keep_last(frame.end_ms)
        elif (words := self._words_at_pause(frame, tracker)) != self._paused_behind:
            self._paused_behind = words
            yield Paused(words)

    def _words_at_pause(self, frame: Frame, tracker: TurnTracker) -> str:
        """What was said, while the user is silent and the recogniser has settled."""
        if not (words := self._dictation.words):
            return ""
        settled = frame.end_ms - self._dictation.changed_ms >= ahead.STABLE_MS
        return words if settled and tracker.silence_ms(frame.end_ms) >= ahead.SILENCE_MS else ""

    def _ask_judge(self, question: Question, tracker: TurnTracker) -> None:
        pcm = self._dictation.last(self._start_ms, JUDGED_MS)
        answer = self._judging.ask(pcm, self._dictation.words, question.silence_ms)
        if answer is not None:
            tracker.judged(answer)

    def _forget_question(self, tracker: TurnTracker) -> None:
        """The voice went on, or the turn ended, before the answer came."""
        if self._judging.ask_id is not None and tracker.question is None:
            self._judging.cancel()

    def _hear_by_hand(self, frame: Frame) -> None:
        self._outbox.observe(FrameSeen(frame.end_ms, frame.p, frame.rms_dbfs, TurnState.OFF))
        if self._dictation.ask_id is None and frame.end_ms > self._start_ms:
            self._item_id = self._item_id or self._ids.next("item")
            self._dictation.open(self._start_ms, self._language)

    def _start(self, decision: Started, tracker: TurnTracker) -> None:
        rules = self._rules or ServerVad()
        # "audio_start_ms ... includes the prefix_padding_ms", but never audio that an earlier turn already has.
        self._start_ms = max(self._start_ms, decision.onset_ms - prefix_padding_ms(rules))
        self._drop_before(self._start_ms)
        self._item_id = self._ids.next("item")
        self._outbox.send(
            server.SpeechStarted(
                item_id=self._item_id, audio_start_ms=self._start_ms, at_ms=decision.at_ms, reason=decision.reason
            )
        )
        self._dictation.open(self._start_ms, self._language)

    def _stop(self, decision: Stopped) -> Utterance:
        item_id = self._item_id or ""
        # "audio_end_ms ... includes min_silence_duration_ms"
        self._outbox.send(
            server.SpeechStopped(
                item_id=item_id, audio_end_ms=decision.at_ms, at_ms=decision.at_ms, reason=decision.reason
            )
        )
        ask_id = self._dictation.finish()
        pcm = self.buffer.slice(self.buffer.at_ms(self._start_ms), self.buffer.at_ms(decision.at_ms))
        taken = Utterance(item_id, pcm, self._start_ms, decision.at_ms, ask_id, decision.reason, True)
        self._item_id = None
        self._paused_behind = ""
        self._start_ms = decision.at_ms
        self._drop_before(decision.at_ms)
        if self._tracker is not None:
            self._tracker.abandon(decision.at_ms)
            self._forget_question(self._tracker)
        return taken

    def _restart(self) -> None:
        """All audio up to now is taken or dropped."""
        self._item_id = None
        self._paused_behind = ""
        self._overflow.over()
        self._start_ms = self.now_ms
        self.buffer.drop_before(self.buffer.end)  # the very sample: none is lost between two commits
        self._dictation.drop_before(self._start_ms)
        if self._tracker is None:
            self._reader.restart()
        else:  # the stream goes on
            self._tracker.abandon(self._from_now_ms)
            self._forget_question(self._tracker)

    def _keep_last(self, end_ms: int) -> None:
        """While nobody speaks only what a turn that begins now may need is held."""
        rules: ServerVad | SemanticVad = self._rules or ServerVad()
        self._start_ms = max(self._start_ms, end_ms - prefix_padding_ms(rules) - KEPT_BEYOND_PREFIX_MS)
        self._drop_before(self._start_ms)

    def _drop_before(self, ms: int) -> None:
        if not self._events_only:  # else nothing is kept
            self.buffer.drop_before(self.buffer.at_ms(ms))
        if not self._events_only or self._judge:
            self._dictation.drop_before(ms)
