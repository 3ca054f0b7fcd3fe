"""Fixtures of the host's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from stub_server import StubServer
from worker_desk import Desk, OpenDesk


@pytest.fixture
async def desk() -> AsyncIterator[OpenDesk]:
    desks: list[Desk] = []

    async def make(**models: Any) -> Desk:
        made = Desk(**models)
        desks.append(made)
        await made.pool.start()
        return made

    yield make
    for made in desks:
        await made.pool.close()


@pytest.fixture
def server() -> Iterator[StubServer]:
    stub = StubServer()
    yield stub
    stub.close()
