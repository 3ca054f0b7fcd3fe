"""The order of events of a whole turn, in both modes."""

from __future__ import annotations

from tui_assistant.conformance.peer import Peer
from tui_assistant.conformance.verdict import (
    ANSWER_S,
    COMMIT,
    COMMITTED,
    CREATE,
    CREATED,
    DONE,
    SILENCE_MS,
    STARTED,
    STOPPED,
    brief,
    configure,
    in_order,
    vad,
)


async def server_vad(peer: Peer, speech: bytes) -> tuple[bool, str]:
    await configure(peer, vad(create_response=True))
    await peer.speak(speech + peer.silence(SILENCE_MS))
    await peer.wait(DONE, seconds=ANSWER_S)
    wanted = [STARTED, STOPPED, COMMITTED, *peer.wire.item_events, CREATED, DONE]
    return in_order(peer.types, wanted), brief(peer.wire.said(name) for name in peer.types if name in wanted)


async def manual(peer: Peer, speech: bytes) -> tuple[bool, str]:
    await configure(peer, None)
    await peer.speak(speech)
    await peer.send(COMMIT)
    await peer.settle()
    unasked = CREATED in peer.types
    await peer.send(CREATE)
    await peer.wait(DONE, seconds=ANSWER_S)
    wanted = [COMMITTED, *peer.wire.item_events, CREATED, DONE]
    return not unasked and in_order(peer.types, wanted), brief(
        peer.wire.said(name) for name in peer.types if name in wanted
    )
