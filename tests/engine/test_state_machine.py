"""A session under any order of audio, client events, answers and time, against two naive implementations.

`oracle.turns` says what turns there were, from the whole recording at the end; `Ledger` says of each event whether it
may follow the ones before. An event that is refused changes nothing.
"""

from __future__ import annotations

import sys
from typing import Any

import oracle
import pytest
from fakes import FRAME_BYTES, Models, config, counting, plain, vad_update
from fuzz.digest import digest
from fuzz.watched import Spoken16k, Watched
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from oracle import PER_MS, Change, Rules, Turn

from tui_assistant.engine.ports import (
    Alarm,
    AudioChunk,
    Cancel,
    Failed,
    FunctionCallDelta,
    Partial,
    Respond,
    Responded,
    Speak,
    Spoken,
    TextDelta,
    Transcribe,
    TranscribeEnd,
)
from tui_assistant.protocol import server
from tui_assistant.protocol.client import ClientEvent
from tui_assistant.protocol.codec import encode_audio
from tui_assistant.protocol.session import SemanticVad, ServerVad, Transcription

EAGERNESS = {8_000: "low", 4_000: "medium", 2_000: "high"}
RULES = st.builds(
    Rules,
    threshold=st.sampled_from(["0.5", "0.3", "0.9"]),
    prefix_ms=st.sampled_from([0, 32, 300, 1_000]),
    silence_ms=st.sampled_from([0, 100, 500]),
) | st.sampled_from([Rules(silence_ms=None, longest_ms=longest) for longest in EAGERNESS])
FLAGS = st.fixed_dictionaries({"create_response": st.booleans(), "interrupt_response": st.booleans()})
SPEECH, NOISE, SILENCE = 900, 400, 0  # p(speech) in thousandths
PIECES = [1, 511, 512, 513, 1_600, 5_120, 12_000, 24_000]
TEXT = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
CALL = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "2"}
BAD_UPDATES: list[dict[str, Any]] = [
    {
        "type": "realtime",
        "instructions": "x",
        "audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 2}}},
    },
    {"type": "realtime", "audio": {"input": {"turn_detection": {"type": "x"}}, "output": {"voice": "new"}}},
    {"type": "realtime", "instructions": 1},
    {"type": "transcription", "instructions": "x"},
    {"instructions": "x"},
]


