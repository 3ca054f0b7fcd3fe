"""Who detects turns changes while one talks: no word is lost, and none is heard twice."""

from __future__ import annotations

from fakes import RATE, LoudnessDetector, ScriptedDetector, silence
from served_link import Listened, ServedLink, tone

from tui_assistant.protocol import client, server
from tui_assistant.protocol.session import ServerVad

TURN = (silence(1_000), tone(1_000), silence(2_000))


def rules_sent(heard: Listened) -> list[object]:
    return [
        event.session["audio"]["input"]["turn_detection"]
        for event in heard.served.sent
        if isinstance(event, client.SessionUpdate)
    ]


async def test_there_all_audio_goes_up_and_the_server_decides() -> None:
    async with Listened("there") as heard:
        assert (heard.link.turns, heard.link.observes, heard.link.fine) == ("there", False, False)
        heard.hear(*TURN)
        assert bytes(heard.served.audio) == b"".join(TURN)
        assert [event.type for event in heard.served.sent] == ["session.update"]
        assert rules_sent(heard)[0]["threshold"] == 0.5  # type: ignore[index]
        assert [what for what, _, _ in heard.turns] == ["started", "stopped"]
        assert heard.frames == 0


async def test_each_turn_is_heard_once_and_on_one_clock_whoever_decides() -> None:
    async with Listened("there") as heard:
        where = "there"
        for _ in range(6):
            heard.hear(*TURN)
            where = "here" if where == "there" else "there"
            assert heard.link.switch(where)  # type: ignore[arg-type]
            assert (heard.link.turns, heard.link.wanted) == (where, where)
        starts = [ms for what, _, ms in heard.turns if what == "started"]
        stops = [ms for what, _, ms in heard.turns if what == "stopped"]
        assert len(starts) == len(stops) == 6
        for number, (start, stop) in enumerate(zip(starts, stops, strict=True)):
            assert abs(start - (4_000 * number + 700)) <= 64
            assert abs(stop - (4_000 * number + 2_500)) <= 64
        assert len(heard.of(server.BufferCommitted)) == 6
        assert len({event.item_id for event in heard.of(server.BufferCommitted)}) == 6
        assert not heard.of(server.ErrorEvent)
        kinds = [None if rules is None else "server_vad" for rules in rules_sent(heard)]
        assert [rules["type"] if isinstance(rules, dict) else rules for rules in rules_sent(heard)] == kinds


async def test_a_turn_ends_where_it_began() -> None:
    async with Listened("here") as heard:
        heard.hear(silence(1_000), tone(500))
        assert not heard.link.switch("there")
        assert (heard.link.turns, heard.link.wanted) == ("here", "there")
        heard.hear(tone(500), silence(1_000))
        assert heard.link.turns == "there"
        assert [what for what, _, _ in heard.turns] == ["started", "stopped"]
        heard.hear(tone(500))
        assert not heard.link.switch("here")
        heard.hear(tone(500), silence(1_000))
        assert heard.link.turns == "here"
        assert [what for what, _, _ in heard.turns] == ["started", "stopped"] * 2
        assert len(heard.of(server.BufferCommitted)) == 2


async def test_a_wish_may_be_taken_back() -> None:
    async with Listened("here") as heard:
        heard.hear(silence(1_000), tone(500))
        heard.link.switch("there")
        assert heard.link.switch("here")
        heard.hear(tone(500), silence(1_000))
        assert heard.link.turns == "here"


async def test_speech_that_the_server_has_not_noticed_is_not_lost() -> None:
    async with Listened("there", ServedLink(ScriptedDetector())) as heard:  # that server never hears anything
        heard.hear(silence(1_000), tone(500))
        assert heard.turns == []
        heard.served.audio.clear()
        assert heard.link.switch("here")
        assert heard.served.types[-2:] == ["session.update", "clear"]
        ((what, item_id, start_ms),) = heard.turns
        assert what == "started"
        heard.hear(tone(500), silence(1_000))
        assert [event.item_id for event in heard.of(server.BufferCommitted)] == [item_id]
        assert len(heard.served.audio) // 2 * 1000 // RATE >= 1_000 + 300
        assert abs(start_ms - 700) <= 64


async def test_the_beginning_of_a_word_goes_to_the_server_that_takes_over() -> None:
    async with Listened("here") as heard:
        heard.hear(silence(1_000), tone(40))  # not enough for a decision
        assert heard.link.switch("there")
        assert bytes(heard.served.audio).endswith(tone(40))
        heard.hear(tone(960), silence(1_000))
        (start, stop) = heard.turns
        assert abs(start[2] - 700) <= 64
        assert abs(stop[2] - 2_500) <= 64


async def test_in_push_to_talk_only_the_place_changes() -> None:
    async with Listened("here") as heard:
        heard.update(None)
        before = len(heard.served.sent)
        assert heard.link.switch("there")
        assert len(heard.served.sent) == before
        heard.link.send(client.InputAudioBufferClear())
        heard.hear(tone(500))
        assert not heard.link.switch("here")  # a key is held
        heard.link.send(client.InputAudioBufferCommit())
        assert heard.link.turns == "here"
        heard.update(ServerVad())
        heard.hear(*TURN)
        assert [what for what, _, _ in heard.turns] == ["started", "stopped"]
        assert rules_sent(heard)[-1] is None


async def test_values_that_only_our_engine_knows_do_not_go_to_another() -> None:
    async with Listened("here") as heard:
        heard.update(ServerVad(hysteresis=0.3, min_speech_ms=96))
        heard.link.switch("there")
        assert set(rules_sent(heard)[-1]) & {"hysteresis", "min_speech_ms"} == set()  # type: ignore[call-overload]


async def test_a_server_that_detects_turns_all_the_same_has_its_way() -> None:
    async with Listened("here") as heard:
        heard.served.say(server.SpeechStarted(item_id="theirs", audio_start_ms=0))
        assert heard.link.turns == "there"
        assert "detects turns by itself" in "".join(heard.told)
        heard.hear(*TURN)
        assert [what for what, _, _ in heard.turns] == ["started", "stopped"]


async def test_a_server_s_clock_that_began_again_is_ours_again() -> None:
    async with Listened("there") as heard:
        heard.hear(*TURN)
        heard.served.again()
        heard.hear(*TURN)
        assert abs(heard.turns[2][2] - (4_000 + 700)) <= 64
        assert heard.link.fine is False


async def test_our_own_detection_runs_along_and_is_warm() -> None:
    detector = LoudnessDetector()
    async with Listened("there", detector=detector) as heard:
        heard.hear(*TURN)
        heard.link.switch("here")
        heard.hear(tone(100))  # pre-roll from before the change
        ((_, _, _), _, (what, _, start_ms)) = heard.turns
        assert (what, abs(start_ms - 3_700) <= 64) == ("started", True)
