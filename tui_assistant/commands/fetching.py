"""Models on one key of the setup: downloaded beside the conversation, and then named by the settings."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tui_assistant import config
from tui_assistant.commands import models
from tui_assistant.config import Settings
from tui_assistant.config_file import with_values, write
from tui_assistant.errors import AssistantError, ModelError
from tui_assistant.models.catalogue import PIPER_PREFIX
from tui_assistant.models.registry import Port
from tui_assistant.models.store import Store
from tui_assistant.runtime.setup_api import Fetching

Tell = Callable[[str, str], None]
LOAD_S = 120.0  # for a large model on a slow disk; what was in use answers until then
Use = Callable[[Settings, Port], None]  # from now on, as these settings say; raises ModelError
STOPPED = "Stopped: what has come is kept, and the next time it goes on from there."


class ModelFetcher:
    """Implements Fetcher. One model at a time, on a thread of its own; another one that is wanted meanwhile waits for
    nothing: the first is stopped, and what has come of it is kept."""

    def __init__(self, path: Path, settings: Settings, use: Use | None = None) -> None:
        """`path`: the settings file. `settings`: those in force. `use`: None where no model runs on this machine."""
        self._path = path
        self.settings = settings  # of the models that are in use now
        self._use = use
        self._lock = threading.Lock()
        self._state: Fetching | None = None
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()  # of the download that runs

    @property
    def state(self) -> Fetching | None:
        return self._state

    def fetch(self, name: str, tell: Tell) -> None:
        with self._lock:
            self._stopped.set()
            stopped = self._stopped = threading.Event()
            self._state = Fetching(name)
            thread = threading.Thread(
                target=self._work, args=(name, stopped, self._thread, tell), name="fetch a model", daemon=True
            )
            self._thread = thread
            thread.start()

    def stop(self) -> None:
        with self._lock:
            if self._state is not None and not self._state.over and not self._state.loading:
                self._stopped.set()
                self._state = replace(self._state, over=True, failed=True, words=STOPPED)

    def _work(self, name: str, stopped: threading.Event, before: threading.Thread | None, tell: Tell) -> None:
        if before is not None:
            before.join()  # it ends with its next byte, and holds the folder until then

        def show(done: int, total: int) -> None:
            self._change(stopped, done=done, total=total)

        try:
            Store(offline=self.settings.models.offline).get(name, show, lambda: not stopped.is_set())
            if not self._change(stopped, loading=True):
                return
            words, failed = self._choose(name), False
        except AssistantError as error:
            hint = f" ({error.hint})" if error.hint and "models get" not in error.hint else ""
            words, failed = f"{error.message[:1].upper()}{error.message[1:]}{hint}.", True
        if self._change(stopped, over=True, failed=failed, words=words):
            tell(words, "error" if failed else "information")

    def _change(self, stopped: threading.Event, **changes: Any) -> bool:
        """False: nobody wants to know any more."""
        with self._lock:
            if stopped.is_set() or self._state is None:
                return False
            self._state = replace(self._state, **changes)
            return True

    def _choose(self, name: str) -> str:
        """Writes the settings that name the model, and loads it; what came of that, in words. Raises ConfigError, and
        UnavailableError for a file that cannot be written."""
        chosen = models.chosen(name)
        write(self._path, with_values(self._path, chosen)[1])
        port = next(Port(key.partition(".")[2]) for key in chosen if key.startswith("models."))
        words = f"{name} is here, and in the settings: {self._take_up(name, port, with_chosen(self.settings, chosen))}."
        winning = [variable for key in chosen if os.environ.get(variable := config.variable_of(key))]
        return f"{words} But {', '.join(winning)} is set and wins over the file." if winning else words

    def _take_up(self, name: str, port: Port, settings: Settings) -> str:
        """When it is used."""
        used = "semantic_vad goes by it" if port is Port.JUDGE else "it is used"
        if extra := models.extra_of("piper" if name.startswith(PIPER_PREFIX) else name):
            return f"after {extra} {used} from the next start on"
        if self._use is None:
            return f"{used} from the next start on this machine on"
        try:
            self._use(settings, port)
        except ModelError as error:
            return f"but what was in use stays, because {error}"
        self.settings = settings
        return f"{used} from now on"


def with_chosen(settings: Settings, chosen: Mapping[str, str]) -> Settings:
    """With other values for some dotted keys."""
    sections: dict[str, dict[str, str]] = {}
    for key, value in chosen.items():
        section, _, name = key.partition(".")
        sections.setdefault(section, {})[name] = value
    changed = {section: getattr(settings, section).model_copy(update=values) for section, values in sections.items()}
    return settings.model_copy(update=changed)