class SessionMachine(RuleBasedStateMachine):
    """One session; rules do what a client, the models and time may do."""

    driver: Watched

    @initialize(rules=st.none() | RULES, words=st.booleans())
    def begin(self, rules: Rules | None, words: bool) -> None:
        self.first_rules = self.rules = rules
        self.timeout_ms: int | None = None
        self.ears = Spoken16k()
        input_fields = {"transcription": Transcription()} if words else {}
        models = Models(voice=lambda text: bytes(4_800))
        self.driver = Watched(self.ears, config(vad(rules), input=input_fields), models)
        self.now_ms = 0
        self.quiet_since: int | None = None
        self.sent = 0

    # ------------------------------------------------------------------------------------------------- the client

    def say(self, event: ClientEvent) -> str | None:
        """Sends an event. Returns the code of the error that refused it, "" where that has none; None if it was taken.

        A refusal is one event, with the client's id, and changes nothing.
        """
        before = digest(self.driver.session)
        outputs = self.driver.event(event)
        events = [output for output in outputs if isinstance(output, server.ServerEventBase)]
        for found in events:
            if isinstance(found, server.ErrorEvent):
                assert len(outputs) == 1, "a refusal is one event"
                assert found.error.event_id == event.event_id
                assert digest(self.driver.session) == before, "a refused event has changed something"
                return found.error.code or ""
        return None

    def send(self, kind: str, **fields: Any) -> str | None:
        self.sent += 1
        return self.say(plain(kind, event_id=f"mine {self.sent}", **fields))

    @rule(
        level=st.sampled_from([SPEECH, SPEECH, NOISE, SILENCE, SILENCE]),
        pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=3),
        wire=st.booleans(),
    )
    def speak(self, level: int, pieces: list[int], wire: bool) -> None:
        self.ears.level = level
        for size in pieces:
            start, self.driver.position = self.driver.position, self.driver.position + size
            data = counting(size, start)
            if wire:
                assert self.send("input_audio_buffer.append", audio=encode_audio(data)) is None
            else:
                self.driver.feed(data)
        self.quiet_since = None

    @rule()
    def commit(self) -> None:
        self.driver.changes.append(Change(self.driver.position, "commit"))
        assert self.send("input_audio_buffer.commit") in (None, "input_audio_buffer_commit_empty")

    @rule()
    def clear(self) -> None:
        self.driver.changes.append(Change(self.driver.position, "clear"))
        assert self.send("input_audio_buffer.clear") is None

    @rule(rules=st.none() | RULES, flags=FLAGS, timeout_ms=st.sampled_from([None, None, 5_000]))
    def set_rules(self, rules: Rules | None, flags: dict[str, bool], timeout_ms: int | None) -> None:
        new = vad(rules)
        wanted = None if new is None else {**new.model_dump(), **flags}
        if isinstance(new, ServerVad):
            wanted["idle_timeout_ms"] = timeout_ms  # type: ignore[index]
        self.driver.changes.append(Change(self.driver.position, "update", rules))
        assert self.say(vad_update(wanted, event_id="rules")) is None
        self.rules = rules
        self.timeout_ms = timeout_ms if isinstance(new, ServerVad) else None

    @rule(
        fields=st.sampled_from(
            [{"instructions": "Be brief."}, {"output_modalities": ["text"]}, {"max_output_tokens": 3}]
        )
    )
    def set_fields(self, fields: dict[str, Any]) -> None:
        assert self.send("session.update", session={"type": "realtime", **fields}) is None
        assert self.driver.of(server.SessionUpdated)[-1].session.instructions == self.driver.session.config.instructions

    @rule(session=st.sampled_from(BAD_UPDATES))
    def set_wrong_fields(self, session: dict[str, Any]) -> None:
        assert self.send("session.update", session=session) is not None

    @precondition(lambda self: self.driver.position)
    @rule(format_type=st.sampled_from(["audio/pcmu", "audio/pcma"]))
    def change_format_too_late(self, format_type: str) -> None:
        session = {"type": "realtime", "audio": {"input": {"format": {"type": format_type}}}}
        assert self.send("session.update", session=session) == "invalid_value"

    def item_id(self, data: st.DataObject) -> str:
        """One of the conversation, the one being spoken, or none."""
        known = [*self.driver.ledger.order, *filter(None, [self.driver.ledger.open_turn]), "unknown"]
        return data.draw(st.sampled_from(known))

    @rule(
        data=st.data(),
        item=st.sampled_from([TEXT, CALL, OUTPUT]),
        named=st.booleans(),
        where=st.sampled_from(["end", "root", "behind"]),
    )
    def create_item(self, data: st.DataObject, item: dict[str, Any], named: bool, where: str) -> None:
        order = list(self.driver.ledger.order)
        fields: dict[str, Any] = {"item": dict(item)}
        if named:
            fields["item"]["id"] = data.draw(st.sampled_from([f"own {self.sent}", self.item_id(data), "item_9"]))
        if where != "end":
            fields["previous_item_id"] = "root" if where == "root" else self.item_id(data)
        refused = self.send("conversation.item.create", **fields)
        if fields["item"].get("id") in order:
            assert refused is not None
        if refused is None:
            place = 0 if where == "root" else len(order)
            if where == "behind":
                place = order.index(fields["previous_item_id"]) + 1
            new = self.driver.of(server.ItemAdded)[-1].item.id
            assert self.driver.ledger.order == [*order[:place], new, *order[place:]]

    @rule(
        data=st.data(),
        deed=st.sampled_from(["delete", "retrieve", "truncate"]),
        end_ms=st.sampled_from([0, 30, 90_000]),
    )
    def touch_item(self, data: st.DataObject, deed: str, end_ms: int) -> None:
        item_id = self.item_id(data)
        known = item_id in self.driver.ledger.order
        more = {"audio_end_ms": end_ms} if deed == "truncate" else {}
        refused = self.send(f"conversation.item.{deed}", item_id=item_id, **more)
        assert (refused == "item_not_found") == (not known)
        assert refused in (None, "item_not_found") or deed == "truncate"
        assert (item_id in self.driver.ledger.order) == (known and (deed != "delete"))

    @rule(
        data=st.data(),
        beside=st.booleans(),
        options=st.sampled_from(
            [{}, {"output_modalities": ["text"]}, {"max_output_tokens": 2}, {"metadata": {"a": "b"}}]
        ),
        refer=st.sampled_from(["no", "no", "nothing", "item"]),
    )
    def create_response(self, data: st.DataObject, beside: bool, options: dict[str, Any], refer: str) -> None:
        ledger = self.driver.ledger
        response = {**options, "conversation": "none" if beside else "auto"}
        if refer != "no":
            response["input"] = [] if refer == "nothing" else [{"type": "item_reference", "id": self.item_id(data)}]
        unknown = [item["id"] for item in response.get("input", ()) if item["id"] not in ledger.order]
        full = ledger.inside if not beside else len(ledger.beside) >= 8
        created = len(self.driver.of(server.ResponseCreated))
        refused = self.send("response.create", response=response)
        if full:
            assert refused == ("rate_limit_exceeded" if beside else "conversation_already_has_active_response")
        else:
            assert refused == ("item_not_found" if unknown else None)
            assert len(self.driver.of(server.ResponseCreated)) >= created + (not unknown)

    @rule(data=st.data(), named=st.booleans())
    def cancel_response(self, data: st.DataObject, named: bool) -> None:
        ledger = self.driver.ledger
        if not named:
            running = bool(ledger.inside)
            assert self.send("response.cancel") == (None if running else "response_cancel_not_active")
            return
        wanted = data.draw(st.sampled_from([*ledger.running, "resp_1", "unknown"]))
        running = wanted in ledger.running
        assert self.send("response.cancel", response_id=wanted) == (None if running else "response_cancel_not_active")
        assert wanted not in ledger.running

    # ------------------------------------------------------------------------------------------------- the models

    @precondition(lambda self: self.driver.open)
    @rule(data=st.data(), how=st.sampled_from(["whole", "whole", "part", "failed"]))
    def answer(self, data: st.DataObject, how: str) -> None:
        ask = data.draw(st.sampled_from(self.driver.open))
        if how == "whole" or (isinstance(ask, TranscribeEnd) and how != "failed"):
            self.driver.finish(ask)
        elif how == "failed":
            self.driver.open.remove(ask)
            self.driver.answer(ask, Failed("worker", "It died."))
        elif isinstance(ask, Speak):
            self.driver.answer(ask, AudioChunk(bytes(960), 24_000))
        elif isinstance(ask, Respond):
            self.driver.answer(ask, TextDelta("Hello there. And "))

    @precondition(lambda self: any(isinstance(ask, Respond) for ask in self.driver.open))
    @rule(data=st.data(), call_id=st.sampled_from(["c1", "c2", ""]))
    def call_function(self, data: st.DataObject, call_id: str) -> None:
        asks = [ask for ask in self.driver.open if isinstance(ask, Respond)]
        self.driver.answer(data.draw(st.sampled_from(asks)), FunctionCallDelta(call_id, "add", '{"x":'))

    @rule(text=st.sampled_from(["so", "so far"]))
    def hear_words(self, text: str) -> None:
        if streams := self.driver.of(Transcribe):
            self.driver.answer(streams[-1], Partial(text, " good"))

    @rule(data=st.data())
    def answer_too_late(self, data: st.DataObject) -> None:
        """What was cancelled or answered to its end is dropped without a word."""
        cancelled = {each.ask_id for each in self.driver.of(Cancel)}
        ended = {each.ask_id for each in self.driver.of(TranscribeEnd)}
        still = {each.ask_id for each in self.driver.open}
        asks = [*self.driver.of(Respond), *self.driver.of(Speak), *self.driver.of(Transcribe)]
        closed = [
            a
            for a in asks
            if a.ask_id not in still and (not isinstance(a, Transcribe) or a.ask_id in cancelled | ended)
        ]
        if not closed:
            return
        ask = data.draw(st.sampled_from(closed))
        late: list[Any] = {Respond: [TextDelta("x"), Responded()], Speak: [AudioChunk(bytes(4), 8_000), Spoken()]}.get(
            type(ask), [Partial("x"), Failed("c", "m")]
        )
        for each in late:
            assert self.driver.answer(ask, each) == []

    @rule()
    def ring(self) -> None:
        self.driver.answer("ask_1", Alarm("The timer is up.", {"id": "1"}))

    @rule(passed_ms=st.sampled_from([0, 10, 600, 1_100, 6_000]))
    def pass_time(self, passed_ms: int) -> None:
        self.now_ms += passed_ms
        open_turn = self.driver.ledger.open_turn if self.rules is not None else None
        quiet_ms = self.now_ms - (self.now_ms if self.quiet_since is None else self.quiet_since)
        self.quiet_since = self.now_ms - quiet_ms
        outputs = self.driver.tick(self.now_ms)
        stopped = [o.item_id for o in outputs if isinstance(o, server.SpeechStopped)]
        over = self.rules is not None and quiet_ms >= self.rules.needed_ms + 1_000
        assert stopped == ([open_turn] if open_turn is not None and over else [])
        if any(isinstance(o, server.TimeoutTriggered) for o in outputs):
            assert self.timeout_ms is not None

    # ------------------------------------------------------------------------------------------------- at all times

    @invariant()
    def buffer_is_bounded(self) -> None:
        held_ms = len(self.driver.session._intake.buffer) / PER_MS
        if self.rules is None:
            assert held_ms <= 600_000
        elif self.driver.ledger.open_turn is None:
            assert held_ms <= max(1_000, self.rules.prefix_ms) + 600 + 32  # 1000: of rules before, until the next frame
        else:
            assert held_ms <= 120_000 + 1_000

    @invariant()
    def conversation_is_what_was_told(self) -> None:
        assert [item.id for item in self.driver.session._conversation] == self.driver.ledger.order

    def teardown(self) -> None:
        if not hasattr(self, "driver") or sys.exc_info()[0] is not None:
            return  # a rule has failed; what it left behind says nothing
        self.driver.settle()
        assert not self.driver.ledger.running, "every response ends once its asks are answered"
        assert self.driver.turns == in_ms(oracle.turns(self.ears.seen, self.first_rules, self.driver.changes))
        self.driver._take(self.driver.session.end())
        assert not self.driver.open
        assert len(self.ears.seen) == self.driver.position * 2 // FRAME_BYTES


