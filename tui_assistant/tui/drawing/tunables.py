"""What can be tuned by hand: ranges, steps and choices, each with its reason; and which of them the panel shows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tui_assistant.client.tuning import Tuning


@dataclass(frozen=True, slots=True)
class Field:
    """One tunable number: its range, small and big step, and a word on what more of it does."""

    name: str  # as `Tuning` and the protocol call it
    low: float
    high: float
    step: float
    leap: float
    decimals: int
    unit: str
    hint: str
    help: str

    def clamp(self, value: float) -> float:
        value = round(min(self.high, max(self.low, value)), self.decimals)
        return value if self.decimals else int(value)

    def words(self, value: float | str) -> str:
        return f"{value:.{self.decimals}f}"

    @property
    def brief(self) -> str:
        """What more of it does."""
        return self.help.rpartition(": ")[2]

    @property
    def signed(self) -> bool:
        return self.low < 0


@dataclass(frozen=True, slots=True)
class Choice:
    """One tunable word out of a few. `label`: as drawn."""

    name: str
    label: str
    options: tuple[str, ...]
    help: str
    brief: str  # where there is no room for `help`

    def moved(self, value: str, by: int) -> str:
        """The option that many places further; the ends are ends."""
        return self.options[min(len(self.options) - 1, max(0, self.options.index(value) + by))]


Row = Field | Choice

KIND = Choice(
    "kind",
    "type",
    ("server_vad", "semantic_vad"),
    "a pause ends your turn, or a model that hears you are done",
    "a pause ends it, or a judge of when you are done",
)
EAGERNESS = Choice(
    "eagerness",
    "eagerness",
    ("low", "medium", "high", "auto"),  # auto is medium, so it stands beside the line from low to high
    "how soon it answers: after at most 8, 4 or 2 s of silence; auto is medium",
    "at most 8, 4 or 2 s of silence; auto is medium",
)

# 20 ms is finer than a detector frame (32 ms), 100 ms can be heard. The threshold goes up to 1, where no turn begins:
# Silero gives clean speech more than 0.95 in frame after frame, so that a lower top would not be deaf; under 0.05 no
# turn would ever end. Pauses under 100 ms are inside words; nobody waits for more than 2 s.
FIELDS = (
    Field("threshold", 0.05, 1.0, 0.01, 0.1, 2, "", "noise", "p from which speech begins: higher ignores more noise"),
    Field(
        "silence_duration_ms",
        100,
        2000,
        20,
        100,
        0,
        "ms",
        "patience",
        "pause that ends a turn: higher cuts fewer people off",
    ),
    Field(
        "prefix_padding_ms",
        0,
        1000,
        20,
        100,
        0,
        "ms",
        "pre-roll",
        "audio kept before the onset: higher loses no syllable",
    ),
)
# hysteresis and min_speech_ms: the ranges that the engine takes. min_speech_ms is decided at the end of a frame, so
# that steps of less than one (32 ms) would change nothing. tail_ms: as in the settings. gain_db: what the
# microphone takes, from a hot line input to one far away; 1 dB is the least that one hears, 6 dB doubles the samples.
FINE = (
    Field(
        "hysteresis",
        0.0,
        0.5,
        0.01,
        0.05,
        2,
        "",
        "hold on",
        "speech goes on down to threshold - this: higher holds weak endings",
    ),
    Field(
        "min_speech_ms",
        32,
        500,
        32,
        96,
        0,
        "ms",
        "clicks",
        "speech that begins a turn: higher ignores longer clicks, starts later",
    ),
    Field("tail_ms", 0, 1000, 20, 100, 0, "ms", "release", "what is still heard after the talk key is let go"),
    Field("gain_db", -20, 40, 1, 6, 0, "dB", "loudness", "of the microphone, before everything else"),
)
MICROPHONE = ("tail_ms", "gain_db")  # in force in both modes; the others are rules of HANDS-FREE


def rows_of(tuning: Tuning, *, advanced: bool) -> tuple[Row, ...]:
    """What the panel offers: only what is in force with that kind of turn detection."""
    plain: tuple[Row, ...] = (KIND, EAGERNESS) if tuning.kind == "semantic_vad" else (KIND, *FIELDS)
    return (*plain, *FINE) if advanced else plain


def with_value(tuning: Tuning, row: Row, value: float | str) -> Tuning:
    """`tuning` with that one value, inside its range; a whole number where it is one."""
    if isinstance(row, Field):
        value = row.clamp(float(value))
    elif value not in row.options:
        raise ValueError(f"{row.name} is one of {', '.join(row.options)}")
    return replace(tuning, **{row.name: value})  # type: ignore[arg-type]  # the names are those of Tuning: a test looks


def words_of(tuning: Tuning, name: str) -> str:
    """`0.50`, `500 ms`, `semantic_vad`: one value of `tuning` as it is drawn."""
    value = getattr(tuning, name)
    for field in (*FIELDS, *FINE):
        if field.name == name:
            return f"{field.words(value)} {field.unit}".rstrip()
    return str(value)
