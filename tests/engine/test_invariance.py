"""The same calls give the same output to the byte, however the audio is cut; late answers move no turn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fakes import Driver, LoudnessDetector, Models, config, plain, vad_update
from fuzz.ledger import Ledger
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.engine import intake
from tui_assistant.engine.observation import FrameSeen
from tui_assistant.engine.outbox import Output
from tui_assistant.engine.ports import Alarm, Failed, FunctionCallDelta, Judge, Judged, Partial, Respond, Transcribe
from tui_assistant.protocol import server
from tui_assistant.protocol.session import (
    Audio,
    AudioFormat,
    AudioInput,
    PcmFormat,
    PcmuFormat,
    SemanticVad,
    ServerVad,
    SessionConfig,
    Transcription,
)
from tui_assistant.sound import g711

FORMATS: list[AudioFormat] = [
    PcmFormat(rate=16_000),
    PcmFormat(rate=24_000),
    PcmFormat(rate=8_000),
    PcmFormat(rate=44_100),
    PcmuFormat(),
]
LOUD, SOFT, QUIET = 9_000, 4_200, 0  # p = 0.9, 0.42 (goes on, does not begin), 0
TYPED = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
CLIENT: list[tuple[str, dict[str, Any]]] = [
    ("input_audio_buffer.commit", {}),
    ("input_audio_buffer.clear", {}),
    ("response.create", {}),
    ("response.cancel", {}),
    ("conversation.item.create", {"item": TYPED}),
    ("conversation.item.create", {"item": {"type": "function_call_output", "call_id": "c1", "output": "2"}}),
    ("response.create", {"response": {"conversation": "none", "input": [TYPED], "output_modalities": ["text"]}}),
    ("response.create", {"response": {"tools": [{"type": "function", "name": "add"}], "tool_choice": "required"}}),
]
VADS: list[Any] = [
    None,
    {"type": "server_vad", "silence_duration_ms": 100},
    {"interrupt_response": False},
    {"create_response": False},
    {"type": "server_vad", "idle_timeout_ms": 5_000},
    {"type": "semantic_vad", "eagerness": "high"},
    {"type": "semantic_vad", "eagerness": "low", "create_response": False},
]


def sound(blocks: list[tuple[int, int]], audio_format: AudioFormat) -> bytes:
    """Square waves of (amplitude, ms), in the format's bytes."""
    rate = audio_format.rate if isinstance(audio_format, PcmFormat) else 8_000
    parts = []
    for amplitude, ms in blocks:
        at = np.arange(ms * rate // 1000)
        parts.append(np.where(at // (rate // 1_000) % 2, -amplitude, amplitude).astype(np.int16))
    samples = np.concatenate(parts)
    return samples.astype("<i2").tobytes() if isinstance(audio_format, PcmFormat) else g711.encode_mulaw(samples)


@st.composite
def sessions(draw: st.DrawFn) -> tuple[AudioFormat, Any, list[tuple[int, int]], list[tuple[float, Any]]]:
    """A format, its first turn detection, the sound, and what is done at which share of it."""
    utterance = st.tuples(
        st.tuples(st.sampled_from([LOUD, LOUD, SOFT]), st.integers(60, 400)),
        st.tuples(st.sampled_from([LOUD, SOFT, QUIET]), st.integers(1, 100)),
        st.tuples(st.just(QUIET), st.sampled_from([60, 200, 260, 600, 750]) | st.integers(1, 700)),
    )
    blocks = [block for each in draw(st.lists(utterance, min_size=1, max_size=4)) for block in each]
    idle = ServerVad(silence_duration_ms=200, idle_timeout_ms=5_000)
    vad = draw(st.sampled_from([ServerVad(silence_duration_ms=200), idle, SemanticVad(eagerness="high"), None]))
    item_id = st.integers(1, 4).map(lambda number: f"item_{number}")
    about = st.sampled_from([("truncate", {"audio_end_ms": 30}), ("retrieve", {}), ("delete", {})])
    doing = st.one_of(
        st.sampled_from(CLIENT),
        st.sampled_from(VADS).map(lambda value: ("vad", value)),
        st.tuples(about, item_id).map(lambda t: (f"conversation.item.{t[0][0]}", {"item_id": t[1], **t[0][1]})),
        *[st.just(("answer", None))] * 4,
        st.sampled_from([("partial", None), ("alarm", None), ("fail", None), ("call", None)]),
        st.sampled_from([300, 1_600, 6_000]).map(lambda passed_ms: ("tick", passed_ms)),
        st.sampled_from([0.0, 0.2, 1.0]).map(lambda p: ("judge", p)),
    )
    deeds = draw(st.lists(st.tuples(st.floats(0, 1), doing), max_size=16))
    return draw(st.sampled_from(FORMATS)), vad, blocks, sorted(deeds, key=lambda deed: deed[0])


class Timed(Driver):
    """`now_ms`: the real time of the last tick."""

    now_ms = 0


def make(audio_format: AudioFormat, vad: Any, *, judge: bool = False, speculate: Any = "never") -> Timed:
    audio = AudioInput(format=audio_format, turn_detection=vad, transcription=Transcription())
    configuration = SessionConfig(audio=Audio(input=audio))
    models = Models(voice=lambda text: bytes(4_800))
    return Timed(LoudnessDetector(), configuration, models, judge=judge, speculate=speculate)


def do(driver: Timed, deed: tuple[str, Any]) -> None:
    kind, value = deed
    if kind == "vad":
        driver.event(vad_update(value))
    elif kind == "answer" and driver.open:
        driver.finish(driver.open[0])
    elif kind == "partial" and (streams := driver.of(Transcribe)):
        driver.answer(streams[-1], Partial("so", " far"))
    elif kind == "fail" and (streams := driver.of(Transcribe)):
        driver.answer(streams[-1], Failed("worker", "It died."))
    elif kind == "call" and (asks := [ask for ask in driver.open if isinstance(ask, Respond)]):
        driver.answer(asks[0], FunctionCallDelta("c1", "add", '{"x":'))
    elif kind == "judge" and (questions := driver.of(Judge)):
        driver.answer(questions[-1], Judged(value, "script"))
    elif kind == "tick":
        driver.now_ms += value
        driver.tick(driver.now_ms)
    elif kind == "alarm":
        driver.answer("ask_1", Alarm("The timer is up."))
    elif isinstance(value, dict):
        driver.event(plain(kind, **value))


def play(driver: Timed, data: bytes, deeds: list[tuple[float, Any]], cuts: list[float]) -> list[Output]:
    """Feeds the data, cut at shares of its length (odd bytes too) and where something is done."""
    places = [(round(share * len(data)), deed) for share, deed in deeds]
    done = 0
    for place, deed in sorted([*places, *((round(cut * len(data)), None) for cut in cuts)], key=lambda entry: entry[0]):
        driver.feed(data[done:place])
        done = place
        if deed is not None:
            do(driver, deed)
    driver.feed(data[done:])
    return driver.outputs


@given(
    session=sessions(),
    cuts=st.lists(st.floats(0, 1), max_size=25),
    judge=st.booleans(),
    speculate=st.sampled_from(["never", "always"]),
)
@settings(max_examples=150, deadline=None)
def test_output_does_not_depend_on_cutting(session: Any, cuts: list[float], judge: bool, speculate: str) -> None:
    audio_format, vad, blocks, deeds = session
    data = sound(blocks, audio_format)
    whole = play(make(audio_format, vad, judge=judge, speculate=speculate), data, deeds, [])
    assert play(make(audio_format, vad, judge=judge, speculate=speculate), data, deeds, cuts) == whole


def test_idle_timeout_calls_and_judges_do_not_depend_on_cutting() -> None:
    """One session with all of them, so that the property above is known to have met each."""
    deeds: list[tuple[float, Any]] = [
        (0.05, ("conversation.item.create", {"item": TYPED})),
        (0.06, ("response.create", {"response": {"conversation": "none", "input": [TYPED]}})),
        (0.07, ("response.create", {})),
        (0.08, ("call", None)),
        *[(0.09 + number / 200, ("answer", None)) for number in range(4)],
        (0.12, ("tick", 10)),
        (0.2, ("tick", 6_000)),
        (0.22, ("vad", {"type": "semantic_vad", "eagerness": "low"})),
        (0.91, ("judge", 1.0)),
    ]
    idle, data = ServerVad(idle_timeout_ms=5_000), sound([(QUIET, 1_000), (LOUD, 1_500), (QUIET, 600)], FORMATS[1])
    whole = make(FORMATS[1], idle, judge=True)
    play(whole, data, deeds, [])
    for size in (1, 7, 40):
        cuts = [number / (13 * size) for number in range(13 * size)]
        assert play(make(FORMATS[1], idle, judge=True), data, deeds, cuts) == whole.outputs
    assert whole.of(server.TimeoutTriggered)
    assert whole.of(server.FunctionCallArgumentsDone)
    assert [stop.reason["rule"] for stop in whole.of(server.SpeechStopped) if stop.reason] == ["judge"]
    assert [done.response.conversation_id for done in whole.of(server.ResponseDone)].count(None) == 1


@pytest.mark.parametrize("audio_format", FORMATS, ids=str)
def test_output_is_the_same_byte_by_byte(audio_format: AudioFormat) -> None:
    blocks = [(QUIET, 130), (LOUD, 200), (SOFT, 50), (QUIET, 320), (LOUD, 101)]
    data = sound(blocks, audio_format)
    vad = ServerVad(silence_duration_ms=200)
    pieces = make(audio_format, vad)
    for byte in data:
        pieces.feed(bytes([byte]))
    whole = make(audio_format, vad)
    whole.feed(data)
    assert pieces.outputs == whole.outputs
    assert [event.type for event in whole.of(server.SpeechStarted)]  # there was something to compare


@given(cuts=st.lists(st.floats(0, 1), max_size=12))
@settings(max_examples=25, deadline=None)
def test_refusals_do_not_depend_on_cutting(cuts: list[float]) -> None:
    """30 s into a buffer of 2 s: an error at the first sample refused and at 10 and 20 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake, "LONGEST_MANUAL_MS", 2_000)
        data = bytes(16_000 * 30 - 2_000)
        driver = Driver(LoudnessDetector(), config(None, rate=8_000))
        play(driver, data, [], cuts)
        whole = Driver(LoudnessDetector(), config(None, rate=8_000))
        whole.feed(data)
    assert driver.outputs == whole.outputs
    assert [event.error.code for event in whole.of(server.ErrorEvent)] == ["input_audio_buffer_full"] * 3


def turns(driver: Driver) -> list[tuple[Any, ...]]:
    """What was decided about speech; items by number, since answers take ids from the same counter."""
    names: dict[str, int] = {}
    found: list[tuple[Any, ...]] = []
    for output in driver.outputs:
        if isinstance(output, server.SpeechStarted):
            name = names.setdefault(output.item_id, len(names))
            found.append(("started", name, output.audio_start_ms, output.at_ms, output.reason))
        elif isinstance(output, server.SpeechStopped):
            found.append(("stopped", names[output.item_id], output.audio_end_ms, output.at_ms, output.reason))
        elif isinstance(output, server.BufferCommitted):
            found.append(("committed", names.setdefault(output.item_id, len(names)), output.reason))
        elif isinstance(output, FrameSeen):
            found.append(("frame", output))
    return found


@given(session=sessions(), waits=st.lists(st.floats(0, 1), min_size=1, max_size=20))
@settings(max_examples=150, deadline=None)
def test_late_answers_move_no_turn(session: Any, waits: list[float]) -> None:
    """Every answer at another moment, and some never: speech events, their reasons and every frame stay."""
    audio_format, vad, blocks, deeds = session
    not_kept = ("answer", "fail", "call", "tick", "judge", "conversation.item.delete")  # and what time does is time's
    kept = [deed for deed in deeds if deed[1][0] not in not_kept]
    late = sorted([*kept, *((wait, ("answer", None)) for wait in waits)], key=lambda deed: deed[0])
    data = sound(blocks, audio_format)
    prompt, slow = make(audio_format, vad), make(audio_format, vad)
    play(prompt, data, [deed for entry in kept for deed in (entry, (entry[0], ("answer", None)))], [])
    play(slow, data, late, [])
    assert turns(prompt) == turns(slow)


@given(session=sessions())
@settings(max_examples=150, deadline=None)
def test_every_event_may_follow_the_ones_before(session: Any) -> None:
    """Whatever happens; for responses: created ... done, nothing behind done, all that was opened is closed."""
    audio_format, vad, blocks, deeds = session
    driver = make(audio_format, vad)
    play(driver, sound(blocks, audio_format), deeds, [])
    driver.settle()
    ledger = Ledger()
    for event in driver.events:
        ledger.take(event)
    assert not ledger.running, "every response ends once its asks are answered"
