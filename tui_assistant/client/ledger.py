"""Follows the user's turns: out of server events, the talk key and the figures of frames come TurnRecords.

Pure. All times are on the clock of the frames (`runtime.api.ScopeFrame.at_ms`), in milliseconds.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

from tui_assistant.client.blips import FRAME_MS, Figures, blips, release_p
from tui_assistant.client.latency import Waterfall
from tui_assistant.client.tuning import Tuning
from tui_assistant.client.turns import Mark, TurnRecord
from tui_assistant.protocol import server
from tui_assistant.protocol.items import JsonObject

LONGEST_MEMORY = 200  # records: hours of talk, and more than a screen ever lists
KEPT_FRAMES = 125_000 // FRAME_MS  # the longest turn of 120 s, and the blips before it
BLIPS_MS = 3_000  # before an onset: what may have been meant as its beginning
LATE_MS = 30_000  # a commit that no server has confirmed for so long has failed
PREROLL_MS = 300  # people begin to speak before the key is down


class Speech:
    """The frames of speech of one turn, as they come."""

    def __init__(self, release: float) -> None:
        self._release = release
        self._power = 0.0
        self._count = 0
        self.onset_ms: int | None = None
        self.end_ms: int | None = None
        self.peak_p = 0.0

    def add(self, frame: Figures) -> None:
        self.peak_p = max(self.peak_p, frame.p)
        if frame.p < self._release:
            return
        if self.onset_ms is None:
            self.onset_ms = frame.at_ms - FRAME_MS
        self.end_ms = frame.at_ms
        self._power += 10 ** (frame.rms_dbfs / 10)
        self._count += 1

    @property
    def level_dbfs(self) -> float:
        return round(10 * math.log10(self._power / self._count), 1) if self._power else -120.0


@dataclass(slots=True)
class HeldTurn:
    """The floor, taken by hand."""

    press_ms: int
    release_ms: int | None = None
    sent_ms: int = 0


class Ledger:
    """The turns of one conversation, the newest 200."""

    def __init__(self, tuning: Tuning | None = None) -> None:
        self.tuning = tuning or Tuning()  # the values in force
        self._frames: deque[Figures] = deque(maxlen=KEPT_FRAMES)
        self._records: dict[str, TurnRecord] = {}
        self._open: str | None = None
        self._speech = Speech(1.0)  # of the open turn
        self._hold: HeldTurn | None = None
        self._sent: deque[HeldTurn] = deque()  # committed, and the server has not said so yet
        self._last_end_ms = 0  # of the last turn
        self._shown: tuple[TurnRecord, ...] | None = ()

    @property
    def records(self) -> tuple[TurnRecord, ...]:
        """The newest last; the same tuple until something changes."""
        if self._shown is None:
            self._follow_speech()
            self._shown = tuple(self._records.values())
        return self._shown

    # ------------------------------------------------------------------------------------------- what is heard

    def frame(self, frame: Figures) -> None:
        """The next frame; FRAME_MS after the last one."""
        self._frames.append(frame)
        if self._open is not None and frame.heard:
            self._speech.add(frame)
            self._shown = None

    def take(self, event: server.ServerEvent, now_ms: int, offset_ms: int) -> None:
        """Follows a server event. `offset_ms`: what the clock of the frames is ahead of the session's audio clock."""
        match event:
            case server.SpeechStarted():
                self._start(event, now_ms, offset_ms)
            case server.SpeechStopped(item_id=item_id, at_ms=at_ms, reason=reason) if item_id == self._open:
                self._stop(now_ms if at_ms is None else at_ms + offset_ms, reason)
            case server.BufferCommitted(item_id=item_id, reason=reason):
                self._commit(item_id, now_ms, reason)
            case server.BufferCleared():
                self._give_up(now_ms, {"rule": "clear"})
            case server.SessionCreated():  # another one after a lost link
                self._sent.clear()
                self._give_up(now_ms, {"rule": "link_lost"})
            case server.ErrorEvent(error=error) if error.code == "input_audio_buffer_commit_empty" and self._sent:
                self._sent.popleft()

    # ------------------------------------------------------------------------------------------ what the user does

    def take_floor(self, press_ms: int) -> None:
        self._hold = HeldTurn(press_ms)

    def keep_floor(self) -> None:
        """The key was not let go after all."""
        if self._hold is not None:
            self._hold.release_ms = None

    def release_floor(self, release_ms: int) -> None:
        if self._hold is not None:
            self._hold.release_ms = release_ms

    def drop_floor(self) -> None:
        self._hold = None

    def send(self, now_ms: int) -> None:
        """What was held is committed."""
        while self._sent and now_ms - self._sent[0].sent_ms > LATE_MS:
            self._sent.popleft()
        if self._hold is not None:
            self._hold.sent_ms = now_ms
            self._sent.append(self._hold)
            self._hold = None

    def mark(self, item_id: str, mark: Mark | None) -> None:
        """Nothing happens where there is no such turn."""
        self._change(item_id, mark=mark)

    def answered(self, item_id: str, waterfall: Waterfall) -> None:
        """The first sound of the answer to that turn was heard."""
        self._change(item_id, waterfall=waterfall)

    # ------------------------------------------------------------------------------------------------- the turns

    def _start(self, event: server.SpeechStarted, now_ms: int, offset_ms: int) -> None:
        if self._open is not None:  # a server that does not say when turns end
            self._stop(now_ms, None)
        reason = event.reason or {}
        started = now_ms if event.at_ms is None else event.at_ms + offset_ms
        if "held_ms" in reason:
            onset = started - int(reason["held_ms"])
        else:  # somebody else's server: all it says is where the audio begins
            onset = min(started, event.audio_start_ms + offset_ms + self.tuning.prefix_padding_ms)
        before = [frame for frame in self._last(onset - BLIPS_MS) if self._last_end_ms < frame.at_ms <= onset]
        heard = [frame for frame in self._last(onset) if frame.heard]
        self._open, self._speech = event.item_id, Speech(release_p(self.tuning))
        for frame in heard:
            self._speech.add(frame)
        self._put(
            TurnRecord(
                item_id=event.item_id,
                onset_ms=onset,
                started_ms=started,
                why_started=event.reason,
                onset_p=float(reason.get("p", heard[-1].p if heard else 0.0)),
                blips=blips(before, self.tuning),
            )
        )

    def _stop(self, at_ms: int, reason: JsonObject | None) -> None:
        """Ends the open turn."""
        assert self._open is not None
        self._follow_speech()
        if "silence_ms" in (reason or {}):
            self._change(self._open, speech_end_ms=at_ms - int((reason or {})["silence_ms"]))
        self._change(self._open, stopped_ms=at_ms, why_stopped=reason)
        self._open, self._last_end_ms = None, at_ms

    def _give_up(self, now_ms: int, reason: JsonObject) -> None:
        if self._open is not None:
            self._stop(now_ms, reason)

    def _commit(self, item_id: str, now_ms: int, reason: JsonObject | None) -> None:
        if item_id != self._open and item_id in self._records:
            return  # its end was known already
        hold = self._sent.popleft() if self._sent else None
        why: JsonObject = dict(reason or {"rule": "commit"})
        if hold is not None and hold.release_ms is not None:
            why["released_ms"] = hold.release_ms
        if item_id == self._open:
            self._stop(hold.sent_ms if hold else now_ms, why)
        elif hold is not None:
            self._put_held(item_id, hold, why)

    def _put_held(self, item_id: str, hold: HeldTurn, why: JsonObject) -> None:
        """A turn that was held from its beginning. The figures are of the frames that are still kept."""
        begin = max(hold.press_ms - PREROLL_MS, self._last_end_ms)
        speech = Speech(release_p(self.tuning))
        for frame in self._last(begin):
            if frame.at_ms <= hold.sent_ms:
                speech.add(frame)
        self._put(
            TurnRecord(
                item_id=item_id,
                onset_ms=hold.press_ms if speech.onset_ms is None else speech.onset_ms,
                started_ms=hold.press_ms,
                speech_end_ms=speech.end_ms,
                stopped_ms=hold.sent_ms,
                why_stopped=why,
                peak_p=speech.peak_p,
                level_dbfs=speech.level_dbfs,
            )
        )
        self._last_end_ms = hold.sent_ms

    def _last(self, since_ms: int) -> list[Figures]:
        """The frames that end after `since_ms`, oldest first."""
        found = []
        for frame in reversed(self._frames):
            if frame.at_ms <= since_ms:
                break
            found.append(frame)
        return found[::-1]

    def _follow_speech(self) -> None:
        if self._open is not None:
            speech = self._speech
            self._change(self._open, speech_end_ms=speech.end_ms, peak_p=speech.peak_p, level_dbfs=speech.level_dbfs)

    def _put(self, record: TurnRecord) -> None:
        self._records[record.item_id] = record
        while len(self._records) > LONGEST_MEMORY:
            del self._records[next(iter(self._records))]
        self._shown = None

    def _change(self, item_id: str, **changes: object) -> None:
        if item_id in self._records:
            self._records[item_id] = replace(self._records[item_id], **changes)  # type: ignore[arg-type]  # a test has all
            self._shown = None
