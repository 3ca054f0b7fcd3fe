"""The recording of a conversation: taps what passes between microphone, link and speaker, and when it did.

A recording that cannot be written ends, and the user is told once; the conversation goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tui_assistant import __version__
from tui_assistant.audio.base import Microphone
from tui_assistant.client.dialogue import Dialogue
from tui_assistant.client.turns import Mark
from tui_assistant.engine.frontend import Frame
from tui_assistant.engine.observation import FrameSeen
from tui_assistant.errors import AssistantError
from tui_assistant.links.base import Link
from tui_assistant.protocol import server
from tui_assistant.protocol.client import ClientEvent
from tui_assistant.record.session import SessionWriter
from tui_assistant.runtime.spans import Spans
from tui_assistant.runtime.taps import TappedLink, TappedMicrophone
from tui_assistant.sound.samples import Samples
from tui_assistant.state import recordings_folder

LATEST_MS = 500.0  # audio that a microphone still holds: more is no delay but a microphone that has stopped


class Recorder:
    """Writes while it is `on`. All calls come from the Talk thread, but for the making."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        settings: dict[str, Any] | None = None,
        replayable: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`folder`: records from the first call of the session on, so that it can be run again. Raises UsageError.

        `settings` stand in meta.json. `replayable`: the conversation runs here, and this is its engine's log.
        """
        self.tell: Callable[[str, str], None] = lambda text, severity: None
        self.muted = False
        self._settings = settings or {}
        self._clock = clock
        self._link: TappedLink | None = None
        self._microphone: Microphone | None = None
        self._writer: SessionWriter | None = None
        self._spans = Spans()
        self._marks: dict[str, Mark] = {}
        if folder is not None:
            self._writer = SessionWriter(folder, self._about(), replayable=replayable, clock=clock)

    @property
    def on(self) -> bool:
        """Something is being written."""
        return self._writer is not None

    def announce(self) -> None:
        """Says that it records, if it does."""
        if self._writer is not None:
            self.tell(f"Recording into {self._writer.folder}.", "information")

    def toggle(self, folder: Path | None = None) -> None:
        """Ends the recording, or begins one in `folder` (None: a new one where recordings are kept)."""
        if self._writer is not None:
            self.tell(f"The recording is in {self._writer.folder}.", "information")
            self.close()
            return
        try:
            folder = folder or _fresh_folder()
            self._writer = SessionWriter(folder, self._about(), replayable=False, clock=self._clock)
        except (AssistantError, OSError) as error:
            self.tell(f"Nothing is recorded: {error}", "error")
            return
        self._spans = Spans()
        if self._link is not None and self._link.session is not None:  # what is in force, so that it stands there
            self.event(self._link.session, by_server=True)
        self._write_marks()
        self.tell(f"Recording into {folder}; r ends it.", "information")

    def close(self) -> None:
        """Ends the recording if one runs."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def mark(self, item_id: str, mark: Mark | None) -> None:
        """A label for a turn of the user; None takes it back."""
        if mark is None:
            self._marks.pop(item_id, None)
        else:
            self._marks[item_id] = mark
        self._write_marks()

    # ------------------------------------------------------------------------------------------------- the taps

    def tap(self, link: Link) -> Link:
        """The link, whose events are written on their way."""
        self._link = tapped = TappedLink(link, self)
        self._write(lambda writer: writer.note(link=tapped.about))
        return tapped

    def microphone(self, microphone: Microphone | None) -> Microphone | None:
        """The microphone, whose samples are written on their way."""
        self._microphone = microphone
        self._write(SessionWriter.microphone_opened)
        return None if microphone is None else TappedMicrophone(microphone, self)

    def write(self, call: str, data: dict[str, Any], payload: bytes = b"") -> None:
        """The engine's input log (host.session_host.InputLog)."""
        if self._writer is not None and (log := self._writer.input_log) is not None:
            self._write(lambda writer: log.write(call, data, payload))

    def event(self, event: server.ServerEvent | ClientEvent, *, by_server: bool) -> None:
        if self._writer is not None:
            fed_ms = self._link.fed_ms if self._link is not None else 0.0
            self._spans.take(event, self._writer.heard_ms, int(fed_ms))
            self._write(lambda writer: writer.event(event, by_server=by_server, fed_ms=fed_ms))

    def seen(self, frame: FrameSeen) -> None:
        """A frame that the engine decided on."""
        if self._writer is not None:
            self._write(
                lambda writer: writer.frame(
                    end_ms=frame.end_ms,
                    p=frame.p,
                    rms_dbfs=frame.rms_dbfs,
                    phase=frame.state.name.lower(),
                    judged=frame.judged,
                    engine=True,
                )
            )

    def estimated(self, frame: Frame, dialogue: Dialogue) -> None:
        """A frame of the local detector."""
        if self._writer is not None:
            phase = "speech" if dialogue.talking else "answer" if dialogue.playback.playing else "quiet"
            self._write(
                lambda writer: writer.frame(
                    end_ms=None, p=frame.p, rms_dbfs=frame.rms_dbfs, phase=phase, judged=None, engine=False
                )
            )

    def heard(self, samples: Samples, rate: int, lost: int) -> None:
        """What the microphone gave."""
        if self._writer is not None:
            self._write(lambda writer: writer.heard(samples, rate, lost=lost, muted=self.muted))

    def played(self, pcm: bytes, rate: int) -> None:
        """What was heard of the answers since the last call."""
        if self._writer is not None and pcm:
            now_ms = self._now_ms(self._writer)
            self._write(lambda writer: writer.played(np.frombuffer(pcm, "<i2").astype(np.int16), rate, now_ms))

    def _now_ms(self, writer: SessionWriter) -> float:
        """This moment on the microphone's track, which may not have its samples yet."""
        heard_ms, microphone = writer.microphone_ms, self._microphone
        if heard_ms is None or microphone is None:
            return writer.now_ms
        coming = microphone.position_at(self._clock()) - microphone.position
        return heard_ms + min(LATEST_MS, max(0.0, coming * 1000 / microphone.rate))

    def _write_marks(self) -> None:
        if self._marks:
            marks = [
                {"item_id": item_id, "mark": mark.value, **self._spans.of(item_id)}
                for item_id, mark in self._marks.items()
            ]
            self._write(lambda writer: writer.marks(marks))

    def _write(self, action: Callable[[SessionWriter], None]) -> None:
        writer = self._writer
        if writer is None:
            return
        try:
            action(writer)
        except OSError as error:
            self._writer = None
            why = error.strerror or type(error).__name__
            writer.close(why)
            self.tell(f"The recording has ended: {why}. What was recorded is in {writer.folder}.", "error")

    def _about(self) -> dict[str, Any]:
        about: dict[str, Any] = {"program": f"tui-assistant {__version__}", "settings": self._settings}
        if self._link is not None:
            about["link"] = self._link.about
        return about


def _fresh_folder() -> Path:
    """Named by the moment; not there yet. Raises OSError."""
    name = time.strftime("%Y-%m-%d_%H-%M-%S")
    parent = recordings_folder()
    return next(path for number in range(1, 1000) if not (path := parent / f"{name}{_suffix(number)}").exists())


def _suffix(number: int) -> str:
    return "" if number == 1 else f"-{number}"
