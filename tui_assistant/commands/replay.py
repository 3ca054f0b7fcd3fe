"""`tui-assistant replay`: a recorded session through the engine again, or its turns decided again by other rules."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

from tui_assistant.commands import golden, guard
from tui_assistant.commands.replay_detect import own_detector
from tui_assistant.errors import UsageError
from tui_assistant.safetext import clean

if TYPE_CHECKING:
    from tui_assistant.record.reader import Meta

DIFFERENT = 3  # exit status
Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Options:
    """What is done with the recording, and what comes out."""

    settings: tuple[str, ...] = ()  # NAME=VALUE
    detect: bool = False
    vad: str | None = None
    as_json: bool = False
    save_golden: str | None = None
    check: str | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """From the options of the command line."""
        return cls(
            tuple(given["settings"]),
            given["detect"],
            given["vad"],
            given["as_json"],
            given["save_golden"],
            given["check"],
        )


def run(words: Sequence[str], options: Options) -> int:
    """0: all as it was, or as it should be; 3: something differs."""
    folder, more = _folder_of(words, setting=bool(options.settings))
    if options.vad is not None and not options.detect and ":" not in options.vad:
        raise UsageError(f"--vad {options.vad} says how p(speech) is computed anew", "add --detect")
    if options.save_golden is not None and options.check is not None:
        raise UsageError("--save-golden and --check both want to say what is right", "leave one of them out")
    from tui_assistant.record.reader import read_meta

    path = Path(folder)
    meta = read_meta(path)
    if options.settings or options.detect:
        from tui_assistant.commands.replay_turns import decided_again

        mode = {"turns": [*options.settings, *more], "detect": options.detect, "vad": options.vad or ""}
        again = decided_again(path, meta, [*options.settings, *more], options.vad, detect=options.detect)
        shown = json.dumps(again.data) if options.as_json else again.text
        lines, differs = again.lines, False
    else:
        mode = {"events": True}
        lines = list(events(path, meta, options.vad))
        verdict = compared(path, meta, lines)
        differs = not verdict.startswith("identical")
        if options.as_json and differs:
            guard.tell(f"{folder}: {verdict}")
        shown = "\n".join(json.dumps(line) for line in lines) if options.as_json else verdict
    if options.check is not None:
        verdict = golden.check(Path(options.check), mode, lines)
        differs = not verdict.startswith("identical")
        shown = shown if options.as_json else f"{clean(options.check)}: {verdict}"
        if options.as_json and differs:
            guard.tell(f"{options.check}: {verdict}")
    if options.save_golden is not None:
        golden.save(Path(options.save_golden), mode, lines)
        guard.tell(f"{options.save_golden}: {len(lines)} lines; --check {options.save_golden} compares with them")
    click.echo(shown)
    return DIFFERENT if differs else 0


def _folder_of(words: Sequence[str], *, setting: bool) -> tuple[str, list[str]]:
    """The folder, and the settings behind the first one of --set, which the command line hands over as words."""
    folders = [word for word in words if not (setting and "=" in word)]
    if len(folders) != 1:
        missing = "which recording? Give its folder" if not folders else f"{folders[1]}: one recording at a time"
        raise UsageError(missing, "tui-assistant replay DIR")
    return folders[0], [word for word in words if word != folders[0]]


def events(folder: Path, meta: Meta, vad: str | None = None) -> Iterator[Line]:
    """What the server says now: recording time of the input that it follows from, and the event without its audio."""
    from tui_assistant.host.replay import server_events
    from tui_assistant.record.reader import read_input_log
    from tui_assistant.record.said import said

    if not meta.replayable:
        why = "it began in the middle of a session, or elsewhere than here"
        raise UsageError(f"{folder}: cannot be run again: {why}", "--set NAME=VALUE decides its turns again")
    for call in islice(read_input_log(folder), 1):
        own_detector(str(call.data.get("vad")), vad)
    for call, event in server_events(read_input_log(folder)):
        yield {"at_ms": call.at_ms, "event": said(event)}


def compared(folder: Path, meta: Meta, lines: Sequence[Line]) -> str:
    """`identical: N events`, or where what the server says now differs first from what was recorded."""
    from tui_assistant.record.reader import read_events

    recorded = [said for said in read_events(folder) if said.by_server]
    for number, (now, then) in enumerate(zip(lines, recorded, strict=False), 1):
        if now["event"] != then.event:
            seconds = then.at_ms / 1000
            return f"differs at event {number}, {seconds:.2f} s: {golden.difference(then.event, now['event'])}"
    missing, more = len(recorded) - len(lines), len(lines) - len(recorded)
    if missing > 0 and not meta.whole and lines:
        return f"identical: {len(lines)} events (the recording was cut off: the inputs of {missing} more are lost)"
    if missing > 0:
        return f"differs at event {len(lines) + 1}: {missing} recorded events do not come, {_name(recorded[-missing])}"
    if more and meta.whole:
        return f"differs at event {len(recorded) + 1}: {more} events come that were not recorded"
    rest = f" (the recording was cut off: {more} more follow from its last inputs)" if more else ""
    return f"identical: {len(recorded)} event{'s' if len(recorded) != 1 else ''}{rest}"


def _name(said: Any) -> str:
    return f"the first a {clean(said.event['type'], limit=60)} at {said.at_ms / 1000:.2f} s"
