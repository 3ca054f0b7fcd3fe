"""What one conversation is started with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tui_assistant.client.cost import Prices
from tui_assistant.client.interruption import BargeInTimes
from tui_assistant.client.tuning import Preset, Tuning
from tui_assistant.links.traffic import Traffic
from tui_assistant.protocol.session import SemanticVad, ServerVad
from tui_assistant.runtime.setup_api import Fetcher, ModelInfo
from tui_assistant.sound.wav import Recording


@dataclass(frozen=True, slots=True)
class TalkOptions:
    """Everything but the link. `input` and `output` are device names, "" for the default one."""

    rules: ServerVad | SemanticVad = field(default_factory=ServerVad)
    barge_in: BargeInTimes = field(default_factory=BargeInTimes)
    tuning: Tuning | None = None
    """All values, also those that `rules` do not say; None: those of `rules` and `tail_ms`."""
    presets: tuple[Preset, ...] = ()  # the user's own
    config: Path | None = None  # the file that settings are saved to; None: where it is looked for
    push_to_talk: bool = False
    input: str = ""
    recording: Recording | None = None  # the microphone is this file
    recording_name: str = ""
    stdin_rate: int | None = None  # the microphone is standard input; Hz of raw samples
    output: str = ""  # also "none"
    output_file: Path | None = None
    headphones: bool = False
    echo: str = "auto"  # "auto" | "aec" | "half-duplex" | "headphones"
    open_on_press: bool = False  # in push-to-talk the microphone is closed while nobody holds the talk key
    tail_ms: int = 200  # what is still heard after the release of the talk key
    demo: Path | None = None  # the recording that the demo key plays
    play_demo: bool = False  # at once
    exit_after_input: bool = False
    hold_input: bool = False  # push-to-talk: the whole input is one hold
    volume: float = 1.0
    detector: str = "silero"
    tune_process: bool = False  # set the interpreter's switch interval and garbage collection for audio
    remember: bool = True  # chosen devices are remembered
    keep_conversation: bool = False  # it goes on at the next start
    traffic: Callable[[], Traffic | None] = lambda: None  # what has gone over a wire; None: there is none
    prices: Prices = field(default_factory=Prices)
    models: Callable[[], tuple[ModelInfo, ...]] = tuple  # which models there are, for the setup
    fetcher: Fetcher | None = None  # gets more of them

    @property
    def first_tuning(self) -> Tuning:
        """The values that the conversation begins with."""
        return self.tuning or replace(Tuning().follow(self.rules), tail_ms=self.tail_ms)
