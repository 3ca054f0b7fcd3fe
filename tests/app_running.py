"""The app on a Talk that follows a script, driven by keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fake_talk import FakeTalk, scene
from textual.pilot import Pilot

from tui_assistant.tui.app import AssistantApp


@asynccontextmanager
async def running(
    talk: FakeTalk | None = None, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[FakeTalk, AssistantApp, Pilot[None]]]:
    talk = talk or FakeTalk(scene(4_100))
    app = AssistantApp(talk)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.1)
        yield talk, app, pilot
