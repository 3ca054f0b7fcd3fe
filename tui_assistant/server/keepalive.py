"""Whether a client is still there: pings, and the pongs that are waited for."""

from __future__ import annotations

import asyncio
import contextlib

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from tui_assistant.host.running_time import RunningTime
from tui_assistant.server.limits import PING_S, PONG_S

LOOK_S = 0.1  # while a pong is due


async def until_silent(socket: ServerConnection) -> bool:
    """True when a ping has not been answered within PONG_S, False when the connection has been closed.

    Instead of the keepalive of websockets, which blames the client when we are late: a pong stands behind all the audio
    that has arrived before it. So only time in which nothing waits to be read counts.
    """
    running = RunningTime(asyncio.get_running_loop().time)
    with contextlib.suppress(ConnectionClosed):
        while True:
            await asyncio.sleep(PING_S)
            pong = asyncio.ensure_future(await socket.ping())
            since = running()
            while not pong.done():
                await asyncio.wait([pong], timeout=LOOK_S)
                now = running()
                if not socket.transport.is_reading():  # websockets stops reading while we have enough to do
                    since = now
                elif now - since >= PONG_S and not pong.done():
                    return True
    return False
