"""One conversation on a thread of its own: microphone, link, speaker and the client core, with one asyncio loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tui_assistant.audio.base import Microphone
from tui_assistant.client.dialogue import Dialogue
from tui_assistant.client.hold import KeyEdge, Method
from tui_assistant.client.transcript import TranscriptLine
from tui_assistant.client.tuning import Tuning
from tui_assistant.client.turns import Mark, TurnRecord
from tui_assistant.engine.observation import Dropped, FrameSeen, Observation
from tui_assistant.errors import AssistantError
from tui_assistant.links.base import Link, LinkEvents, LinkStatus
from tui_assistant.models import registry
from tui_assistant.models.registry import Port
from tui_assistant.protocol import server
from tui_assistant.runtime import api
from tui_assistant.runtime.calibrating import Calibrating
from tui_assistant.runtime.calls import Calls
from tui_assistant.runtime.capture import Capture
from tui_assistant.runtime.ears import Ears
from tui_assistant.runtime.equipment import Equipment
from tui_assistant.runtime.floor import FloorKeeper
from tui_assistant.runtime.hands import Hands
from tui_assistant.runtime.history import History
from tui_assistant.runtime.input_end import InputEnd
from tui_assistant.runtime.memory import Memory
from tui_assistant.runtime.minutes import Minutes
from tui_assistant.runtime.options import TalkOptions
from tui_assistant.runtime.process import ProcessTuning
from tui_assistant.runtime.recording import Recorder
from tui_assistant.runtime.saved import SavedSettings
from tui_assistant.runtime.saved_calls import SavedCalls
from tui_assistant.runtime.tuner import Tuner
from tui_assistant.runtime.turns import TurnsChoice
from tui_assistant.runtime.view import View

POLL_S = 0.01  # of the microphone's ring: half a block of the device, so that no frame waits long
ENDING_POLL_S = 0.002  # while the tail is sent: the answer waits for its last sample
READY_S = 20.0  # how long a recording waits for the models: what it says first shall be answered as fast as the rest
CLOSE_S = 1.5  # for workers and devices to end


class Talk(SavedCalls):
    """Implements TalkApi."""

    def __init__(
        self,
        link: Link,
        options: TalkOptions,
        *,
        clock: Callable[[], float] = time.monotonic,
        recorder: Recorder | None = None,
    ) -> None:
        """`recorder`: has begun to record already, the link's input log with it."""
        self._recorder = recorder or Recorder(clock=clock)
        self._recorder.tell = self._tell
        self._minutes = Minutes()
        self._memory = Memory(self._post_line, lambda: time.strftime("%H:%M:%S"), keep=options.keep_conversation)
        given, link = link, self._recorder.tap(link)
        self._link = link
        self._options = options
        self._clock = clock
        tuning = options.first_tuning
        rules = options.barge_in.rules(tuning.rules(options.rules, fine=link.fine))
        self._dialogue = Dialogue(rules, link.output_rate, push_to_talk=options.push_to_talk, barge_in=options.barge_in)
        self._seen: FrameSeen | None = None  # the newest of the engine's frames
        self._link_state = "starting"
        self._listener: Callable[[api.Notice], None] = lambda notice: None
        self._thread: threading.Thread | None = None
        self._call = Calls()
        self._stop: asyncio.Event | None = None
        self._opened = threading.Event()
        self._devices = api.Devices()
        self._running = False  # everything is open
        self._keyboard = api.Keyboard(Method.TOGGLE)  # the newest; the floor follows it
        capture = Capture(
            link.input_rate, lambda: registry.create(Port.DETECTOR, options.detector), tail_ms=tuning.tail_ms
        )
        self._history = History(link, capture, self._dialogue)
        self._hands = Hands(link, capture, show=self._show, tell=self._tell, watch=self._history.effect)
        self._do = self._hands.do
        self._floor = FloorKeeper(
            capture,
            self._dialogue,
            tail_ms=tuning.tail_ms,
            remember=options.remember,
            act=self._do,
            feed=self._feed,
            wake=self._wake,
            now_ms=lambda: clock() * 1000,
        )
        self._saved = SavedSettings(options.config, options.presets)
        self._tuner = Tuner(tuning, self._dialogue, self._floor, fine=lambda: link.fine, act=self._do, tell=self._tell)
        self._turns = TurnsChoice(given, self._tuner, self._tell)
        self._equipment = Equipment(
            options,
            use_microphone=self._use_microphone,
            use_speaker=self._hands.use_speaker,
            tell=self._tell,
            suggest=lambda text: self._listener(api.Suggest(text)),
            clock=clock,
        )
        self.setup = Calibrating(
            options,
            call=self._call,
            post=lambda notice: self._listener(notice),
            resting=lambda: self._snapshot.state in (api.State.IDLE, api.State.MUTED),
            rebase=lambda: self._hands.use_speaker(self._equipment.speaker) if self._equipment.speaker else None,
            tuner=self._tuner,
            capture=capture,
            clock=clock,
        )
        self._ears = Ears(
            link,
            self._dialogue,
            self._floor,
            self._equipment,
            history=self._history,
            recorder=self._recorder,
            setup=self.setup,
            tell=self._tell,
            voice=self._voice,
        )
        self._view = View(
            link,
            options,
            dialogue=self._dialogue,
            floor=self._floor,
            equipment=self._equipment,
            ears=self._ears,
            hands=self._hands,
            history=self._history,
            recorder=self._recorder,
            tuner=self._tuner,
            turns=self._turns,
        )
        self._snapshot = self._view.empty()
        self._input_end = InputEnd(options, self._dialogue, self._equipment, self._floor, self._end)

    # ---------------------------------------------------------------------------- from any thread (TalkApi)

    def start(self, listener: Callable[[api.Notice], None]) -> None:
        self._listener = listener
        self._thread = threading.Thread(target=self._run, name="talk", daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._thread is None:
            return
        self._opened.wait(CLOSE_S)
        self._call.now(lambda: self._stop.set() if self._stop is not None else None)
        self._thread.join(CLOSE_S)

    def snapshot(self) -> api.Snapshot:
        return self._snapshot

    def devices(self) -> api.Devices:
        self._call(self._look_for_devices)
        return self._devices

    def toggle_mode(self) -> None:
        self._call(self._floor.toggle_mode)

    def switch_turns(self) -> None:
        self._call(self._turns.switch)

    def talk(self) -> None:
        self._call(lambda: self._held(self._floor.toggle))

    def key(self, edge: KeyEdge) -> None:
        self._call(lambda: self._held(lambda: self._floor.key(edge)))

    def blur(self) -> None:
        self._call(lambda: self._held(self._floor.blur))

    def use_keyboard(self, keyboard: api.Keyboard) -> None:
        self._keyboard = keyboard

    def say(self, text: str) -> None:
        self._call(lambda: self._do(self._dialogue.say(text)))

    def interrupt(self) -> None:
        self._call(self._interrupt)

    def new_conversation(self) -> None:
        self._call(self._interrupt)
        self._call(lambda: self._do(self._memory.anew()))

    def toggle_mute(self) -> None:
        self._call(self._ears.toggle_mute)

    def apply(self, tuning: Tuning) -> None:
        self._call(lambda: self._tuner.apply(tuning))

    def turn_records(self) -> tuple[TurnRecord, ...]:
        return self._history.shown

    def mark(self, item_id: str, mark: Mark | None) -> None:
        self._call(lambda: self._history.ledger.mark(item_id, mark))
        self._call(lambda: self._recorder.mark(item_id, mark))

    def record(self, folder: Path | None = None) -> None:
        self._call(lambda: self._recorder.toggle(folder))

    def save_transcript(self, path: Path) -> None:
        self._call(lambda: self._minutes.save(path, self._tell))

    def choose_devices(self, input: str | None, output: str | None) -> None:
        self._call(lambda: self._equipment.choose(input, output))

    def play_demo(self) -> None:
        self._call(self._play_demo)

    # ------------------------------------------------------------------------------------- the Talk thread

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except AssistantError as error:
            self._listener(api.Ended(error.exit_status, str(error)))
        finally:
            self._opened.set()

    async def _main(self) -> None:
        self._stop = asyncio.Event()
        self._call.begin()
        self._opened.set()
        tuning = ProcessTuning(self._options.tune_process)
        try:
            await self._open()
            self._call.open()
            while not self._stop.is_set():
                self._poll()
                tuning.rest(self._snapshot.state is api.State.IDLE, self._clock())
                await asyncio.sleep(ENDING_POLL_S if self._floor.ending else POLL_S)
        finally:
            tuning.undo()
            self._floor.drop()
            self._memory.save()
            self._recorder.close()  # before the link: what its end brings is no answer to an input
            await self._link.close()
            self._equipment.close()

    async def _open(self) -> None:
        self._floor.capture.prepare()
        self._equipment.open_speaker()
        events = LinkEvents(self._server_event, self._observation, self._link_status)
        await self._link.open(events)
        self._recorder.announce()
        self._do([*self._dialogue.begin(), *self._memory.begin(self._now_ms)])
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
        self._equipment.need(not self._dialogue.push_to_talk or self._dialogue.held or self.setup.on, now)
        self._equipment.watch(now)
        self._floor.use_keyboard(self._keyboard)
        self._ears.listen(now)
        self._turns.look()
        self._do(self._dialogue.heard(self._hands.played, self._now_ms))
        self._recorder.played(self._hands.take_heard(), self._link.output_rate)
        self._input_end.watch(now)
        self._history.show(self._tuner.in_force)
        self._snapshot = self._view.picture(now, seen=self._seen, link_state=self._link_state)
        self._memory.follow(self._snapshot.state)

    def _feed(self, pcm: bytes) -> None:
        if pcm:
            self._history.fed(pcm)
            self._link.feed(pcm)

    def _end(self, status: int, reason: str) -> None:
        if self._stop is not None:
            self._stop.set()
        self._listener(api.Ended(status, reason))

    # -------------------------------------------------------------------------------- from link and devices

    def _server_event(self, event: server.ServerEvent) -> None:
        self._input_end.turns += isinstance(event, server.BufferCommitted)
        self._history.server_event(event)
        self._do([*self._dialogue.take(event, self._now_ms), *self._memory.take(event)])

    def _observation(self, observation: Observation) -> None:
        if isinstance(observation, FrameSeen):
            self._seen = observation
            self._history.seen(observation, shown=not self._ears.estimating)
            self._voice(observation.p)
        elif isinstance(observation, Dropped):
            self._view.count(observation.counter, observation.amount)

    def _voice(self, p: float) -> None:
        """A frame that the conversation hears; it may stop an answer, at what has been heard by now."""
        if self._dialogue.playback.playing:
            self._do(self._dialogue.heard(self._hands.played, self._now_ms))
        self._do(self._dialogue.frame(p))

    def _link_status(self, status: LinkStatus) -> None:
        self._link_state = status.text
        if status.told:
            self._tell(status.told, status.severity)
        if status.lost:
            self._floor.drop("What you were saying was lost with the link: say it again.")

    def _use_microphone(self, microphone: Microphone | None) -> None:
        if microphone is None and self._dialogue.talking:
            self._floor.drop("What you were saying was dropped.")
        self._floor.capture.use(self._recorder.microphone(microphone))
        self.setup.use(self._equipment)

    def _show(self, line: TranscriptLine) -> None:
        shown = self._view.line(line, self._now_ms)
        self._minutes.take(shown, line.at_ms, self._now_ms)
        self._memory.said(line)
        self._post_line(shown)

    def _post_line(self, line: api.Line) -> None:
        self._listener(api.LineChanged(line))

    def _tell(self, text: str, severity: str) -> None:
        self._listener(api.Told(text, severity))

    def _held(self, job: Callable[[], None]) -> None:
        """Something of the talk key; it may stop an answer, at what has been heard by now."""
        if self._running and not self.setup.on:
            self._do(self._dialogue.heard(self._hands.played, self._now_ms))
            job()

    def _wake(self) -> bool:
        """Whether there is a microphone that may be heard; opens it if it rests."""
        self._equipment.need(True, self._clock())
        if self._ears.muted:
            self._tell("The microphone is muted: x listens again.", "warning")
        elif self._equipment.microphone is None:
            self._tell("There is no microphone: d chooses one, i types a message.", "warning")
        return not self._ears.muted and self._equipment.microphone is not None

    def _interrupt(self) -> None:
        self._floor.drop("Dropped: nothing was sent.")
        self._do(self._dialogue.interrupt())

    def _play_demo(self) -> None:
        self._floor.drop()
        if self._dialogue.push_to_talk:  # the demo speaks hands-free
            self._floor.toggle_mode()
        self._ears.muted = False
        self._equipment.play_demo()

    def _look_for_devices(self) -> None:
        self._devices = self._equipment.devices()
