"""Keeps a chat server's model loaded while there are conversations: a request for one word, when nothing was asked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from tui_assistant.engine.ports import ChatMessage, Respond
from tui_assistant.errors import ModelError

REST_S = 240.0  # Ollama unloads a model after five minutes without a question
# As short as a question can be; the instructions go before it, and the server need not read them again for the next.
QUESTION = Respond("warm", "warm", (ChatMessage("user", "Hi"),), max_output_tokens=1)


class Warmth:
    """Runs on the loop of the connections; `ask` sends QUESTION and throws the answer away."""

    def __init__(self, ask: Callable[[], Awaitable[None]], rest_s: float = REST_S) -> None:
        self._ask = ask
        self._rest_s = rest_s
        self._sessions: set[str] = set()
        self._used_s: float | None = None  # when a question was asked or answered last, by the loop's clock
        self._task: asyncio.Task[None] | None = None

    def begin(self, session_id: str) -> None:
        """A conversation begins: the model is loaded while the user has not said anything yet."""
        self._sessions.add(session_id)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._keep())

    def end(self, session_id: str) -> None:
        self._sessions.discard(session_id)
        if not self._sessions and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._due_in())
            if self._due_in() > 0:
                continue
            with contextlib.suppress(ModelError):  # the user hears of it when they ask something
                await self._ask()
            self.used()

    def used(self) -> None:
        """A question is asked, or has been answered."""
        self._used_s = asyncio.get_running_loop().time()

    def _due_in(self) -> float:
        if self._used_s is None:
            return 0.0
        return max(0.0, self._used_s + self._rest_s - asyncio.get_running_loop().time())