def vad(rules: Rules | None) -> ServerVad | SemanticVad | None:
    if rules is None:
        return None
    if rules.silence_ms is None:
        return SemanticVad(eagerness=EAGERNESS[rules.longest_ms])  # type: ignore[arg-type]
    return ServerVad(
        threshold=float(rules.threshold), prefix_padding_ms=rules.prefix_ms, silence_duration_ms=rules.silence_ms
    )


def in_ms(turns: list[Turn]) -> list[Turn]:
    """audio_start_ms is whole milliseconds: where the audio begins inside one is seen from the item."""
    return [Turn(t.kind, t.item, t.at_ms, t.begin // PER_MS) if t.kind == "started" else t for t in turns]


_HEALTH = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
SHORT = settings(
    max_examples=100, stateful_step_count=40, deadline=None, derandomize=True, suppress_health_check=_HEALTH
)
LONG = settings(
    report_multiple_bugs=False, max_examples=3_000, stateful_step_count=80, deadline=None, suppress_health_check=_HEALTH
)

TestSession = SessionMachine.TestCase
TestSession.settings = SHORT


class _Soak(SessionMachine):
    """The same, for a long time and from other seeds."""


TestSessionForLong = pytest.mark.soak(pytest.mark.timeout(3_600)(_Soak.TestCase))
TestSessionForLong.settings = LONG
