"""Does what the setup asks for: pauses the conversation, measures the echo, remembers what fits each microphone.

Nothing that is heard here is stored: samples are dropped as soon as the chirp has been looked for in them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tui_assistant.client.tuning import Tuning
from tui_assistant.runtime.api import EchoMeasured, Notice, Told
from tui_assistant.runtime.capture import Capture
from tui_assistant.runtime.equipment import Equipment
from tui_assistant.runtime.options import TalkOptions
from tui_assistant.runtime.setup_api import Fetching, ModelInfo
from tui_assistant.runtime.tuner import Tuner
from tui_assistant.sound.chirp import LENGTH_S, LONGEST_DELAY_S, TAIL_S, chirp, find_echo
from tui_assistant.sound.samples import Samples
from tui_assistant.state import DeviceSetup, RememberedSetup

BEFORE_S = 0.4  # of noise, before the chirp is played
AFTER_S = LENGTH_S + LONGEST_DELAY_S + TAIL_S
GIVE_UP_S = BEFORE_S + AFTER_S + 1.0  # a microphone that gives no samples
OFFERS = 3  # starts at which the setup is offered; who never wanted it is not asked for ever


class Calibrating:
    """Implements SetupApi. What is not named as such is called on the Talk thread.

    `call` brings a job there, `post` a notice to the screen; `resting`: nobody speaks and nothing is played; `rebase`:
    the speaker has played something that was not the conversation's.
    """

    def __init__(
        self,
        options: TalkOptions,
        *,
        call: Callable[[Callable[[], object]], None],
        post: Callable[[Notice], None],
        resting: Callable[[], bool],
        rebase: Callable[[], None],
        tuner: Tuner,
        capture: Capture,
        clock: Callable[[], float],
    ) -> None:
        self._options = options
        self._rate = capture.rate
        self._call = call
        self._post = post
        self._resting = resting
        self._rebase = rebase
        self._tuner = tuner
        self._capture = capture
        self._clock = clock
        self._remembered = RememberedSetup.load() if options.remember else RememberedSetup(settled=True)
        self._microphone = ""  # the name of the real one in use
        self._offered = False
        self._heard: list[Samples] | None = None  # while the echo is measured
        self._played_at: int | None = None  # number of the sample at which the chirp was handed over
        self._since = 0.0
        self._equipment: Equipment | None = None
        self.on = False

    # ----------------------------------------------------------------------------- from any thread (SetupApi)

    @property
    def offered(self) -> bool:
        return self._offered

    def begin(self) -> None:
        self._call(lambda: self._set(True))

    def end(self) -> None:
        self._call(lambda: self._set(False))

    def measure_echo(self) -> None:
        self._call(self._measure)

    def models(self) -> tuple[ModelInfo, ...]:
        return self._options.models()

    def fetch(self, name: str) -> None:
        if self._options.fetcher is not None:
            self._options.fetcher.fetch(name, lambda *told: self._call(lambda: self._post(Told(*told))))

    def stop_fetching(self) -> None:
        if self._options.fetcher is not None:
            self._options.fetcher.stop()

    @property
    def fetching(self) -> Fetching | None:
        return self._options.fetcher.state if self._options.fetcher is not None else None

    def keep(self, tuning: Tuning, duplex: str = "") -> None:
        self._call(lambda: self._keep(tuning, duplex))

    def decline(self) -> None:
        self._call(lambda: self._save(self._remembered.model_copy(update={"settled": True})))

    # -------------------------------------------------------------------------------------- on the Talk thread

    def use(self, equipment: Equipment) -> None:
        """Another microphone: what was kept for it is in force, and the setup is offered if it never was done."""
        self._equipment = equipment
        equipment.advised = self.advised
        name = equipment.microphone.name if equipment.microphone is not None and equipment.real_microphone else ""
        if not name or name == self._microphone:
            return
        self._microphone = name
        if kept := self._remembered.of(name):
            self._restore(kept)
        known = self._remembered
        if not known.settled and known.offered < OFFERS and not self._offered:
            self._save(known.model_copy(update={"offered": known.offered + 1}))
            self._offered = True

    def heard(self) -> None:
        """At every poll, after the microphone was read."""
        if self._heard is None or self._equipment is None:
            return
        count = sum(len(piece) for piece in self._heard)
        if self._played_at is None:
            if count >= BEFORE_S * self._rate:
                self._play(count)
        elif count - self._played_at >= AFTER_S * self._rate:
            self._finish()
        if self._heard is not None and self._clock() - self._since > GIVE_UP_S:
            self._refuse("the microphone gave no sound")

    def _set(self, on: bool) -> None:
        self._end_chirp()
        self.on = on

    def _end_chirp(self) -> None:
        """The speaker counts what it plays: the chirp must not be taken for a part of the next answer."""
        self._capture.tap = None
        played, self._heard, self._played_at = self._heard is not None and self._played_at is not None, None, None
        speaker = self._equipment.speaker if self._equipment is not None else None
        if played and speaker is not None and self._resting():  # an alarm may have begun: its sound stays
            speaker.flush()
            self._rebase()

    def _measure(self) -> None:
        equipment = self._equipment
        if equipment is None or equipment.microphone is None or not equipment.real_microphone:
            self._refuse("there is no microphone that could hear the speakers")
        elif equipment.speaker is None or not equipment.speaker.echoes:
            self._refuse("there is no loudspeaker: nothing can be heard of it")
        elif equipment.speaker.gain <= 0:
            self._refuse("the volume is 0: there is nothing to hear")
        elif not self._resting():
            self._refuse("the assistant or you are speaking: once more, when it is quiet")
        else:
            self._end_chirp()
            self._heard, self._since = [], self._clock()
            self._capture.tap = self._heard.append  # before an echo canceller takes the chirp away

    def _play(self, count: int) -> None:
        assert self._equipment is not None
        speaker = self._equipment.speaker
        if speaker is None:
            self._refuse("the speaker has gone")
            return
        speaker.write(chirp(speaker.rate, self._rate))
        self._played_at = count

    def _finish(self) -> None:
        assert self._equipment is not None
        speaker = self._equipment.speaker
        pieces, begin = self._heard or [], self._played_at or 0
        self._end_chirp()
        if speaker is None:
            self._refuse("the speaker has gone")
            return
        echo = find_echo(np.concatenate(pieces), self._rate, begin, volume=speaker.gain, played_rate=speaker.rate)
        self._post(EchoMeasured(echo.level_db, echo.delay_ms, echo.confidence, echo.noise_dbfs))

    def _refuse(self, words: str) -> None:
        self._end_chirp()
        self._post(EchoMeasured(refused=words))

    def advised(self, microphone: str, speaker: str) -> str:
        """What was accepted against that speaker's echo in that microphone: a word of lab/duplex.py, or nothing."""
        kept = self._remembered.of(microphone)
        return kept.advice(speaker) if kept is not None else ""

    def _restore(self, kept: DeviceSetup) -> None:
        """Puts kept values in force, except those that the settings decide."""
        first, own = self._options.first_tuning, Tuning()
        tuning = self._tuner.in_force
        if first.gain_db == own.gain_db:
            tuning = replace(tuning, gain_db=kept.gain_db)
        untouched = (first.threshold, first.silence_duration_ms) == (own.threshold, own.silence_duration_ms)
        if untouched and kept.threshold is not None and kept.silence_duration_ms is not None:
            tuning = replace(tuning, threshold=kept.threshold, silence_duration_ms=kept.silence_duration_ms)
        if tuning != self._tuner.in_force:
            self._tuner.apply(tuning)

    def _keep(self, tuning: Tuning, duplex: str) -> None:
        if not self._microphone:
            return
        rules = (tuning.threshold, tuning.silence_duration_ms) if tuning.kind == "server_vad" else (None, None)
        known = self._remembered.of(self._microphone) or DeviceSetup()
        values = {"gain_db": tuning.gain_db, "threshold": rules[0], "silence_duration_ms": rules[1]}
        setup = known.model_copy(update=values)
        speaker = self._equipment.speaker if self._equipment is not None else None
        if duplex and speaker is not None:
            setup = setup.with_speaker(speaker.name, duplex)
        self._save(self._remembered.with_microphone(self._microphone, setup))

    def _save(self, remembered: RememberedSetup) -> None:
        self._remembered = remembered
        if self._options.remember:
            with contextlib.suppress(OSError):  # a full disk: it will be offered again
                remembered.save()
        if remembered.settled:
            self._offered = False
