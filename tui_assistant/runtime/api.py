"""What the screen sees of a conversation: plain values, pulled or posted, and the calls that it may make.

Beside it the screen knows the setup (setup_api.py), and nothing else of the runtime. It pulls one `Snapshot` per frame
and receives `Notice`s one by one; every method of `TalkApi` may be called from any thread and returns at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from tui_assistant.client.cost import Cost
from tui_assistant.client.hold import HoldPhase, KeyEdge, Method
from tui_assistant.client.latency import ReplyLatency
from tui_assistant.client.tuning import Preset, Tuning
from tui_assistant.client.turns import Mark, TurnRecord
from tui_assistant.links.traffic import Traffic
from tui_assistant.protocol.session import TurnDetection
from tui_assistant.runtime.setup_api import SetupApi

OPENS_ON_PRESS = "opens on press"  # in the place of the microphone's name while it is closed by the user's wish


class Mode(StrEnum):
    """Who decides when a turn ends."""

    HANDS_FREE = "HANDS-FREE"
    PUSH_TO_TALK = "PUSH-TO-TALK"


class State(StrEnum):
    """What the conversation does at this moment; the words on the screen."""

    IDLE = "IDLE"  # nobody speaks
    SPEECH = "SPEECH"  # the user speaks, or holds the floor in push-to-talk
    ENDING = "ENDING"  # silence inside a turn, not yet long enough to end it
    THINKING = "THINKING"  # the turn is over, no sound of the answer yet
    SPEAKING = "SPEAKING"  # the answer is heard
    MUTED = "MUTED"  # the microphone is muted by the user


class Phase(StrEnum):
    """What one moment of the scope is part of."""

    QUIET = "quiet"
    PADDING = "padding"  # before the onset, taken along as prefix padding
    SPEECH = "speech"
    WAITING = "waiting"  # silence inside a turn
    ANSWER = "answer"  # the assistant is heard


@dataclass(frozen=True, slots=True)
class ScopeFrame:
    """One detector frame (32 ms) of the scope."""

    at_ms: int  # end of the frame in microphone time
    p: float  # p(speech), 0..1
    rms_dbfs: float
    phase: Phase
    commit: bool = False  # a turn was committed in this frame
    judged: float | None = None  # P(end of turn) in effect, in the silence of an open turn
    local: Phase | None = None  # where a server decides: what our own rules make of it, without the prefix
    local_end: bool = False  # ... and they would have ended a turn here
    decided: bool = True  # by the rules of the conversation; False: only an estimate (a server decides, muted, held)


@dataclass(frozen=True, slots=True)
class Level:
    """The microphone's level. A full-scale sine is -3.01 dBFS RMS. -120 is silence."""

    rms_dbfs: float = -120.0  # over the last 100 ms or so
    peak_dbfs: float = -120.0  # PPM type I: fast attack, 20 dB in 1.5 s back
    hold_dbfs: float = -120.0  # highest peak of the last 2 s
    clipping: bool = False


