"""The pytest plugin: `realtime_server_url`, a server with scripted replies for the time of one test.

Mark the test to say what is heard and answered:

    @pytest.mark.realtime(heard=["what time is it"], answers=["It is noon."])
    def test_my_client(realtime_server_url): ...
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tui_assistant.testing.server import realtime_server


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "realtime(heard, answers): what the scripted Realtime server hears and answers")


@pytest.fixture
def realtime_server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a Realtime server of this test alone."""
    mark = request.node.get_closest_marker("realtime")
    with realtime_server(*(mark.args if mark else ()), **(mark.kwargs if mark else {})) as url:
        yield url
