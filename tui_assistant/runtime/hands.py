"""Does what the client core wants: sends its events, plays, takes audio for the link, tells the user."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import cast, get_args

from tui_assistant.audio.base import OutputDevice
from tui_assistant.client import effects as do
from tui_assistant.client.effects import Effect
from tui_assistant.client.latency import ReplyLatency, ReplyTimes, Waterfall
from tui_assistant.client.transcript import TranscriptLine
from tui_assistant.clock import since_boot
from tui_assistant.links.base import Link
from tui_assistant.protocol.client import ClientEvent
from tui_assistant.runtime.alarms import RunningTimer, running_timers
from tui_assistant.runtime.capture import Capture
from tui_assistant.runtime.player import Player

_CLIENT_EVENTS = get_args(get_args(ClientEvent)[0])


class Hands:
    """All calls come from the Talk thread. `show` takes transcript lines, `tell` words for the user.

    `watch` hears of every effect before it is carried out.
    """

    def __init__(
        self,
        link: Link,
        capture: Capture,
        *,
        show: Callable[[TranscriptLine], None],
        tell: Callable[[str, str], None],
        watch: Callable[[Effect], None] = lambda effect: None,
    ) -> None:
        self._link = link
        self._capture = capture
        self._show = show
        self._tell = tell
        self._watch = watch
        self._waiting: list[Effect] = []
        self._player: Player | None = None
        self._speaker: OutputDevice | None = None
        self.latency_ms: int | None = None  # of the last answer
        self._reply_times = ReplyTimes()
        self.timers: tuple[RunningTimer, ...] = ()

    @property
    def replies(self) -> ReplyLatency:
        """How long the answers of the session took."""
        return self._reply_times.replies

    @property
    def played(self) -> int:
        """Samples that were heard, at the link's output rate."""
        return self._player.position if self._player is not None else 0

    def take_heard(self) -> bytes:
        """What was heard of the answers since the last call, at the link's output rate."""
        return self._player.take_heard() if self._player is not None else b""

    @property
    def unheard_ms(self) -> int:
        """Audio of answers that was never played, because its speaker was lost or exchanged."""
        return self._player.dropped * 1000 // self._player.rate if self._player is not None else 0

    def use_speaker(self, speaker: OutputDevice) -> None:
        """Another speaker from now on."""
        self._speaker = speaker
        if self._player is None:
            self._player = Player(self._link.output_rate, speaker)
        else:
            self._player.replace(speaker)

    def do(self, effects: list[Effect]) -> None:
        """Carries out `effects`, in order. One may bring server events at once: what follows from them comes after."""
        running = bool(self._waiting)
        self._waiting += effects
        if running:
            return
        while self._waiting:
            self._one(self._waiting[0])
            self._waiting.pop(0)

    def _one(self, effect: Effect) -> None:
        assert self._player is not None
        self._watch(effect)
        match effect:
            case do.Play(pcm=pcm):
                self._player.play(pcm)
            case do.PlayEnd():
                self._player.end()
            case do.Flush():
                self._player.flush()
            case do.Duck() | do.Unduck():
                self._player.duck(isinstance(effect, do.Duck))
            case do.TakeFloor(at_ms=at_ms, since=since):
                self._capture.take_floor(at_ms / 1000, since)
            case do.KeepFloor():
                self._capture.keep_floor()
            case do.ReleaseFloor(at_ms=at_ms):
                self._capture.release_floor(at_ms / 1000)
            case do.DropFloor():
                self._capture.drop_floor()
            case do.Tell(text=text, severity=severity):
                self._tell(text, severity)
            case do.Did(metadata=metadata):
                self._follow(metadata)
            case TranscriptLine():
                self._show(effect)
            case Waterfall():
                self.latency_ms = effect.total
                self._reply_times.add(effect)
            case _:
                assert isinstance(effect, _CLIENT_EVENTS)
                self._link.send(cast("ClientEvent", effect))

    def _follow(self, metadata: dict[str, str]) -> None:
        """Does what a skill's response asks of the client."""
        if trouble := metadata.get("trouble"):  # with a tool; the answer goes on without it
            self._tell(trouble, "warning")
        timers = running_timers(metadata, set_by=since_boot() - time.time())
        if timers is not None:
            self.timers = timers
        speaker = self._speaker
        with contextlib.suppress(KeyError, ValueError):
            wanted = metadata["volume"]  # "0.50", or a change: "+0.10"
            if speaker is not None:
                base = speaker.gain if wanted[:1] in ("+", "-") else 0.0
                speaker.gain = min(1.0, max(0.0, base + float(wanted)))
