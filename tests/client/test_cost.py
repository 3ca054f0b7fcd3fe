from __future__ import annotations

import pytest

from tui_assistant.client.cost import Cost, Prices, estimate
from tui_assistant.protocol.usage import Tokens

PRICES = Prices(input_text=4, input_audio=32, cached_text=0.4, cached_audio=0.4, output_text=16, output_audio=64)
TOKENS = Tokens(80, 480, 320, 320, 60, 240)


def test_each_kind_has_its_price() -> None:
    cost = estimate(TOKENS, PRICES)
    assert cost is not None
    assert cost.amount == pytest.approx((80 * 4 + 480 * 32 + 640 * 0.4 + 60 * 16 + 240 * 64) / 1e6)
    assert str(cost) == "≈ 0.0323 USD"


def test_without_prices_there_is_no_estimate() -> None:
    assert estimate(TOKENS, Prices(currency="EUR")) is None


def test_what_is_cached_costs_no_less_where_no_price_says_so() -> None:
    full = estimate(Tokens(input_audio=800), Prices(input_audio=32))
    assert estimate(Tokens(input_audio=480, cached_audio=320), Prices(input_audio=32)) == full


def test_tokens_without_a_price_make_it_a_lower_bound() -> None:
    cost = estimate(TOKENS, Prices(currency="元", output_audio=100))
    assert cost == Cost(0.024, "元", ("input_text", "input_audio", "cached_text", "cached_audio", "output_text"))
    assert str(cost) == "≥ 0.0240 元"


def test_transcription_is_paid_by_tokens_or_by_the_minute() -> None:
    prices = Prices(transcription_input=1.25, transcription_output=5, transcription_minute=0.006)
    cost = estimate(Tokens(transcription_input=2_000, transcription_output=400, transcription_s=120), prices)
    assert cost is not None
    assert cost.amount == pytest.approx(0.0025 + 0.002 + 0.012)


@pytest.mark.parametrize(
    ("amount", "shown"), [(0.0999, "≈ 0.0999"), (0.1, "≈ 0.10"), (0.5, "≈ 0.50"), (12.3456, "≈ 12.35")]
)
def test_larger_amounts_have_two_digits(amount: float, shown: str) -> None:
    assert str(Cost(amount, "")) == shown
