"""What takes over for one sentence when a server fails: nobody's words are lost, and the user hears why."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tui_assistant.errors import AssistantError, ModelError
from tui_assistant.models import registry
from tui_assistant.models.registry import NEXT_BEST, Port


class Spare:
    """The best local model of a port, made when it is first needed; `lock` is held while it is used."""

    def __init__(self, port: Port, wanted: str) -> None:
        self.lock = threading.RLock()  # the model's calls must not overlap, and come from several threads here
        self.tell: Callable[[str], None] = lambda line: None
        self._port = port
        self._wanted = wanted
        self._model: Any = None
        self._missing = False
        self._failing = ""

    def take(self, failure: ModelError) -> Any:
        """The model that stands in, after `failure` of the server. Raises `failure` where there is none.

        The user is told when it begins, and when the server fails in another way; not for each sentence.
        """
        with self.lock:
            if self._model is None and not self._missing:
                try:
                    self._model = registry.first(self._port, "", {}, NEXT_BEST[self._port])
                except AssistantError:
                    self._missing = True
            if self._model is None:
                raise failure
            if str(failure) != self._failing:
                self._failing = str(failure)
                name = getattr(self._model, "name", "another model")
                self.tell(f"{failure}; {name} takes the place of {self._wanted} until it works again")
            return self._model

    def works(self) -> None:
        """The server has answered."""
        if self._failing:
            self._failing = ""
            self.tell(f"the {self._port} is {self._wanted} again")
