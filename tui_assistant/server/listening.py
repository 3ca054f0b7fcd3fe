"""The sockets of the server's port: bound here, listened on by whoever serves. One for each address of the host."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Sequence

from tui_assistant.errors import UnavailableError

BACKLOG = 100  # connections that wait to be accepted, as asyncio has it
_NOT_HERE = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)  # the name has an IPv6 address, the machine has not

# Where every worker has a socket of its own, Linux spreads the connections over them (socket(7), SO_REUSEPORT). Other
# systems have an option of that name, too, but promise nothing of the kind: one socket for all works everywhere.
SPREADS = sys.platform == "linux"


def bind(host: str, port: int, *, shared: bool = False) -> list[socket.socket]:
    """Sockets that do not listen yet, all on one port; `shared`: others of ours may have the port too.

    Raises UnavailableError when the address cannot be had.
    """
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(found):
            try:
                sockets.append(_bound(family, (address[0], port, *address[2:]), shared))
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                missing = error
            else:
                port = sockets[0].getsockname()[1]  # the first chooses for all
        if missing and not sockets:
            raise missing
    except (OSError, UnicodeError) as error:
        close(sockets)
        unknown = isinstance(error, (socket.gaierror, UnicodeError))
        hint = "check --host" if unknown else "choose another --port, or 0 for a free one"
        why = getattr(error, "strerror", None) or error
        raise UnavailableError(f"cannot listen on {host}:{port}: {why}", hint) from None
    return sockets


def close(sockets: Sequence[socket.socket]) -> None:
    for each in sockets:
        each.close()


def _bound(family: int, address: tuple[str | int, ...], shared: bool) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        if os.name == "posix":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port whose last owner has just gone
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


class Place:
    """The port of a server with several workers; only the parent has it."""

    def __init__(self, host: str, port: int, *, spreads: bool = SPREADS) -> None:
        """Raises UnavailableError. With `spreads` every worker gets sockets of its own."""
        self._host = host
        self._spreads = spreads
        self._sockets = bind(host, port)  # not shared: nobody else may have it already
        self.port: int = self._sockets[0].getsockname()[1]
        if spreads:
            close(self._sockets)
            self._sockets = bind(host, self.port, shared=True)  # holds the port; what does not listen gets nothing
        else:
            for each in self._sockets:
                each.listen(BACKLOG)

    def for_worker(self) -> list[socket.socket]:
        """What one worker listens on; closed by the caller when the worker has it."""
        if self._spreads:
            return bind(self._host, self.port, shared=True)
        return [each.dup() for each in self._sockets]

    def close(self) -> None:
        close(self._sockets)
