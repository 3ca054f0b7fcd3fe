"""The server, with the openai-agents package as its client: it validates every event itself, and interrupts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner, RealtimeSession
from recording import sentence

PATIENCE_S = 20
LONG = "This answer is long enough to be interrupted while it plays. " * 60  # 73 s of the scripted voice
SERVER_VAD = {"type": "server_vad", "silence_duration_ms": 400}
asked: list[str] = []


@function_tool
def weather(city: str) -> str:
    """The weather of a city."""
    asked.append(city)
    return f"rain in {city}"


class Talk:
    """A session of the package, with all that it has reported."""

    def __init__(self, session: RealtimeSession) -> None:
        self.session = session
        self.seen: list[Any] = []
        self.wire: list[dict[str, Any]] = []

    async def until(self, kind: str) -> Any:
        """The next report of this type, or the next server event of it."""
        async with asyncio.timeout(PATIENCE_S):
            async for event in self.session:
                self.seen.append(event)
                data = getattr(getattr(event, "data", None), "data", None)
                if event.type == "raw_model_event" and isinstance(data, dict):
                    self.wire.append(data)
                    if data["type"] == kind:
                        return data
                if event.type == kind:
                    return event
        raise AssertionError(f"the session ended without {kind}")

    def faults(self) -> list[Any]:
        """What the package took for wrong: error events of the server, and events that it could not validate."""
        return [event for event in self.seen if event.type == "error"] + [e for e in self.wire if e["type"] == "error"]

    def names(self) -> list[str]:
        return [event["type"] for event in self.wire]


@asynccontextmanager
async def talk(url: str, **settings: Any) -> AsyncIterator[Talk]:
    agent = RealtimeAgent(name="assistant", instructions="Be short.", tools=[weather])
    config: Any = {"url": url + "?model=local", "api_key": "none", "initial_model_settings": settings}
    async with await RealtimeRunner(agent).run(model_config=config) as session:
        talk = Talk(session)
        while talk.names().count("session.updated") < 2:  # it sends one with the agent, one with its tracing
            await talk.until("session.updated")
        yield talk
        assert talk.faults() == []


@pytest.mark.realtime(answers=["It is noon."])
async def test_a_typed_question(realtime_server_url: str) -> None:
    async with talk(realtime_server_url) as client:
        await client.session.send_message("what time is it")
        done = await client.until("response.done")
    assert done["response"]["status"] == "completed"
    assert done["response"]["output"][0]["content"][0]["transcript"].strip() == "It is noon."
    sound = b"".join(event.audio.data for event in client.seen if event.type == "audio")
    assert len(sound) == 2 * 24_000 * 20 * len("It is noon.") // 1000


@pytest.mark.realtime(heard=["what time is it"], answers=["It is noon."])
@pytest.mark.parametrize("detection", [SERVER_VAD, {"type": "semantic_vad", "eagerness": "high"}, None])
async def test_a_spoken_question(realtime_server_url: str, detection: dict[str, Any] | None) -> None:
    """None: the package's own default, which is semantic_vad."""
    settings = {} if detection is None else {"turn_detection": detection}
    silence_s = 6 if detection is None else 1.5  # without a judge semantic_vad waits longer
    async with talk(realtime_server_url, input_audio_transcription={"model": "local"}, **settings) as client:
        await client.session.send_audio(sentence(silence_s=silence_s))
        done = await client.until("response.done")
        while client.session._history == [] or "transcript" not in str(client.session._history[-1]):
            await client.until("history_updated")
    names = [name for name in client.names() if name.startswith("input_audio_buffer")]
    assert names == [f"input_audio_buffer.{name}" for name in ("speech_started", "speech_stopped", "committed")]
    assert done["response"]["output"][0]["content"][0]["transcript"].strip() == "It is noon."
    heard = [event["transcript"] for event in client.wire if event["type"].endswith("transcription.completed")]
    assert heard == ["what time is it"]


