"""Colours by meaning, for our two themes and for any other Textual theme.

In every palette the text roles have a contrast of at least 4.5:1 on both grounds (WCAG 2.1, success criterion 1.4.3);
`faint` and `pad` draw graphics only.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

CONTRAST = 4.5
TEXT_ROLES = ("ink", "dim", "voice", "wait", "bot", "warn", "live")


@dataclass(frozen=True, slots=True)
class Palette:
    """Each value is a colour as Rich and Textual's CSS both write it."""

    ink: str  # words
    dim: str  # words that matter less
    faint: str  # lines, empty bars
    voice: str  # the user's voice
    wait: str  # waiting: silence in a turn, the threshold
    pad: str  # padding, the detector at rest
    bot: str  # the assistant
    warn: str  # something is wrong
    live: str  # recording, clipping
    ground: str
    panel: str  # status line and key bar


DARK = Palette(
    ink="#d8dee9",
    dim="#8b96ab",
    faint="#3b4458",
    voice="#7fd1ae",
    wait="#e5c07b",
    pad="#4c6a92",
    bot="#8fb8ff",
    warn="#ee7f88",
    live="#ff6b78",
    ground="#12161f",
    panel="#1b2130",
)
LIGHT = Palette(
    ink="#1f2733",
    dim="#586274",
    faint="#c3cad6",
    voice="#14694a",
    wait="#805300",
    pad="#8aa6cc",
    bot="#1d53b5",
    warn="#a8252f",
    live="#c00d22",
    ground="#f7f8fa",
    panel="#e9ecf1",
)
# Terminals' own 16 colours: what they are is the user's choice, so no contrast can be computed.
ANSI = Palette(
    ink="default",
    dim="default",
    faint="bright_black",
    voice="green",
    wait="yellow",
    pad="blue",
    bot="cyan",
    warn="red",
    live="bright_red",
    ground="default",
    panel="default",
)

DARK_THEME, LIGHT_THEME = "tui-assistant", "tui-assistant-light"
ALIASES = {"dark": DARK_THEME, "light": LIGHT_THEME, "ansi": "ansi-dark"}


def _theme(name: str, palette: Palette, dark: bool) -> Theme:
    return Theme(
        name=name,
        primary=palette.bot,
        secondary=palette.pad,
        accent=palette.voice,
        success=palette.voice,
        warning=palette.wait,
        error=palette.warn,
        foreground=palette.ink,
        background=palette.ground,
        surface=palette.ground,
        panel=palette.panel,
        dark=dark,
    )


THEMES = (_theme(DARK_THEME, DARK, True), _theme(LIGHT_THEME, LIGHT, False))


def contrast(first: str, second: str) -> float:
    """1 to 21, as WCAG 2.1 defines it: relative luminances, the lighter over the darker."""

    def luminance(colour: Color) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(Color.parse(first)), luminance(Color.parse(second))))
    return (high + 0.05) / (low + 0.05)


def palette_of(theme: Theme) -> Palette:
    """Ours for our themes; else the theme's colours by their meaning, moved towards black or white until readable."""
    if theme.name == DARK_THEME:
        return DARK
    if theme.name == LIGHT_THEME:
        return LIGHT
    if theme.ansi:
        return ANSI
    system = theme.to_color_system().generate()
    grounds = (system["background"], system["panel"])
    ink = system["foreground"]

    def text(colour: str) -> str:
        return readable(Color.parse(colour).hex6, grounds, dark=theme.dark)

    def between(part: float) -> str:
        return Color.parse(grounds[0]).blend(Color.parse(ink), part).hex6

    return Palette(
        ink=text(ink),
        dim=text(between(0.6)),
        faint=between(0.22),
        voice=text(system["success"]),
        wait=text(system["warning"]),
        pad=Color.parse(grounds[0]).blend(Color.parse(system["primary"]), 0.6).hex6,
        bot=text(system["primary"]),
        warn=text(system["error"]),
        live=text(system["error"]),
        ground=Color.parse(grounds[0]).hex6,
        panel=Color.parse(grounds[1]).hex6,
    )


def readable(colour: str, grounds: tuple[str, ...], *, dark: bool) -> str:
    """The colour itself, or the nearest to it on the way to white (dark themes) or black that can be read."""
    goal = Color.parse("#ffffff" if dark else "#000000")
    start = Color.parse(colour)
    for step in range(21):
        candidate = start.blend(goal, step / 20).hex6
        if all(contrast(candidate, ground) >= CONTRAST for ground in grounds):
            return candidate
    return goal.hex6


def variables(palette: Palette) -> dict[str, str]:
    """For app.tcss: `$c-ink`, `$c-voice` ..."""
    result = {}
    for field in fields(palette):
        value: str = getattr(palette, field.name)
        result[f"c-{field.name}"] = value if value.startswith("#") else f"ansi_{value}"
    return result


class Styles:
    """Rich styles by role, made once each. `colour` False (NO_COLOR): weight and reverse video carry the difference."""

    def __init__(self, palette: Palette, *, colour: bool = True) -> None:
        self._palette = palette
        self._colour = colour
        self._made: dict[str, Style] = {}

    def __getitem__(self, role: str) -> Style:
        style = self._made.get(role)
        if style is None:
            style = self._made[role] = self._make(role)
        return style

    def _make(self, role: str) -> Style:
        kind, _, name = role.rpartition(" ")
        colour: str = self._palette.ink if name == "key" else getattr(self._palette, name)
        ansi = self._palette is ANSI
        badge = kind == "on" or name == "key"
        if not self._colour or (ansi and badge):
            weak = name in ("dim", "faint") and not badge
            return Style(bold=badge or kind == "bold", reverse=badge or kind == "cut", dim=weak)
        if name == "key":
            return Style(color=colour, bgcolor=self._palette.faint, bold=True)
        if kind == "on":
            return Style(color=self._palette.ground, bgcolor=colour, bold=True)
        if kind == "cut":
            return Style(color=colour, reverse=True) if ansi else Style(color=self._palette.ground, bgcolor=colour)
        return Style(color=colour, bold=kind == "bold", dim=ansi and name == "dim")
