"""One vocabulary for the checks, said and read in three dialects."""

from __future__ import annotations

from typing import Any

import pytest

from tui_assistant.conformance.wire import BETA, GA, QWEN, Wire, recognised, wire_for

QWEN_URL = "wss://dashscope.aliyuncs.com/api-ws/v1/realtime?model=qwen3.5-omni-flash-realtime"


@pytest.mark.parametrize(
    ("url", "dialect", "wire"),
    [
        ("ws://127.0.0.1:8771/v1/realtime", "auto", GA),
        ("ws://127.0.0.1:8771/api-ws/v1/realtime/", "auto", QWEN),
        (QWEN_URL, "auto", QWEN),
        (QWEN_URL, "ga", GA),
        ("ws://127.0.0.1:8771/v1/realtime", "beta", BETA),
        ("ws://127.0.0.1:8771/v1/realtime", "qwen", QWEN),
    ],
)
def test_the_path_says_the_dialect_unless_it_is_given(url: str, dialect: str, wire: Wire) -> None:
    assert wire_for(url, dialect) is wire


@pytest.mark.parametrize(
    ("session", "wire"),
    [
        ({"type": "realtime", "audio": {"input": {}}}, GA),
        ({"turn_detection": None, "audio": {}}, GA),  # xAI's is mixed
        ({"modalities": ["text"]}, BETA),
        ({"turn_detection": {"type": "server_vad"}}, BETA),
        ({}, GA),
    ],
)
def test_a_flat_session_is_recognised(session: dict[str, Any], wire: Wire) -> None:
    assert recognised(GA, session) is wire
    assert recognised(QWEN, session) is QWEN


def test_turn_detection_is_said_where_the_dialect_has_it() -> None:
    rules = {"type": "server_vad"}
    flat = {"turn_detection": rules}
    assert BETA.update(rules) == QWEN.update(rules) == flat
    assert QWEN.update(None) == {"turn_detection": None}
    ga = GA.update(rules)
    assert ga["audio"]["input"] == {"format": {"type": "audio/pcm", "rate": 24_000}, "turn_detection": rules}
    assert GA.rules(ga) == QWEN.rules(flat) == rules
    assert GA.rules({}) == QWEN.rules({"turn_detection": None}) == {}


def test_flat_events_are_read_in_the_words_of_ga() -> None:
    event = {"type": "conversation.item.created", "item": {"id": "item_1"}}
    assert QWEN.read(event) == {**event, "type": "conversation.item.added"}
    assert GA.read(event) is event
    assert (QWEN.said("conversation.item.added"), QWEN.said("response.done")) == (event["type"], "response.done")
    assert GA.said("conversation.item.added") == "conversation.item.added"
    assert BETA.read({"type": "response.audio.delta"})["type"] == "response.output_audio.delta"
    assert BETA.item_events == QWEN.item_events == ["conversation.item.added"]
    assert GA.item_events == ["conversation.item.added", "conversation.item.done"]


def test_an_error_of_qwen_is_known_by_its_words() -> None:
    silent = {"type": "error", "error": {"code": "", "message": "Conversation has none active response."}}
    assert QWEN.read(silent)["error"]["code"] == "response_cancel_not_active"
    assert QWEN.read({"type": "error", "error": {"code": "x", "message": ""}})["error"]["code"] == "x"
    assert QWEN.read({"type": "error", "error": None})["error"] == {"code": None}
