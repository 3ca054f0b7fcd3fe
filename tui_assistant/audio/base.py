"""What a microphone and a speaker are to the rest of the program, and what a list of devices holds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tui_assistant.audio.played import PlayedSound
from tui_assistant.sound.samples import Samples

MAX_QUEUE_S = 600  # a speaker's queue: ten minutes, longer than any answer; beyond that samples are dropped and counted


class DeviceState(StrEnum):
    """What has become of a device since it was made."""

    RUNNING = "running"  # works, or has not been started yet
    LOST = "lost"  # has gone: close it and open another
    ENDED = "ended"  # a file or pipe is over; silence follows in real time
    CLOSED = "closed"  # we closed it


class Microphone(Protocol):
    """A source of samples. All calls come from one thread; none blocks."""

    name: str  # foreign text

    @property
    def rate(self) -> int:
        """Native rate in Hz; final once `start` has returned."""
        ...

    @property
    def lost(self) -> int:
        """Samples lost: read too late, while the list of devices was refreshed, or before a loss was noticed."""
        ...

    @property
    def position(self) -> int:
        """Of the first sample that the next `read` returns, unless some get lost before: as `position_at` counts."""
        ...

    @property
    def state(self) -> DeviceState:
        """Ask at every poll: the watchdog counts the time between the calls."""
        ...

    @property
    def silent(self) -> bool:
        """Nothing but zeros for SILENT_S: muted by the system, no permission, or moved to a dead source."""
        ...

    def start(self) -> None:
        """Raises DeviceError with a hint."""
        ...

    def read(self) -> Samples:
        """The samples since the last call, often none."""
        ...

    def position_at(self, at: float) -> int:
        """Which sample was spoken at `at` (time.monotonic()): counted from `start`, lost ones too; may yet come."""
        ...

    def close(self) -> None: ...


class OutputDevice(Protocol):
    """A speaker. All calls come from one thread; none blocks. Poll `pending` or `played` at least every 20 ms."""

    name: str  # foreign text
    echoes: bool  # a real loudspeaker: the microphone may hear it
    gain: float  # 0 to 1: the volume; acts on what has not been handed to the device yet
    played_sound: PlayedSound | None  # what sounds, and when: for echo cancellers; None: unknown, or nobody hears it

    @property
    def rate(self) -> int:
        """Native rate in Hz; final once `start` has returned."""
        ...

    @property
    def state(self) -> DeviceState: ...

    @property
    def underruns(self) -> int:
        """How often the device ran dry although there was something to play."""
        ...

    @property
    def dropped(self) -> int:
        """Samples refused because the queue was full (MAX_QUEUE_S)."""
        ...

    def start(self) -> None:
        """Raises DeviceError with a hint."""
        ...

    def write(self, samples: Samples) -> None:
        """Queues samples."""
        ...

    def flush(self) -> None:
        """Drops what is not heard yet, at once; ready for the next write."""
        ...

    def duck(self, down: bool) -> None:
        """On at -12 dB, at once; or back to `gain`, by a fade. A flush ends it."""
        ...

    def played(self) -> int:
        """Samples heard so far: never falls, never more than written; flushed ones are in neither."""
        ...

    def pending(self) -> int:
        """Samples written and neither heard nor flushed."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """One device as its host calls it. No rate and no channels: what hosts say of them is often not so."""

    index: int  # as the backend counts; valid until the list is refreshed
    name: str  # foreign text
    host_api: str
    default: bool = False


@dataclass(frozen=True, slots=True)
class DeviceList:
    """What there is to choose from. `problem` says in one line why there is no backend or no device, else ""."""

    backend: str = ""  # "PortAudio", "miniaudio" or ""
    inputs: tuple[DeviceInfo, ...] = ()
    outputs: tuple[DeviceInfo, ...] = ()
    problem: str = ""
