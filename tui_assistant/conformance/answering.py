"""create_response and interrupt_response, cancel, truncate."""

from __future__ import annotations

from typing import Any

from tui_assistant.conformance.peer import Peer
from tui_assistant.conformance.verdict import (
    ANSWER_S,
    CREATE,
    CREATED,
    DONE,
    SILENCE_MS,
    STARTED,
    Check,
    NotOfferedError,
    configure,
    vad,
)

KEYS = ("create_response", "interrupt_response")
HEARD_MS = 100  # what a user who interrupts at once has heard


def barge_in(*, create: bool, interrupt: bool) -> Check:
    """Speech during an answer: whether that is cancelled, and whether the speech is answered."""

    async def check(peer: Peer, speech: bytes) -> tuple[bool, str]:
        await configure(peer, vad(create_response=create, interrupt_response=interrupt), needs=KEYS)
        await peer.ask()
        await peer.wait(CREATED)
        await peer.speak(speech + peer.silence(SILENCE_MS), at_once=True)
        first = await peer.wait(DONE, seconds=ANSWER_S)
        if not first or STARTED not in peer.types[: peer.types.index(DONE)]:
            raise NotOfferedError("the answer was over before the speech was heard")
        if create:
            await peer.wait(DONE, seconds=ANSWER_S)
        await peer.settle()
        cancelled, answers = _status(first) == ("cancelled", "turn_detected"), len(peer.of(CREATED)) - 1
        seen = f"{'interrupted' if cancelled else 'not interrupted'}; answers: {answers}"
        return cancelled == interrupt and answers == int(create), seen

    return check


async def cancel(peer: Peer, speech: bytes) -> tuple[bool, str]:
    await configure(peer, None)
    await peer.ask()
    await peer.send("response.cancel")
    done = await peer.wait(DONE, seconds=ANSWER_S)
    await peer.send("response.cancel", event_id="again")
    error = (await peer.wait("error")).get("error", {})
    status, reason = _status(done)
    again = error.get("code") == "response_cancel_not_active"
    passed = (status, reason) == ("cancelled", "client_cancelled") and again
    return passed, f"{status}, {reason}; a second one: {error.get('code')}"


async def truncate(peer: Peer, speech: bytes) -> tuple[bool, str]:
    await configure(peer, None)
    await peer.ask()
    done = await peer.wait(DONE, seconds=ANSWER_S)
    items = [item for item in done.get("response", {}).get("output", []) if item.get("type") == "message"]
    if not peer.of("response.output_audio.delta") or not items:
        raise NotOfferedError("the answer has no audio")
    item_id = items[0]["id"]
    await peer.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=HEARD_MS)
    event = await peer.wait("conversation.item.truncated", "error")
    if event.get("type") == "error":
        raise NotOfferedError(str(event["error"].get("message")))
    await peer.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=10**7)
    beyond = await peer.wait("conversation.item.truncated", "error")
    passed = (event.get("item_id"), event.get("audio_end_ms")) == (item_id, HEARD_MS) and beyond.get("type") == "error"
    return passed, f"at {event.get('audio_end_ms')} ms; beyond the end: {beyond.get('type')}"


async def one_at_a_time(peer: Peer, speech: bytes) -> tuple[bool, str]:
    await configure(peer, None)
    await peer.ask()
    await peer.send(CREATE, event_id="second")
    await peer.wait(DONE, seconds=ANSWER_S)
    await peer.settle()
    codes = [event["error"].get("code") for event in peer.of("error")]
    passed = codes == ["conversation_already_has_active_response"] and len(peer.of(CREATED)) == 1
    return passed, f"{len(peer.of(CREATED))} created, error {', '.join(map(str, codes)) or 'none'}"


def _status(done: dict[str, Any]) -> tuple[str | None, str | None]:
    response = done.get("response", {})
    return response.get("status"), (response.get("status_details") or {}).get("reason")
