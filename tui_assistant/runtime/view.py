"""From the state of a conversation to what the screen sees of it."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace

from tui_assistant.client.cost import estimate
from tui_assistant.client.dialogue import Dialogue
from tui_assistant.client.transcript import TranscriptLine
from tui_assistant.clock import since_boot
from tui_assistant.engine.observation import FrameSeen, TurnState
from tui_assistant.links.base import Link
from tui_assistant.links.traffic import Sending
from tui_assistant.runtime import api
from tui_assistant.runtime.alarms import in_words
from tui_assistant.runtime.ears import Ears
from tui_assistant.runtime.equipment import Equipment
from tui_assistant.runtime.floor import FloorKeeper
from tui_assistant.runtime.hands import Hands
from tui_assistant.runtime.history import History
from tui_assistant.runtime.options import TalkOptions
from tui_assistant.runtime.recording import Recorder
from tui_assistant.runtime.tuner import Tuner
from tui_assistant.runtime.turns import TurnsChoice
from tui_assistant.sound.level import Meter


class View:
    """Makes snapshots and transcript lines; keeps what is only for showing: since when a state lasts, and losses."""

    def __init__(
        self,
        link: Link,
        options: TalkOptions,
        *,
        dialogue: Dialogue,
        floor: FloorKeeper,
        equipment: Equipment,
        ears: Ears,
        hands: Hands,
        history: History,
        recorder: Recorder,
        tuner: Tuner,
        turns: TurnsChoice,
    ) -> None:
        """The parts of the conversation are only looked at."""
        self._link = link
        self._options = options
        self._dialogue = dialogue
        self._floor = floor
        self._equipment = equipment
        self._ears = ears
        self._hands = hands
        self._history = history
        self._recorder = recorder
        self._tuner = tuner
        self._turns = turns
        self._counters: Counter[str] = Counter()
        self._state = api.State.IDLE
        self._state_since = time.monotonic()

    def empty(self) -> api.Snapshot:
        """Before anything runs."""
        return api.Snapshot(
            mode=_mode(self._dialogue),
            turn_detection=self._dialogue.turn_detection,
            link=self._link.name,
            link_state="starting",
            traffic=self._options.traffic(),
            tuning=self._options.first_tuning,
            volume=self._options.volume,
        )

    def count(self, counter: str, amount: int) -> None:
        """`amount` more of something was lost or refused; the screen shows it by the name `counter`."""
        self._counters[counter] += amount

    def line(self, line: TranscriptLine, now_ms: int) -> api.Line:
        """A transcript line with its time of day."""
        clock = time.strftime("%H:%M:%S", time.localtime(time.time() - max(0, now_ms - line.at_ms) / 1000))
        return api.Line(
            key=line.key,
            clock=clock,
            who=api.Speaker(line.who),
            text=line.text,
            stash=line.stash,
            note=line.note,
            interrupted_at_s=line.interrupted_at_s,
            final=line.final,
            failed=line.failed,
            typed=line.typed,
        )

    def picture(self, now: float, *, seen: FrameSeen | None, link_state: str) -> api.Snapshot:
        """Everything of this moment. `seen`: the newest of the engine's frames."""
        dialogue, equipment, ears, hands = self._dialogue, self._equipment, self._ears, self._hands
        state = _state(dialogue, seen, muted=ears.muted)
        if state is not self._state:
            self._state, self._state_since = state, now
        ending = state is api.State.ENDING and seen is not None
        microphone, speaker = equipment.microphone, equipment.speaker
        counters = Counter(self._link.counters) + self._counters + Counter(equipment.losses)
        counters["answer_unheard_ms"] += hands.unheard_ms
        traffic = self._options.traffic()
        if traffic is not None and not traffic.measured:  # somebody else sends each turn: from its begin to its words
            busy = state in (api.State.SPEECH, api.State.ENDING, api.State.THINKING)
            traffic = replace(traffic, sending=Sending.SOUND if busy else Sending.NOTHING)
        return api.Snapshot(
            mode=_mode(dialogue),
            turn_detection=dialogue.turn_detection,
            state=state,
            state_ms=round((now - self._state_since) * 1000),
            silence_ms=seen.silence_ms if ending and seen else 0,
            needed_ms=seen.needed_ms if ending and seen else 0,
            level=_level(self._floor.capture.meter),
            frames=self._history.scope.frames,
            local_estimate=ears.estimating,
            link=self._link.name,
            link_state=link_state,
            traffic=traffic,
            cost=estimate(traffic.tokens, self._options.prices) if traffic else None,
            turns=self._turns.where,
            microphone=microphone.name if microphone is not None else api.OPENS_ON_PRESS if equipment.resting else "",
            microphone_start_ms=equipment.start_ms,
            speaker=speaker.name if speaker is not None else "",
            duplex=equipment.duplex,
            erle_db=ears.erle_db,
            barge_in=_barge_in(dialogue),
            keyboard=self._floor.keyboard,
            hold=self._floor.view(now * 1000),
            talking=dialogue.talking,
            muted=ears.muted,
            demo=equipment.demo,
            tuning=self._tuner.in_force,
            noise_floor_dbfs=self._history.scope.noise_floor_dbfs,
            recording=self._recorder.on,
            volume=speaker.gain if speaker is not None else 1.0,
            latency_ms=hands.latency_ms,
            replies=hands.replies,
            alarms=in_words(hands.timers, since_boot()),
            counters={name: amount for name, amount in counters.items() if amount},
        )


def _mode(dialogue: Dialogue) -> api.Mode:
    return api.Mode.PUSH_TO_TALK if dialogue.push_to_talk else api.Mode.HANDS_FREE


def _state(dialogue: Dialogue, seen: FrameSeen | None, *, muted: bool) -> api.State:
    if dialogue.playback.playing:
        return api.State.SPEAKING
    if muted:
        return api.State.MUTED
    if dialogue.user_open:
        waiting = seen is not None and seen.state is TurnState.WAITING
        return api.State.ENDING if waiting and not dialogue.talking else api.State.SPEECH
    return api.State.THINKING if dialogue.thinking else api.State.IDLE


def _barge_in(dialogue: Dialogue) -> str:
    if dialogue.interrupts:
        return "two-stage"
    rules = dialogue.turn_detection
    return "server" if rules is not None and rules.interrupt_response else "keys"


def _level(meter: Meter | None) -> api.Level:
    if meter is None:
        return api.Level()
    return api.Level(meter.rms_dbfs, meter.peak_dbfs, meter.hold_dbfs, meter.clipping)
