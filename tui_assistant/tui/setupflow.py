"""The setup as steps: what is measured when, and what follows from it. No screen and no clock of its own.

WELCOME -> SILENCE -> SENTENCE -> KEYS -> CHIRP -> MODELS -> RESULT; where the gain is far off, SILENCE and SENTENCE
once more with the right one. Every step can be skipped; without silence there is no sentence to measure.
"""

from __future__ import annotations

from dataclasses import replace
from enum import IntEnum

from tui_assistant.client.blips import FRAME_MS
from tui_assistant.client.tuning import Tuning
from tui_assistant.lab.calibration import LEAST_SPOKEN_MS, Problem, Proposal, calibrate, silence_problem
from tui_assistant.lab.duplex import Advice, Duplex, advise
from tui_assistant.lab.evidence import SURE_P
from tui_assistant.runtime.api import EchoMeasured, Phase, ScopeFrame, Snapshot, TalkApi
from tui_assistant.runtime.setup_api import Fetching, ModelInfo, SetupApi

READY_S = 1.5  # to take a breath
SILENCE_MS = 3_000
ENDED_MS = 1_800  # of silence behind the sentence; longer than any pause that a silence should bridge
LONGEST_MS = 15_000  # of reading
NO_SOUND_S = 3.0  # a microphone that gives nothing
VOICE_MS = 12_000  # of the assistant's own voice; what it can do takes about as long to say
VOICE_ENDED_MS = 800
VOICE_COMES_S = 8.0  # a slow model may think so long
ASK = "what can you do"  # something to which every responder has an answer of more than a word
SENTENCE = "Well, let me see: the train to Glasgow leaves at a quarter past seven, and I would like a window seat."


class Step(IntEnum):
    WELCOME = 0
    SILENCE = 1
    SENTENCE = 2
    KEYS = 3
    CHIRP = 4
    MODELS = 5
    RESULT = 6


