"""Turn detection over recordings: `detect` and `evaluate` share it."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tui_assistant.errors import UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tui_assistant.config import Flag, Settings
    from tui_assistant.host.detector import TurnDetector
    from tui_assistant.protocol.server import SpeechStarted, SpeechStopped

STDIN = "-"
FILE_BLOCK_S = 10.0  # long blocks are quick ...
STDIN_BLOCK_S = 0.1  # ... short ones show events while somebody still speaks into the pipe


def new_detector(settings: Settings, rate: int) -> TurnDetector:
    """A detector with the settings' rules and model. `turn_detection.type` none counts as server_vad."""
    from tui_assistant.host.detector import TurnDetector

    return TurnDetector(settings.turn_detection.vad(), sample_rate=rate, vad=settings.models.detector)


def check_settings(settings: Settings, flags: Mapping[str, Flag]) -> None:
    """Refuses what cannot be used over recordings."""
    from tui_assistant.commands.model_options import check_detector

    if getattr(flags.get("turn_detection.type"), "value", None) == "none":
        raise UsageError("--turn-detection none: allowed is server_vad, semantic_vad")
    check_detector(settings, flags)


def open_recording(name: str) -> AbstractContextManager[BinaryIO]:
    """The file `name`, or stdin for "-". Raises UsageError that names it."""
    if name == STDIN:
        if sys.stdin is None:
            raise UsageError("-: stdin is closed")
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(name).open("rb")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UsageError(f"{name}: {_reason(error)}") from error


def events_of(name: str, settings: Settings) -> Generator[SpeechStarted | SpeechStopped]:
    """The turns of one WAV file as they are found. Raises UsageError that names the file."""
    from tui_assistant.protocol.session import MAX_RATE, MIN_RATE
    from tui_assistant.sound.resample import Resampler
    from tui_assistant.sound.wav import WavReader

    with open_recording(name) as file:
        try:
            reader = WavReader(file, name)
            rate = min(max(reader.rate, MIN_RATE), MAX_RATE)
            resampler = Resampler(reader.rate, rate) if rate != reader.rate else None
            detector = new_detector(settings, rate)
            block = round(reader.rate * (STDIN_BLOCK_S if name == STDIN else FILE_BLOCK_S))
            some = False
            while (samples := reader.read(block)).size:
                some = True
                yield from detector.feed((resampler.push(samples) if resampler else samples).tobytes())
            if not some:
                raise UsageError(f"{name}: there are no samples in it", "record it again")
            if resampler:
                yield from detector.feed(resampler.flush().tobytes())
            yield from detector.flush()
        except OSError as error:
            raise UsageError(f"{name}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"
