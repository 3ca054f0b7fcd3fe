"""The folder of a recorded session: which files there are, and what stands in them. Format 1.

The folder is readable by its owner only (0700), as are the files (0600). Every file is written as things happen,
without a buffer in the program: a killed process loses what had not come to it yet, and at most half of its last line.

Three clocks occur. **Recording time** (`at_ms`) counts from the beginning of the recording; the WAV files follow it.
**Session time** counts the audio that the engine was given; `audio_start_ms`, `end_ms` and the like in events and
frames are in it. **Client time** is the steady clock of the machine (`now_ms` of ticks); meta.json says what it was
when the recording began, and what the calendar said.

meta.json      `format`, `program`, `started_at` (calendar), `started_clock_ms` (client time), `replayable` (input.log
               is there from the session's first call on), `link` (name, input_rate, output_rate), `settings` (of turn
               detection, mode and models), `tracks` (file, rate, begins_ms of each WAV), `ended_ms` and `why_ended`
               once the recording was ended; without them the program was killed, or is still running
input.log      the engine's calls in their order, one a line: `call` (begin, feed, event, refuse, answer, tick),
               `data`, `at_ms`, and `offset` and `length` of its audio in input.bin when it has any. `begin` comes
               first and says how the session was made (host/session.py). What models said, the judge too, are the
               answers: a replay asks nobody
input.bin      the audio of those calls, one behind the other: of feed in the session's input format (int16 at
               `link.input_rate`), of an answer's AudioChunk at the rate in its data
events.jsonl   what client and server said to each other: `at_ms`, `frame` (lines of frames.jsonl before it), `fed_ms`
               (session time of all audio given so far, with its fraction), `from` ("client" or "server") and `event`,
               in which audio is replaced by {"bytes": length, "sha256": hex}. A recording that began in the middle of
               a session begins with its newest session.created or session.updated once more
frames.jsonl   the detector's frames of 32 ms: `at_ms` (end, about), `end_ms` (session time; null for an estimate),
               `p`, `rms_dbfs`, `phase` (off, idle, onset, speech, waiting; of an estimate: quiet, speech, answer),
               `judged` (P(end of turn) in effect, or null), `source`: "engine", the frames that were decided on, or
               "estimate", the local detector where the engine did not hear the microphone
mic.wav        the microphone at its own rate, before gain and resampling, from recording time 0 on; silence while it
               was muted, closed or lost. Another rate (another microphone) begins mic-2.wav, and so on; `tracks` says
               when
assistant.wav  what was heard of the answers, before the volume, from recording time 0 on; `link.output_rate`
marks.json     `marks`: `item_id`, `mark` (cut_off, too_slow, not_speech), `onset_ms` and `end_ms` (recording time of
               the speech; null where it was not seen), `audio_start_ms` and `audio_end_ms` (session time)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

FORMAT = 1
META_NAME, LOG_NAME, AUDIO_NAME = "meta.json", "input.log", "input.bin"
EVENTS_NAME, FRAMES_NAME, MARKS_NAME = "events.jsonl", "frames.jsonl", "marks.json"
MICROPHONE, ASSISTANT = "mic", "assistant"
CALLS = ("begin", "feed", "event", "refuse", "answer", "tick")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a session."""

    call: str
    data: dict[str, Any]
    payload: bytes = b""
    at_ms: int = 0  # recording time


@dataclass(frozen=True, slots=True)
class Said:
    """One event of the conversation. `event` as on the wire, its audio replaced."""

    at_ms: int
    frame: int
    fed_ms: float
    by_server: bool
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """One detector frame."""

    at_ms: int
    end_ms: int | None
    p: float
    rms_dbfs: float
    phase: str
    judged: float | None
    engine: bool


def line_of(call: Call, offset: int) -> str:
    """The line of the log for a call whose audio stands at `offset`."""
    entry: dict[str, Any] = {"call": call.call, "data": call.data, "at_ms": call.at_ms}
    if call.payload:
        entry |= {"offset": offset, "length": len(call.payload)}
    return compact(entry)


def compact(entry: dict[str, Any]) -> str:
    """A line of JSON. Equal data gives equal lines: keys stay in their order."""
    return json.dumps(entry, separators=(",", ":")) + "\n"
