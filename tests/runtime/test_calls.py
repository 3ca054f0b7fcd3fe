"""What is asked of a conversation before it is open, and after its end."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest
from talk_desk import ScriptedLink, noise

from tui_assistant.links.base import LinkEvents
from tui_assistant.protocol import client
from tui_assistant.runtime.calls import Calls
from tui_assistant.runtime.options import TalkOptions
from tui_assistant.runtime.talk import Talk


class SlowLink(ScriptedLink):
    def __init__(self) -> None:
        super().__init__()
        self.opening, self.go_on = threading.Event(), threading.Event()

    async def open(self, events: LinkEvents) -> None:
        self.opening.set()
        assert await asyncio.to_thread(self.go_on.wait, 60)
        await super().open(events)


def test_what_is_typed_before_the_link_is_open_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUI_ASSISTANT_STATE", str(tmp_path / "state"))
    link = SlowLink()
    talk = Talk(link, TalkOptions(recording=noise(1), output="none", remember=False))
    talk.say("before it has begun")
    talk.start(lambda notice: None)
    assert link.opening.wait(60)
    talk.say("while it opens")
    link.go_on.set()
    try:
        deadline = time.monotonic() + 60
        while link.types.count("conversation.item.create") < 2:
            assert time.monotonic() < deadline, link.types
            time.sleep(0.01)
        first, second = (event.item for event in link.sent if isinstance(event, client.ConversationItemCreate))
        assert "before it has begun" in str(first)
        assert "while it opens" in str(second)
        assert link.types[0] == "session.update"
    finally:
        talk.close()


async def test_jobs_keep_their_order_over_the_opening_and_are_nothing_after_the_end() -> None:
    calls, done = Calls(), list[int]()
    calls.begin()
    calls(lambda: done.append(1))
    calls(lambda: done.append(2))
    calls.now(lambda: done.append(0))
    await asyncio.sleep(0)
    assert done == [0]
    calls.open()
    calls(lambda: done.append(3))
    await asyncio.sleep(0)
    assert done == [0, 1, 2, 3]


def test_a_loop_that_has_ended_takes_nothing() -> None:
    calls, done = Calls(), list[int]()

    async def run() -> None:
        calls.begin()
        calls.open()

    asyncio.run(run())
    calls(lambda: done.append(1))
    assert done == []
