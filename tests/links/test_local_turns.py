"""Turns here and the model there: what goes up, and that nobody else notices the difference."""

from __future__ import annotations

from fakes import RATE, Driver, LoudnessDetector, Models, config, silence
from served_link import Listened, ServedLink, tone

from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import InputText, UserMessage
from tui_assistant.protocol.session import ServerVad

COMMIT, CREATE = client.InputAudioBufferCommit(), client.ResponseCreate()
MANUAL = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
TURN = (silence(1_000), tone(1_000), silence(2_000))


def bytes_of(ms: float) -> int:
    return round(ms * RATE / 1000) * 2


async def test_only_speech_goes_up_with_its_pre_roll_and_a_tail() -> None:
    async with Listened() as heard:
        assert heard.served.sent == [client.SessionUpdate(session=MANUAL)]
        heard.hear(silence(1_000))
        assert not heard.served.audio
        heard.hear(tone(1_000), silence(2_000))
        assert heard.served.types == ["session.update", "commit"]
        spoken, audio = heard.turns, b"".join(TURN)
        assert [what for what, _, _ in spoken] == ["started", "stopped"]
        begin = spoken[0][2]
        end = heard.of(server.SpeechStopped)[0].audio_end_ms - 512 + 128
        assert bytes(heard.served.audio) == audio[bytes_of(begin) : bytes_of(end)]
        heard.hear(silence(5_000))
        assert heard.served.types == ["session.update", "commit"]


async def test_whoever_listens_hears_what_a_server_would_have_said() -> None:
    """The same as our own engine says of the same audio, but for the names of items."""
    audio = b"".join((*TURN, tone(700), silence(300), tone(700), silence(1_500)))
    rules = ServerVad(interrupt_response=False)
    engine = Driver(LoudnessDetector(), config(rules, input={"transcription": {"model": None}}), Models(["a", "b"]))
    for begin in range(0, len(audio), 640):
        engine.feed(audio[begin : begin + 640])
        engine.settle()
    async with Listened() as heard:
        heard.update(rules)
        heard.events.clear()
        heard.hear(audio)
    speech = (server.SpeechStarted, server.SpeechStopped)
    ours, theirs = (
        [event for event in events if isinstance(event, speech)] for events in (heard.events, engine.events)
    )
    assert [event.model_copy(update={"item_id": "", "event_id": ""}) for event in ours] == [
        event.model_copy(update={"item_id": "", "event_id": ""}) for event in theirs
    ]
    other = ("session.", "conversation.created", "conversation.item.input_audio_transcription")  # words have their time
    follows = [event.type for event in engine.events if not event.type.startswith(other)]
    assert [event.type for event in heard.events if not event.type.startswith(other)] == follows
    committed = heard.of(server.BufferCommitted)
    assert [event.item_id for event in committed] == [item for what, item, _ in heard.turns if what == "stopped"]
    added = [event for event in heard.of(server.ItemAdded) if event.item.role == "user"]
    assert [event.item.id for event in added] == [event.item_id for event in committed]
    assert [event.previous_item_id for event in added] == [event.previous_item_id for event in committed]
    assert [event.item_id for event in heard.of(server.TranscriptionCompleted)] == [e.item_id for e in committed]
    assert [event.reason for event in committed] == [e.reason for e in engine.of(server.BufferCommitted)]


async def test_a_pause_goes_up_once_it_is_known_that_the_voice_goes_on() -> None:
    async with Listened() as heard:
        heard.hear(silence(1_000), tone(500), silence(400))
        waiting = len(heard.served.audio)
        heard.hear(tone(500), silence(1_000))
        audio = b"".join((silence(1_000), tone(500), silence(400), tone(500), silence(1_000)))
        begin = heard.turns[0][2]
        assert waiting < bytes_of(1_500 - begin + 200)
        sent = bytes(heard.served.audio)
        assert sent == audio[bytes_of(begin) : bytes_of(begin) + len(sent)]
        assert heard.served.types.count("commit") == 1


async def test_the_answer_may_be_asked_for_while_the_commit_is_told() -> None:
    async with Listened() as heard:
        heard.answers = {server.BufferCommitted: [CREATE]}
        heard.hear(*TURN)
        assert heard.served.types[1:] == ["commit", "response.create"]
        assert heard.types[-1] == "response.done"


