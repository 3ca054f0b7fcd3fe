"""Textual's driver for Linux and macOS, which also asks the terminal for key releases and routes the talk key.

Not importable on Windows; see keys/driver.py, which checks what is used of Textual here.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from textual import constants, events
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from tui_assistant.client.hold import Edge
from tui_assistant.tui.keys.parser import EdgeParser
from tui_assistant.tui.keys.rebound import PARSER, with_names
from tui_assistant.tui.keys.router import Router
from tui_assistant.tui.keys.sequences import ANSWER_S, ASK_FLAGS, SET_FLAGS


class EdgeDriver(LinuxDriver):
    """The app has a `router`. Flags are set on the level that Textual has pushed, so its own pop takes them away."""

    @property
    def _router(self) -> Router:
        router = self._app.router  # type: ignore[attr-defined]  # the app of this program; drivers are made by Textual
        assert isinstance(router, Router)
        return router

    def start_application_mode(self) -> None:
        """Also after the program was suspended: the terminal is asked again, it may be another one."""
        self._router.attach()
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual left it so
        if not constants.DISABLE_KITTY_KEY:  # the user's wish, which Textual obeys too
            self.write(SET_FLAGS + ASK_FLAGS)
            self.flush()
        loop = asyncio.get_running_loop()
        # finding out the terminal's name may take a moment: off the loop
        loop.call_later(ANSWER_S, lambda: loop.run_in_executor(None, self._router.no_answer))

    def stop_application_mode(self) -> None:
        self._router.detach()
        super().stop_application_mode()

    def run_input_thread(self) -> None:
        router = self._router

        def report(name: str, code: str, edge: Edge | None) -> bool:
            return router.report(name, code, edge, time.monotonic() * 1000)

        def parser(debug: bool = False) -> EdgeParser:
            return EdgeParser(debug, report=report, answered=router.answered)

        names: dict[str, Any] = {PARSER: parser}
        with_names(LinuxDriver.run_input_thread, **names)(self)

    def process_message(self, message: Message) -> None:
        if isinstance(message, events.AppBlur):
            self._router.blur()
        super().process_message(message)
