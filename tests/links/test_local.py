"""The local link with scripted models in real worker processes."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from tui_assistant.engine.observation import FrameSeen, Observation
from tui_assistant.errors import ModelError
from tui_assistant.links.base import LinkEvents, LinkStatus
from tui_assistant.links.local import INPUT_RATE, OUTPUT_RATE, LocalLink, WorkerSpec
from tui_assistant.models.registry import Port
from tui_assistant.protocol import client, server
from tui_assistant.sound.resample import resample
from tui_assistant.testing.server import scripted

CLIP = Path(__file__).parents[1] / "data" / "speech" / "lj_0002.wav"


def speech() -> bytes:
    with wave.open(str(CLIP)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return resample(samples, file.getframerate(), INPUT_RATE).tobytes() + bytes(2 * INPUT_RATE)


class Heard:
    """What a link reported."""

    def __init__(self) -> None:
        self.server: list[server.ServerEvent] = []
        self.frames = 0
        self.states: list[LinkStatus] = []
        self._news = asyncio.Event()
        self.events = LinkEvents(self._event, self._observe, self.states.append)

    def _event(self, event: server.ServerEvent) -> None:
        self.server.append(event)
        self._news.set()

    def _observe(self, observation: Observation) -> None:
        self.frames += isinstance(observation, FrameSeen)

    async def until(self, kind: str) -> None:
        async with asyncio.timeout(20):
            while kind not in [event.type for event in self.server]:
                self._news.clear()
                await self._news.wait()


async def test_a_spoken_turn_is_answered() -> None:
    link, heard = LocalLink(scripted(["hello"], ["Hello to you."])), Heard()
    await link.open(heard.events)
    await link.ready()
    pcm = speech()
    for begin in range(0, len(pcm), 640):
        link.feed(pcm[begin : begin + 640])
    await heard.until("response.done")
    await link.close()
    assert heard.frames == len(pcm) // 1024
    done = heard.server[-1]
    assert isinstance(done, server.ResponseDone)
    assert done.response.audio.output.format.model_dump()["rate"] == OUTPUT_RATE
    assert done.response.status == "completed"
    assert heard.states[-1] == LinkStatus(True, "ready")
    assert not any(link.counters.values())


async def test_a_turn_is_not_cut_because_the_program_stood_still() -> None:
    """After a suspend the clock is far ahead of what has been fed: the microphone's ring is read only now."""
    now = [100.0]
    link, heard = LocalLink({}, clock=lambda: now[0]), Heard()
    await link.open(heard.events)
    link.feed(speech()[: 2 * INPUT_RATE])
    await heard.until("input_audio_buffer.speech_started")
    await asyncio.sleep(0.3)  # some ticks
    now[0] += 3_600
    await asyncio.sleep(0.3)
    assert "input_audio_buffer.speech_stopped" not in [event.type for event in heard.server]
    while "input_audio_buffer.speech_stopped" not in [event.type for event in heard.server]:
        now[0] += 0.1  # nobody speaks any more, while the program runs
        await asyncio.sleep(0.05)
    stopped = next(event for event in heard.server if isinstance(event, server.SpeechStopped))
    assert stopped.reason is not None
    assert stopped.reason["rule"] == "no_audio"
    await link.close()


async def test_a_model_that_cannot_be_loaded_is_told_and_the_rest_works() -> None:
    specs = {**scripted(["hello"], ["Hello."]), Port.SYNTHESISER: WorkerSpec(Port.SYNTHESISER, "nobody")}
    link, heard = LocalLink(specs), Heard()
    await link.open(heard.events)
    await link.ready()
    pcm = speech()
    link.feed(pcm)
    await heard.until("response.done")
    await link.close()
    (told,) = [status for status in heard.states if status.told]
    assert (told.severity, "nobody" in told.told) == ("error", True)
    texts = [event.delta for event in heard.server if isinstance(event, server.OutputAudioTranscriptDelta)]
    assert "".join(texts).strip() == "Hello."
    assert [event for event in heard.server if isinstance(event, server.ErrorEvent)]


async def test_the_speed_of_the_voice_is_the_sessions() -> None:
    link, heard = LocalLink(scripted([""], [""]), speed=1.25), Heard()
    await link.open(heard.events)
    await link.close()
    created = heard.server[0]
    assert isinstance(created, server.SessionCreated)
    assert created.session.audio.output.speed == 1.25


async def test_the_judge_is_there_when_one_switches_to_semantic_vad() -> None:
    """It sleeps until then; that it is loaded is told once, and which one judges."""
    specs = {**scripted(["hello"], ["Hello."]), Port.JUDGE: WorkerSpec(Port.JUDGE, "words", lazy=True)}
    link, heard = LocalLink(specs), Heard()
    await link.open(heard.events)
    await asyncio.wait_for(link.ready(), 20)
    assert not [status.told for status in heard.states if status.told]
    for eagerness in ("low", "high"):
        detection = {"type": "semantic_vad", "eagerness": eagerness}
        session = {"type": "realtime", "audio": {"input": {"turn_detection": detection}}}
        link.send(client.SessionUpdate(session=session))
    await asyncio.wait_for(link.ready(), 20)
    pcm = speech() + bytes(2 * INPUT_RATE * 2)
    for begin in range(0, len(pcm), 6_400):
        link.feed(pcm[begin : begin + 6_400])
        await asyncio.sleep(0.01)
    await heard.until("input_audio_buffer.speech_stopped")
    await link.close()
    (stopped,) = [event for event in heard.server if isinstance(event, server.SpeechStopped)]
    assert stopped.reason is not None
    assert stopped.reason["judge"] == "words"
    told = [status for status in heard.states if status.told]
    assert [status.told for status in told] == [
        "the judge of semantic_vad is being loaded; until then it counts as undecided",
        "the judge words is ready",
    ]
    assert told[0].text == "loading the judge"
    assert heard.states[-1].text == "ready"


async def test_another_model_is_used_from_now_on_and_one_that_does_not_load_is_not() -> None:
    link, heard = LocalLink(scripted(["hello"], ["Hello from the old one."])), Heard()
    await link.open(heard.events)
    await link.ready()
    await asyncio.to_thread(link.use, scripted([], ["Hello from the new one."])[Port.RESPONDER], 60)
    with pytest.raises(ModelError, match="nobody"):
        await asyncio.to_thread(link.use, WorkerSpec(Port.RESPONDER, "nobody"), 60)
    link.feed(speech())
    await heard.until("response.done")
    await link.close()
    texts = [event.delta for event in heard.server if isinstance(event, server.OutputAudioTranscriptDelta)]
    assert "".join(texts).strip() == "Hello from the new one."
    assert not [status.told for status in heard.states if status.told]  # who has asked for it says so


async def test_one_that_sleeps_is_left_asleep() -> None:
    link, heard = LocalLink({Port.JUDGE: WorkerSpec(Port.JUDGE, "nobody", lazy=True)}), Heard()
    link.use(WorkerSpec(Port.JUDGE, "words"), 60)  # before there is anything
    await link.open(heard.events)
    await asyncio.to_thread(link.use, WorkerSpec(Port.JUDGE, "words"), 60)
    await link.close()
    assert not [status.told for status in heard.states if status.told]
