"""The order of events of a whole turn, in both modes."""

from __future__ import annotations

from tui_assistant.conformance.peer import Peer
from tui_assistant.conformance.verdict import (
    COMMIT,
    COMMITTED,
    CREATE,
    CREATED,
    DONE,
    SILENCE_MS,
    STARTED,
    STOPPED,
    configure,
    in_order,
    silence,
    vad,
)

ITEM = ["conversation.item.added", "conversation.item.done"]


async def server_vad(peer: Peer, speech: bytes) -> tuple[bool, str]:
    await configure(peer, vad(create_response=True))
    await peer.speak(speech + silence(SILENCE_MS))
    await peer.wait(DONE)
    wanted = [STARTED, STOPPED, COMMITTED, *ITEM, CREATED, DONE]
    seen = dict.fromkeys(name for name in peer.types if name in wanted)
    return in_order(peer.types, wanted), " ".join(seen)


async def manual(peer: Peer, speech: bytes) -> tuple[bool, str]:
    await configure(peer, None)
    await peer.speak(speech)
    await peer.send(COMMIT)
    await peer.settle()
    unasked = CREATED in peer.types
    await peer.send(CREATE)
    await peer.wait(DONE)
    wanted = [COMMITTED, *ITEM, CREATED, DONE]
    seen = dict.fromkeys(name for name in peer.types if name in wanted)
    return not unasked and in_order(peer.types, wanted), " ".join(seen)
