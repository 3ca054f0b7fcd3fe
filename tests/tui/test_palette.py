from __future__ import annotations

from itertools import product

import pytest
from textual.theme import BUILTIN_THEMES

from tui_assistant.tui.palette import (
    ANSI,
    CONTRAST,
    DARK,
    LIGHT,
    TEXT_ROLES,
    THEMES,
    Palette,
    Styles,
    contrast,
    palette_of,
    variables,
)

TRUE_COLOUR = [theme for theme in BUILTIN_THEMES.values() if not theme.ansi]


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("role", TEXT_ROLES)
def test_text_can_be_read_on_both_grounds(palette: Palette, role: str) -> None:
    for ground in (palette.ground, palette.panel):
        assert contrast(getattr(palette, role), ground) >= CONTRAST


@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=["dark", "light"])
def test_badges_and_key_caps_can_be_read(palette: Palette) -> None:
    for role in ("dim", "voice", "wait", "bot", "warn", "live"):
        assert contrast(palette.ground, getattr(palette, role)) >= CONTRAST
    assert contrast(palette.ink, palette.faint) >= CONTRAST


@pytest.mark.parametrize("theme", TRUE_COLOUR, ids=lambda theme: theme.name)
def test_text_can_be_read_in_every_theme_of_textual(theme: object) -> None:
    palette = palette_of(theme)  # type: ignore[arg-type]
    for role, ground in product(TEXT_ROLES, (palette.ground, palette.panel)):
        assert contrast(getattr(palette, role), ground) >= CONTRAST, role


def test_our_themes_have_our_palettes() -> None:
    assert [palette_of(theme) for theme in THEMES] == [DARK, LIGHT]
    assert palette_of(BUILTIN_THEMES["ansi-dark"]) is ANSI


def test_the_colours_of_the_speakers_differ() -> None:
    for palette in (DARK, LIGHT):
        assert len({palette.voice, palette.bot, palette.wait, palette.warn}) == 4


def test_without_colour_weight_and_reverse_video_carry_the_difference() -> None:
    styles = Styles(DARK, colour=False)
    for role in ("ink", "dim", "on voice", "key", "bold bot", "cut voice"):
        assert styles[role].color is None
        assert styles[role].bgcolor is None
    assert styles["on voice"].reverse
    assert styles["cut voice"].reverse
    assert styles["bold bot"].bold


def test_css_variables_name_colours_that_textual_knows() -> None:
    assert variables(DARK)["c-voice"] == DARK.voice
    assert variables(ANSI)["c-faint"] == "ansi_bright_black"
