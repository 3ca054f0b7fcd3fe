"""What the tokens of a conversation cost, by prices that the user has set. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tui_assistant.protocol.usage import Tokens

PER = 1_000_000  # tokens, for which prices are given


@dataclass(frozen=True, slots=True)
class Prices:
    """Of a million tokens of each kind; None: not known. `currency` is only shown."""

    currency: str = "USD"
    input_text: float | None = None
    input_audio: float | None = None
    cached_text: float | None = None
    cached_audio: float | None = None
    output_text: float | None = None
    output_audio: float | None = None
    transcription_input: float | None = None
    transcription_output: float | None = None
    transcription_minute: float | None = None
    """Of a minute of audio, where transcription is not paid by tokens."""

    @property
    def known(self) -> bool:
        """Any price is set."""
        return any(getattr(self, each.name) is not None for each in fields(self) if each.name != "currency")


@dataclass(frozen=True, slots=True)
class Cost:
    """An estimate. `unpriced`: kinds of tokens that there were and that have no price: it is more, then."""

    amount: float
    currency: str
    unpriced: tuple[str, ...] = ()

    def __str__(self) -> str:
        digits = 4 if self.amount < 0.1 else 2
        return f"{'≥' if self.unpriced else '≈'} {self.amount:.{digits}f} {self.currency}".rstrip()


def estimate(tokens: Tokens, prices: Prices) -> Cost | None:
    """None where no price is set. What was cached costs the full price where it has none of its own."""
    if not prices.known:
        return None
    amount, unpriced = 0.0, []
    for name, count in _counted(tokens).items():
        price = getattr(prices, name)
        if price is None and name.startswith("cached_"):
            price = getattr(prices, name.replace("cached_", "input_"))
        if price is None:
            unpriced.append(name)
        else:
            amount += count * price
    return Cost(amount, prices.currency, tuple(unpriced))


def _counted(tokens: Tokens) -> dict[str, float]:
    """By the name of its price, in its unit: only what there was."""
    counts = {each.name: getattr(tokens, each.name) / PER for each in fields(tokens) if each.name != "transcription_s"}
    counts["transcription_minute"] = tokens.transcription_s / 60
    return {name: count for name, count in counts.items() if count}
