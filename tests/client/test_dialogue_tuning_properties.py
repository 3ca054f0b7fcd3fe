"""However tuning, modes and holds follow each other, and however late the server answers, both end up agreed."""

from __future__ import annotations

from collections import deque

from conversation import RATE
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.client.dialogue import Dialogue
from tui_assistant.client.effects import Effect
from tui_assistant.client.tuning import Tuning
from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import ErrorDetail
from tui_assistant.protocol.session import SemanticVad, ServerVad, SessionConfig, SessionObject
from tui_assistant.protocol.update import apply_update

RULES = st.builds(
    Tuning,
    kind=st.sampled_from(["server_vad", "semantic_vad"]),
    threshold=st.sampled_from([0.4, 0.5, 0.6]),
    silence_duration_ms=st.sampled_from([300, 500]),
    eagerness=st.sampled_from(["low", "auto"]),
    hysteresis=st.sampled_from([0.15, 0.2, 0.3]),
    min_speech_ms=st.sampled_from([64, 96]),
).map(lambda tuning: tuning.rules())
STEPS = st.lists(st.one_of(RULES, st.sampled_from(["mode", "press", "release", "answer", "answer"])), max_size=25)


class LateServer:
    """Answers one update at a time, when it is told to. `refuses`: updates with hysteresis of that value."""

    def __init__(self, refuses: float | None) -> None:
        self.config = SessionConfig()
        self._waiting: deque[client.SessionUpdate] = deque()
        self._refuses = refuses

    def hear(self, effects: list[Effect]) -> None:
        self._waiting += [effect for effect in effects if isinstance(effect, client.SessionUpdate)]

    def answer(self) -> server.ServerEvent | None:
        if not self._waiting:
            return None
        update = self._waiting.popleft()
        try:
            wanted = apply_update(self.config, update.session)
            detection = wanted.audio.input.turn_detection
            if detection is not None and detection.hysteresis is not None and detection.hysteresis == self._refuses:
                param = "session.audio.input.turn_detection.hysteresis"
                raise RemoteProtocolError("no", code="invalid_value", param=param)
        except RemoteProtocolError as error:
            detail = ErrorDetail(code=error.code, message="no", param=error.param, event_id=update.event_id)
            return server.ErrorEvent(error=detail)
        self.config = wanted
        return server.SessionUpdated(session=SessionObject(id="s", **dict(wanted)))


def run(
    steps: list[ServerVad | SemanticVad | str], *, push_to_talk: bool, refuses: float | None = None
) -> tuple[Dialogue, LateServer]:
    dialogue, late = Dialogue(ServerVad(), RATE, push_to_talk=push_to_talk), LateServer(refuses)
    late.hear(dialogue.begin())

    def answer() -> bool:
        event = late.answer()
        if event is not None:
            late.hear(dialogue.take(event, 0))
        return event is not None

    for number, step in enumerate([*steps, "release"]):
        match step:
            case "mode":
                late.hear(dialogue.toggle_mode())
            case "press":
                late.hear(dialogue.press(number * 1000))
            case "release":
                late.hear(dialogue.release(number * 1000, spoke=True))
                late.hear(dialogue.floor_released())
            case "answer":
                answer()
            case _:
                late.hear(dialogue.retune(step))
    for _ in range(100):
        if not answer():
            return dialogue, late
    raise AssertionError("the two never come to rest")


@settings(deadline=None)
@given(STEPS, st.booleans())
def test_what_was_wanted_last_is_in_force(steps: list[ServerVad | SemanticVad | str], push_to_talk: bool) -> None:
    dialogue, late = run(steps, push_to_talk=push_to_talk)
    wanted = [step for step in steps if not isinstance(step, str)]
    assert dialogue.rules == (wanted[-1] if wanted else ServerVad())
    in_force = late.config.audio.input.turn_detection
    assert dialogue.turn_detection == in_force
    assert in_force == (None if dialogue.push_to_talk else dialogue.rules)


@settings(deadline=None)
@given(STEPS, st.booleans())
def test_a_server_that_refuses_leaves_hands_free_with_rules(
    steps: list[ServerVad | SemanticVad | str], push_to_talk: bool
) -> None:
    dialogue, late = run(steps, push_to_talk=push_to_talk, refuses=0.3)
    in_force = late.config.audio.input.turn_detection
    assert dialogue.turn_detection == in_force
    assert (in_force is None) == dialogue.push_to_talk
    assert in_force in (None, dialogue.rules)
