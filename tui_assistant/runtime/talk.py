"""One conversation on a thread of its own: microphone, link, speaker and the client core, with one asyncio loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from typing import cast, get_args

from tui_assistant.audio.base import Microphone, OutputDevice
from tui_assistant.audio.echo import HalfDuplexGate
from tui_assistant.client import dialogue as do
from tui_assistant.client.dialogue import Dialogue, Effect
from tui_assistant.client.hold import Edge, KeyEdge
from tui_assistant.client.latency import Waterfall
from tui_assistant.client.transcript import TranscriptLine
from tui_assistant.engine.observation import Dropped, FrameSeen, Observation, TurnState
from tui_assistant.errors import AssistantError
from tui_assistant.links.base import Link, LinkEvents, LinkStatus
from tui_assistant.models import registry
from tui_assistant.models.registry import Port
from tui_assistant.protocol import server
from tui_assistant.protocol.client import ClientEvent
from tui_assistant.runtime import api
from tui_assistant.runtime.alarms import RunningTimer, running_timers
from tui_assistant.runtime.capture import Capture, Floor
from tui_assistant.runtime.equipment import Equipment
from tui_assistant.runtime.options import TalkOptions
from tui_assistant.runtime.player import Player
from tui_assistant.runtime.process import ProcessTuning
from tui_assistant.runtime.scope import Scope
from tui_assistant.runtime.view import View

POLL_S = 0.01  # of the microphone's ring: half a block of the device, so that no frame waits long
READY_S = 20.0  # how long a recording waits for the models: what it says first shall be answered as fast as the rest
SETTLE_S = 1.0  # after the end of the input, on top of the silence that ends a turn
CLOSE_S = 1.5  # for workers and devices to end

_CLIENT_EVENTS = get_args(get_args(ClientEvent)[0])


class Talk:
    """Implements TalkApi."""

    def __init__(self, link: Link, options: TalkOptions, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._link = link
        self._options = options
        self._clock = clock
        self._dialogue = Dialogue(options.rules, link.output_rate, push_to_talk=options.push_to_talk)
        self._scope = Scope()
        self._gate = HalfDuplexGate()
        self._gated = False
        self._muted = False
        self._latency_ms: int | None = None
        self._timers: tuple[RunningTimer, ...] = ()
        self._seen: FrameSeen | None = None  # the newest of the engine's frames
        self._link_state = "starting"
        self._turns = 0
        self._over_since: float | None = None
        self._effects: list[Effect] = []
        self._listener: Callable[[api.Notice], None] = lambda notice: None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._opened = threading.Event()
        self._view = View(link.name, api.Mode.PUSH_TO_TALK if options.push_to_talk else api.Mode.HANDS_FREE)
        self._snapshot = self._view.empty(options.rules, options.volume)
        self._devices = api.Devices()
        self._capture: Capture | None = None
        self._player: Player | None = None
        self._equipment = Equipment(
            options,
            use_microphone=self._use_microphone,
            use_speaker=self._use_speaker,
            tell=self._tell,
            suggest=lambda text: self._listener(api.Suggest(text)),
            clock=clock,
        )

    # ---------------------------------------------------------------------------- from any thread (TalkApi)

    def start(self, listener: Callable[[api.Notice], None]) -> None:
        self._listener = listener
        self._thread = threading.Thread(target=self._run, name="talk", daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._thread is None:
            return
        self._opened.wait(CLOSE_S)
        self._call(lambda: self._stop.set() if self._stop is not None else None)
        self._thread.join(CLOSE_S)

    def snapshot(self) -> api.Snapshot:
        return self._snapshot

    def devices(self) -> api.Devices:
        self._call(self._look_for_devices)
        return self._devices

    def toggle_mode(self) -> None:
        self._call(lambda: self._do(self._dialogue.toggle_mode(self._now_ms)))

    def talk(self) -> None:
        self._call(lambda: self._do(self._dialogue.talk(self._now_ms)))

    def key(self, edge: KeyEdge) -> None:
        if edge.edge is Edge.PRESS:  # the client's hold takes over from here
            self.talk()

    def blur(self) -> None:
        """Nothing yet: a hold does not exist before the client's hold is built in."""

    def use_keyboard(self, keyboard: api.Keyboard) -> None:
        self._keyboard = keyboard

    def say(self, text: str) -> None:
        self._call(lambda: self._do(self._dialogue.say(text, self._now_ms)))

    def interrupt(self) -> None:
        self._call(lambda: self._do([*self._dialogue.drop_talk(), *self._dialogue.interrupt(self._now_ms)]))

    def toggle_mute(self) -> None:
        self._call(self._toggle_mute)

    def tune(self, field: str, value: float) -> None:
        self._call(lambda: self._do(self._dialogue.tune(field, value)))

    def choose_devices(self, input: str | None, output: str | None) -> None:
        self._call(lambda: self._equipment.choose(input, output))

    def play_demo(self) -> None:
        self._call(self._play_demo)

    def _call(self, job: Callable[[], object]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: so has the conversation
                self._loop.call_soon_threadsafe(job)

    # ------------------------------------------------------------------------------------- the Talk thread

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except AssistantError as error:
            self._listener(api.Ended(error.exit_status, str(error)))
        finally:
            self._opened.set()

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._opened.set()
        tuning = ProcessTuning(self._options.tune_process)
        try:
            await self._open()
            while not self._stop.is_set():
                self._poll()
                tuning.rest(self._snapshot.state is api.State.IDLE, self._clock())
                await asyncio.sleep(POLL_S)
        finally:
            tuning.undo()
            await self._link.close()
            self._equipment.close()

    async def _open(self) -> None:
        self._capture = Capture(self._link.input_rate, registry.create(Port.DETECTOR, self._options.detector))
        self._equipment.open_speaker()
        events = LinkEvents(self._server_event, self._observation, self._link_status)
        await self._link.open(events)
        self._do(self._dialogue.begin())
        if self._options.recording is not None or self._options.play_demo:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._link.ready(), READY_S)
        if self._options.play_demo:
            self._equipment.play_demo()
        else:
            self._equipment.open_microphone()
        if self._options.hold_input:
            self._do(self._dialogue.talk(self._now_ms))
        if self._equipment.uses_devices:
            self._look_for_devices()

    @property
    def _now_ms(self) -> int:
        return round(self._clock() * 1000)

    def _poll(self) -> None:
        """One round: what was heard goes out, what was played is noticed, and the screen gets its picture."""
        assert self._capture is not None
        assert self._player is not None
        now = self._clock()
        self._equipment.watch(now)
        self._gated = self._withheld(now)
        samples = self._capture.read()
        if self._dialogue.push_to_talk:
            floor = self._capture.floor
            self._feed(self._capture.held(samples).tobytes())
            if floor is Floor.ENDING and self._capture.floor is Floor.FREE:
                self._do(self._dialogue.floor_released())
        elif len(samples):
            # A server that detects turns needs a stream without gaps: what it must not hear is silence.
            self._feed(bytes(samples.nbytes) if self._muted or self._gated else samples.tobytes())
        if self._estimating:
            self._estimate(self._capture, samples)
        self._do(self._dialogue.heard(self._player.position, self._now_ms))
        self._after_input(now)
        self._take_picture(now)

    def _feed(self, pcm: bytes) -> None:
        if pcm:
            self._link.feed(pcm)

    def _withheld(self, now: float) -> bool:
        """Half-duplex: the microphone would hear the assistant."""
        speaker = self._equipment.speaker
        if speaker is None or self._duplex != "half-duplex":
            return False
        return self._gate.closed(speaker.pending(), now)

    @property
    def _duplex(self) -> str:
        speaker = self._equipment.speaker
        if speaker is None or not speaker.echoes or not self._equipment.real_microphone:
            return "no echo"
        return "headphones" if self._options.headphones else "half-duplex"

    @property
    def _estimating(self) -> bool:
        """The conversation's own detector does not hear the microphone: ours is shown."""
        return not self._link.observes or self._dialogue.push_to_talk or self._muted or self._gated

    def _estimate(self, capture: Capture, samples: object) -> None:
        phase = api.Phase.QUIET
        if self._dialogue.talking:
            phase = api.Phase.SPEECH
        elif self._dialogue.playback.playing:
            phase = api.Phase.ANSWER
        for frame in capture.estimate(samples):  # type: ignore[arg-type]  # numpy's types stay out of this module
            self._scope.add(frame.p, frame.rms_dbfs, phase)

    def _after_input(self, now: float) -> None:
        """What follows once a recording is over."""
        if not self._equipment.input_over:
            self._over_since = None
            return
        if self._dialogue.talking and (self._options.hold_input or self._equipment.demo):
            self._do(self._dialogue.talk(self._now_ms))
        if self._busy or self._over_since is None:
            self._over_since = now
        silence_ms = getattr(self._options.rules, "silence_duration_ms", 4_000)
        if now - self._over_since < silence_ms / 1000 + SETTLE_S:
            return
        if self._options.exit_after_input and self._stop is not None:
            text = "" if self._turns else "No turn was found in the input."
            self._stop.set()
            self._listener(api.Ended(0 if self._turns else 1, text))
        elif self._equipment.demo:
            self._equipment.end_demo()

    @property
    def _busy(self) -> bool:
        return self._dialogue.user_open or self._dialogue.busy or self._dialogue.playback.playing

    # -------------------------------------------------------------------------------- from link and devices

    def _server_event(self, event: server.ServerEvent) -> None:
        if isinstance(event, server.SpeechStarted) and event.at_ms is not None:
            speech_ms = int((event.reason or {}).get("held_ms", 0))
            self._scope.began(event.at_ms - speech_ms - event.audio_start_ms, speech_ms)
        elif isinstance(event, server.BufferCommitted):
            self._turns += 1
            self._scope.committed()
        self._do(self._dialogue.take(event, self._now_ms))

    def _observation(self, observation: Observation) -> None:
        if isinstance(observation, FrameSeen):
            self._seen = observation
            if not self._estimating:
                self._scope.seen(observation, answering=self._dialogue.playback.playing)
        elif isinstance(observation, Dropped):
            self._view.count(observation.counter, observation.amount)

    def _link_status(self, status: LinkStatus) -> None:
        self._link_state = status.text
        if status.told:
            self._tell(status.told, status.severity)

    def _use_microphone(self, microphone: Microphone | None) -> None:
        if self._capture is not None:
            self._capture.use(microphone)

    def _use_speaker(self, speaker: OutputDevice) -> None:
        if self._player is None:
            self._player = Player(self._link.output_rate, speaker)
        else:
            self._player.replace(speaker)

    # ------------------------------------------------------------------------------------------- the effects

    def _do(self, effects: list[Effect]) -> None:
        """Carries out what the client core wants. An effect may bring server events at once: theirs come after."""
        running = bool(self._effects)
        self._effects += effects
        if running:
            return
        while self._effects:
            self._one(self._effects[0])
            self._effects.pop(0)

    def _one(self, effect: Effect) -> None:
        assert self._capture is not None
        assert self._player is not None
        match effect:
            case do.Play(pcm=pcm):
                self._player.play(pcm)
            case do.PlayEnd():
                self._player.end()
            case do.Flush():
                self._player.flush()
            case do.TakeFloor():
                self._capture.take_floor()
            case do.ReleaseFloor():
                self._capture.release_floor()
            case do.DropFloor():
                self._capture.drop_floor()
            case do.Tell(text=text, severity=severity):
                self._tell(text, severity)
            case do.Did(metadata=metadata):
                self._follow(metadata)
            case TranscriptLine():
                self._listener(api.LineChanged(self._view.line(effect, self._now_ms)))
            case Waterfall():
                self._latency_ms = effect.total
            case _:
                assert isinstance(effect, _CLIENT_EVENTS)
                self._link.send(cast("ClientEvent", effect))

    def _follow(self, metadata: dict[str, str]) -> None:
        """Does what a skill's response asks of the client."""
        timers = running_timers(metadata)
        if timers is not None:
            self._timers = timers
        speaker = self._equipment.speaker
        with contextlib.suppress(KeyError, ValueError):
            wanted = metadata["volume"]  # "0.50", or a change: "+0.10"
            if speaker is not None:
                base = speaker.gain if wanted[:1] in ("+", "-") else 0.0
                speaker.gain = min(1.0, max(0.0, base + float(wanted)))

    def _tell(self, text: str, severity: str) -> None:
        self._listener(api.Told(text, severity))

    def _toggle_mute(self) -> None:
        self._muted = not self._muted
        if self._muted:
            self._do(self._dialogue.drop_talk())

    def _play_demo(self) -> None:
        if self._dialogue.push_to_talk:  # the demo speaks hands-free
            self._do([*self._dialogue.drop_talk(), *self._dialogue.toggle_mode(self._now_ms)])
        self._muted = False
        self._equipment.play_demo()

    def _look_for_devices(self) -> None:
        self._devices = self._equipment.devices()

    # ------------------------------------------------------------------------------------------- the picture

    @property
    def _state(self) -> api.State:
        if self._dialogue.playback.playing:
            return api.State.SPEAKING
        if self._muted:
            return api.State.MUTED
        if self._dialogue.user_open:
            waiting = self._seen is not None and self._seen.state is TurnState.WAITING
            return api.State.ENDING if waiting and not self._dialogue.talking else api.State.SPEECH
        return api.State.THINKING if self._dialogue.thinking else api.State.IDLE

    def _take_picture(self, now: float) -> None:
        self._snapshot = self._view.picture(
            now,
            state=self._state,
            dialogue=self._dialogue,
            seen=self._seen,
            meter=self._capture.meter if self._capture is not None else None,
            frames=self._scope.frames,
            estimating=self._estimating,
            link_state=self._link_state,
            equipment=self._equipment,
            duplex=self._duplex,
            muted=self._muted,
            latency_ms=self._latency_ms,
            timers=self._timers,
            link_counters=self._link.counters,
        )