class Speaker(StrEnum):
    YOU = "you"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the transcript. A line with a known `key` replaces the earlier one."""

    key: str  # the item's id: finds the TurnRecord of the user's lines
    clock: str  # HH:MM:SS, local time
    who: Speaker
    text: str  # foreign text
    stash: str = ""  # words that may still change (foreign text)
    note: str = ""  # why the turn ended, or the latency figures
    interrupted_at_s: float | None = None  # the answer was cut off after that much was heard
    final: bool = True  # no further change is expected
    failed: bool = False
    typed: bool = False
    divider: bool = False  # nobody said it: from here on it is another conversation


@dataclass(frozen=True, slots=True)
class LineChanged:
    line: Line


@dataclass(frozen=True, slots=True)
class Told:
    """Something to tell the user: an error event, a lost device, a timer that is up."""

    text: str  # foreign text
    severity: str = "information"  # "information" | "warning" | "error"


@dataclass(frozen=True, slots=True)
class Ended:
    """The conversation is over (--exit-after-input, or something that can't be mended)."""

    status: int  # exit status of the program
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Suggest:
    """One line that stays until it is settled, e.g. that there is no microphone and which key helps. Empty: settled."""

    text: str


@dataclass(frozen=True, slots=True)
class EchoMeasured:
    """What the microphone heard of the speakers. `refused`: why nothing was measured, in words; else empty."""

    level_db: float = -120.0  # heard energy over played energy, the microphone's gain included
    delay_ms: float = 0.0
    confidence: float = 0.0  # 0..1
    noise_dbfs: float = -120.0
    refused: str = ""

    @property
    def heard(self) -> bool:
        return not self.refused and self.confidence >= 0.5


Notice = LineChanged | Told | Ended | Suggest | EchoMeasured


@dataclass(frozen=True, slots=True)
class Devices:
    """What the picker offers. Names are foreign text."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    input: str = ""  # the chosen ones
    output: str = ""


@dataclass(frozen=True, slots=True)
class Keyboard:
    """What the terminal tells of keys."""

    method: Method
    terminal: str = ""  # under which name its auto-repeat is remembered, e.g. "xterm+tmux"; foreign text
    why: str = ""  # one line of help when the method isn't "released"


@dataclass(frozen=True, slots=True)
class HoldView:
    """The talk key as it is drawn."""

    phase: HoldPhase = HoldPhase.FREE
    held_ms: int = 0  # since the floor was taken
    left_ms: int | None = None  # latched, or near the longest hold: until the floor is given back by itself


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that the screen draws of one moment. While `starting` nothing is known of devices yet."""

    mode: Mode = Mode.HANDS_FREE
    turn_detection: TurnDetection | None = None  # as the server echoed it last; None = push-to-talk
    state: State = State.IDLE
    state_ms: int = 0  # how long the state has lasted
    silence_ms: int = 0  # in ENDING: silence so far ...
    needed_ms: int = 0  # ... and what ends the turn
    level: Level = Level()
    frames: tuple[ScopeFrame, ...] = ()  # oldest first, at most the last 120 s
    local_estimate: bool = False  # p(speech) comes from our own detector beside the conversation's
    link: str = "local"
    turns: str = ""  # of a link: "here" | "there" detects them; "": the conversation runs here
    link_state: str = "ready"  # "starting", "ready", or what is wrong
    traffic: Traffic | None = None  # what has gone over the link's wire; None: there is no wire
    cost: Cost | None = None  # of that, by the user's prices
    microphone: str = ""  # foreign text; "" = none, or OPENS_ON_PRESS
    microphone_start_ms: int | None = None  # what opening it costs: until its first sample came
    speaker: str = ""
    duplex: str = "half-duplex"  # "aec" | "half-duplex" | "headphones" | "no echo"
    erle_db: float | None = None  # how much of the echo was taken away in the last second; None: there was none
    barge_in: str = "two-stage"  # a voice over an answer: "two-stage" | "server", which interrupts at once | "keys" do
    keyboard: Keyboard = Keyboard(Method.TOGGLE)
    hold: HoldView = HoldView()
    talking: bool = False  # the floor is held, in either mode
    muted: bool = False
    demo: bool = False  # the demo recording is the microphone
    recording: bool = False
    tuning: Tuning = field(default_factory=Tuning)  # the values in force, also those that turn_detection does not show
    noise_floor_dbfs: float = -120.0  # level of the quiet frames: their 20th percentile
    volume: float = 1.0
    latency_ms: int | None = None  # of the last answer: end of speech to first sound
    replies: ReplyLatency = field(default_factory=ReplyLatency)  # the same over the session
    alarms: tuple[str, ...] = ()  # running timers in words (foreign text)
    counters: dict[str, int] = field(default_factory=dict)  # losses: only those that are not zero

    @property
    def starting(self) -> bool:
        """The devices have not been opened yet."""
        return self.link_state == "starting" and not self.microphone and not self.demo

    @property
    def lacks_microphone(self) -> bool:
        return not self.microphone and not self.demo and not self.starting


class TalkApi(Protocol):
    """One conversation. Every call may come from any thread; none blocks."""

    def start(self, listener: Callable[[Notice], None]) -> None:
        """Starts the thread. `listener` is called on that thread: post, don't work."""
        ...

    def close(self) -> None:
        """Ends the conversation and its workers; returns after at most 1.5 s."""
        ...

    def snapshot(self) -> Snapshot: ...

    def toggle_mode(self) -> None:
        """HANDS-FREE <-> PUSH-TO-TALK, by session.update of turn_detection."""

    def switch_turns(self) -> None:
        """On a link: from the next turn on this machine detects turns, or the server again."""

    def talk(self) -> None:
        """The toggle key, a click, an empty line: takes the floor, the next call sends. Interrupts a running answer."""
        ...

    def key(self, edge: KeyEdge) -> None:
        """An edge of the talk key, straight from the input thread. Holding takes the floor, in either mode."""
        ...

    def blur(self) -> None:
        """The terminal's window lost the focus: counts as the release of the talk key."""
        ...

    def use_keyboard(self, keyboard: Keyboard) -> None:
        """What the terminal has answered; may come again (another terminal attached)."""
        ...

    def say(self, text: str) -> None:
        """Sends a typed message and asks for an answer."""
        ...

    def new_conversation(self) -> None:
        """Forgets what was said, here and at the server; a divider is shown. Settings and timers stay."""
        ...

    def interrupt(self) -> None:
        """Stops the running answer."""
        ...

    def toggle_mute(self) -> None: ...

    def apply(self, tuning: Tuning) -> None:
        """All values at once: a preset, undo, a calibration. Live; on a link by session.update."""
        ...

    def turn_records(self) -> tuple[TurnRecord, ...]:
        """The newest last, at most 200."""
        ...

    def mark(self, item_id: str, mark: Mark | None) -> None:
        """Says what the detection did wrong with that turn; None takes it back."""
        ...

    def record(self, folder: Path | None = None) -> None:
        """Records the session from now on, in `folder` (None: a new one in the state folder). Ends it when it runs."""
        ...

    def save_transcript(self, path: Path) -> None:
        """As Markdown, plain text, SRT or JSON, by the suffix .md, .txt, .srt or .json. What came of it is `Told`."""
        ...

    def settings_diff(self) -> str:
        """What `save_settings` would change in config.toml, as a unified diff; empty: nothing."""
        ...

    def save_settings(self) -> None:
        """Writes the values in force to config.toml."""
        ...

    def presets(self) -> tuple[Preset, ...]:
        """The named sets of values: ours, then the user's own. A name of an own one is foreign text."""
        ...

    def save_preset(self, name: str) -> None:
        """Keeps the values in force under that name, instead of an own one that had it. What came of it is `Told`."""
        ...

    @property
    def setup(self) -> SetupApi: ...

    def devices(self) -> Devices: ...

    def choose_devices(self, input: str | None, output: str | None) -> None:
        """Changes microphone and speaker live and remembers them. None: leave as it is."""
        ...

    def play_demo(self) -> None:
        """Plays the demo recording as the microphone."""
        ...
