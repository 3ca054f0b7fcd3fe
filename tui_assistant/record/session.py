"""Writes a recording: the folder that record/format.py describes."""

from __future__ import annotations

import datetime
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tui_assistant.errors import UsageError
from tui_assistant.protocol.client import ClientEvent
from tui_assistant.protocol.server import ServerEvent
from tui_assistant.record.folder import new_file, new_folder, replace_file, write_all
from tui_assistant.record.format import (
    ASSISTANT,
    EVENTS_NAME,
    FORMAT,
    FRAMES_NAME,
    MARKS_NAME,
    META_NAME,
    MICROPHONE,
    compact,
)
from tui_assistant.record.said import said
from tui_assistant.record.tracks import Tracks
from tui_assistant.record.writer import InputLogWriter
from tui_assistant.sound.samples import Samples

GAP_MS = 40.0  # an answer that comes that much behind the track's end is a new stretch, with silence before it


class SessionWriter:
    """An open recording in a new `folder`. All calls come from one thread, and raise OSError unless they say else."""

    def __init__(
        self,
        folder: Path,
        about: dict[str, Any],
        *,
        replayable: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`about`: program, link and settings, for meta.json. `replayable`: the input log is kept.

        Raises UsageError when the folder cannot be used.
        """
        new_folder(folder)
        self.folder = folder
        self._clock = clock
        self._started = clock()
        self._frames_written = 0
        self._microphone = Tracks(folder, MICROPHONE)
        self._assistant = Tracks(folder, ASSISTANT)
        self._fresh = True  # the microphone has not been heard since it was opened
        self._closed = False
        started_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        clock_ms = round(self._started * 1000)
        head = {"format": FORMAT, "started_at": started_at, "started_clock_ms": clock_ms, "replayable": replayable}
        self._meta: dict[str, Any] = {**head, **about, "tracks": []}
        self.input_log: InputLogWriter | None = None
        try:
            self._write_meta()
            self._events, self._frames = new_file(folder / EVENTS_NAME), new_file(folder / FRAMES_NAME)
            if replayable:
                self.input_log = InputLogWriter(folder, lambda: self.now_ms)
        except OSError as error:
            hint = "give another folder"
            raise UsageError(f"{folder}: cannot be written: {error.strerror or error}", hint) from None

    def note(self, **about: Any) -> None:
        """Says more in meta.json."""
        self._meta |= about
        self._write_meta()

    @property
    def now_ms(self) -> int:
        """Recording time by the clock."""
        return round((self._clock() - self._started) * 1000)

    @property
    def microphone_ms(self) -> float | None:
        """Recording time of the microphone's next sample; None while there is none."""
        return None if self._fresh or self._microphone.last is None else self._microphone.last.end_ms

    @property
    def heard_ms(self) -> int:
        """Recording time as frames and events have it: how far the microphone was heard."""
        heard = self.microphone_ms
        return self.now_ms if heard is None else round(heard)

    def event(self, event: ServerEvent | ClientEvent, *, by_server: bool, fed_ms: float) -> None:
        """One event, at the moment it is sent or received."""
        entry = {
            "at_ms": self.heard_ms,
            "frame": self._frames_written,
            "fed_ms": fed_ms,
            "from": "server" if by_server else "client",
            "event": said(event),
        }
        write_all(self._events, compact(entry).encode())

    def frame(
        self, *, end_ms: int | None, p: float, rms_dbfs: float, phase: str, judged: float | None, engine: bool
    ) -> None:
        """One detector frame, as it was decided on or estimated."""
        entry = {
            "at_ms": self.heard_ms,
            "end_ms": end_ms,
            "p": p,
            "rms_dbfs": round(rms_dbfs, 1),
            "phase": phase,
            "judged": judged,
            "source": "engine" if engine else "estimate",
        }
        write_all(self._frames, compact(entry).encode())
        self._frames_written += 1

    def microphone_opened(self) -> None:
        """Another microphone, or the same one again: what was not heard in between is silence on the track."""
        self._fresh = True

    def heard(self, samples: Samples, rate: int, *, lost: int = 0, muted: bool = False) -> None:
        """What the microphone gave; `lost` samples went before it. Muted, its length is kept and not what it heard."""
        now_ms = self.now_ms - len(samples) * 1000 / rate
        known = len(self._microphone.all)
        track = self._microphone.at(rate, now_ms if known else 0.0)
        if len(self._microphone.all) > known:
            self._note_tracks()
        if self._fresh:
            track.silence_until(now_ms)
        else:
            track.silence(lost)
        self._fresh = False
        if muted:
            track.silence(len(samples))
        else:
            track.write(samples)

    def played(self, samples: Samples, rate: int, now_ms: float) -> None:
        """What was heard of an answer up to `now_ms` since the last call."""
        known = len(self._assistant.all)
        track = self._assistant.at(rate, 0.0)
        if len(self._assistant.all) > known:
            self._note_tracks()
        begin_ms = now_ms - len(samples) * 1000 / rate
        if begin_ms - track.end_ms > GAP_MS:
            track.silence_until(begin_ms)
        track.write(samples)

    def marks(self, marks: Sequence[dict[str, Any]]) -> None:
        """All marks, anew."""
        text = '{"marks": [\n' + ",\n".join(compact(mark).strip() for mark in marks) + "\n]}\n"
        replace_file(self.folder / MARKS_NAME, text)

    def close(self, why: str = "") -> None:
        """Ends the recording. Never raises; twice does no harm."""
        if self._closed:
            return
        self._closed = True
        self._meta |= {"ended_ms": self.now_ms, "why_ended": why}
        for close in (
            self._write_meta,
            self._microphone.close,
            self._assistant.close,
            lambda: os.close(self._events),
            lambda: os.close(self._frames),
            *([self.input_log.close] if self.input_log is not None else []),
        ):
            try:
                close()
            except OSError:  # the disk is full or gone: what is there stays, and the others are closed too
                continue

    def _note_tracks(self) -> None:
        every = [*self._microphone.all, *self._assistant.all]
        self._meta["tracks"] = [
            {"file": track.name, "rate": track.rate, "begins_ms": round(track.begins_ms, 3)} for track in every
        ]
        self._write_meta()

    def _write_meta(self) -> None:
        replace_file(self.folder / META_NAME, json.dumps(self._meta, indent=1) + "\n")
