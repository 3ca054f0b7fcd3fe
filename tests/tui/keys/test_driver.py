"""The guard: our driver where Textual is what it was, the stock one with a reason where it isn't."""

from __future__ import annotations

import types
from typing import Any

import pytest
from fake_talk import FakeTalk
from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.drivers.headless_driver import HeadlessDriver
from textual.drivers.linux_driver import LinuxDriver

from tui_assistant.client.hold import Method
from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.keys import driver
from tui_assistant.tui.keys.driver import choose, fit
from tui_assistant.tui.keys.rebound import with_names


def test_this_textual_fits() -> None:
    assert fit(LinuxDriver) == ""
    chosen = choose(LinuxDriver)
    assert chosen.driver is not None
    assert issubclass(chosen.driver, LinuxDriver)
    assert AssistantApp(FakeTalk()).driver_class is chosen.driver


def other_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(XTermParser, "_sequence_to_key_events", lambda self, sequence: [])


def other_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(XTermParser, "_sequence_to_key_events")


def other_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LinuxDriver, "run_input_thread", lambda self: None)


def no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(LinuxDriver, "run_input_thread")


def other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(XTermParser, "_sequence_to_key_events", lambda self, sequence, alt=False: [])


def other_suspension(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(LinuxDriver, "_sigcont_application")


def other_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LinuxDriver, "__init__", lambda self, *arguments: None)


CHANGES = [other_arguments, other_name, other_thread, no_thread, other_keys, other_suspension, other_beginning]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_textual_is_left_alone(change: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    change(monkeypatch)
    chosen = choose(LinuxDriver)
    assert chosen.driver is None
    assert "Textual" in chosen.reason
    app = AssistantApp(FakeTalk())
    assert app.driver_class is LinuxDriver
    assert app.router.misfit == chosen.reason
    app.router.no_answer()
    assert app.router.keyboard is not None
    assert app.router.keyboard.method is Method.INFERRED
    assert f"({chosen.reason})" in app.router.keyboard.why


def test_a_driver_that_was_asked_for_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DRIVER", "textual.drivers.headless_driver:HeadlessDriver")
    app = AssistantApp(FakeTalk())
    assert app.driver_class is HeadlessDriver
    assert app.router.misfit == "Textual was told to use HeadlessDriver"


def test_windows_without_a_windows_console() -> None:
    class WindowsDriver(HeadlessDriver):
        def start_application_mode(self) -> None:
            win32 = types.SimpleNamespace()
            _ = win32.EventMonitor

    WindowsDriver.__module__, WindowsDriver.__qualname__ = "textual.drivers.windows_driver", "WindowsDriver"
    assert choose(WindowsDriver).driver is None
    assert "makes its parser in another way" in choose(WindowsDriver).reason
    assert driver._VARIANTS.keys() >= {"textual.drivers.windows_driver.WindowsDriver"}


def test_the_module_is_not_touched() -> None:
    before = linux_driver.XTermParser

    def made(debug: bool = False) -> None:
        raise LookupError("ours")

    thread = with_names(LinuxDriver.run_input_thread, XTermParser=made)
    with pytest.raises(LookupError, match="ours"):
        thread(types.SimpleNamespace(fileno=0, _debug=False))
    assert linux_driver.XTermParser is before


async def test_without_a_terminal_nothing_is_said_of_the_keyboard() -> None:
    talk = FakeTalk()
    async with AssistantApp(talk).run_test() as pilot:
        await pilot.pause(0.1)
    assert [call for call in talk.calls if call[0] == "use_keyboard"] == []