@pytest.mark.realtime(
    heard=["what is the weather in york"],
    answers=[{"call": "weather", "arguments": {"city": "York"}}, "It rains in York."],
)
async def test_a_function_is_called_and_its_output_answered(realtime_server_url: str) -> None:
    asked.clear()
    async with talk(realtime_server_url, turn_detection=SERVER_VAD) as client:
        await client.session.send_audio(sentence())
        called = (await client.until("response.done"))["response"]["output"]
        assert [(item["type"], item["name"], item["arguments"]) for item in called] == [
            ("function_call", "weather", '{"city": "York"}')
        ]
        answer = (await client.until("response.done"))["response"]["output"][0]
    assert asked == ["York"]
    assert answer["content"][0]["transcript"].strip() == "It rains in York."
    items = [event["item"] for event in client.wire if event["type"] == "conversation.item.added"]
    assert [item["type"] for item in items] == ["message", "function_call", "function_call_output", "message"]
    assert (items[2]["call_id"], items[2]["output"]) == (called[0]["call_id"], "rain in York")


@pytest.mark.realtime(heard=["tell me all"], answers=[LONG, "Yes?"])
@pytest.mark.parametrize("detection", [SERVER_VAD, {"type": "semantic_vad", "eagerness": "high"}])
async def test_speech_interrupts_an_answer_that_is_being_made(
    realtime_server_url: str, detection: dict[str, Any]
) -> None:
    async with talk(realtime_server_url, turn_detection=detection) as client:
        await client.session.send_message("tell me all")
        first = (await client.until("response.created"))["response"]["id"]
        playing = (await client.until("audio")).item_id
        await client.session.send_audio(sentence())
        interrupted = await client.until("audio_interrupted")
        assert interrupted.item_id == playing
        # From here on several things run at once: the old answer is cut off, the new one made.
        while not {"conversation.item.truncated", "conversation.item.retrieved"} <= set(client.names()):
            await client.until("raw_model_event")
        while client.names().count("response.done") < 2:
            await client.until("response.done")
    cancelled, completed = (event["response"] for event in client.wire if event["type"] == "response.done")
    assert (cancelled["id"], cancelled["status"]) == (first, "cancelled")
    assert cancelled["status_details"]["reason"] == "turn_detected"
    assert (completed["status"], len(completed["output"])) == ("completed", 1)
    (truncated,) = [event for event in client.wire if event["type"] == "conversation.item.truncated"]
    assert truncated["item_id"] == playing
    (retrieved, *_) = [event for event in client.wire if event["type"] == "conversation.item.retrieved"]
    assert retrieved["item"]["id"] in (playing, completed["output"][0]["id"])  # it asks for its latest


@pytest.mark.realtime(heard=["tell me more"], answers=["A few words, which play for some seconds. " * 4, "Yes?"])
async def test_speech_interrupts_an_answer_that_only_plays_any_more(realtime_server_url: str) -> None:
    """The response is done, the client still plays it: nothing to cancel, only to cut off."""
    async with talk(realtime_server_url, turn_detection=SERVER_VAD) as client:
        await client.session.send_message("tell me something")
        answer = (await client.until("response.done"))["response"]["output"][0]["id"]
        await client.session.send_audio(sentence())
        assert (await client.until("audio_interrupted")).item_id == answer
        truncated = await client.until("conversation.item.truncated")
        assert (truncated["item_id"], truncated["audio_end_ms"] < 3_000) == (answer, True)
        await client.until("response.done")


@pytest.mark.realtime(answers=[LONG])
async def test_the_client_interrupts_by_itself(realtime_server_url: str) -> None:
    """session.interrupt(), which a key of a program would call: it has to cancel, too, where nobody else does."""
    async with talk(realtime_server_url, turn_detection={**SERVER_VAD, "interrupt_response": False}) as client:
        await client.session.send_message("tell me all")
        await client.until("audio")
        await client.session.interrupt()
        assert (await client.until("response.done"))["response"]["status"] == "cancelled"
        await client.until("conversation.item.retrieved")
