"""Textual's driver for Linux and macOS, which also asks the terminal for key releases and routes the talk key.

Not importable on Windows; see keys/driver.py, which checks what is used of Textual here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
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

    _started = False  # in application mode

    @property
    def _router(self) -> Router:
        router = self._app.router  # type: ignore[attr-defined]  # the app of this program; drivers are made by Textual
        assert isinstance(router, Router)
        return router

    def start_application_mode(self) -> None:
        """Also after the program was suspended: the terminal is asked again, it may be another one."""
        self._router.attach()
        self._started = True
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual left it so
        if not constants.DISABLE_KITTY_KEY:  # the user's wish, which Textual obeys too
            self.write(SET_FLAGS + ASK_FLAGS)
            self.flush()
        loop = asyncio.get_running_loop()
        # finding out the terminal's name may take a moment: off the loop
        loop.call_later(ANSWER_S, lambda: loop.run_in_executor(None, self._router.no_answer))

    def stop_application_mode(self) -> None:
        self._router.detach()
        self._started = False
        super().stop_application_mode()

    def _sigtstp_application(self, *_: object) -> None:
        self._soon(super()._sigtstp_application)

    def _sigcont_application(self, *_: object) -> None:
        """Instead of Textual's, which begins anew although nothing has ended when the stop came unannounced (SIGSTOP).

        Then two threads would read keys, of which one waits for another key at the end; the terminal would stay raw.
        """
        if self._auto_restart:
            self._soon(self._continue)

    def _soon(self, handle: Callable[[], object]) -> None:
        """Off the signal: it may have come in the middle of a write, whose lock (of a queue) is taken once."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(handle)

    def _continue(self) -> None:
        if not (self._started or self._must_signal_resume):
            return  # not begun, or at its end
        if not self._foreground():
            os.kill(os.getpid(), signal.SIGSTOP)  # `bg`: without the terminal there is nothing to do
            return
        if self._started:
            self.suspend_application_mode()
        self.resume_application_mode()
        self._app.refresh(layout=True)

    def _foreground(self) -> bool:
        """The terminal is ours, or nobody's."""
        with contextlib.suppress(OSError):
            return os.tcgetpgrp(self.fileno) == os.getpgrp()
        return True

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
