"""Commit and clear, in both modes, in and out of speech."""

from __future__ import annotations

from tui_assistant.conformance.peer import Peer
from tui_assistant.conformance.verdict import (
    CLEAR,
    CLEARED,
    COMMIT,
    COMMITTED,
    CREATED,
    SILENCE_MS,
    STARTED,
    STOPPED,
    configure,
    vad,
)

PAUSE_MS = 600  # idle audio, so that there is something to take


async def commit_in_speech(peer: Peer, speech: bytes) -> tuple[bool, str]:
    """ "Unless the client manually commits the audio buffer during VAD activation": then there is no speech_stopped."""
    await configure(peer, vad(create_response=True))
    await peer.speak(speech[: len(speech) // 4 * 2])
    await peer.send(COMMIT)
    await peer.settle()
    started, committed = peer.of(STARTED), peer.of(COMMITTED)
    kept = bool(started) and [event["item_id"] for event in committed] == [started[0]["item_id"]]
    quiet = not peer.of(STOPPED) and not peer.of(CREATED)
    return (
        kept and quiet,
        f"{len(committed)} committed, {len(peer.of(STOPPED))} stopped, {len(peer.of(CREATED))} answers",
    )


async def commit_idle(peer: Peer, speech: bytes) -> tuple[bool, str]:
    await configure(peer, vad(create_response=True))
    return await _commit_quiet(peer)


async def commit_manual(peer: Peer, speech: bytes) -> tuple[bool, str]:
    await configure(peer, None)
    return await _commit_quiet(peer)


async def _commit_quiet(peer: Peer) -> tuple[bool, str]:
    await peer.speak(peer.silence(PAUSE_MS))
    await peer.send(COMMIT)
    await peer.settle()
    committed, answers = len(peer.of(COMMITTED)), len(peer.of(CREATED))
    return committed == 1 and not answers and not peer.of("error"), f"{committed} committed, {answers} answers"


async def commit_empty(peer: Peer, speech: bytes) -> tuple[bool, str]:
    await configure(peer, None)
    await peer.send(COMMIT, event_id="empty")
    error = (await peer.wait("error", COMMITTED)).get("error", {})
    alive = bool(await peer.configure(None))
    passed = error.get("code") == "input_audio_buffer_commit_empty" and error.get("event_id") == "empty" and alive
    return passed, f"error {error.get('code')}"


async def clear_in_speech(peer: Peer, speech: bytes) -> tuple[bool, str]:
    await configure(peer, vad(create_response=True))
    await peer.speak(speech[: len(speech) // 4 * 2])
    await peer.send(CLEAR)
    await peer.speak(peer.silence(SILENCE_MS))
    await peer.settle()
    started = [event["item_id"] for event in peer.of(STARTED)]
    after = [event["item_id"] for event in peer.of(STOPPED) + peer.of(COMMITTED)]
    passed = bool(started) and len(peer.of(CLEARED)) == 1 and started[0] not in after
    return passed, f"{len(peer.of(CLEARED))} cleared, {after.count(started[0]) if started else 0} events of that turn"


async def clear_idle(peer: Peer, speech: bytes) -> tuple[bool, str]:
    await configure(peer, vad())
    return await _clear_then_commit(peer, peer.silence(PAUSE_MS))


async def clear_manual(peer: Peer, speech: bytes) -> tuple[bool, str]:
    await configure(peer, None)
    return await _clear_then_commit(peer, speech)


async def _clear_then_commit(peer: Peer, pcm: bytes) -> tuple[bool, str]:
    await peer.speak(pcm)
    await peer.send(CLEAR)
    await peer.send(COMMIT)
    await peer.settle()
    codes = [event["error"].get("code") for event in peer.of("error")]
    cleared = len(peer.of(CLEARED))
    passed = cleared == 1 and codes == ["input_audio_buffer_commit_empty"]
    return passed, f"{cleared} cleared, then a commit of {'nothing' if codes else 'something'}"
