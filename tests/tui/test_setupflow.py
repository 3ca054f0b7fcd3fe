"""The steps of the setup: what is measured, what goes wrong, what is skipped."""

from __future__ import annotations

from dataclasses import replace

from fake_talk import FakeTalk
from setup_room import QUIET, Room, hear, sentence
from spoken_frames import stretch

from tui_assistant.client.tuning import Tuning
from tui_assistant.lab.duplex import Duplex
from tui_assistant.runtime.api import EchoMeasured, Phase
from tui_assistant.runtime.setup_api import ModelInfo
from tui_assistant.tui.drawing.runs import text_of
from tui_assistant.tui.drawing.setup import keys_now, page, result
from tui_assistant.tui.setupflow import READY_S, Step


def measured(room: Room, *pauses_ms: int) -> None:
    room.flow.enter()
    room.be_quiet()
    assert room.flow.step is Step.SENTENCE
    room.wait(0.05)
    room.play(sentence(*pauses_ms))


def test_it_begins_with_enter_and_nothing_is_measured_before() -> None:
    room = Room()
    room.wait(10.0)
    assert room.flow.step is Step.WELCOME
    room.flow.enter()
    assert room.flow.step is Step.SILENCE
    assert room.flow.left_s == READY_S
    room.wait(1.0)
    assert room.flow.measuring_from is None


def test_silence_and_sentence_make_a_proposal() -> None:
    room = Room()
    measured(room, 608)
    assert room.flow.step is Step.KEYS
    assert room.flow.proposal is not None
    assert room.flow.proposed == Tuning(silence_duration_ms=900)
    assert room.flow.proposal.before.cut_offs == 1
    assert room.flow.proposal.after.cut_offs == 0
    assert room.talk.calls == []  # nothing is in force before it is accepted
    assert room.now - 100.0 < 15.0


def test_the_history_is_what_the_conversation_decided_on() -> None:
    talk = FakeTalk()
    hear(talk, sentence(704), decided=True)
    room = Room(talk)
    measured(room, 160)
    assert room.flow.proposal is not None
    assert room.flow.proposal.before.cut_offs == 1  # of the sentence before the setup
    talk = FakeTalk()
    hear(talk, sentence(704), decided=False)
    room = Room(talk)
    measured(room, 160)
    assert room.flow.proposal is not None
    assert room.flow.proposal.before.cut_offs == 0


def test_a_far_off_gain_is_tried_and_the_measurement_made_again_with_it() -> None:
    room = Room()
    room.flow.enter()
    room.be_quiet()
    room.wait(0.05)
    room.play(sentence(160, level=-46.0))
    assert "The gain is set to +20 dB for now" in room.flow.problem
    assert room.talk.calls == [("apply", Tuning(gain_db=20.0))]
    room.flow.enter()
    assert room.flow.step is Step.SILENCE
    room.be_quiet()
    room.wait(0.05)
    room.play(sentence(160, level=-31.0))
    assert room.flow.step is Step.KEYS  # no third time
    assert room.flow.proposed == Tuning(gain_db=25.0)


def test_a_history_that_was_heard_with_another_gain_does_not_count() -> None:
    talk = FakeTalk()
    hear(talk, sentence(704), decided=True)
    room = Room(talk)
    for level in (-46.0, -27.0):
        room.flow.enter()
        room.be_quiet()
        room.wait(0.05)
        room.play(sentence(160, level=level))
    assert room.flow.proposal is not None
    assert room.flow.proposal.before.cut_offs == 0


def test_a_voice_too_quiet_to_be_speech_gets_a_gain_first() -> None:
    room = Room()
    room.flow.enter()
    room.be_quiet(stretch((0.02, -75.0, 3_200)))
    room.wait(0.05)
    room.play(stretch((0.02, -75.0, 320), (0.3, -52.0, 14_848)))
    assert room.flow.tuning.gain_db == 26.0
    assert "once more" in room.flow.problem


