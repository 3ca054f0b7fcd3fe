"""Options that are also settings, and those that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tui_assistant.config import Flag

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Setting(click.Option):
    """An option that is also a setting; the settings' own check says what is allowed, here and in the file."""

    def __init__(self, *declarations: Any, key: str, **attributes: Any) -> None:
        self.key = key
        attributes.setdefault("default", None)
        super().__init__(*declarations, **attributes)


def setting(flag: str, key: str, metavar: str, text: str) -> Decorator:
    return click.option(flag, cls=Setting, key=key, metavar=metavar, help=text)


def together(*decorators: Decorator) -> Decorator:
    """Several options as one decorator, shown in this order."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


turn_options = together(
    setting("--threshold", "turn_detection.threshold", "P", "p(speech) that begins a turn, 0 to 1 (0.5)."),
    setting("--prefix-padding-ms", "turn_detection.prefix_padding_ms", "MS", "Audio kept before the onset (300)."),
    setting("--silence-duration-ms", "turn_detection.silence_duration_ms", "MS", "Silence that ends a turn (500)."),
    setting("--eagerness", "turn_detection.eagerness", "[low|medium|high|auto]", "semantic_vad: how soon to answer."),
)
vad_option = setting("--vad", "models.detector", "[silero|webrtc|energy]", "The voice-activity detector (silero).")
detector_options = together(
    setting("--turn-detection", "turn_detection.type", "[server_vad|semantic_vad]", "How turns end (server_vad)."),
    vad_option,
    turn_options,
)
config_option = click.option("--config", metavar="FILE", help="Settings from FILE instead of the usual place.")


def given(ctx: click.Context) -> dict[str, Flag]:
    """The settings among the options of this command, as far as they were given."""
    from tui_assistant.config import Flag

    return {
        parameter.key: Flag(parameter.opts[0], ctx.params[parameter.name or ""])
        for parameter in ctx.command.params
        if isinstance(parameter, Setting) and ctx.params[parameter.name or ""] is not None
    }
