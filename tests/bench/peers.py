"""What others use to find turns, each driven the way its own project drives it, behind one small interface.

Nothing here is needed to install or test the project: a peer that is not installed is named with the line that
installs it. Pipecat and LiveKit carry Silero's weights in their packages; RealtimeSTT takes them from silero-vad.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_assistant import ServerVad, TurnDetector, __version__
from tui_assistant.engine.ports import FRAME_MS, FRAME_RATE, FRAME_SAMPLES
from tui_assistant.lab.evaluation import Found
from tui_assistant.lab.labels import Segment
from tui_assistant.models.registry import Port, create

Samples = NDArray[np.int16]
Predict = Callable[[Samples], float]
Find = Callable[[Samples, int | None], list[Found]]

CHUNK = FRAME_RATE // 50  # 20 ms: what a microphone or a wire brings at a time
WEBRTC_MS = 30  # the longest frame that it takes
OURS_MS = 500  # silence_duration_ms unless it is set
PIPECAT, LIVEKIT, REALTIMESTT = "pipecat-ai", "livekit-plugins-silero", "realtimestt"
INSTALL = {
    PIPECAT: "pip install 'pipecat-ai[silero]'",
    LIVEKIT: "pip install livekit-agents livekit-plugins-silero",
    "livekit-agents": "pip install livekit-agents livekit-plugins-silero",
    # its own dependencies want PortAudio's headers and a whisper; for its voice detection this is enough
    REALTIMESTT: "pip install --no-deps realtimestt silero-vad && pip install torch scipy onnxruntime webrtcvad-wheels",
}


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to find turns. `find` takes 16 kHz and the silence that ends a turn, None: as it is shipped.

    `predict`: its network or mixture alone, on 512 samples (webrtcvad: 480).
    """

    name: str
    package: str | None  # None: comes with the project
    shipped_ms: int | None  # the silence that ends a turn as it is shipped; None: it has no turns of its own
    find: Callable[[], Find] | None  # these two import and load what they need
    predict: Callable[[], Predict] | None

    @property
    def installed(self) -> str | None:
        """The package's version; None: it is not installed."""
        if self.package is None:
            return __version__
        try:
            return metadata.version(self.package)
        except metadata.PackageNotFoundError:
            return None

    @property
    def title(self) -> str:
        return self.name if self.package is None else f"{self.name} {self.installed or ''}".strip()


def chunks(samples: Samples, size: int = CHUNK) -> Iterator[bytes]:
    pcm = samples.astype("<i2").tobytes()
    return (pcm[begin : begin + 2 * size] for begin in range(0, len(pcm) - 2 * size + 1, 2 * size))


# ------------------------------------------------------------------------------------------------------ ours


def _ours(vad: str) -> Find:
    def find(samples: Samples, silence_ms: int | None) -> list[Found]:
        detector = TurnDetector(ServerVad(silence_duration_ms=silence_ms or OURS_MS), vad=vad)
        events = [event for chunk in chunks(samples) for event in detector.feed(chunk)]
        return _from_events([*events, *detector.flush()])

    return find


def _from_events(events: Sequence[Any]) -> list[Found]:
    found = []
    for started, stopped in zip(events[::2], events[1::2], strict=True):
        ended = stopped.reason["rule"] == "silence"
        last = stopped.at_ms - stopped.reason["silence_ms"] if ended else stopped.at_ms
        onset = started.at_ms - started.reason["held_ms"]
        found.append(_found(onset, last, started.at_ms, stopped.at_ms if ended else None))
    return found


def _found(onset: float, last: float, started: float, stopped: float | None) -> Found:
    """From milliseconds."""
    return Found(Segment(onset / 1000, last / 1000), started / 1000, None if stopped is None else stopped / 1000)


def _our_detector(vad: str) -> Predict:
    return create(Port.DETECTOR, vad).probability


# ---------------------------------------------------------------------------------------------------- theirs


def _pipecat_analyzer(silence_ms: int | None) -> Any:
    from loguru import logger
    from pipecat.audio.vad.silero import SileroVADAnalyzer
    from pipecat.audio.vad.vad_analyzer import VADParams

    logger.disable("pipecat")
    params = VADParams() if silence_ms is None else VADParams(stop_secs=silence_ms / 1000)
    analyzer = SileroVADAnalyzer(sample_rate=FRAME_RATE, params=params)
    analyzer.set_sample_rate(FRAME_RATE)
    return analyzer


def _pipecat() -> Find:
    from pipecat.audio.vad.vad_analyzer import VADState

    async def listen(samples: Samples, silence_ms: int | None) -> list[Found]:
        analyzer = _pipecat_analyzer(silence_ms)
        found: list[Found] = []
        state, now, onset, last, started = VADState.QUIET, 0.0, 0.0, 0.0, None
        for chunk in chunks(samples):
            now += len(chunk) * 500 / FRAME_RATE
            before, state = state, await analyzer.analyze_audio(chunk)
            if before is VADState.QUIET and state is not VADState.QUIET:
                onset = now - FRAME_MS
            if started is None and state is VADState.SPEAKING:
                started = now
            if state is VADState.SPEAKING:
                last = now
            if started is not None and state is VADState.QUIET:
                found.append(_found(onset, last, started, now))
                started = None
        await analyzer.cleanup()
        return found if started is None else [*found, _found(onset, now, started, None)]

    return lambda samples, silence_ms: asyncio.run(listen(samples, silence_ms))


