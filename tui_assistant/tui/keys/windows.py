"""Textual's driver for Windows, which also takes the key-up records that the stock one drops.

Empty on other systems. Written against the documented behaviour of the console and tried on recorded records
(keys/console.py); it has not run on a Windows machine yet.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import time
    import types
    from ctypes import byref, wintypes

    from textual import constants, events
    from textual.drivers import win32
    from textual.drivers.windows_driver import WindowsDriver
    from textual.message import Message

    from tui_assistant.client.hold import Edge
    from tui_assistant.tui.keys.console import KeyRecord, Up, sort_records
    from tui_assistant.tui.keys.parser import EdgeParser
    from tui_assistant.tui.keys.rebound import with_names
    from tui_assistant.tui.keys.router import Router
    from tui_assistant.tui.keys.terminal import virtual_key

    KEY_EVENT, WINDOW_BUFFER_SIZE_EVENT = 0x0001, 0x0004
    MAX_RECORDS = 1024  # read at once
    POLL_MS = 100  # how long the end of the program may go unnoticed

    def _router_of(app: object) -> Router:
        router = app.router  # type: ignore[attr-defined]  # the app of this program; drivers are made by Textual
        assert isinstance(router, Router)
        return router

    class EdgeMonitor(win32.EventMonitor):
        """The thread that reads the console."""

        def run(self) -> None:
            try:
                self._read()
            except OSError as error:  # the console has gone: the stock monitor ends in the same way
                self.app.log.error("console", error)

        def _read(self) -> None:
            router = _router_of(self.app)
            watched = virtual_key(router.wishes.talk)

            def report(name: str, code: str, edge: Edge | None) -> bool:
                return router.report(name, code, edge, time.monotonic() * 1000)

            parser = EdgeParser(constants.DEBUG, report=report, answered=lambda flags: None)
            console = win32.GetStdHandle(win32.STD_INPUT_HANDLE)
            buffer, count = (win32.INPUT_RECORD * MAX_RECORDS)(), wintypes.DWORD(0)
            router.released(watched is not None)
            while not self.exit_event.is_set():
                for event in parser.tick():
                    self.process_event(event)  # type: ignore[arg-type]  # declared too narrowly
                if win32.wait_for_handles([console], POLL_MS) is None:
                    continue
                win32.KERNEL32.ReadConsoleInputW(console, byref(buffer), MAX_RECORDS, byref(count))
                records = buffer[: count.value]
                for piece in sort_records([_record(each) for each in records if each.EventType == KEY_EVENT], watched):
                    if isinstance(piece, Up):
                        router.key_up(time.monotonic() * 1000)
                        continue
                    for event in parser.feed(piece):
                        self.process_event(event)  # type: ignore[arg-type]  # as above
                for size in [each.Event.WindowBufferSizeEvent.dwSize for each in records
                             if each.EventType == WINDOW_BUFFER_SIZE_EVENT][-1:]:  # fmt: skip
                    self.on_size_change(size.X, size.Y)

    def _record(record: win32.INPUT_RECORD) -> KeyRecord:
        key = record.Event.KeyEvent
        return KeyRecord(bool(key.bKeyDown), key.wVirtualKeyCode, key.uChar.UnicodeChar, key.dwControlKeyState)

    class EdgeDriver(WindowsDriver):
        """The app has a `router`."""

        def start_application_mode(self) -> None:
            _router_of(self._app).attach()
            ours = types.SimpleNamespace(
                enable_application_mode=win32.enable_application_mode, EventMonitor=EdgeMonitor
            )
            with_names(WindowsDriver.start_application_mode, win32=ours)(self)

        def stop_application_mode(self) -> None:
            _router_of(self._app).detach()
            super().stop_application_mode()

        def process_message(self, message: Message) -> None:
            if isinstance(message, events.AppBlur):
                _router_of(self._app).blur()
            super().process_message(message)
