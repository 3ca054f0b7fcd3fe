"""Reads a recording again, also one that was cut off by a kill: up to the first line that is not whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from tui_assistant.errors import UsageError
from tui_assistant.record.format import (
    AUDIO_NAME,
    CALLS,
    EVENTS_NAME,
    FORMAT,
    FRAMES_NAME,
    LOG_NAME,
    META_NAME,
    Call,
    Heard,
    Said,
)

_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)


@dataclass(frozen=True, slots=True)
class Meta:
    """What meta.json says of a recording."""

    data: dict[str, Any]

    @property
    def replayable(self) -> bool:
        """The input log is there."""
        return bool(self.data.get("replayable"))

    @property
    def ended(self) -> bool:
        """The recording was ended and not cut off."""
        return "ended_ms" in self.data

    @property
    def whole(self) -> bool:
        """It ended as it should, between two events."""
        return self.ended and not self.data.get("why_ended")

    @property
    def input_rate(self) -> int:
        """Hz of what the link was given."""
        link = self.data.get("link")
        rate = link.get("input_rate") if isinstance(link, dict) else None
        if not isinstance(rate, int) or not 8_000 <= rate <= 48_000:
            raise UsageError(f"{META_NAME} does not say at which rate the link was given audio")
        return rate


def read_meta(folder: Path) -> Meta:
    """Raises UsageError when there is no recording, or one of a newer program."""
    try:
        data = json.loads((folder / META_NAME).read_bytes())
        if not isinstance(data, dict) or not isinstance(data["format"], int):
            raise TypeError
    except OSError as error:
        raise UsageError(f"{folder}: no recording: {error.strerror}", "give the folder of --record") from None
    except _UNREADABLE:
        raise UsageError(f"{folder / META_NAME} does not describe a recording", "give the folder of --record") from None
    if data["format"] > FORMAT:
        raise UsageError(f"{folder}: recorded by a newer version (format {data['format']})", "update tui-assistant")
    return Meta(data)


def read_input_log(folder: Path) -> Iterator[Call]:
    """The calls in their order, up to the first line that is not whole. Raises UsageError when there is no log."""
    try:
        audio = (folder / AUDIO_NAME).read_bytes()
    except OSError as error:
        raise UsageError(f"{folder}: no recording: {error.strerror}", "give the folder of --record") from None
    for number, entry in _lines(folder / LOG_NAME, "call of a session"):
        try:
            begin, length = entry.get("offset", 0), entry.get("length", 0)
            if begin <= len(audio) < begin + length:
                return  # the end of its audio is lost, and with it whatever came behind
            call = Call(entry["call"], entry["data"], audio[begin : begin + length], entry.get("at_ms", 0))
            if call.call not in CALLS or len(call.payload) != length or not isinstance(call.data, dict):
                raise ValueError
        except _UNREADABLE:
            raise UsageError(f"{folder / LOG_NAME}: line {number} is no call of a session") from None
        yield call


def read_events(folder: Path) -> Iterator[Said]:
    """What client and server said. Raises UsageError."""
    for number, entry in _lines(folder / EVENTS_NAME, "recorded event"):
        try:
            said = Said(
                int(entry["at_ms"]),
                int(entry["frame"]),
                float(entry["fed_ms"]),
                {"server": True, "client": False}[entry["from"]],
                entry["event"],
            )
            if not isinstance(said.event["type"], str) or not isfinite(said.fed_ms):
                raise TypeError
        except _UNREADABLE:
            raise UsageError(f"{folder / EVENTS_NAME}: line {number} is no recorded event") from None
        yield said


def read_frames(folder: Path) -> Iterator[Heard]:
    """The detector's frames. Raises UsageError."""
    for number, entry in _lines(folder / FRAMES_NAME, "recorded frame"):
        try:
            heard = Heard(
                int(entry["at_ms"]),
                None if entry["end_ms"] is None else int(entry["end_ms"]),
                float(entry["p"]),
                float(entry["rms_dbfs"]),
                str(entry["phase"]),
                None if entry["judged"] is None else float(entry["judged"]),
                {"engine": True, "estimate": False}[entry["source"]],
            )
            if not 0 <= heard.p <= 1:
                raise ValueError
        except _UNREADABLE:
            raise UsageError(f"{folder / FRAMES_NAME}: line {number} is no recorded frame") from None
        yield heard


def _lines(path: Path, what: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file of JSON lines, with the lines' numbers."""
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", "give the folder of --record") from None
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            return  # the process was killed while it wrote this line
        try:
            entry = json.loads(line)
            if not isinstance(entry, dict):
                raise TypeError
        except _UNREADABLE:
            raise UsageError(f"{path}: line {number} is no {what}") from None
        yield number, entry
