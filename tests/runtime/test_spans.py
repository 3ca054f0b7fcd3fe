"""When a marked turn was spoken, on both clocks."""

from __future__ import annotations

from tui_assistant.protocol import server
from tui_assistant.runtime.spans import LONGEST_MEMORY, Spans

NOTHING = {"onset_ms": None, "end_ms": None, "audio_start_ms": None, "audio_end_ms": None}


def test_a_detected_turn_is_its_speech_without_the_waiting() -> None:
    spans = Spans()
    spans.take(
        server.SpeechStarted(item_id="u", audio_start_ms=700, at_ms=1064, reason={"held_ms": 64}),
        at_ms=2064,
        fed_ms=1070,
    )
    silence = {"rule": "silence", "silence_ms": 512}
    spans.take(
        server.SpeechStopped(item_id="u", audio_end_ms=3000, at_ms=3000, reason=silence), at_ms=4000, fed_ms=3010
    )
    spans.take(server.BufferCommitted(item_id="u", reason=silence), at_ms=4000, fed_ms=3010)
    assert spans.of("u") == {"onset_ms": 2000, "end_ms": 3488, "audio_start_ms": 700, "audio_end_ms": 3000}
    assert spans.of("v") == NOTHING


def test_a_held_turn_is_what_was_sent() -> None:
    spans = Spans()
    spans.take(server.BufferCleared(), at_ms=5_000, fed_ms=3_000)
    spans.take(server.BufferCommitted(item_id="u", reason={"rule": "commit"}), at_ms=7_000, fed_ms=4_500)
    assert spans.of("u") == {"onset_ms": 5_500, "end_ms": 7_000, "audio_start_ms": 3_000, "audio_end_ms": 4_500}
    spans.take(server.BufferCommitted(item_id="v"), at_ms=9_000, fed_ms=5_000)
    assert spans.of("v")["audio_start_ms"] == 4_500


def test_old_turns_are_forgotten() -> None:
    spans = Spans()
    for number in range(LONGEST_MEMORY + 1):
        spans.take(server.BufferCommitted(item_id=f"u{number}"), at_ms=number, fed_ms=number)
    assert spans.of("u0") == NOTHING
    assert spans.of("u1") != NOTHING
