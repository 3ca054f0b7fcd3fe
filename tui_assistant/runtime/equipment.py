"""The microphone and the speaker of a conversation: opened, lost, found again, exchanged."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

from tui_assistant.audio.base import DeviceState, Microphone, OutputDevice
from tui_assistant.audio.canceller import installed
from tui_assistant.audio.clocked import ClockedSpeaker, FileSpeaker
from tui_assistant.audio.devices import list_devices, open_microphone, open_speaker
from tui_assistant.audio.echo import EchoState
from tui_assistant.audio.files import FileMicrophone
from tui_assistant.audio.stream_input import StreamMicrophone
from tui_assistant.errors import DeviceError
from tui_assistant.runtime.api import Devices
from tui_assistant.runtime.options import TalkOptions
from tui_assistant.state import RememberedDevices

T = TypeVar("T")

AUTO = "auto"  # what was measured for this microphone and this speaker, else a canceller where there is one
RETRY_S = 1.0  # between attempts to open a device that has gone
# A microphone that never was there is looked for ever more rarely: every look takes time and fills the log.
FIRST_LOOK_S, RAREST_LOOK_S = 4.0, 60.0
LINGER_S = 1.0  # a microphone that opens on press stays open so long after the tail: for who presses again at once
NO_MICROPHONE = "D plays a demo, i types a message, d chooses a device; `tui-assistant doctor` says what is missing"


class Equipment:
    """Knows what the user wants and what there is. All calls come from the Talk thread.

    `use_microphone` gets each new microphone (None: it has gone), `use_speaker` each new speaker, `tell` a line for the
    user, `suggest` one that stays on the screen until it is settled (empty).
    """

    def __init__(
        self,
        options: TalkOptions,
        *,
        use_microphone: Callable[[Microphone | None], None],
        use_speaker: Callable[[OutputDevice], None],
        tell: Callable[[str, str], None],
        suggest: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._options = options
        self._use_microphone = use_microphone
        self._use_speaker = use_speaker
        self._tell = tell
        self._suggest = suggest
        self._clock = clock
        remembered = RememberedDevices.load() if options.remember else RememberedDevices()
        self._input = options.input or remembered.input
        self._output = options.output or remembered.output
        self.microphone: Microphone | None = None
        self.speaker: OutputDevice | None = None
        self.advised: Callable[[str, str], str] = lambda microphone, speaker: ""
        """By the names of both: the word of lab/duplex.py that the setup has kept; "": none."""
        self.demo = False
        self.no_canceller = False  # it is installed, and does not load
        self.resting = False  # the microphone is closed until it is needed
        self.start_ms: int | None = None  # of the microphone, until its first sample came
        self._started_at: float | None = None
        self._needed_until = 0.0
        self._lost_ms = self._dropped_ms = 0.0  # by devices that are not in use any more
        self._retry_at: dict[str, float] = {}
        self._look_at: float | None = None  # when to look for a microphone that never was there
        self._look_s = FIRST_LOOK_S

    @property
    def real_microphone(self) -> bool:
        """The microphone can hear a loudspeaker."""
        return self.microphone is not None and not isinstance(self.microphone, FileMicrophone | StreamMicrophone)

    @property
    def duplex(self) -> str:
        """What becomes of the speaker's sound at the microphone; see Snapshot."""
        if self.speaker is None or not self.speaker.echoes or not self.real_microphone:
            return EchoState.NONE
        wanted = EchoState.HEADPHONES if self._options.headphones else self._options.echo
        if wanted == AUTO and self.microphone is not None:
            wanted = self.advised(self.microphone.name, self.speaker.name)
        if wanted in (EchoState.HEADPHONES, EchoState.HALF_DUPLEX):
            return wanted
        works = self.speaker.played_sound is not None and installed() and not self.no_canceller
        return EchoState.AEC if works else EchoState.HALF_DUPLEX

    @property
    def lacks_canceller(self) -> bool:
        """One is wanted by name, and is not installed."""
        return self._options.echo == EchoState.AEC and not installed()

    @property
    def uses_devices(self) -> bool:
        """The sound system is in use anyway: asking it for its devices costs nothing."""
        return self.real_microphone or (self.speaker is not None and self.speaker.echoes)

    @property
    def input_over(self) -> bool:
        """The microphone was a file or a pipe, and it has come to its end."""
        return self.microphone is not None and self.microphone.state is DeviceState.ENDED

    @property
    def losses(self) -> dict[str, int]:
        """What all microphones and speakers so far have lost, in milliseconds."""
        lost, dropped = self._lost_ms + _lost_ms(self.microphone), self._dropped_ms + _dropped_ms(self.speaker)
        return {"microphone_lost_ms": round(lost), "speaker_dropped_ms": round(dropped)}

    def open_speaker(self) -> None:
        """Opens the wanted speaker, or one that plays silently in real time."""
        speaker: OutputDevice
        try:
            if self._options.output_file is not None:
                speaker = FileSpeaker(self._options.output_file)
            elif self._output == "none":
                speaker = ClockedSpeaker()
            else:
                speaker = self._named_speaker()
            speaker.start()
        except DeviceError as error:
            if self._options.output or self._options.output_file is not None:
                raise
            self._tell(f"{error}: answers are shown, not heard", "warning")
            speaker = ClockedSpeaker(name="none")
            speaker.start()
        self._set_speaker(speaker)

    def open_microphone(self) -> None:
        """Opens the wanted microphone. A device that was named on the command line and is not there raises."""
        options = self._options
        if options.recording is not None:
            self._start_microphone(FileMicrophone(options.recording, name=options.recording_name))
        elif options.stdin_rate is not None:
            self._start_microphone(StreamMicrophone(sys.stdin.buffer, rate=options.stdin_rate))
        elif options.open_on_press:
            self._rest()
        else:
            try:
                self._start_microphone(self._named_microphone())
            except DeviceError as error:
                if options.input:
                    raise
                self._suggest(f"{error.message}. {NO_MICROPHONE}")
                self._use_microphone(None)
                self._look_s = FIRST_LOOK_S
                self._look_at = self._clock() + self._look_s

    def need(self, needed: bool, now: float) -> None:
        """At every poll, and at a press: with `open_on_press` a microphone that nobody needs is closed."""
        if not self._options.open_on_press:
            return
        if needed:
            self._needed_until = now + LINGER_S
            if self.resting:
                self._try(lambda: self._start_microphone(self._named_microphone()))
        elif not self.resting and now >= self._needed_until and (self.microphone is None or self.real_microphone):
            self._rest()

    def heard(self, seconds: float) -> None:
        """The microphone gave samples: that many seconds."""
        if self._started_at is not None:
            self.start_ms = max(0, round((self._clock() - self._started_at - seconds) * 1000))
            self._started_at = None

    def _rest(self) -> None:
        self.resting = True
        self._look_at = None
        self._retry_at.pop("microphone", None)
        self._drop_microphone()
        self._use_microphone(None)

    def choose(self, input: str | None, output: str | None) -> None:
        """Other devices, live; they are remembered."""
        if input is not None:
            self._input, self.demo = input, False
            if not self.resting:
                self._try(lambda: self._start_microphone(open_microphone(input or None)))
        if output is not None:
            self._output = output
            self._try(self._open_chosen_speaker)
        if self._options.remember:
            RememberedDevices(input=self._input, output=self._output).save()

    def play_demo(self) -> None:
        """The demo recording becomes the microphone until it is over."""
        if self._options.demo is None:
            self._tell("The demo recording is missing: install tui-assistant again.", "error")
            return
        self._suggest("")
        self._start_microphone(FileMicrophone(self._options.demo, name="demo"))
        self.demo = True

    def end_demo(self) -> None:
        """Back to the real microphone."""
        self.demo = False
        self._drop_microphone()
        self.open_microphone()

    def watch(self, now: float) -> None:
        """Notices devices that have gone, and opens them again once they are back."""
        if self.microphone is not None and self.microphone.state is DeviceState.LOST:
            self._tell(f"The microphone {self.microphone.name} has gone; waiting for it.", "error")
            self._drop_microphone()
            self._use_microphone(None)
            self._retry_at["microphone"] = now + RETRY_S
        if self.speaker is not None and self.speaker.state is DeviceState.LOST:
            self._tell(f"The speaker {self.speaker.name} has gone; waiting for it.", "error")
            silent = ClockedSpeaker(name="none")
            silent.start()
            self._set_speaker(silent)
            self._retry_at["speaker"] = now + RETRY_S
        self._look(now)
        self._retry("microphone", now, lambda: self._start_microphone(self._named_microphone()))
        self._retry("speaker", now, self._open_chosen_speaker)

    def devices(self) -> Devices:
        """What there is to choose from."""
        found = list_devices()
        return Devices(
            tuple(info.name for info in found.inputs),
            tuple(info.name for info in found.outputs),
            self.microphone.name if self.microphone is not None else "",
            self.speaker.name if self.speaker is not None else "",
        )

    def close(self) -> None:
        self._drop_microphone()
        if self.speaker is not None:
            self.speaker.close()

    def _look(self, now: float) -> None:
        if self.microphone is not None:
            self._look_at = None
        if self._look_at is None or now < self._look_at:
            return
        try:
            self._start_microphone(self._named_microphone())
        except DeviceError:
            self._look_s = min(2 * self._look_s, RAREST_LOOK_S)
            self._look_at = now + self._look_s

    def _retry(self, what: str, now: float, attempt: Callable[[], None]) -> None:
        if now < self._retry_at.get(what, float("inf")):
            return
        try:
            attempt()
        except DeviceError:
            self._retry_at[what] = now + RETRY_S
            return
        del self._retry_at[what]
        self._tell(f"The {what} is back.", "information")

    def _try(self, attempt: Callable[[], None]) -> None:
        try:
            attempt()
        except DeviceError as error:
            self._tell(str(error), "error")

    def _named_microphone(self) -> Microphone:
        return self._named(open_microphone, self._input, self._options.input)

    def _named_speaker(self) -> OutputDevice:
        return self._named(open_speaker, self._output, self._options.output)

    def _named(self, opener: Callable[[str | None], T], wanted: str, demanded: str) -> T:
        """The wanted device; the default one when it was only remembered and has gone."""
        try:
            return opener(wanted or None)
        except DeviceError as error:
            if not wanted or demanded:
                raise
            found = opener(None)
            self._tell(f"{error.message}; using the default one.", "warning")
            return found

    def _open_chosen_speaker(self) -> None:
        speaker: OutputDevice = ClockedSpeaker() if self._output == "none" else self._named_speaker()
        speaker.start()
        self._set_speaker(speaker)

    def _start_microphone(self, microphone: Microphone) -> None:
        """The old one is closed only once the new one works."""
        self._started_at = self._clock()
        microphone.start()
        self.resting = False
        self._drop_microphone()
        self.microphone = microphone
        self._suggest("")
        self._use_microphone(microphone)

    def _drop_microphone(self) -> None:
        if self.microphone is not None:
            self._lost_ms += _lost_ms(self.microphone)
            self.microphone.close()
            self.microphone = None

    def _set_speaker(self, speaker: OutputDevice) -> None:
        old, self.speaker = self.speaker, speaker
        speaker.gain = old.gain if old is not None else self._options.volume
        self._use_speaker(speaker)
        if old is not None:
            self._dropped_ms += _dropped_ms(old)
            old.close()


def _lost_ms(microphone: Microphone | None) -> float:
    return microphone.lost * 1000 / microphone.rate if microphone is not None and microphone.rate else 0.0


def _dropped_ms(speaker: OutputDevice | None) -> float:
    return speaker.dropped * 1000 / speaker.rate if speaker is not None and speaker.rate else 0.0
