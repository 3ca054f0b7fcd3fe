"""One conversation on a thread of its own: microphone, link, speaker and the client core, with one asyncio loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tui_assistant.audio.base import Microphone
from tui_assistant.audio.echo import HalfDuplexGate
from tui_assistant.client.dialogue import Dialogue
from tui_assistant.client.hold import KeyEdge, Method
from tui_assistant.client.transcript import TranscriptLine
from tui_assistant.client.tuning import PRESETS, Preset, Tuning
from tui_assistant.client.turns import Mark, TurnRecord
from tui_assistant.engine.observation import Dropped, FrameSeen, Observation, TurnState
from tui_assistant.errors import AssistantError
from tui_assistant.links.base import Link, LinkEvents, LinkStatus
from tui_assistant.models import registry
from tui_assistant.models.registry import Port
from tui_assistant.protocol import server
from tui_assistant.runtime import api
from tui_assistant.runtime.capture import Capture
from tui_assistant.runtime.equipment import Equipment
from tui_assistant.runtime.floor import FloorKeeper
from tui_assistant.runtime.hands import Hands
from tui_assistant.runtime.options import TalkOptions
from tui_assistant.runtime.process import ProcessTuning
from tui_assistant.runtime.scope import Scope
from tui_assistant.runtime.view import View

POLL_S = 0.01  # of the microphone's ring: half a block of the device, so that no frame waits long
ENDING_POLL_S = 0.002  # while the tail is sent: the answer waits for its last sample
READY_S = 20.0  # how long a recording waits for the models: what it says first shall be answered as fast as the rest
SETTLE_S = 1.0  # after the end of the input, on top of the silence that ends a turn
CLOSE_S = 1.5  # for workers and devices to end


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
        self._seen: FrameSeen | None = None  # the newest of the engine's frames
        self._link_state = "starting"
        self._turns = 0
        self._over_since: float | None = None
        self._listener: Callable[[api.Notice], None] = lambda notice: None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._opened = threading.Event()
        self._view = View(link.name, api.Mode.PUSH_TO_TALK if options.push_to_talk else api.Mode.HANDS_FREE)
        self._snapshot = self._view.empty(options.rules, options.volume)
        self._devices = api.Devices()
        self._running = False  # everything is open
        self._keyboard = api.Keyboard(Method.TOGGLE)  # the newest; the floor follows it
        capture = Capture(
            link.input_rate, lambda: registry.create(Port.DETECTOR, options.detector), tail_ms=options.tail_ms
        )
        self._hands = Hands(link, capture, show=self._show, tell=self._tell)
        self._do = self._hands.do
        self._floor = FloorKeeper(
            capture,
            self._dialogue,
            tail_ms=options.tail_ms,
            remember=options.remember,
            act=self._do,
            feed=self._feed,
            wake=self._wake,
            now_ms=lambda: clock() * 1000,
        )
        self._equipment = Equipment(
            options,
            use_microphone=self._use_microphone,
            use_speaker=self._hands.use_speaker,
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
        self._call(self._floor.toggle_mode)

    def talk(self) -> None:
        self._call(lambda: self._held(self._floor.toggle))

    def key(self, edge: KeyEdge) -> None:
        self._call(lambda: self._held(lambda: self._floor.key(edge)))

    def blur(self) -> None:
        self._call(lambda: self._held(self._floor.blur))

    def use_keyboard(self, keyboard: api.Keyboard) -> None:
        self._keyboard = keyboard

    def say(self, text: str) -> None:
        self._call(lambda: self._do(self._dialogue.say(text, self._now_ms)))

    def interrupt(self) -> None:
        self._call(self._interrupt)

    def toggle_mute(self) -> None:
        self._call(self._toggle_mute)

    def tune(self, field: str, value: float) -> None:
        self._call(lambda: self._do(self._dialogue.tune(field, value)))

    def apply(self, tuning: Tuning) -> None:
        self._call(lambda: self._do(self._dialogue.retune(tuning.rules(self._dialogue.rules))))

    def turn_records(self) -> tuple[TurnRecord, ...]:
        return ()

    def mark(self, item_id: str, mark: Mark | None) -> None:
        """Nothing is kept of a turn yet."""

    def record(self, folder: Path | None = None) -> None:
        self._tell("Recording is not built in yet.", "warning")

    def save_transcript(self, path: Path) -> None:
        self._tell("Saving the transcript is not built in yet.", "warning")

    def settings_diff(self) -> str:
        return ""

    def save_settings(self) -> None:
        self._tell("Saving the settings is not built in yet.", "warning")

    def presets(self) -> tuple[Preset, ...]:
        return PRESETS

    def save_preset(self, name: str) -> None:
        self._tell("Saving a preset is not built in yet.", "warning")

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
                await asyncio.sleep(ENDING_POLL_S if self._floor.ending else POLL_S)
        finally:
            tuning.undo()
            self._floor.drop()
            await self._link.close()
            self._equipment.close()

    async def _open(self) -> None:
        self._floor.capture.prepare()
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
        self._running = True
        if self._options.hold_input:
            self._floor.begin_input()
        if self._equipment.uses_devices:
            self._look_for_devices()

    @property
    def _now_ms(self) -> int:
        return round(self._clock() * 1000)

    def _poll(self) -> None:
        """One round: what was heard goes out, what was played is noticed, and the screen gets its picture."""
        now = self._clock()
        self._equipment.need(not self._dialogue.push_to_talk or self._dialogue.held, now)
        self._equipment.watch(now)
        self._gated = self._withheld(now)
        self._floor.use_keyboard(self._keyboard)
        samples = self._floor.poll(withheld=self._gated, muted=self._muted)
        if len(samples):
            self._equipment.heard(len(samples) / self._link.input_rate)
        if self._estimating:
            self._estimate(samples)
        self._do(self._dialogue.heard(self._hands.played, self._now_ms))
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
        unheard = self._dialogue.push_to_talk or self._dialogue.held or self._muted or self._gated
        return not self._link.observes or unheard

    def _estimate(self, samples: object) -> None:
        phase = api.Phase.QUIET
        if self._dialogue.talking:
            phase = api.Phase.SPEECH
        elif self._dialogue.playback.playing:
            phase = api.Phase.ANSWER
        for frame in self._floor.capture.estimate(samples):  # type: ignore[arg-type]  # no numpy in this module
            self._scope.add(frame.p, frame.rms_dbfs, phase)
            self._floor.heard(frame.p)

    def _after_input(self, now: float) -> None:
        """What follows once a recording is over."""
        if not self._equipment.input_over:
            self._over_since = None
            return
        if self._dialogue.talking and (self._options.hold_input or self._equipment.demo):
            self._floor.end_input()
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
        if status.lost:
            self._floor.drop("What you were saying was lost with the link: say it again.")

    def _use_microphone(self, microphone: Microphone | None) -> None:
        if microphone is None and self._dialogue.talking:
            self._floor.drop("What you were saying was dropped.")
        self._floor.capture.use(microphone)

    def _show(self, line: TranscriptLine) -> None:
        self._listener(api.LineChanged(self._view.line(line, self._now_ms)))

    def _tell(self, text: str, severity: str) -> None:
        self._listener(api.Told(text, severity))

    def _held(self, job: Callable[[], None]) -> None:
        """Something of the talk key; it may stop an answer, at what has been heard by now."""
        if self._running:
            self._do(self._dialogue.heard(self._hands.played, self._now_ms))
            job()

    def _wake(self) -> bool:
        """Whether there is a microphone that may be heard; opens it if it rests."""
        self._equipment.need(True, self._clock())
        if self._muted:
            self._tell("The microphone is muted: x listens again.", "warning")
        elif self._equipment.microphone is None:
            self._tell("There is no microphone: d chooses one, i types a message.", "warning")
        return not self._muted and self._equipment.microphone is not None

    def _interrupt(self) -> None:
        self._floor.drop("Dropped: nothing was sent.")
        self._do(self._dialogue.interrupt(self._now_ms))

    def _toggle_mute(self) -> None:
        self._muted = not self._muted
        if self._muted and self._dialogue.talking:
            self._floor.drop("Muted: what you were saying was dropped.")
        elif self._muted:
            self._floor.capture.cut()

    def _play_demo(self) -> None:
        self._floor.drop()
        if self._dialogue.push_to_talk:  # the demo speaks hands-free
            self._floor.toggle_mode()
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
            floor=self._floor,
            seen=self._seen,
            frames=self._scope.frames,
            estimating=self._estimating,
            link_state=self._link_state,
            equipment=self._equipment,
            duplex=self._duplex,
            muted=self._muted,
            latency_ms=self._hands.latency_ms,
            timers=self._hands.timers,
            link_counters=self._link.counters,
        )
