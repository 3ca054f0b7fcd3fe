"""What is remembered between runs: one small JSON file per topic, readable by its owner only.

A file that cannot be understood is kept aside (`devices.json.bad`) and the defaults are used: nothing that was
remembered may ever keep the assistant from starting.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from platformdirs import user_state_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tui_assistant.privatefile import NOWHERE, private_folder, write_private

STATE_VARIABLE = "TUI_ASSISTANT_STATE"  # another folder, e.g. for tests or a second profile
MAX_TERMINALS = 32  # remembered, and as many microphones; nobody uses more
MAX_NAME = 100  # characters of a terminal's or a device's name, which others choose
MAX_SPEAKERS = 8  # remembered for each microphone
MAX_STATE_BYTES = 2**20  # what we write is a few hundred bytes; a larger file is not ours


def state_folder() -> Path:
    """Where everything is remembered; not necessarily there yet."""
    override = os.environ.get(STATE_VARIABLE)
    try:
        return Path(override).expanduser() if override else user_state_path("tui-assistant", appauthor=False)
    except RuntimeError:  # so say pathlib and platformdirs
        return NOWHERE / "state"


def skills_folder() -> Path:
    """Where the skills keep timers and notes; made private to its owner."""
    return private_folder(state_folder() / "skills")


def recordings_folder() -> Path:
    """Where recordings go that were begun without a name; made private to its owner."""
    return private_folder(state_folder() / "recordings")


def log_folder() -> Path:
    """Where logs and what libraries write to stderr go; made private to its owner."""
    return private_folder(state_folder() / "logs")


class Remembered(BaseModel):
    """One topic. A subclass names its file; every field has a default; fields of a newer version are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    topic: ClassVar[str]

    @classmethod
    def load(cls) -> Self:
        """What was saved last, or the defaults when there is nothing or nothing that makes sense."""
        path = state_folder() / f"{cls.topic}.json"
        try:
            if path.stat().st_size > MAX_STATE_BYTES:
                raise ValueError("too large")
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, ValidationError):
            with contextlib.suppress(OSError):
                path.replace(path.with_suffix(".json.bad"))
            return cls()

    def save(self) -> None:
        """Writes the whole topic at once: a reader sees the old file or the new one. Raises OSError."""
        write_private(state_folder() / f"{self.topic}.json", self.model_dump_json(indent=2) + "\n")


class RememberedDevices(Remembered):
    """The devices chosen in the picker, by name; empty: the system's default."""

    topic: ClassVar[str] = "devices"

    input: str = ""
    output: str = ""


MAX_KEPT_LINES = 200  # of a conversation; a model is sent far less
MAX_KEPT_CHARACTERS = 50_000  # of all of them


class KeptLine(BaseModel):
    """What one of the two said."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    who: Literal["you", "bot"]
    text: Annotated[str, Field(max_length=MAX_KEPT_CHARACTERS)]


class KeptConversation(Remembered):
    """The end of the last conversation, oldest first; only where `responder.remember` asks for it."""

    topic: ClassVar[str] = "conversation"

    lines: Annotated[tuple[KeptLine, ...], Field(max_length=MAX_KEPT_LINES)] = ()


Milliseconds = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]


class LearnedKeys(BaseModel):
    """The auto-repeat of one terminal; 0: not known."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    first_ms: Milliseconds = 0.0
    median_ms: Milliseconds = 0.0
    p95_ms: Milliseconds = 0.0


class RememberedKeys(Remembered):
    """How long auto-repeat takes, by the terminal's name."""

    topic: ClassVar[str] = "keys"

    terminals: dict[str, LearnedKeys] = {}

    def of(self, terminal: str) -> LearnedKeys:
        return self.terminals.get(terminal[:MAX_NAME], LearnedKeys())

    def with_terminal(self, terminal: str, keys: LearnedKeys) -> Self:
        """The newest comes last; the oldest are forgotten."""
        name = terminal[:MAX_NAME]
        others = [(other, known) for other, known in self.terminals.items() if other != name]
        return self.model_copy(update={"terminals": dict([*others, (name, keys)][-MAX_TERMINALS:])})


class DeviceSetup(BaseModel):
    """What the setup found and the user accepted for one microphone. Levels in dB or dBFS."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    gain_db: Annotated[float, Field(ge=-40, le=60, allow_inf_nan=False)] = 0.0
    threshold: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None  # None: not measured
    silence_duration_ms: Annotated[int, Field(ge=0, le=10_000)] | None = None
    speakers: dict[str, Annotated[str, Field(max_length=40)]] = {}  # by a speaker's name: what was advised for its echo

    def with_speaker(self, speaker: str, advice: str) -> Self:
        """The newest comes last; the oldest are forgotten."""
        name = speaker[:MAX_NAME]
        others = [(other, known) for other, known in self.speakers.items() if other != name]
        return self.model_copy(update={"speakers": dict([*others, (name, advice)][-MAX_SPEAKERS:])})

    def advice(self, speaker: str) -> str:
        """What `with_speaker` was told; "": not measured."""
        return self.speakers.get(speaker[:MAX_NAME], "")


class RememberedSetup(Remembered):
    """What the setup has found, by the microphone's name, and whether it is still to be offered."""

    topic: ClassVar[str] = "setup"

    offered: Annotated[int, Field(ge=0)] = 0  # at so many starts
    settled: bool = False  # done or declined
    microphones: dict[str, DeviceSetup] = {}

    def of(self, microphone: str) -> DeviceSetup | None:
        return self.microphones.get(microphone[:MAX_NAME])

    def with_microphone(self, microphone: str, setup: DeviceSetup) -> Self:
        """The newest comes last; the oldest are forgotten."""
        name = microphone[:MAX_NAME]
        others = [(other, known) for other, known in self.microphones.items() if other != name]
        return self.model_copy(update={"microphones": dict([*others, (name, setup)][-MAX_TERMINALS:]), "settled": True})
