"""Valid client events of both dialects, and what can be done to them: seeded, so that a finding can be had again."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

Json = dict[str, Any]

LOUD = base64.b64encode(b"\x00\x20\x00\xe0" * 1_200).decode()  # 100 ms at 24 kHz
QUIET = base64.b64encode(bytes(2 * 14_400)).decode()  # 600 ms
TOOL = {"type": "function", "name": "add", "description": "Adds.", "parameters": {"type": "object", "properties": {}}}


def _message(role: str, kind: str, **more: Any) -> Json:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": "hello"}], **more}


def _session(**fields: Any) -> Json:
    return {"type": "session.update", "session": {"type": "realtime", **fields}}


def _vad(value: Any) -> Json:
    return _session(audio={"input": {"turn_detection": value}})


_SHARED: list[Json] = [
    {"type": "input_audio_buffer.append", "audio": LOUD},
    {"type": "input_audio_buffer.append", "audio": QUIET},
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.clear", "event_id": "mine"},
    {"type": "conversation.item.retrieve", "item_id": "item_1"},
    {"type": "conversation.item.delete", "item_id": "item_2"},
    {"type": "conversation.item.truncate", "item_id": "item_3", "content_index": 0, "audio_end_ms": 20},
    {"type": "conversation.item.create", "item": {"type": "function_call_output", "call_id": "call_1", "output": "2"}},
    {
        "type": "conversation.item.create",
        "item": {"type": "function_call", "call_id": "call_1", "name": "add", "arguments": "{}"},
    },
    {"type": "response.create"},
    {"type": "response.create", "response": {"conversation": "none", "input": [], "instructions": "Be brief."}},
    {"type": "response.cancel"},
    {"type": "response.cancel", "response_id": "resp_1"},
]
GA: list[Json] = [
    *_SHARED,
    _vad(None),
    _vad({"type": "server_vad", "threshold": 0.6, "prefix_padding_ms": 100, "silence_duration_ms": 200}),
    _vad({"type": "semantic_vad", "eagerness": "high"}),
    _vad({"idle_timeout_ms": 5_000, "create_response": False, "interrupt_response": False}),
    _session(instructions="Be brief.", output_modalities=["text"], max_output_tokens=20, truncation="auto"),
    _session(tools=[TOOL], tool_choice={"type": "function", "name": "add"}, parallel_tool_calls=False),
    _session(audio={"input": {"transcription": {"language": "en"}, "noise_reduction": {"type": "near_field"}}}),
    _session(audio={"output": {"voice": "other", "speed": 1.25, "format": {"type": "audio/pcmu"}}}),
    _session(prompt={"id": "p"}, reasoning={"effort": "low"}, tracing={"workflow_name": "w"}, include=["x"]),
    {"type": "session.update", "session": {"type": "transcription", "audio": {"input": {"turn_detection": None}}}},
    {"type": "conversation.item.create", "item": _message("user", "input_text"), "previous_item_id": "root"},
    {"type": "conversation.item.create", "item": _message("system", "input_text", id="mine", status="completed")},
    {"type": "conversation.item.create", "item": _message("assistant", "output_text"), "previous_item_id": "mine"},
    {
        "type": "conversation.item.create",
        "item": {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": LOUD[:64]}]},
    },
    {
        "type": "response.create",
        "response": {
            "tools": [TOOL],
            "tool_choice": "required",
            "metadata": {"a": "b"},
            "input": [{"type": "item_reference", "id": "item_1"}, _message("user", "input_text")],
            "audio": {"output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "default"}},
            "max_output_tokens": "inf",
        },
    },
]
FLAT: list[Json] = [
    *_SHARED,
    _session(turn_detection=None),
    _session(turn_detection={"type": "server_vad", "threshold": -0.2, "silence_duration_ms": 800}),
    _session(turn_detection={"type": "semantic_vad", "eagerness": "low", "threshold": 0.1}),
    _session(turn_detection="server_vad", modalities=["text", "audio"], voice="other"),
    _session(input_audio_format="pcm16", output_audio_format="pcm", sample_rate=16_000, temperature=0.8),
    _session(tools=[{"type": "function", "function": {"name": "add", "parameters": {}}}], tool_choice="auto"),
    _session(input_audio_transcription={"model": "m", "corpus": {"text": "names"}}, max_tokens=9_000, top_p=0.5),
    _session(audio={"input": {"format": {"type": "pcm", "sample_rate": 16_000}}, "output": {"voice": "v"}}),
    {"type": "conversation.item.create", "item": _message("user", "text"), "previous_item_id": None},
    {"type": "conversation.item.create", "item": _message("assistant", "text", id="mine")},
    {"type": "response.create", "response": {"modalities": ["text"], "metadata": {"a": "b"}, "max_tokens": 5}},
    {"type": "session.finish", "event_id": "bye"},
    {"type": "input_image_buffer.append", "image": "AAAA"},
]

_BIG = "@the digits@"  # stands for an integer that json.dumps would not write
_ODD: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**18,
    2**63,
    -(10**30),
    1e308,
    float("nan"),
    float("inf"),
    _BIG,
    "",
    "x",
    "none",
    "auto",
    "inf",
    "item_1",
    "\x00\x1b[31m",
    "\ud800",
    "\U0001f600é" * 40,
    "é",
    "=",
    "AA=",
    "AAA=AAA=",
    "A" * 5_000,
    "server_vad",
    "message",
    "transcription",
    [],
    {},
    [[]],
    {"type": "x"},
    {"type": None},
    {"": ""},
    [None, 1, "x", {}],
]
_KEYS = ["type", "id", "event_id", "item_id", "audio", "session", "response", "item", "role", "content", "x", "é", ""]


def nested(depth: int, *, lists: bool) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if lists else {"a": value}
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of every value inside."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(entries):
        yield value, key
        yield from _places(inner)


def _odd(random: Random, others: list[Json]) -> Any:
    choice = random.random()
    if choice < 0.08:
        return nested(random.choice([2, 30, 190, 250, 400]), lists=random.random() < 0.5)
    if choice < 0.2:
        holder, key = random.choice(list(_places(random.choice(others))))
        return json.loads(json.dumps(holder[key]))
    return copy.deepcopy(random.choice(_ODD))


def _mutate_value(random: Random, event: Json, others: list[Json]) -> None:
    places = list(_places(event))
    if not places:
        return
    holder, key = random.choice(places)
    deed = random.randrange(6)
    if deed <= 1:
        holder[key] = _odd(random, others)
    elif deed == 2:
        del holder[key]
    elif deed == 3 and isinstance(holder, dict):
        holder[random.choice(_KEYS)] = holder.pop(key)
    elif deed == 4 and isinstance(holder, dict):
        holder[random.choice(_KEYS)] = _odd(random, others)
    else:
        holder[key] = [holder[key]] if random.random() < 0.5 else {str(key): holder[key]}


def _mutate_text(random: Random, text: str) -> str:
    place = random.randrange(len(text) + 1)
    match random.randrange(6):
        case 0:
            return text[:place]
        case 1:
            return text[:place] + random.choice('"\\{}[],:0-eNaé\x00\ud800 ') + text[place + 1 :]
        case 2:
            return text + random.choice(["}", "{}", "\n", "x", text])
        case 3:
            return random.choice(["[%s]", "null", "1", '"x"', "[]", "", " ", "%s,", "\ufeff%s"]).replace("%s", text)
        case 4:
            return text.replace('"type"', '"type":"x","type"', 1)
        case _:
            return text.replace("e", "\\u0065", 1).replace("A", "\\ud83d", random.randrange(2))


def mutated(random: Random, events: list[Json], valid: float = 0.25) -> str:
    """One frame; a share of `valid` is left as it is, so that the session gets into all its states."""
    event: Json = json.loads(json.dumps(random.choice(events)))
    if random.random() < 0.5:
        event.setdefault("event_id", f"event of mine {random.randrange(1_000)}")
    if random.random() < valid:
        return json.dumps(event)
    for _ in range(random.choice([1, 1, 2, 3])):
        _mutate_value(random, event, events)
    text = json.dumps(event, ensure_ascii=random.random() < 0.5).replace(f'"{_BIG}"', "9" * random.choice([25, 5_000]))
    return _mutate_text(random, text) if random.random() < 0.3 else text