def test_a_voice_in_the_silence_is_said_and_enter_measures_again() -> None:
    room = Room()
    room.flow.enter()
    room.be_quiet(stretch((0.02, -60.0, 992), (0.9, -30.0, 640), (0.02, -60.0, 1_600)))
    assert "The silence was not silent" in room.flow.problem
    room.wait(5.0)
    assert room.flow.step is Step.SILENCE
    room.flow.enter()
    assert room.flow.problem == ""
    room.be_quiet()
    assert room.flow.step is Step.SENTENCE


def test_nobody_reads() -> None:
    room = Room()
    room.flow.enter()
    room.be_quiet()
    room.wait(0.05)
    room.play(QUIET * 5)
    assert "No voice was heard" in room.flow.problem
    room.flow.enter()
    assert room.flow.step is Step.SENTENCE  # the silence was good


def test_a_microphone_that_gives_nothing_is_said() -> None:
    room = Room()
    room.flow.enter()
    for _ in range(4):
        room.wait(2.0)
    assert "Nothing comes from the microphone" in room.flow.problem


def test_enter_ends_the_reading() -> None:
    room = Room()
    room.flow.enter()
    room.be_quiet()
    room.wait(0.05)
    room.play(stretch((0.97, -26.0, 1_920)))
    room.flow.enter()
    assert room.flow.step is Step.KEYS
    assert room.flow.proposal is not None


def test_every_step_can_be_skipped() -> None:
    room = Room()
    seen = [room.flow.step]
    for _ in range(8):
        room.flow.skip()
        seen.append(room.flow.step)
    assert seen[:6] == [Step.WELCOME, Step.SILENCE, Step.KEYS, Step.CHIRP, Step.MODELS, Step.RESULT]
    assert set(seen[6:]) == {Step.RESULT}
    assert room.flow.proposal is None
    assert room.flow.proposed == Tuning()


def test_what_was_skipped_is_not_ticked_off() -> None:
    room = Room()
    measured(room, 608)
    room.flow.enter()
    room.flow.skip()
    assert text_of(page(room.flow, 80)[0]).split("  ")[:5] == [
        "✓ silence",
        "✓ sentence",
        "✓ keyboard",
        "– speakers",
        "▸ models",
    ]
    room.flow.skip()
    room.flow.again()
    room.flow.skip()
    assert text_of(page(room.flow, 80)[0]).split("  ")[:3] == ["– silence", "– sentence", "▸ keyboard"]


def test_the_key_bar_has_what_a_page_can_do() -> None:
    room = Room()
    on_result = {"adjust", "again", "voice"}
    assert keys_now(room.flow) == (("adjust", "again", "voice", "fetch"), {"next": "begin"})
    room.flow.enter()
    assert set(keys_now(room.flow)[0]) == {"next", "fetch", *on_result}, "silence is measured: enter does nothing"
    room.flow.skip()
    room.flow.enter()
    assert keys_now(room.flow)[1] == {"next": "play it"}
    room.talk.fake_setup.echo = None
    room.flow.enter()
    room.flow.take(EchoMeasured(-70.0, 60, 1.0, -70.0))
    room.flow.skip()
    room.flow.skip()
    assert keys_now(room.flow) == (("skip", "voice", "fetch"), {"next": "accept"})
    words = " ".join(text_of(row).strip() for row in result(room.flow, 80))
    assert words.startswith("Microphone and voice were not measured: the values stay as they are.")
    assert words.endswith("enter accepts, r measures, esc leaves")


def test_with_nothing_measured_there_is_nothing_to_accept() -> None:
    room = Room()
    for _ in range(6):
        room.flow.skip()
    assert "next" in keys_now(room.flow)[0]
    assert text_of(result(room.flow, 80)[-1]).strip() == "r measures, esc leaves"


def test_skipping_after_a_gain_was_tried_takes_it_back() -> None:
    room = Room()
    room.flow.enter()
    room.be_quiet()
    room.wait(0.05)
    room.play(sentence(160, level=-46.0))
    room.flow.skip()
    assert room.talk.calls[-1] == ("apply", Tuning())


