"""From the state of a conversation to what the screen sees of it."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace

from tui_assistant.client.cost import estimate
from tui_assistant.client.dialogue import Dialogue
from tui_assistant.client.latency import Replies
from tui_assistant.client.transcript import TranscriptLine
from tui_assistant.client.tuning import Tuning
from tui_assistant.clock import since_boot
from tui_assistant.engine.observation import FrameSeen, TurnState
from tui_assistant.links.traffic import Sending
from tui_assistant.protocol.session import SemanticVad, ServerVad
from tui_assistant.runtime import api
from tui_assistant.runtime.alarms import RunningTimer, in_words
from tui_assistant.runtime.equipment import Equipment
from tui_assistant.runtime.floor import FloorKeeper
from tui_assistant.runtime.options import TalkOptions
from tui_assistant.runtime.scope import Scope
from tui_assistant.sound.level import Meter


class View:
    """Makes snapshots and transcript lines; keeps what only matters for showing: clocks and counters."""

    def __init__(self, link: str, options: TalkOptions) -> None:
        self._link = link
        self._mode = api.Mode.PUSH_TO_TALK if options.push_to_talk else api.Mode.HANDS_FREE
        self._traffic = options.traffic
        self._prices = options.prices
        self._counters: Counter[str] = Counter()
        self._state = api.State.IDLE
        self._state_since = time.monotonic()

    def empty(self, rules: ServerVad | SemanticVad, tuning: Tuning, volume: float) -> api.Snapshot:
        """Before anything runs."""
        return api.Snapshot(
            mode=self._mode,
            turn_detection=None if self._mode is api.Mode.PUSH_TO_TALK else rules,
            link=self._link,
            link_state="starting",
            traffic=self._traffic(),
            tuning=tuning,
            volume=volume,
        )

    def count(self, counter: str, amount: int) -> None:
        """A loss."""
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

    def picture(
        self,
        now: float,
        *,
        dialogue: Dialogue,
        floor: FloorKeeper,
        seen: FrameSeen | None,
        scope: Scope,
        tuning: Tuning,
        estimating: bool,
        link_state: str,
        turns: str,
        equipment: Equipment,
        muted: bool,
        erle_db: float | None,
        latency_ms: int | None,
        replies: Replies,
        timers: tuple[RunningTimer, ...],
        link_counters: dict[str, int],
        unheard_ms: int,
        recording: bool = False,
    ) -> api.Snapshot:
        """Everything of this moment."""
        state = _state(dialogue, seen, muted=muted)
        if state is not self._state:
            self._state, self._state_since = state, now
        ending = state is api.State.ENDING and seen is not None
        microphone, speaker = equipment.microphone, equipment.speaker
        counters = Counter(link_counters) + self._counters + Counter(equipment.losses)
        counters["answer_unheard_ms"] += unheard_ms
        traffic = self._traffic()
        if traffic is not None and not traffic.measured:  # somebody else sends each turn: from its begin to its words
            busy = state in (api.State.SPEECH, api.State.ENDING, api.State.THINKING)
            traffic = replace(traffic, sending=Sending.SOUND if busy else Sending.NOTHING)
        return api.Snapshot(
            mode=api.Mode.PUSH_TO_TALK if dialogue.push_to_talk else api.Mode.HANDS_FREE,
            turn_detection=dialogue.turn_detection,
            state=state,
            state_ms=round((now - self._state_since) * 1000),
            silence_ms=seen.silence_ms if ending and seen else 0,
            needed_ms=seen.needed_ms if ending and seen else 0,
            level=_level(floor.capture.meter),
            frames=scope.frames,
            local_estimate=estimating,
            link=self._link,
            link_state=link_state,
            traffic=traffic,
            cost=estimate(traffic.tokens, self._prices) if traffic else None,
            turns=turns,
            microphone=microphone.name if microphone else api.OPENS_ON_PRESS if equipment.resting else "",
            microphone_start_ms=equipment.start_ms,
            speaker=speaker.name if speaker else "",
            duplex=equipment.duplex,
            erle_db=erle_db,
            barge_in=_barge_in(dialogue),
            keyboard=floor.keyboard,
            hold=floor.view(now * 1000),
            talking=dialogue.talking,
            muted=muted,
            demo=equipment.demo,
            tuning=tuning,
            noise_floor_dbfs=scope.noise_floor_dbfs,
            recording=recording,
            volume=speaker.gain if speaker else 1.0,
            latency_ms=latency_ms,
            replies=replies,
            alarms=in_words(timers, since_boot()),
            counters={name: amount for name, amount in counters.items() if amount},
        )


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