def _pipecat_network() -> Predict:
    analyzer = _pipecat_analyzer(None)
    return lambda frame: float(analyzer.voice_confidence(frame.tobytes())[0])


def _livekit_plugin(silence_ms: int | None) -> Any:
    from livekit.plugins import silero

    return silero.VAD.load() if silence_ms is None else silero.VAD.load(min_silence_duration=silence_ms / 1000)


def _livekit_native(silence_ms: int | None) -> Any:
    from livekit.agents.inference.vad import VAD

    return VAD() if silence_ms is None else VAD(min_silence_duration=silence_ms / 1000)


def _livekit(load: Callable[[int | None], Any]) -> Find:
    from livekit import rtc
    from livekit.agents.vad import VADEventType

    async def push(stream: Any, samples: Samples) -> None:
        for chunk in chunks(samples):
            stream.push_frame(rtc.AudioFrame(chunk, FRAME_RATE, 1, CHUNK))
            await asyncio.sleep(0)
        stream.end_input()

    async def listen(samples: Samples, silence_ms: int | None) -> list[Found]:
        stream = load(silence_ms).stream()
        pushing = asyncio.create_task(push(stream, samples))
        found: list[Found] = []
        onset, started, now = 0.0, None, 0.0
        async for event in stream:
            now = event.samples_index * 1000 / FRAME_RATE
            if event.type is VADEventType.START_OF_SPEECH:
                onset, started = now - event.speech_duration * 1000, now
            elif event.type is VADEventType.END_OF_SPEECH and started is not None:
                found.append(_found(onset, now - event.silence_duration * 1000, started, now))
                started = None
        await pushing
        await stream.aclose()
        return found if started is None else [*found, _found(onset, now, started, None)]

    return lambda samples, silence_ms: asyncio.run(listen(samples, silence_ms))


def _livekit_plugin_network() -> Predict:
    from livekit.plugins.silero import onnx_model

    session = onnx_model.new_inference_session(True)
    model = onnx_model.OnnxModel(onnx_session=session, sample_rate=FRAME_RATE)
    return lambda frame: float(model(frame.astype(np.float32) / np.float32(32767)))


def _livekit_native_network() -> Predict:
    from livekit.local_inference import VAD

    return VAD().predict  # type: ignore[no-any-return]  # the library says nothing of what it returns


def _realtimestt() -> Find:
    """WebRTC's mode 3 wakes Silero in a thread of its own; both are asked as its recorder does while nobody speaks."""
    import webrtcvad
    from RealtimeSTT.core.voice_activity import check_voice_activity, is_voice_active

    model = _realtimestt_model()

    def find(samples: Samples, silence_ms: int | None) -> list[Found]:
        recorder = SimpleNamespace(
            sample_rate=FRAME_RATE, webrtc_vad_model=webrtcvad.Vad(3), silero_vad_model=model, silero_sensitivity=0.4,
            is_webrtc_speech_active=False, is_silero_speech_active=False, silero_working=False, debug_mode=False,
            use_extended_logging=False, last_webrtc_speech_time=0.0,
        )  # fmt: skip
        active = 0
        for chunk in chunks(samples, FRAME_SAMPLES):
            threads: list[threading.Thread] = []

            def thread(threads: list[threading.Thread] = threads, **arguments: Any) -> threading.Thread:
                threads.append(threading.Thread(**arguments))
                return threads[-1]

            check_voice_activity(recorder, chunk, thread_factory=thread)
            for each in threads:  # at the pace of time it would be done before the next chunk comes
                each.join()
            active += is_voice_active(recorder)
        return [_found(0, active * FRAME_MS, 0, None)] if active else []  # its turns go by the clock on the wall

    return find


def _realtimestt_model() -> Any:
    from RealtimeSTT.core.silero_vad import create_silero_vad_model

    return create_silero_vad_model()


def _realtimestt_network() -> Predict:
    model = _realtimestt_model()
    return lambda frame: float(model(frame.astype(np.float32) / np.float32(32768), FRAME_RATE))


def _webrtcvad() -> Predict:
    import webrtcvad

    vad = webrtcvad.Vad(2)
    return lambda frame: float(vad.is_speech(frame.tobytes(), FRAME_RATE))


def _webrtcvad_rule() -> Find:
    from bench_turns import library

    return lambda samples, silence_ms: library(samples, silence_ms or OURS_MS)


OURS = Contender("ours, Silero", None, OURS_MS, lambda: _ours("silero"), lambda: _our_detector("silero"))
CONTENDERS = (
    OURS,
    Contender("ours, `--vad webrtc`", None, OURS_MS, lambda: _ours("webrtc"), lambda: _our_detector("webrtc")),
    Contender("ours, `--vad energy`", None, OURS_MS, lambda: _ours("energy"), lambda: _our_detector("energy")),
    Contender("pipecat's SileroVADAnalyzer", PIPECAT, 200, _pipecat, _pipecat_network),
    Contender("livekit-plugins-silero", LIVEKIT, 550, lambda: _livekit(_livekit_plugin), _livekit_plugin_network),
    Contender(
        "livekit-agents' own VAD", "livekit-agents", 250, lambda: _livekit(_livekit_native), _livekit_native_network
    ),
    Contender("RealtimeSTT's voice check", REALTIMESTT, None, _realtimestt, _realtimestt_network),
    Contender("webrtcvad, plain rule", "webrtcvad-wheels", OURS_MS, _webrtcvad_rule, _webrtcvad),
)
