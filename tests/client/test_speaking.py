"""What is played, and what the server is told where an answer was cut off."""

from __future__ import annotations

from conversation import RATE, answer_begins, answer_ends, sound

from tui_assistant.client.effects import Effect, Flush, Play, PlayEnd
from tui_assistant.client.speaking import Speaking
from tui_assistant.client.transcript import Transcript, TranscriptLine
from tui_assistant.protocol import client, server


def speaking(*events: server.ServerEvent, text: str = "one two three") -> Speaking:
    """An answer has begun, and what it says is known."""
    transcript = Transcript()
    made = Speaking(RATE, transcript)
    made.answers.created("resp_1")
    for event in (*answer_begins(text)[1:], *events):
        transcript.take(event, 0)
        made.take(event)
    return made


def shown(effects: list[Effect]) -> list[TranscriptLine]:
    return [effect for effect in effects if isinstance(effect, TranscriptLine)]


def test_sound_is_played_to_its_end() -> None:
    made = speaking()
    assert made.take(sound(3)) == [Play("a1", b"\x01\x00" * 3)]
    assert made.playback.playing
    assert made.take(answer_ends()[0]) == [PlayEnd()]
    assert made.take(answer_ends()[1]) == []
    assert made.playback.heard(10) == ("a1",)
    assert not made.playback.playing


def test_what_was_cut_off_is_played_no_more() -> None:
    made = speaking(sound(1_000))
    made.cancel()
    assert [made.take(event) for event in (sound(10), answer_ends()[0])] == [[], []]
    late = server.OutputItemAdded(response_id="resp_1", output_index=1, item=answer_begins("", "a2")[1].item)  # type: ignore[union-attr]
    assert made.take(late) == []
    assert made.take(sound(10, "a2", "")) == []


def test_an_answer_that_was_never_heard_is_taken_back_with_its_words() -> None:
    effects = speaking().cancel()
    assert effects[:2] == [
        client.ResponseCancel(response_id="resp_1"),
        client.ConversationItemDelete(event_id="unheard_1", item_id="a1"),
    ]
    assert shown(effects) == [TranscriptLine("a1", "bot", 0, "—", interrupted_at_s=0.0, final=True)]


def test_one_that_was_heard_is_cut_where_it_was() -> None:
    made = speaking(sound(1_000))
    assert made.cancel() == [client.ResponseCancel(response_id="resp_1")]
    made.playback.heard(400)
    effects = made.stop()
    assert effects[:2] == [Flush(), client.ConversationItemTruncate(item_id="a1", audio_end_ms=400)]
    assert shown(effects) == [TranscriptLine("a1", "bot", 0, "one—", interrupted_at_s=0.4, final=True)]
    assert (made.stop(), made.cancel()) == ([], [])


def test_what_comes_late_of_a_sound_that_was_stopped_is_not_played() -> None:
    made = speaking(sound(1_000))
    made.answers.done("resp_1")
    made.stop()
    assert made.take(sound(10, "a1", "")) == []


def test_what_was_read_is_not_taken_back() -> None:
    made = speaking(server.OutputTextDelta(response_id="resp_1", item_id="a1", delta="one"))
    assert made.cancel() == [client.ResponseCancel(response_id="resp_1")]


def test_each_item_that_sounds_is_cut() -> None:
    made = speaking(sound(1_000), answer_begins("", "a2")[1], sound(500, "a2"))
    made.playback.heard(1_000)
    assert [effect.item_id for effect in made.stop() if isinstance(effect, client.ConversationItemTruncate)] == ["a2"]
    made = speaking(sound(1_000), answer_begins("", "a2")[1], sound(500, "a2"))
    made.playback.heard(999)
    cuts = [effect for effect in made.stop() if isinstance(effect, client.ConversationItemTruncate)]
    assert [(cut.item_id, cut.audio_end_ms) for cut in cuts] == [("a1", 999), ("a2", 0)]


def test_what_was_heard_to_its_end_is_not_cut() -> None:
    made = speaking(sound(1_000))
    made.playback.heard(1_000)
    assert made.stop() == []


def test_whether_what_sounds_asks() -> None:
    assert speaking(sound(10), text="Shall I? ").asks
    assert not speaking(sound(10), text="Yes.").asks
    assert not speaking(text="Shall I?").asks  # nothing sounds