def test_the_chirp_is_played_on_enter_only_and_gives_advice() -> None:
    room = Room()
    for _ in range(3):
        room.flow.skip()
    assert room.flow.step is Step.CHIRP
    room.flow.take(EchoMeasured(-3.0, 60, 1.0, -70.0))  # nobody has asked
    assert room.flow.echo is None
    room.talk.fake_setup.echo = None
    room.flow.enter()
    assert room.talk.calls == [("setup", "measure_echo")]
    assert room.flow.listening
    room.flow.enter()
    assert room.talk.calls == [("setup", "measure_echo")]
    room.flow.take(EchoMeasured(-12.0, 60, 1.0, -70.0))
    assert room.flow.advice is not None
    assert room.flow.advice.duplex is Duplex.CANCELLER
    room.flow.enter()
    assert room.flow.step is Step.MODELS


def test_a_chirp_that_was_refused_gives_no_advice() -> None:
    room = Room()
    for _ in range(3):
        room.flow.skip()
    room.talk.fake_setup.echo = None
    room.flow.enter()
    room.flow.take(EchoMeasured(refused="the volume is 0"))
    assert (room.flow.advice, room.flow.listening) == (None, False)


def test_the_models_are_asked_for_when_they_are_shown() -> None:
    room = Room()
    room.talk.fake_setup.known = (ModelInfo("judge", "smart-turn", False, mend="models get", download=8_679_182),)
    for _ in range(4):
        room.flow.skip()
    assert [model.name for model in room.flow.models] == ["smart-turn"]


def test_again_measures_from_the_silence_on() -> None:
    room = Room()
    measured(room, 608)
    while room.flow.step is not Step.RESULT:
        room.flow.skip()
    room.flow.again()
    assert room.flow.step is Step.SILENCE
    assert room.flow.proposal is None
    room.be_quiet()
    room.wait(0.05)
    room.play(sentence(160))
    assert room.flow.proposed == Tuning()


def test_semantic_vad_gets_its_gain() -> None:
    talk = FakeTalk()
    tuning = Tuning(kind="semantic_vad")
    talk.snap = replace(talk.snap, tuning=tuning)
    room = Room(talk)
    measured(room, 160)
    assert room.flow.proposed == tuning


def test_a_microphone_that_goes_during_the_silence_is_said() -> None:
    room = Room()
    room.flow.enter()
    room.be_quiet(QUIET[:20])
    assert room.flow.problem == ""
    room.wait(2.9)
    assert room.flow.problem == ""
    room.wait(0.2)
    assert "Nothing comes from the microphone" in room.flow.problem


def with_result(duplex: str) -> Room:
    talk = FakeTalk()
    talk.snap = replace(talk.snap, duplex=duplex)
    room = Room(talk)
    measured(room, 160)
    while room.flow.step is not Step.RESULT:
        room.flow.skip()
    return room


def test_the_assistants_own_voice_counts_where_the_microphone_stays_open() -> None:
    room = with_result("headphones")
    room.flow.hear_voice()
    assert room.talk.calls == [("say", "what can you do")]
    room.play(QUIET[:10])
    room.play(stretch((0.6, -40.0, 1_920)), phase=Phase.ANSWER)
    assert room.flow.proposed.threshold == 0.5
    room.play(QUIET[:30])
    assert room.flow.voicing_from is None
    assert room.flow.proposal is not None
    assert room.flow.proposal.before.false_starts == 1
    assert room.flow.proposed.threshold == 0.75
    room.flow.hear_voice()
    assert len(room.talk.calls) == 1  # once is enough


def test_a_long_answer_is_cut_off_and_none_is_not_waited_for() -> None:
    room = with_result("headphones")
    room.flow.hear_voice()
    room.play(stretch((0.02, -60.0, 13_000)), phase=Phase.ANSWER)
    assert room.talk.calls == [("say", "what can you do"), ("interrupt",)]
    room = with_result("headphones")
    room.flow.hear_voice()
    room.wait(8.1)
    assert room.flow.voicing_from is None
    assert room.flow.may_hear_voice


def test_half_duplex_needs_no_measurement_of_the_voice() -> None:
    room = with_result("half-duplex")
    room.flow.hear_voice()
    assert room.talk.calls == []
