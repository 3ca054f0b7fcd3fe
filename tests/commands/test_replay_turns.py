"""The turns of recordings decided again."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fakes import ScriptedDetector
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recorded import RATE, SCENES, Bench, judged_by
from recording import sentence

from tui_assistant.commands.replay_turns import changed_rules, decided_again, recorded_frames, what_happened
from tui_assistant.engine.ports import FRAME_SAMPLES
from tui_assistant.errors import AssistantError, UsageError
from tui_assistant.lab import whatif
from tui_assistant.lab.redecide import Configured, Judgeable, redecide
from tui_assistant.lab.whatif import Turn
from tui_assistant.protocol import client, server
from tui_assistant.protocol.session import SemanticVad, ServerVad
from tui_assistant.record.format import Heard
from tui_assistant.record.reader import read_events, read_frames, read_meta


def again(folder: Path, *setting: str, detect: bool = False, vad: str | None = None) -> Any:
    return decided_again(folder, read_meta(folder), setting, vad, detect=detect)


def as_recorded(bench: Bench) -> list[tuple[int, int, int | None]]:
    """(audio_start_ms, when it was decided, when its end was decided: by voice or commit) of each detected turn."""
    found: dict[str, list[int | None]] = {}
    for event in bench.events:
        if isinstance(event, server.SpeechStarted):
            found[event.item_id] = [event.audio_start_ms, event.at_ms, None]
        elif isinstance(event, server.SpeechStopped):
            found[event.item_id][2] = event.at_ms
    return [tuple(each) for each in found.values()]  # type: ignore[misc]


def decided(folder: Path) -> tuple[Turn, ...]:
    every = list(read_frames(folder))
    return redecide(recorded_frames(every), what_happened(read_events(folder), every))


def shape(turns: tuple[Turn, ...]) -> list[tuple[int, int, int | None]]:
    return [(turn.audio_start_ms, turn.started_ms, turn.stopped_ms) for turn in turns]


@pytest.mark.parametrize("scene", [scene for scene in SCENES if scene not in ("push-to-talk", "rules")])
def test_unchanged_they_are_those_of_the_session(scene: str, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "r")
    SCENES[scene](bench)
    bench.recorder.close()
    assert shape(decided(tmp_path / "r")) == as_recorded(bench) != []
    result = again(tmp_path / "r", "threshold=0.5")
    assert result.data["words"] == "no difference"
    assert result.data["before"] == result.data["after"]


def test_also_where_rules_change_in_mid_turn(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "r")
    SCENES["rules"](bench)
    bench.recorder.close()
    turns, wanted = decided(tmp_path / "r"), as_recorded(bench)
    assert [turn[:2] for turn in shape(turns)] == [turn[:2] for turn in wanted]
    rules = [str((turn.why_stopped or {}).get("rule")) for turn in turns]
    assert rules == ["silence", "commit", "judge", "no_audio"]
    assert [one[2] for one, rule in zip(wanted, rules, strict=True) if rule != "commit"] == [
        turn.stopped_ms for turn, rule in zip(turns, rules, strict=True) if rule != "commit"
    ]


def test_also_with_a_judge(tmp_path: Path) -> None:
    p = [0.9, None, 0.2, 0.4, None, 0.7, 0.1, 0.95, None, 0.8] * 4
    bench = Bench(tmp_path / "r", script=judged_by(iter(p)), judge=True)
    bench.say(turn_detection={"type": "semantic_vad", "eagerness": "medium"})
    bench.hear(sentence(RATE, 4.0) * 3, answers=1)
    bench.recorder.close()
    assert shape(decided(tmp_path / "r")) == as_recorded(bench)
    slower = again(tmp_path / "r", "type=server_vad", "silence_duration_ms=2500")
    assert "later" in slower.data["words"]


P = st.sampled_from([0.0, 0.1, 0.3, 0.36, 0.45, 0.5, 0.6, 0.9])
STRETCH = st.tuples(P, st.integers(1, 30))
RULES = st.sampled_from(
    [None, {"type": "server_vad", "silence_duration_ms": 200}, {"type": "server_vad", "threshold": 0.3},
     {"type": "semantic_vad", "eagerness": "high"}, {"type": "server_vad", "min_speech_ms": 96, "hysteresis": 0.0}]
)  # fmt: skip
OPERATION = st.one_of(st.just("commit"), st.just("clear"), st.just("quiet"), RULES)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.lists(STRETCH, max_size=3), st.integers(0, 700), OPERATION), max_size=8))
def test_whatever_a_client_does_the_turns_are_those_of_the_engine(
    script: list[tuple[list[tuple[float, int]], int, Any]],
) -> None:
    """Commits, clears, silence of the link and any rules, at any sample."""
    p = [value for stretches, _, _ in script for value, frames in stretches for _ in range(frames)]
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder) / "r", vad=ScriptedDetector(p, rest=0.2), script=lambda ask: [])  # type: ignore[arg-type]
        for stretches, samples, operation in script:
            count = sum(frames for _, frames in stretches) * FRAME_SAMPLES + samples
            bench.link.feed(bytes(2 * count))
            bench.step()
            if operation == "commit":
                bench.link.send(client.InputAudioBufferCommit())
            elif operation == "clear":
                bench.link.send(client.InputAudioBufferClear())
            elif operation == "quiet":
                bench.wait(5.0)
            else:
                bench.say(turn_detection=operation)
        bench.recorder.close()
        turns, wanted = decided(Path(folder) / "r"), as_recorded(bench)
    by_voice = [turn for turn in turns if (turn.why_stopped or {}).get("rule") != "commit" and turn.stopped_ms]
    assert shape(tuple(by_voice)) == [turn for turn in wanted if turn[2] is not None]
    assert [turn for turn in shape(turns) if turn[:2] not in {each[:2] for each in wanted}] == []


@given(st.lists(STRETCH, max_size=20), RULES.filter(bool))
def test_without_steps_it_is_the_what_if_of_the_screen(stretches: list[tuple[float, int]], rules: Any) -> None:
    p = [value for value, frames in stretches for _ in range(frames)]
    model = (SemanticVad if rules["type"] == "semantic_vad" else ServerVad)(**rules)
    frames = [Judgeable(32 * number, value) for number, value in enumerate(p, 1)]
    assert redecide(frames, [(0, Configured(model, 0))]) == whatif.turns(p, model)


def test_other_rules_cut_a_turn_and_its_answer_is_not_made_up(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "r")
    bench.say(turn_detection={"type": "server_vad", "silence_duration_ms": 900})
    pause, spoken = bytes(RATE // 2 * 2), sentence(RATE, 0.0)
    bench.hear(spoken + bytes(4 * RATE) + spoken + pause + spoken + bytes(4 * RATE))
    bench.recorder.close()
    result = again(tmp_path / "r", "silence_duration_ms=300")
    assert len(result.data["after"]) > len(result.data["before"])
    assert "cut at" in result.data["words"]
    assert {turn["answer"] for turn in result.data["after"]} == {"not re-run"}
    assert [turn["answer"] for turn in result.data["before"]] == ["It is noon. Really."] * 2
    assert result.data["before"][0]["heard"].startswith("words of ask_")
    assert result.text.splitlines()[-1] == result.data["words"]
    assert result.text.startswith("before: 2 turns\n")
    kept = again(tmp_path / "r", "silence_duration_ms=900")
    assert [turn["item_id"] for turn in kept.data["after"]] == [turn["item_id"] for turn in result.data["before"]]


def test_p_computed_anew_is_the_recorded_one_with_the_same_detector(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "r")
    SCENES["hands-free"](bench)
    bench.recorder.close()
    assert again(tmp_path / "r", detect=True).data["words"] == "no difference"
    energy = again(tmp_path / "r", detect=True, vad="energy").data
    assert energy["before"] != energy["after"]
    with pytest.raises(UsageError, match="--vad nonsense: allowed is"):
        again(tmp_path / "r", detect=True, vad="nonsense")


def test_where_only_the_microphone_was_recorded_and_not_all_of_it_was_sent(tmp_path: Path) -> None:
    bench = Bench(None)
    bench.say(turn_detection={"type": "server_vad"})
    bench.recorder.toggle(tmp_path / "r")
    bench.hear(sentence(RATE, 1.5))
    bench.hear(sentence(RATE, 1.5), fed=False)
    bench.hear(sentence(RATE, 1.5))
    bench.recorder.close()
    assert len(again(tmp_path / "r", "threshold=0.5").data["before"]) == 2
    with pytest.raises(UsageError, match="did not hear all that the microphone gave"):
        again(tmp_path / "r", detect=True)


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("colour=3", "there is no such setting"),
        ("threshold", "the value is missing"),
        ("threshold=high", "a number is needed"),
        ("threshold=1.5", "threshold=1.5"),
        ("silence_duration_ms=-1", "greater than or equal to 0"),
        ("eagerness=wild", "eagerness=wild"),
        ("type=none", "allowed are server_vad and semantic_vad"),
        ("threshold=nan", "threshold"),
    ],
)
def test_what_cannot_be_set_is_one_clear_line(setting: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        changed_rules([setting])
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_setting_that_the_session_did_not_have_is_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "r")
    SCENES["hands-free"](bench)
    bench.recorder.close()
    with pytest.raises(UsageError, match=r"eagerness: the session went by server_vad.*add type=semantic_vad"):
        again(tmp_path / "r", "eagerness=low")
    assert again(tmp_path / "r", "eagerness=low", "type=semantic_vad").data["after"]


def test_without_detected_turns_there_is_nothing_to_decide(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "r", vad="energy")
    SCENES["push-to-talk"](bench)
    bench.recorder.close()
    with pytest.raises(UsageError, match="turns were only taken by hand"):
        again(tmp_path / "r", "threshold=0.6")
    Bench(tmp_path / "empty").recorder.close()
    with pytest.raises(AssistantError, match="no frames were recorded"):
        again(tmp_path / "empty", "threshold=0.6")


def test_estimates_stand_on_the_clock_of_the_recording() -> None:
    frames = [Heard(at, None, 0.5, -30.0, "quiet", None, False) for at in (40, 70, 108, 900, 930)]
    assert [each.end_ms for each in recorded_frames(frames)] == [40, 72, 104, 900, 932]