class Flow:
    """Calls the Talk for what follows; `take` and the keys come in any order. Times are seconds of any clock."""

    def __init__(self, talk: TalkApi, snapshot: Snapshot, now: float) -> None:
        self._talk = talk
        self._setup: SetupApi = talk.setup
        self.before = snapshot.tuning  # in force when the setup was opened
        self.tuning = self.before  # with the gain that is being tried
        self._history = tuple(frame for frame in snapshot.frames if frame.decided)
        self.snapshot = snapshot
        self.step = Step.WELCOME
        self.since = now
        self.now = now
        self.measuring_from: int | None = None  # on the clock of the frames
        self.silence: tuple[ScopeFrame, ...] = ()
        self.sentence: tuple[ScopeFrame, ...] = ()
        self._peak = -120.0
        self._clipped = False
        self._tried = False  # another gain
        self.skipped: set[Step] = set()
        self.problem = ""  # why the step did not work, and what to do
        self._problem_step: Step | None = None
        self.proposal: Proposal | None = None
        self.listening = False  # for the chirp
        self.echo: EchoMeasured | None = None
        self.advice: Advice | None = None
        self.models: tuple[ModelInfo, ...] = ()
        self.chosen = 0  # of `choices`
        self.fetching: Fetching | None = None  # the download that runs, or what came of it; None: another is looked at
        self._newest_ms = 0  # the last frame, and when it came
        self._newest_at = now
        self.voicing_from: int | None = None  # while the assistant's own voice is listened to
        self.voice: tuple[ScopeFrame, ...] = ()  # and what was heard of it

    # ----------------------------------------------------------------------------------------------- what comes

    def update(self, snapshot: Snapshot, now: float) -> None:
        """At every frame of the screen."""
        self.snapshot, self.now = snapshot, now
        newest = snapshot.frames[-1].at_ms if snapshot.frames else 0
        if newest != self._newest_ms:
            self._newest_ms, self._newest_at = newest, now
        if self.voicing_from is not None:
            self._listen_to_voice(self.voicing_from)
        self._follow_download()
        if self.problem or self.step not in (Step.SILENCE, Step.SENTENCE):
            return
        if self.measuring_from is None:
            if now - self.since >= (READY_S if self.step is Step.SILENCE else 0):
                self.measuring_from = snapshot.frames[-1].at_ms if snapshot.frames else 0
                self.since, self._peak, self._clipped = now, -120.0, False
            return
        heard = self.heard
        if now - max(self.since, self._newest_at) > NO_SOUND_S:
            self._fail("Nothing comes from the microphone: esc, then d chooses another one.", self.step)
            return
        if not heard:
            return
        self._peak = max(self._peak, snapshot.level.peak_dbfs)
        self._clipped = self._clipped or snapshot.level.clipping
        if self.step is Step.SILENCE:
            if len(heard) * FRAME_MS >= SILENCE_MS:
                self._silence_is_over(heard)
        elif self._read(heard):
            self._sentence_is_over(heard)

    def take(self, echo: EchoMeasured) -> None:
        """The chirp was looked for."""
        if not self.listening:
            return
        self.listening, self.echo = False, echo
        cancelling = self.snapshot.duplex == "aec"
        self.advice = None if echo.refused else advise(echo, gain_db=self.tuning.gain_db, cancelling=cancelling)

    def enter(self) -> None:
        """Goes on, or does the step once more after a problem."""
        if self.problem:
            self._go(self._problem_step or self.step)
        elif self.step is Step.SENTENCE and self.measuring_from is not None:
            self._sentence_is_over(self.heard)
        elif self.step is Step.CHIRP and self.echo is None and not self.listening:
            self.listening = True
            self._setup.measure_echo()
        elif self.step is not Step.SILENCE and not self.listening and self.step is not Step.RESULT:
            self._go(Step(self.step + 1))

    def skip(self) -> None:
        """The next step, without what this one measures."""
        if self.step is Step.RESULT:
            return
        self.listening = False
        self.skipped.add(self.step)
        if self.step in (Step.SILENCE, Step.SENTENCE):
            self.skipped.add(Step.SENTENCE)
            self._drop_trial()
            self._go(Step.KEYS)
        else:
            self._go(Step(self.step + 1))

    @property
    def may_hear_voice(self) -> bool:
        """Its own voice can start a turn only where the microphone stays open while it speaks."""
        open_then = self.snapshot.duplex not in ("half-duplex", "no echo")
        open_then = open_then or (self.advice is not None and self.advice.duplex is Duplex.HEADPHONES)
        return self.proposal is not None and open_then and not self.voice

    def hear_voice(self) -> None:
        """On the result: lets the assistant say something, and counts what of it would start turns."""
        if self.step is Step.RESULT and self.may_hear_voice and self.voicing_from is None:
            self.voicing_from, self.since = self._newest_ms, self.now
            self._talk.say(ASK)

    @property
    def choices(self) -> tuple[ModelInfo, ...]:
        """The models that can be fetched, or are here and can be chosen."""
        return tuple(model for model in self.models if model.fetch)

    @property
    def downloading(self) -> bool:
        state = self._setup.fetching
        return state is not None and not state.over

    def choose(self, steps: int) -> bool:
        """On the models; False: there is none further on."""
        wanted = self.chosen + steps
        if self.step is not Step.MODELS or not 0 <= wanted < len(self.choices):
            return False
        self.chosen = wanted
        if not self.downloading:
            self.fetching = None
        return True

    def fetch(self) -> None:
        """The marked model is downloaded and used."""
        if self.step is Step.MODELS and self.choices and not self.downloading:
            self._setup.fetch(self.choices[self.chosen].fetch)
            self.fetching = self._setup.fetching

    def stop_fetching(self) -> bool:
        """False: there was nothing to stop."""
        state = self._setup.fetching
        running = self.downloading and state is not None and not state.loading
        self._setup.stop_fetching()
        self._follow_download()
        return running

    def _follow_download(self) -> None:
        if self.fetching is None or self.fetching.over:
            return
        self.fetching = self._setup.fetching
        if self.fetching is not None and self.fetching.over:
            self.models = self._setup.models()

    def _listen_to_voice(self, begin: int) -> None:
        late = [frame for frame in self.snapshot.frames if frame.at_ms > begin]
        answer = [frame for frame in late if frame.phase is Phase.ANSWER]
        if not answer:
            if self.now - self.since > VOICE_COMES_S:
                self.voicing_from = None
            return
        over = late[-1].at_ms - answer[-1].at_ms >= VOICE_ENDED_MS
        if over or len(answer) * FRAME_MS >= VOICE_MS:
            self.voicing_from, self.voice = None, tuple(answer)
            if not over:
                self._talk.interrupt()
            result = self._calibrate()
            if isinstance(result, Proposal):
                self.proposal = result

    def again(self) -> None:
        """From the silence on."""
        self._drop_trial()
        self._tried, self.proposal, self.voice, self.voicing_from = False, None, (), None
        self._go(Step.SILENCE)

    def _drop_trial(self) -> None:
        if self.proposal is None and self.tuning != self.before:
            self._try(self.before)

    # -------------------------------------------------------------------------------------------- what is shown

    @property
    def heard(self) -> tuple[ScopeFrame, ...]:
        """The frames of this step."""
        begin = self.measuring_from
        if begin is None:
            return ()
        return tuple(frame for frame in self.snapshot.frames if frame.at_ms > begin)

    @property
    def left_s(self) -> float:
        """Until the silence begins, or is over."""
        if self.measuring_from is None:
            return max(0.0, READY_S - (self.now - self.since))
        return max(0.0, (SILENCE_MS - len(self.heard) * FRAME_MS) / 1000)

    @property
    def proposed(self) -> Tuning:
        """The values to accept; those in force where nothing was measured."""
        if self.proposal is None:
            return self.before
        values = replace(self.before, gain_db=self.proposal.gain_db)
        if values.kind == "semantic_vad":
            return values
        return replace(
            values,
            threshold=self.proposal.threshold,
            silence_duration_ms=self.proposal.silence_duration_ms,
        )

    @property
    def p(self) -> tuple[float, ...]:
        """p(speech) of silence and sentence, for the lanes."""
        return tuple(frame.p for frame in (*self.silence, *self.sentence))

    # ------------------------------------------------------------------------------------------ what follows

    def _read(self, heard: tuple[ScopeFrame, ...]) -> bool:
        """The sentence has been read: enough speech, and silence behind it."""
        if len(heard) * FRAME_MS >= LONGEST_MS:
            return True
        spoken = [number for number, frame in enumerate(heard) if frame.p >= SURE_P]
        if len(spoken) * FRAME_MS < LEAST_SPOKEN_MS:
            return False
        return (len(heard) - 1 - spoken[-1]) * FRAME_MS >= ENDED_MS

    def _silence_is_over(self, heard: tuple[ScopeFrame, ...]) -> None:
        self.silence = heard
        if problem := silence_problem(heard):
            self._fail(problem.words, Step.SILENCE)
        else:
            self._go(Step.SENTENCE)

    def _sentence_is_over(self, heard: tuple[ScopeFrame, ...]) -> None:
        self.sentence = heard
        result = self._calibrate()
        if isinstance(result, Problem):
            if result.gain_db is not None and not self._tried:
                self._again_with(result.gain_db, result.words)
            else:
                self._fail(result.words, Step.SILENCE if result.again == "silence" else Step.SENTENCE)
        elif result.again and not self._tried:
            why = result.reasons[0]
            self._again_with(result.gain_db, f"{why[:1].upper()}{why[1:]}.")
        else:
            self.proposal = result
            self._go(Step.KEYS)

    def _calibrate(self) -> Proposal | Problem:
        return calibrate(
            self.silence,
            self.sentence,
            self.before.rules(),
            gain_db=self.tuning.gain_db,
            assistant=self.voice,
            history=self._history if self.tuning == self.before else (),  # heard with the gain of that time
            peak_dbfs=self._peak,
            clipped=self._clipped,
        )

    def _again_with(self, gain_db: float, why: str) -> None:
        self._tried = True
        self._try(replace(self.before, gain_db=gain_db))
        self._fail(f"{why} The gain is set to {gain_db:+.0f} dB for now: once more, from the silence on.", Step.SILENCE)

    def _try(self, tuning: Tuning) -> None:
        self.tuning = tuning
        self._talk.apply(tuning)

    def _fail(self, words: str, step: Step) -> None:
        self.problem, self._problem_step = words, step

    def _go(self, step: Step) -> None:
        self.step, self.since = step, self.now
        self.skipped -= {each for each in Step if each >= step}
        self.problem, self._problem_step, self.measuring_from = "", None, None
        if step is Step.MODELS:
            self.models = self._setup.models()
            self.chosen = min(self.chosen, max(0, len(self.choices) - 1))
            self.fetching = self._setup.fetching if self.downloading else None
