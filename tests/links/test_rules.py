"""What is said to and by a server whose turns are detected here."""

from __future__ import annotations

from conversation import updated

from tui_assistant.links.rules import by_hand, later, wanted, with_rules
from tui_assistant.protocol import server
from tui_assistant.protocol.session import ServerVad


def test_a_patch_leaves_turn_detection_to_us_and_stays_as_it_was_given() -> None:
    given = {"type": "realtime", "audio": {"input": {"turn_detection": {"threshold": 0.7}}}}
    manual = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
    assert by_hand(given) == (manual, False)
    assert given["audio"]["input"]["turn_detection"] == {"threshold": 0.7}  # type: ignore[index]
    assert by_hand({"type": "realtime"}) == (manual, False)
    assert by_hand({"type": "realtime", "instructions": "x"})[1]
    assert by_hand({"type": "realtime", "audio": {"output": {"voice": "v"}}})[1]
    assert by_hand({"type": "realtime", "audio": {"input": {"transcription": {}}}})[1]


def test_rules_are_asked_for_without_what_only_our_engine_knows() -> None:
    rules = ServerVad(threshold=0.4, hysteresis=0.3)
    asked = wanted(rules).session["audio"]["input"]["turn_detection"]
    assert (asked["threshold"], "hysteresis" in asked) == (0.4, False)
    assert wanted(rules, fine=True).session["audio"]["input"]["turn_detection"]["hysteresis"] == 0.3
    assert wanted(None).session["audio"]["input"]["turn_detection"] is None


def test_a_session_shows_the_rules_that_are_in_force() -> None:
    session = updated(None).session
    assert with_rules(session, ServerVad()) == updated(ServerVad()).session


def test_times_are_moved_to_another_clock() -> None:
    started = server.SpeechStarted(item_id="a", audio_start_ms=100, at_ms=400)
    assert later(started, 50) == server.SpeechStarted(item_id="a", audio_start_ms=150, at_ms=450)
    assert later(started, -200) == server.SpeechStarted(item_id="a", audio_start_ms=0, at_ms=200)
    stopped = server.SpeechStopped(item_id="a", audio_end_ms=100)
    assert later(stopped, 50) == server.SpeechStopped(item_id="a", audio_end_ms=150)
    assert later(server.BufferCleared(), 50) == server.BufferCleared()