async def test_a_server_s_way_is_kept_interrupt_at_the_onset_and_answer_each_turn() -> None:
    async with Listened() as heard:
        heard.update(ServerVad())
        heard.hear(*TURN)
        assert heard.served.types[1:] == ["commit", "response.create"]
        assert heard.types.count("response.done") == 1
        heard.served.holding = True  # the answer to the second turn is still being made ...
        heard.hear(*TURN)
        heard.hear(*TURN)  # ... while the third one is spoken
        assert heard.served.types[3:] == ["commit", "response.create", "response.cancel", "commit", "response.create"]
        heard.served.holding = False
        heard.served.release()
        assert [event.response.status for event in heard.of(server.ResponseDone)] == [
            "completed",
            "cancelled",
            "completed",
        ]


async def test_an_answer_waits_for_the_one_that_runs_where_nobody_interrupts() -> None:
    async with Listened() as heard:
        heard.update(ServerVad(interrupt_response=False))
        heard.served.holding = True
        heard.hear(*TURN)
        heard.hear(*TURN)
        assert heard.served.types[1:] == ["commit", "response.create", "commit"]
        heard.served.holding = False
        heard.served.release()
        assert heard.served.types[4:] == ["response.create"]


async def test_push_to_talk_sends_what_was_held() -> None:
    async with Listened() as heard:
        heard.update(None)
        heard.link.send(client.InputAudioBufferClear())
        held = tone(600)
        heard.hear(held)
        heard.link.send(COMMIT)
        heard.link.send(CREATE)
        assert bytes(heard.served.audio) == held
        assert heard.served.types[1:] == ["commit", "response.create"]
        (committed,) = heard.of(server.BufferCommitted)
        assert committed.reason == {"rule": "commit"}
        assert heard.of(server.ItemAdded)[0].item.id == committed.item_id
        assert len(heard.of(server.BufferCleared)) == 1


async def test_a_turn_that_is_held_goes_on_with_its_announced_item() -> None:
    """A key in mid-speech: what has gone up stays, and what follows is sent whether it is speech or not."""
    async with Listened() as heard:
        heard.hear(silence(1_000), tone(500))
        ((_, item_id, begin),) = heard.turns
        heard.update(None)
        heard.hear(silence(1_500))
        heard.link.send(COMMIT)
        audio = b"".join((silence(1_000), tone(500), silence(1_500)))
        assert bytes(heard.served.audio) == audio[bytes_of(begin) :]
        assert [event.item_id for event in heard.of(server.BufferCommitted)] == [item_id]
        assert not heard.of(server.SpeechStopped)


async def test_what_is_too_short_is_refused_here_and_nothing_goes_up() -> None:
    async with Listened() as heard:
        heard.update(None)
        heard.link.send(client.InputAudioBufferClear())
        heard.hear(tone(20))
        heard.link.send(client.InputAudioBufferCommit(event_id="mine"))
        (error,) = heard.of(server.ErrorEvent)
        assert (error.error.code, error.error.event_id) == ("input_audio_buffer_commit_empty", "mine")
        assert heard.served.types == ["session.update"]


async def test_a_turn_that_is_given_up_is_no_part_of_the_next_one() -> None:
    async with Listened() as heard:
        heard.hear(silence(1_000), tone(500))
        heard.link.send(client.InputAudioBufferClear())
        assert heard.served.types[1:] == ["clear"]
        heard.hear(silence(1_000))
        heard.served.audio.clear()
        heard.hear(*TURN)
        assert len(heard.served.audio) < bytes_of(1_000 + 300 + 128 + 64)
        assert len(heard.of(server.BufferCommitted)) == 1


async def test_tuning_stays_here_and_is_echoed() -> None:
    async with Listened() as heard:
        before = len(heard.served.sent)
        heard.update(ServerVad(threshold=0.9, silence_duration_ms=900, hysteresis=0.2))
        assert len(heard.served.sent) == before
        rules = heard.of(server.SessionUpdated)[-1].session.audio.input.turn_detection
        assert (rules.threshold, rules.silence_duration_ms, rules.hysteresis) == (0.9, 900, 0.2)
        heard.hear(*TURN)
        assert heard.of(server.SpeechStopped)[0].reason["needed_ms"] == 900
        bad = {"type": "realtime", "audio": {"input": {"turn_detection": {"threshold": 7}}}}
        heard.link.send(client.SessionUpdate(session=bad, event_id="mine"))
        (error,) = heard.of(server.ErrorEvent)
        assert (error.error.param, error.error.event_id) == ("session.audio.input.turn_detection.threshold", "mine")


