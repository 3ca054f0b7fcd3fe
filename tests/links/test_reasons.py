"""What is said of a server that cannot be reached."""

from __future__ import annotations

import errno
import socket

import pytest

from tui_assistant.links.reasons import cannot_connect


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 1)"),  # as asyncio has it
            "here: cannot connect: Connection refused (is the address right and the server running?)",
        ),
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            "here: cannot connect: Name or service not known (is the network there, and the name right?)",
        ),
        (EOFError(), "here: cannot connect: EOFError (is the address right and the server running?)"),
    ],
)
def test_why_nothing_could_be_reached(error: BaseException, said: str) -> None:
    assert str(cannot_connect("here", error)) == said
