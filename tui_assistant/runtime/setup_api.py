"""What the screen sees of the setup, and may call: measurements, and the models that there are or that can be had."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tui_assistant.client.tuning import Tuning


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model of the registry. `mend`: the line that makes it usable; `download`: bytes that this brings, if known."""

    port: str  # "detector", "recogniser", "responder", "synthesiser" or "judge"
    name: str  # may come from a plugin: foreign text
    usable: bool
    used: bool = False  # by the settings in force
    mend: str = ""
    download: int | None = None
    fetch: str = ""  # by this name `SetupApi.fetch` brings it, or chooses it where it is here; empty: it cannot
    held: int = 0  # bytes of it that are here, from a download that broke off, too
    licence: str = ""
    gives: str = ""  # what is better with it, in words
    extra: str = ""  # the line of pip that its library still needs


@dataclass(frozen=True, slots=True)
class Fetching:
    """A model that is being downloaded, or was: `over`, and `words` say what came of it."""

    name: str
    done: int = 0  # bytes
    total: int = 0  # 0: not known
    loading: bool = False  # it is here, and cannot be stopped any more
    over: bool = False
    failed: bool = False
    words: str = ""


class Fetcher(Protocol):
    """Downloads models and writes into the settings that they are used. Every call returns at once."""

    @property
    def state(self) -> Fetching | None: ...

    def fetch(self, name: str, tell: Callable[[str, str], None]) -> None:
        """`tell` hears what came of it, as `api.Told`, on another thread; nothing of what was stopped."""
        ...

    def stop(self) -> None: ...


class SetupApi(Protocol):
    """What the setup measures with. Every call may come from any thread; none blocks."""

    @property
    def offered(self) -> bool:
        """The setup is to be offered, in one line: it was neither done nor declined, and there is a microphone."""
        ...

    def begin(self) -> None:
        """From now on the microphone is listened to for the setup only: the conversation hears silence."""
        ...

    def end(self) -> None:
        """The conversation hears the microphone again."""
        ...

    def measure_echo(self) -> None:
        """Plays a chirp and listens for it. What came of it is `api.EchoMeasured`, after 2 s at most."""
        ...

    def models(self) -> tuple[ModelInfo, ...]: ...

    def fetch(self, name: str) -> None:
        """Downloads that model, from where an earlier try ended, and chooses it in the settings. One at a time."""
        ...

    def stop_fetching(self) -> None:
        """What has come is kept."""
        ...

    @property
    def fetching(self) -> Fetching | None:
        """The download that runs, or the last one."""
        ...

    def keep(self, tuning: Tuning, duplex: str = "") -> None:
        """Remembers the values for the microphone in use: they will be in force whenever it is opened.

        Unless a setting says another. `duplex`: what was advised for the speaker in use; "": it was not measured.
        """
        ...

    def decline(self) -> None:
        """It is not to be offered any more."""
        ...
