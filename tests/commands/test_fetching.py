"""Models on one key: from a server on this machine, with a settings file of the test's own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from stub_server import Request, StubServer

from tui_assistant.commands import fetching, models
from tui_assistant.commands.assistant import Options, build_talk
from tui_assistant.commands.fetching import ModelFetcher
from tui_assistant.config import Settings
from tui_assistant.config_sections import ModelSettings
from tui_assistant.errors import ModelError
from tui_assistant.models.catalogue import Entry, File
from tui_assistant.models.registry import Port
from tui_assistant.models.store import Store

CONTENT = bytes(range(256)) * 1_200
HALF = len(CONTENT) // 2
NAME = "moonshine-tiny"


class Desk:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = StubServer()
        self.rest = threading.Event()  # until then only one half is served
        self.server.handler = self.serve
        self.config = folder / "config.toml"
        self.folder = folder / "models"
        entry = Entry(NAME, "MIT", (File("a.bin", f"{self.server.url}/a", len(CONTENT)),), "somebody", "hears more")
        monkeypatch.setattr(fetching, "Store", lambda **more: Store(self.folder, {NAME: entry}, **more))
        self.library: object = object()
        monkeypatch.setattr(models, "find_spec", lambda name: self.library)
        self.told: list[tuple[str, str]] = []
        self.used: list[tuple[str, str]] = []
        self.refuses: ModelError | None = None
        self.fetcher = ModelFetcher(self.config, Settings(), self.use)

    def serve(self, request: Request) -> Iterator[bytes | str | float]:
        start = int(request.headers.get("range", "bytes=0-")[6:-1])
        head = f"HTTP/1.1 {206 if start else 200} X\r\nContent-Length: {len(CONTENT) - start}\r\nConnection: close\r\n"
        head += f"Content-Range: bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}\r\n" if start else ""
        yield head.encode() + b"\r\n" + (CONTENT[start:HALF])
        while not self.rest.is_set():
            yield 0.01
        yield CONTENT[max(start, HALF) :]

    def use(self, settings: Settings, port: Port) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.used.append((port, settings.models.recogniser))

    def fetch(self) -> None:
        self.fetcher.fetch(NAME, lambda *told: self.told.append(told))

    def until(self, condition: Callable[[Any], object]) -> Any:
        deadline = time.monotonic() + 60
        while not condition(self.fetcher.state):
            assert time.monotonic() < deadline, self.fetcher.state
            time.sleep(0.01)
        return self.fetcher.state


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    made = Desk(tmp_path, monkeypatch)
    yield made
    made.rest.set()
    made.server.close()


def test_a_model_is_fetched_with_progress_and_named_by_the_settings(desk: Desk) -> None:
    desk.config.write_text("[models]\n# mine\nsynthesiser = 'espeak'\n")
    assert desk.fetcher.state is None  # nothing without being asked
    assert desk.server.requests == []
    desk.fetch()
    half = desk.until(lambda state: state.done == HALF)
    assert (half.name, half.total, half.over) == (NAME, len(CONTENT), False)
    assert "moonshine" not in desk.config.read_text()
    desk.rest.set()
    over = desk.until(lambda state: state.over)
    words = "moonshine-tiny is here, and in the settings: it is used from now on."
    assert desk.used == [("recogniser", NAME)]
    assert desk.fetcher.settings.models.recogniser == NAME  # what the setup shows as in use
    assert (over.failed, over.words, over.done) == (False, words, len(CONTENT))
    assert desk.told == [(words, "information")]
    assert desk.config.read_text() == f"[models]\n# mine\nsynthesiser = 'espeak'\nrecogniser = \"{NAME}\"\n"
    desk.fetch()  # once more: it is only chosen
    desk.until(lambda state: state.over)
    assert len(desk.server.requests) == 1


def test_what_was_stopped_is_kept_and_changes_no_setting(desk: Desk) -> None:
    desk.fetch()
    desk.until(lambda state: state.done == HALF)
    desk.fetcher.stop()
    state = desk.fetcher.state
    assert state is not None
    assert (state.over, state.words) == (True, fetching.STOPPED)  # at once, whatever the server does
    desk.rest.set()
    desk.fetch()
    assert not desk.until(lambda state: state.over).failed
    again = [int(request.headers["range"][6:-1]) for request in desk.server.requests[1:]]
    assert all(start >= HALF for start in again)  # none, where the rest came before the stop was noticed
    assert [severity for _, severity in desk.told] == ["information"]
    assert (desk.folder / NAME / "a.bin").read_bytes() == CONTENT


def test_a_server_that_is_away_is_one_line_and_the_next_try_goes_on(desk: Desk) -> None:
    desk.rest.set()
    address, desk.server.handler = desk.server.url, lambda request: iter(["reset"])
    desk.fetch()
    over = desk.until(lambda state: state.over)
    assert over.failed
    assert over.words == "The model moonshine-tiny could not be downloaded: the connection broke."
    assert desk.told == [(over.words, "error")]
    assert not desk.config.exists()
    desk.server.handler = desk.serve
    desk.fetch()
    assert not desk.until(lambda state: state.over).failed
    assert address in str(desk.server.url)


def test_offline_nothing_is_asked(desk: Desk) -> None:
    desk.fetcher = ModelFetcher(desk.config, Settings(models=ModelSettings(offline=True)), desk.use)
    desk.fetch()
    words = desk.until(lambda state: state.over).words
    assert words == ("Offline mode is on: the model moonshine-tiny is not downloaded (set models.offline to false).")
    assert desk.server.requests == []


def test_what_else_is_needed_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.rest.set()
    desk.library = None
    monkeypatch.setenv("TUI_ASSISTANT_MODELS__RECOGNISER", "pocketsphinx")
    desk.fetch()
    words = desk.until(lambda state: state.over).words
    assert "after pip install 'tui-assistant[moonshine]' it is used from the next start on" in words
    assert desk.used == []
    assert "But TUI_ASSISTANT_MODELS__RECOGNISER is set and wins over the file." in words


def test_one_that_does_not_load_leaves_the_other_in_use(desk: Desk) -> None:
    desk.rest.set()
    desk.refuses = ModelError("the model moonshine-tiny cannot be loaded")
    desk.fetch()
    words = desk.until(lambda state: state.over).words
    assert words.endswith("but what was in use stays, because the model moonshine-tiny cannot be loaded.")
    assert desk.fetcher.settings == Settings()


def test_where_the_conversation_runs_elsewhere_it_is_for_the_next_one_here(desk: Desk) -> None:
    desk.rest.set()
    desk.fetcher = ModelFetcher(desk.config, Settings())
    desk.fetch()
    assert desk.until(lambda state: state.over).words.endswith("it is used from the next start on this machine on.")


def test_settings_that_cannot_be_changed_are_said(desk: Desk) -> None:
    desk.rest.set()
    desk.config.write_text("models = 5\n")
    desk.fetch()
    over = desk.until(lambda state: state.over)
    assert over.failed
    assert "models is not a table there" in over.words
    assert desk.config.read_text() == "models = 5\n"


@pytest.mark.parametrize("link", ["local", "ws://127.0.0.1:9/v1/realtime"])
def test_every_conversation_can_fetch(link: str, desk: Desk) -> None:
    talk = build_talk(Settings(), Options(link=link), None, desk.config)
    desk.rest.set()
    talk.setup.fetch(NAME)
    deadline = time.monotonic() + 60
    while talk.setup.fetching is None or not talk.setup.fetching.over:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not talk.setup.fetching.failed
    assert f'recogniser = "{NAME}"' in desk.config.read_text()
    assert ("from now on" in talk.setup.fetching.words) is (link == "local")
