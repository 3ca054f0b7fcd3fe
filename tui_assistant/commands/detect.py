"""`tui-assistant detect`: the turns of recordings, one JSON object a line."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from tui_assistant.commands import guard, recordings
from tui_assistant.config import Flag, load
from tui_assistant.errors import AssistantError

KEYS = ("type", "item_id", "audio_start_ms", "audio_end_ms", "at_ms", "reason")  # in the order of the line


def run(files: Sequence[str], flags: Mapping[str, Flag], config: str | None) -> int:
    """The worst status of all files; those that can be read are done whatever is wrong with the others."""
    settings = load(flags, config)
    recordings.check_settings(settings, flags)
    worst = 0
    for name in files:
        try:
            # closed before the next file, also when a pipe breaks in the middle
            with contextlib.closing(recordings.events_of(name, settings)) as events:
                for event in events:
                    data: dict[str, Any] = {"file": name}
                    data |= {key: getattr(event, key) for key in KEYS if hasattr(event, key)}
                    click.echo(json.dumps(data))
        except AssistantError as error:
            guard.tell(str(error))
            worst = max(worst, error.exit_status)
    return worst
