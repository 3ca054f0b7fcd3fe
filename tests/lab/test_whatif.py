"""What-if: the engine's own turns for the same rules, and what two sets of rules differ in, as data and in words."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from fakes import config
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.audio.files import load_recording
from tui_assistant.engine.observation import FrameSeen
from tui_assistant.engine.ports import FRAME_MS
from tui_assistant.host.session import Session
from tui_assistant.lab import whatif
from tui_assistant.lab.whatif import Change
from tui_assistant.protocol.server import SpeechStarted, SpeechStopped
from tui_assistant.protocol.session import SemanticVad, ServerVad

SPEECH = 0.9
QUIET = 0.02


def heard(*stretches: tuple[float, int]) -> list[float]:
    """p over stretches of (p, ms)."""
    return [p for p, ms in stretches for _ in range(ms // FRAME_MS)]


TWO = heard((QUIET, 640), (SPEECH, 960), (QUIET, 480), (SPEECH, 960), (QUIET, 1600))


def test_a_pause_longer_than_the_silence_cuts_the_turn() -> None:
    patient, hasty = ServerVad(silence_duration_ms=500), ServerVad(silence_duration_ms=300)
    before, after = whatif.turns(TWO, patient), whatif.turns(TWO, hasty)
    assert [(turn.onset_ms, turn.speech_end_ms, turn.stopped_ms) for turn in before] == [(640, 3040, 3552)]
    assert [(turn.onset_ms, turn.stopped_ms) for turn in after] == [(640, 1920), (2080, 3360)]
    (difference,) = whatif.compare(before, after)
    assert difference.change is Change.CUT
    assert difference.at_ms == 1920
    assert whatif.in_words([difference]) == "1 turn cut at 1.9 s"


def test_the_other_way_round_they_are_joined() -> None:
    differences = whatif.compare(
        whatif.turns(TWO, ServerVad(silence_duration_ms=300)), whatif.turns(TWO, ServerVad(silence_duration_ms=500))
    )
    assert [each.change for each in differences] == [Change.JOINED]
    assert whatif.in_words(differences) == "2 turns joined at 1.9 s"


def test_sooner_and_later_are_said_when_they_can_be_heard() -> None:
    long, short = ServerVad(silence_duration_ms=1200), ServerVad(silence_duration_ms=1000)
    differences = whatif.compare(whatif.turns(TWO, long), whatif.turns(TWO, short))
    assert [each.change for each in differences] == [Change.KEPT]
    assert whatif.shift_ms(differences) == -192
    assert whatif.in_words(differences) == "answers 192 ms sooner"
    same = whatif.compare(whatif.turns(TWO, long), whatif.turns(TWO, long))
    assert whatif.in_words(same) == "no difference"


def test_a_threshold_above_the_voice_loses_the_turn_and_below_finds_a_new_one() -> None:
    soft = heard((QUIET, 320), (0.6, 640), (QUIET, 1600))
    usual, deaf = whatif.turns(soft, ServerVad()), whatif.turns(soft, ServerVad(threshold=0.7))
    assert [each.change for each in whatif.compare(usual, deaf)] == [Change.LOST]
    assert [each.change for each in whatif.compare(deaf, usual)] == [Change.NEW]
    assert whatif.in_words(whatif.compare(usual, deaf)) == "1 turn lost at 0.3 s"


def test_a_turn_at_the_end_is_open() -> None:
    (turn,) = whatif.turns(heard((QUIET, 320), (SPEECH, 640)), ServerVad())
    assert turn.stopped_ms is None
    assert turn.wait_ms is None
    assert turn.why_stopped is None


def test_the_padding_reaches_back_to_the_turn_before_and_no_further() -> None:
    first, second = whatif.turns(TWO, ServerVad(silence_duration_ms=300, prefix_padding_ms=1000))
    assert first.audio_start_ms == 0
    assert second.audio_start_ms == first.stopped_ms


def test_recorded_judgements_decide_again() -> None:
    frames = heard((QUIET, 320), (SPEECH, 640), (QUIET, 4000))
    unsure = whatif.turns(frames, SemanticVad(eagerness="low"))
    sure = whatif.turns(frames, SemanticVad(eagerness="low"), judged=[0.99] * len(frames))
    assert unsure[0].wait_ms is not None
    assert sure[0].wait_ms is not None
    assert sure[0].wait_ms < unsure[0].wait_ms


@pytest.fixture(scope="module")
def spoken() -> np.ndarray:
    """Three sentences with pauses of 600 ms, in which some rules end a turn and others don't."""
    folder = Path(__file__).parents[1] / "data" / "speech"
    clips = [load_recording(folder / f"{name}.wav") for name in ("jfk", "lj_0002", "librivox_0870")]
    assert {clip.rate for clip in clips} == {16_000}
    gap = np.zeros(9_600, np.int16)
    speech = np.concatenate([part for clip in clips for part in (clip.samples, gap)] + [gap])
    assert len([event for event in _session(speech, ServerVad())[1] if event.type.endswith("started")]) >= 4
    return speech


@settings(max_examples=12, deadline=None)
@given(
    threshold=st.floats(0.05, 0.95),
    silence=st.integers(100, 900),
    padding=st.integers(0, 800),
)
def test_what_if_equals_a_fresh_run_of_the_engine(
    spoken: np.ndarray, threshold: float, silence: int, padding: int
) -> None:
    """Frames recorded under the default rules, run over by others, give the turns that a session with those finds."""
    recorded, _ = _session(spoken, ServerVad())
    rules = ServerVad(threshold=threshold, silence_duration_ms=silence, prefix_padding_ms=padding)
    _, events = _session(spoken, rules)
    expected = [event for event in events if event.type.startswith("input_audio_buffer.speech")]
    found = []
    for turn in whatif.turns(recorded, rules):
        found.append(("started", turn.audio_start_ms, turn.started_ms, turn.why_started))
        if turn.stopped_ms is not None:
            found.append(("stopped", turn.stopped_ms, turn.stopped_ms, turn.why_stopped))
    assert found == [
        ("started", event.audio_start_ms, event.at_ms, event.reason)
        if event.type.endswith("started")
        else ("stopped", event.audio_end_ms, event.at_ms, event.reason)
        for event in expected
    ]


def test_a_minute_takes_a_few_milliseconds() -> None:
    """The bar is 5 ms of CPU; asserted with room for a slow machine."""
    minute = (TWO * 20)[: 60_000 // FRAME_MS]
    best = min(_cpu_ms(minute) for _ in range(5))
    assert best < 15


def _cpu_ms(frames: list[float]) -> float:
    began = time.process_time()
    whatif.turns(frames, ServerVad(silence_duration_ms=300))
    return (time.process_time() - began) * 1000


def _session(samples: np.ndarray, rules: ServerVad) -> tuple[list[float], list[SpeechStarted | SpeechStopped]]:
    """p(speech) of every frame and the speech events of an engine session with these rules, at the frames' own rate."""
    session = Session(config(rules.model_copy(update={"create_response": False}), rate=16_000))
    outputs = [*session.begin(), *session.feed(samples.tobytes())]
    frames = [each.p for each in outputs if isinstance(each, FrameSeen)]
    return frames, [each for each in outputs if isinstance(each, SpeechStarted | SpeechStopped)]
