"""Whatever happened in a session: its recorded inputs give the same output again, to the byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from recorded import RATE, SCENES, Bench, judged_by, model
from recording import sentence

from tui_assistant.commands import replay
from tui_assistant.commands.replay import compared, events
from tui_assistant.commands.replay_turns import decided_again
from tui_assistant.engine.observation import FrameSeen
from tui_assistant.engine.ports import Answer, Ask, FunctionCallDelta, Responded
from tui_assistant.errors import UsageError
from tui_assistant.host.replay import rerun
from tui_assistant.protocol import client, server
from tui_assistant.record.format import compact
from tui_assistant.record.reader import read_events, read_frames, read_input_log, read_meta
from tui_assistant.record.said import said


def same_again(folder: Path, bench: Bench) -> None:
    """Outputs, recorded events and frames, and two replays agree to the byte."""
    bench.recorder.close()
    outputs = (each for _, outputs in rerun(read_input_log(folder)) for each in outputs)
    again = [each for each in outputs if each in bench.outputs or not hasattr(each, "ask_id")]
    wanted = bench.outputs
    assert [each for each in again if not hasattr(each, "ask_id")] == wanted
    meta = read_meta(folder)
    lines = list(events(folder, meta))
    assert "".join(map(compact, lines)) == "".join(map(compact, events(folder, meta)))
    recorded = [compact(each.event) for each in read_events(folder) if each.by_server]
    assert recorded == [compact(line["event"]) for line in lines] == [compact(said(each)) for each in bench.events]
    assert compared(folder, meta, lines) == f"identical: {len(recorded)} events"
    frames = [(each.end_ms, each.p, each.judged) for each in read_frames(folder)]
    assert frames == [(each.end_ms, each.p, each.judged) for each in wanted if isinstance(each, FrameSeen)]


@pytest.mark.parametrize("scene", SCENES)
def test_the_same_comes_out_again(scene: str, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "r")
    SCENES[scene](bench)
    same_again(tmp_path / "r", bench)
    assert "input_audio_buffer.committed" in bench.types


def test_scenes_hold_what_their_names_say(tmp_path: Path) -> None:
    happened: dict[str, list[str]] = {}
    for scene, play in SCENES.items():
        bench = Bench(None)
        play(bench)
        happened[scene] = bench.types
        reasons = [event.reason for event in bench.events if isinstance(event, server.SpeechStopped)]
        if scene == "rules":
            assert {"silence", "judge", "no_audio"} == {str((reason or {})["rule"]) for reason in reasons}
    assert happened["hands-free"].count("input_audio_buffer.speech_stopped") == 2
    assert "input_audio_buffer.speech_started" not in happened["push-to-talk"]
    assert happened["push-to-talk"].count("response.done") == 2
    assert "conversation.item.truncated" in happened["interrupted"]


def test_with_a_judge_whose_answers_come_late_or_not_at_all(tmp_path: Path) -> None:
    p = [0.9, None, 0.2, 0.4, None, 0.7, 0.1, 0.95, None, 0.8] * 4
    bench = Bench(tmp_path / "r", script=judged_by(iter(p)), judge=True)
    bench.say(turn_detection={"type": "semantic_vad", "eagerness": "medium"})
    bench.hear(sentence(RATE, 4.0) * 2, answers=1)
    same_again(tmp_path / "r", bench)
    judged = [each.judged for each in bench.outputs if isinstance(each, FrameSeen)]
    assert 0.9 in judged


def test_with_a_function_call(tmp_path: Path) -> None:
    def calling(ask: Ask) -> list[Answer]:
        answers = model(ask)
        if any(isinstance(answer, Responded) for answer in answers) and not bench.types.count("response.done"):
            return [FunctionCallDelta("call_1", "weather", '{"city":'), FunctionCallDelta("call_1", "", '"Oslo"}'),
                    Responded({}, 1, 1)]  # fmt: skip
        return answers

    bench = Bench(tmp_path / "r", script=calling)
    bench.say(turn_detection={"type": "server_vad"})
    bench.hear(sentence(RATE, 1.5))
    (call,) = [event for event in bench.events if isinstance(event, server.FunctionCallArgumentsDone)]
    assert call.arguments == '{"city":"Oslo"}'
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}
    bench.link.send(client.ConversationItemCreate.model_validate({"item": output}))
    bench.link.send(client.ResponseCreate())
    bench.hear(bytes(RATE * 2))
    assert bench.types.count("response.done") == 2
    same_again(tmp_path / "r", bench)


def test_where_the_first_tick_comes_in_the_middle_of_a_turn(tmp_path: Path) -> None:
    """What follows counts from it, although nothing waited for it yet."""
    bench = Bench(tmp_path / "r")
    bench.say(turn_detection={"type": "server_vad", "silence_duration_ms": 300})
    audio = sentence(RATE, 0.0)
    bench.now += 1
    bench.link.feed(audio[: RATE * 2])
    assert "input_audio_buffer.speech_started" in bench.types
    bench.wait(5.0)
    assert "input_audio_buffer.speech_stopped" in bench.types
    same_again(tmp_path / "r", bench)


def test_a_recording_that_was_ended_by_hand_comes_out_again_up_to_there(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "r")
    SCENES["hands-free"](bench)
    count = len(bench.events)
    bench.recorder.toggle()
    bench.hear(sentence(RATE, 1.5))
    assert len(bench.events) > count
    bench.recorder.toggle(tmp_path / "later")
    bench.hear(sentence(RATE, 1.5))
    bench.recorder.close()
    meta = read_meta(tmp_path / "r")
    assert compared(tmp_path / "r", meta, list(events(tmp_path / "r", meta))) == f"identical: {count} events"
    later = read_meta(tmp_path / "later")
    assert not later.replayable
    first = next(iter(read_events(tmp_path / "later")))
    assert first.event["session"]["audio"]["input"]["turn_detection"]["type"] == "server_vad"
    assert decided_again(tmp_path / "later", later, ["threshold=0.5"], None, detect=False).data["before"]
    anew = decided_again(tmp_path / "later", later, [], None, detect=True).data  # from the microphone's track
    assert (len(anew["after"]), anew["words"]) == (1, "no difference")


def test_a_recording_does_not_choose_which_code_runs(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    bench = Bench(folder, vad="energy")
    SCENES["hands-free"](bench)
    bench.recorder.close()
    log = folder / "input.log"
    foreign = "tui_assistant.models.detectors.energy:create"
    log.write_text(log.read_text().replace('"vad":"energy"', f'"vad":"{foreign}"', 1))
    for options in (replay.Options(), replay.Options(detect=True)):
        with pytest.raises(UsageError, match="code of others: tui_assistant"):
            replay.run([str(folder)], options)
        assert replay.run([str(folder)], replace(options, vad=foreign)) == 0


def test_a_changed_input_is_found_with_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    bench = Bench(folder)
    SCENES["hands-free"](bench)
    bench.recorder.close()
    log = folder / "input.log"
    log.write_text(log.read_text().replace("words of", "WORDS of"))
    meta = read_meta(folder)
    verdict = compared(folder, meta, list(events(folder, meta)))
    assert verdict.startswith("differs at event ")
    assert 'transcript was "words of' in verdict
    assert replay.run([str(folder)], replay.Options()) == 3
