"""What one turns to make turn detection fit a voice and a room: all values together, named sets of them, undo. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from tui_assistant.protocol.session import SemanticVad, ServerVad

Eagerness = Literal["low", "medium", "high", "auto"]

UNDO_STEPS = 100  # nobody goes back further; each is a few dozen bytes
MERGE_MS = 1_000  # a slider that is moved without a pause is one step


@dataclass(frozen=True, slots=True)
class Tuning:
    """Every value that can be tuned. The first five belong to the session's rules, the last two to the microphone."""

    kind: Literal["server_vad", "semantic_vad"] = "server_vad"
    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    eagerness: Eagerness = "auto"
    hysteresis: float = 0.15
    min_speech_ms: int = 64
    tail_ms: int = 200  # push-to-talk: what is heard after the release
    gain_db: float = 0.0  # of the microphone, before everything else

    def rules(self, base: ServerVad | SemanticVad | None = None, *, fine: bool = True) -> ServerVad | SemanticVad:
        """turn_detection with these values. `base`: where what is not tuned comes from, as create_response.

        `fine`: also hysteresis and min_speech_ms where they are not the engine's own values; a server of somebody
        else would refuse them.
        """
        mine = Tuning()
        extra: dict[str, Any] = {
            "hysteresis": self.hysteresis if fine and self.hysteresis != mine.hysteresis else None,
            "min_speech_ms": self.min_speech_ms if fine and self.min_speech_ms != mine.min_speech_ms else None,
        }
        shared: dict[str, Any] = (
            {name: getattr(base, name) for name in ("create_response", "interrupt_response")} if base else {}
        )
        if self.kind == "semantic_vad":
            return SemanticVad(eagerness=self.eagerness, **shared, **extra)
        idle = base.idle_timeout_ms if isinstance(base, ServerVad) else None
        return ServerVad(
            threshold=self.threshold,
            prefix_padding_ms=self.prefix_padding_ms,
            silence_duration_ms=self.silence_duration_ms,
            idle_timeout_ms=idle,
            **shared,
            **extra,
        )

    def follow(self, rules: ServerVad | SemanticVad) -> Tuning:
        """These values after the session has echoed `rules`; what they do not say stays."""
        own = Tuning()
        seen = replace(
            self,
            kind=rules.type,
            hysteresis=own.hysteresis if rules.hysteresis is None else rules.hysteresis,
            min_speech_ms=own.min_speech_ms if rules.min_speech_ms is None else rules.min_speech_ms,
        )
        if isinstance(rules, SemanticVad):
            return replace(seen, eagerness=rules.eagerness)
        return replace(
            seen,
            threshold=rules.threshold,
            prefix_padding_ms=rules.prefix_padding_ms,
            silence_duration_ms=rules.silence_duration_ms,
        )

    def changes(self, other: Tuning) -> dict[str, tuple[object, object]]:
        """What differs: name -> (here, there)."""
        pairs = {each.name: (getattr(self, each.name), getattr(other, each.name)) for each in fields(self)}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of values; what it does not name stays as it is."""

    name: str
    words: str  # when to take it
    values: Mapping[str, float | int | str] = field(default_factory=dict)

    def on(self, tuning: Tuning) -> Tuning:
        return replace(tuning, **self.values)  # type: ignore[arg-type]  # the names are those of Tuning: a test looks


# Away from the defaults only where there is a reason: on labelled speech nothing else held up on recordings kept aside,
# so a preset trades on purpose: deafness for noise, patience for speed.
PRESETS = (
    Preset("quiet room", "nothing but your voice", {"threshold": 0.5, "hysteresis": 0.15, "min_speech_ms": 64}),
    Preset("office", "keys, chairs, voices far away", {"threshold": 0.6, "hysteresis": 0.15, "min_speech_ms": 96}),
    Preset("street", "traffic and wind", {"threshold": 0.75, "hysteresis": 0.2, "min_speech_ms": 128}),
    Preset(
        "headset",
        "a microphone at the mouth",
        {"threshold": 0.5, "hysteresis": 0.15, "min_speech_ms": 64, "silence_duration_ms": 400},
    ),
    Preset("patient", "for those who think aloud", {"silence_duration_ms": 1_000, "eagerness": "low"}),
    Preset("snappy", "for short commands", {"silence_duration_ms": 300, "eagerness": "high"}),
)


class Undo:
    """The values that were in force, back and forth."""

    def __init__(self) -> None:
        self._back: list[tuple[Tuning, str]] = []
        self._forth: list[Tuning] = []
        self._last_ms = 0.0  # when the newest step was made or moved

    def changed(self, before: Tuning, what: str, now_ms: float) -> None:
        """`before` is left behind because `what` is moved; one movement without a pause is one step."""
        moving = self._back and self._back[-1][1] == what and now_ms - self._last_ms < MERGE_MS and not self._forth
        self._last_ms = now_ms
        self._forth.clear()
        if not moving:
            self._back = [*self._back[-UNDO_STEPS + 1 :], (before, what)]

    def back(self, now: Tuning) -> Tuning | None:
        """The values before the last step; None when there is none."""
        if not self._back:
            return None
        self._forth.append(now)
        return self._back.pop()[0]

    def forth(self, now: Tuning) -> Tuning | None:
        """The values that `back` left; None when there are none."""
        if not self._forth:
            return None
        self._back.append((now, ""))
        return self._forth.pop()
