"""A TalkApi that records its calls and shows what a test gives it; and a made-up conversation for pictures."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tui_assistant.client.hold import KeyEdge
from tui_assistant.client.tuning import PRESETS, Preset, Tuning
from tui_assistant.client.turns import Mark, TurnRecord
from tui_assistant.protocol.session import ServerVad
from tui_assistant.runtime.api import (
    Devices,
    EchoMeasured,
    Keyboard,
    Level,
    Line,
    LineChanged,
    Mode,
    Notice,
    Phase,
    ScopeFrame,
    Snapshot,
    Speaker,
    State,
)
from tui_assistant.runtime.setup_api import Fetching, ModelInfo

FRAME_MS = 32


class FakeSetup:
    """Its calls are among those of its Talk, as ("setup", NAME); an echo is answered at once with `echo`."""

    def __init__(self, talk: FakeTalk) -> None:
        self._talk = talk
        self.offered = False
        self.echo: EchoMeasured | None = EchoMeasured(refused="there is no loudspeaker")
        self.known: tuple[ModelInfo, ...] = ()
        self.fetching: Fetching | None = None

    def begin(self) -> None:
        self._talk.calls.append(("setup", "begin"))

    def end(self) -> None:
        self._talk.calls.append(("setup", "end"))

    def measure_echo(self) -> None:
        self._talk.calls.append(("setup", "measure_echo"))
        if self.echo is not None:
            self._talk.post(self.echo)

    def models(self) -> tuple[ModelInfo, ...]:
        return self.known

    def fetch(self, name: str) -> None:
        self._talk.calls.append(("setup", "fetch", name))
        self.fetching = Fetching(name)

    def stop_fetching(self) -> None:
        if self.fetching is not None and not self.fetching.over:
            self._talk.calls.append(("setup", "stop_fetching"))
            self.fetching = replace(self.fetching, over=True, failed=True, words="Stopped.")

    def keep(self, tuning: Tuning, duplex: str = "") -> None:
        self._talk.calls.append(("setup", "keep", tuning, duplex))
        self.offered = False

    def decline(self) -> None:
        self._talk.calls.append(("setup", "decline"))
        self.offered = False


class FakeTalk:
    """`snap` is what snapshot() returns; `live` makes each snapshot anew from the number of calls."""

    def __init__(self, snap: Snapshot | None = None, live: Callable[[int], Snapshot] | None = None) -> None:
        self.snap = snap or Snapshot(turn_detection=ServerVad(), microphone="Built-in 48k", speaker="Built-in")
        self.live = live
        self.calls: list[tuple[object, ...]] = []
        self.known = Devices(("Built-in 48k", "Headset"), ("Built-in", "Monitor"), "Built-in 48k", "Built-in")
        self.listener: Callable[[Notice], None] | None = None
        self.pulled = 0
        self.first: list[Notice] = []  # told as soon as somebody listens
        self.echo = True  # tune() and apply() change the snapshot, as the server would
        self.records: tuple[TurnRecord, ...] = ()
        self.diff = ""  # what settings_diff() says
        self.own_presets: tuple[Preset, ...] = ()
        self.fake_setup = FakeSetup(self)

    def start(self, listener: Callable[[Notice], None]) -> None:
        self.listener = listener
        for notice in self.first:
            listener(notice)

    def post(self, *notices: Notice) -> None:
        assert self.listener is not None, "not started"
        for notice in notices:
            self.listener(notice)

    def close(self) -> None:
        self.calls.append(("close",))

    def snapshot(self) -> Snapshot:
        self.pulled += 1
        return self.live(self.pulled) if self.live else self.snap

    def toggle_mode(self) -> None:
        self.calls.append(("toggle_mode",))
        manual = self.snap.mode is Mode.HANDS_FREE
        self.snap = replace(
            self.snap,
            mode=Mode.PUSH_TO_TALK if manual else Mode.HANDS_FREE,
            turn_detection=None if manual else ServerVad(),
        )

    def switch_turns(self) -> None:
        self.calls.append(("switch_turns",))

    def talk(self) -> None:
        self.calls.append(("talk",))

    def key(self, edge: KeyEdge) -> None:
        self.calls.append(("key", edge.edge))

    def blur(self) -> None:
        self.calls.append(("blur",))

    def use_keyboard(self, keyboard: Keyboard) -> None:
        self.calls.append(("use_keyboard", keyboard.method))
        self.snap = replace(self.snap, keyboard=keyboard)

    def say(self, text: str) -> None:
        self.calls.append(("say", text))

    def new_conversation(self) -> None:
        self.calls.append(("new_conversation",))

    def interrupt(self) -> None:
        self.calls.append(("interrupt",))

    def toggle_mute(self) -> None:
        self.calls.append(("toggle_mute",))
        self.snap = replace(self.snap, muted=not self.snap.muted)

    def apply(self, tuning: Tuning) -> None:
        self.calls.append(("apply", tuning))
        if self.echo:
            rules = None if self.snap.turn_detection is None else tuning.rules()
            self.snap = replace(self.snap, tuning=tuning, turn_detection=rules)

    def turn_records(self) -> tuple[TurnRecord, ...]:
        return self.records

    def mark(self, item_id: str, mark: Mark | None) -> None:
        self.calls.append(("mark", item_id, mark))
        self.records = tuple(replace(each, mark=mark) if each.item_id == item_id else each for each in self.records)

    def record(self, folder: Path | None = None) -> None:
        self.calls.append(("record", folder))
        self.snap = replace(self.snap, recording=not self.snap.recording)

    def save_transcript(self, path: Path) -> None:
        self.calls.append(("save_transcript", path))

    def settings_diff(self) -> str:
        return self.diff

    def save_settings(self) -> None:
        self.calls.append(("save_settings",))

    def presets(self) -> tuple[Preset, ...]:
        return PRESETS + self.own_presets

    def save_preset(self, name: str) -> None:
        self.calls.append(("save_preset", name))
        self.own_presets += (Preset(name, "", {"threshold": self.snap.tuning.threshold}),)

    @property
    def setup(self) -> FakeSetup:
        return self.fake_setup

    def devices(self) -> Devices:
        return self.known

    def choose_devices(self, input: str | None, output: str | None) -> None:
        self.calls.append(("choose_devices", input, output))

    def play_demo(self) -> None:
        self.calls.append(("play_demo",))


def probability(ms: int) -> float:
    """A made-up p(speech) of 8 s, repeated: a phrase, a short pause, a second phrase, silence, the answer."""
    at = ms % 8_000
    if 1_000 <= at < 2_200 or 2_500 <= at < 3_800:
        return 0.62 + 0.36 * abs(math.sin(at / 97.0)) - (0.25 if at % 1_300 < 60 else 0.0)
    return 0.02 + 0.06 * abs(math.sin(at / 61.0))


def phase(ms: int) -> Phase:
    at = ms % 8_000
    if 700 <= at < 1_000:
        return Phase.PADDING
    if 1_000 <= at < 2_200 or 2_500 <= at < 3_800:
        return Phase.SPEECH
    if 2_200 <= at < 2_500 or 3_800 <= at < 4_300:
        return Phase.WAITING
    return Phase.ANSWER if 4_400 <= at < 6_200 else Phase.QUIET


def frames_until(ms: int, seconds: int = 8) -> tuple[ScopeFrame, ...]:
    result = []
    for number in range(max(1, (ms - seconds * 1_000) // FRAME_MS), ms // FRAME_MS + 1):
        at = number * FRAME_MS
        commit = at % 8_000 < 4_300 + FRAME_MS and at % 8_000 >= 4_300
        result.append(ScopeFrame(at, probability(at), level_at(at), phase(at), commit))
    return tuple(result)


def level_at(ms: int) -> float:
    p = probability(ms)
    return -24.0 + 6.0 * math.sin(ms / 130.0) if p > 0.3 else -58.0 + 1.5 * math.sin(ms / 90.0)


def scene(ms: int, **changes: object) -> Snapshot:
    """The made-up conversation at that moment of microphone time."""
    at, now = ms % 8_000, phase(ms)
    rms = level_at(ms)
    state, since, silence = State.IDLE, 0, 0
    if now is Phase.SPEECH:
        state, since = State.SPEECH, at - 1_000
    elif now is Phase.WAITING:
        silence = at - 2_200 if at < 3_000 else at - 3_800
        state, since = State.ENDING, silence
    elif now is Phase.ANSWER:
        state, since = State.SPEAKING, at - 4_400
    elif 4_300 <= at < 4_400:
        state, since = State.THINKING, at - 4_300
    snapshot = Snapshot(
        turn_detection=ServerVad(),
        state=state,
        state_ms=since,
        silence_ms=silence,
        needed_ms=500 if state is State.ENDING else 0,
        level=Level(rms, rms + 9, max(rms + 9, -15.0) if now is not Phase.QUIET else rms + 10),
        frames=frames_until(ms),
        microphone="Built-in 48k",
        speaker="Built-in",
        latency_ms=561,
    )
    return replace(snapshot, **changes)  # type: ignore[arg-type]  # tests name the fields


TALKED = (
    Line("u1", "12:01:03", Speaker.YOU, "set a timer for five minutes", note="ended: silence 512 ms >= 500 ms"),
    Line("b1", "12:01:04", Speaker.BOT, "Timer set for five minutes.", note="vad 512 asr 6 think 2 out 41 561 ms"),
    Line("u2", "12:02:10", Speaker.YOU, "how many ounces are in two cups", note="ended: silence 512 ms >= 500 ms"),
    Line(
        "b2",
        "12:02:11",
        Speaker.BOT,
        "Two cups are sixteen fl—",
        note="heard 0.9 s of 1.6 s",
        interrupted_at_s=0.9,
    ),
    Line("u3", "12:02:12", Speaker.YOU, "and in millilitres", note="ended: key · 1.4 s"),
    Line("b3", "12:02:13", Speaker.BOT, "About four hundred seventy three.", note="asr 6 think 2 out 41 49 ms"),
)
SPEAKING_NOW = Line("u4", "12:02:20", Speaker.YOU, "remind me to call", stash="my", final=False)


def talked(*more: Line) -> list[Notice]:
    return [LineChanged(line) for line in (*TALKED, *more)]
