"""The queue in front of a worker: what goes out together, what waits, what is taken back."""

from __future__ import annotations

import asyncio

from tui_assistant.engine.ports import Ask, Cancel, Speak, TranscribeAudio, TranscribeEnd
from tui_assistant.host.outbox import BATCH_BYTES, Outbox

PIECE = TranscribeAudio("a", bytes(1024))
LONG_S = 3600.0  # as the time in which audio is gathered: nothing ends such a wait by itself


async def test_the_first_piece_of_audio_goes_at_once() -> None:
    outbox = Outbox()
    outbox.put(PIECE)
    assert await asyncio.wait_for(outbox.batch(), 1) == [PIECE]


async def test_audio_behind_a_batch_is_gathered() -> None:
    outbox = Outbox()
    outbox.put(PIECE)
    await outbox.batch()
    waiting = asyncio.ensure_future(outbox.batch())
    await asyncio.sleep(0)
    assert outbox.put(PIECE)
    await asyncio.sleep(0)
    assert outbox.put(PIECE)
    assert await asyncio.wait_for(waiting, 1) == [PIECE, PIECE]


async def test_what_is_no_audio_ends_the_gathering() -> None:
    for urgent in (TranscribeEnd("a"), Speak("b", "yes", None, 1.0)):
        outbox = Outbox()
        outbox.put(PIECE)
        await outbox.batch()
        outbox._taken_s += LONG_S
        waiting = asyncio.ensure_future(outbox.batch())
        outbox.put(PIECE)
        await asyncio.sleep(0.01)
        assert not waiting.done()
        outbox.put(urgent)
        assert await asyncio.wait_for(waiting, 1) == [PIECE, urgent]


async def test_a_cancel_overtakes_what_is_gathered() -> None:
    outbox = Outbox()
    outbox.put(PIECE)
    await outbox.batch()
    outbox._taken_s += LONG_S
    waiting = asyncio.ensure_future(outbox.batch())
    other = TranscribeAudio("b", b"12")
    outbox.put(PIECE)
    outbox.put(other)
    await asyncio.sleep(0)
    outbox.cancel("a", sent=True)
    assert await asyncio.wait_for(waiting, 1) == [Cancel("a"), other]


async def test_a_batch_is_bounded_and_the_rest_follows() -> None:
    outbox = Outbox()
    pieces: list[Ask] = [TranscribeAudio("a", bytes([index]) * 20_000) for index in range(10)]
    for piece in pieces:
        outbox.put(piece)
    got = [await asyncio.wait_for(outbox.batch(), 1) for _ in range(3)]
    assert [ask for batch in got for ask in batch] == pieces
    assert max(len(batch) for batch in got) == -(-BATCH_BYTES // 20_064)


async def test_one_who_is_far_ahead_leaves_room_for_the_others() -> None:
    outbox = Outbox(limit=6_000, ask_limit=3_000)
    other = TranscribeAudio("b", bytes(1024))
    assert [outbox.put(PIECE) for _ in range(3)] == [True, True, False]
    assert [outbox.put(other) for _ in range(3)] == [True, True, False]
    assert [outbox.put(TranscribeAudio(name, bytes(1024))) for name in "cd"] == [True, False]  # all of it
    assert outbox.dropped == 3
    assert len(await outbox.batch()) == 5
    outbox.refill([PIECE, PIECE])
    assert [outbox.put(PIECE), outbox.put(other)] == [False, True]
    outbox.cancel("a", sent=False)
    assert [outbox.put(PIECE) for _ in range(3)] == [True, True, False]


async def test_a_full_queue_counts_what_it_drops() -> None:
    outbox = Outbox(limit=3_000)
    assert [outbox.put(PIECE) for _ in range(3)] == [True, True, False]
    assert outbox.dropped == 1
    await outbox.batch()
    assert outbox.put(PIECE)