async def test_the_rest_of_a_session_is_the_server_s() -> None:
    async with Listened() as heard:
        settings = {"transcription": {"language": "en"}, "turn_detection": {"type": "server_vad", "threshold": 0.7}}
        patch = {"type": "realtime", "instructions": "Be brief.", "audio": {"input": settings}}
        heard.link.send(client.SessionUpdate(session=patch))
        sent = heard.served.sent[-1]
        assert isinstance(sent, client.SessionUpdate)
        assert sent.session["audio"]["input"] == {"transcription": {"language": "en"}, "turn_detection": None}
        echo = heard.of(server.SessionUpdated)[-1].session
        assert (echo.instructions, echo.audio.input.turn_detection.threshold) == ("Be brief.", 0.7)


async def test_events_about_items_go_out_under_the_server_s_names() -> None:
    async with Listened() as heard:
        heard.hear(*TURN)
        ours = heard.of(server.BufferCommitted)[0].item_id
        item = UserMessage(content=(InputText(text="hello"),))
        heard.link.send(client.ConversationItemCreate(item=item, previous_item_id=ours))
        assert heard.of(server.ItemAdded)[-1].previous_item_id == ours
        heard.link.send(client.ConversationItemDelete(item_id=ours))
        assert heard.of(server.ItemDeleted)[-1].item_id == ours
        assert not heard.of(server.ErrorEvent)


async def test_words_that_come_before_the_end_of_a_turn_are_its_words() -> None:
    async with Listened() as heard:
        heard.hear(silence(1_000), tone(500))
        heard.served.say(server.TranscriptionDelta(item_id="item_1", stash="set a"))
        (delta,) = heard.of(server.TranscriptionDelta)
        assert delta.item_id == heard.turns[0][1]
        heard.hear(tone(500), silence(1_000))
        assert {event.item_id for event in heard.of(server.TranscriptionCompleted)} == {delta.item_id}


async def test_a_refused_commit_leaves_nobody_waiting_for_words() -> None:
    async with Listened() as heard:
        heard.served.driver.event = lambda event: []  # type: ignore[method-assign,assignment]
        heard.hear(*TURN)
        sent = heard.served.sent[-1]
        detail = server.ErrorDetail(code="server_error", message="not now", event_id=sent.event_id)
        heard.served.say(server.ErrorEvent(error=detail))
        (failed,) = heard.of(server.TranscriptionFailed)
        assert failed.item_id == heard.of(server.BufferCommitted)[0].item_id
        assert heard.of(server.ErrorEvent)[-1].error.message == "not now"


async def test_a_turn_whose_audio_stops_coming_ends() -> None:
    async with Listened() as heard:
        heard.hear(silence(1_000), tone(500))
        for _ in range(100):
            heard.now += 0.1
            heard.link._run(lambda: heard.link._turns.tick(round(heard.now * 1000)))
        assert heard.of(server.SpeechStopped)[0].reason["rule"] == "no_audio"
        assert heard.served.types[1:] == ["commit"]


async def test_a_new_connection_takes_nothing_away_from_an_open_turn() -> None:
    async with Listened() as heard:
        heard.hear(*TURN)
        heard.hear(silence(500), tone(400))
        heard.served.again()
        heard.served.send(
            client.SessionUpdate(session={"type": "realtime", "audio": {"input": {"turn_detection": None}}})
        )
        assert heard.of(server.SessionCreated)[-1].session.audio.input.turn_detection is not None
        heard.hear(tone(400), silence(1_000))
        started, stopped = heard.turns[2:]
        assert (started[0], stopped[0], started[1]) == ("started", "stopped", stopped[1])
        assert heard.of(server.ItemAdded)[-1].item.id == started[1]
        assert not heard.of(server.ErrorEvent)


def test_a_served_link_speaks_as_a_link_does() -> None:
    assert ServedLink().observes is False
