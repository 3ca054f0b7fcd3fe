"""How many tokens a response has, as far as that can be known here.

Text: what the responder reports; where it reports nothing, 4 characters are a token, the usual mean for English. Audio:
the service counts a token for 100 ms of the user's voice and one for 50 ms of the assistant's, and so do we.
The limit `max_output_tokens` is counted while the text arrives, when no figure is known yet: each delta counts as its
words, and at least as one. Servers that stream a token per delta are so counted in their own tokens.
"""

from __future__ import annotations

from tui_assistant.protocol.items import InputTokenDetails, OutputTokenDetails, Usage

CHARACTERS_PER_TOKEN = 4
INPUT_MS_PER_TOKEN = 100  # the service's price list: a minute of the user's audio is 600 tokens
OUTPUT_MS_PER_TOKEN = 50  # and one of the assistant's 1200


def of_text(text: str) -> int:
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def of_delta(text: str) -> int:
    """What a piece of output counts towards `max_output_tokens`."""
    return max(1, len(text.split())) if text else 0


def first(text: str, tokens: int) -> str:
    """The beginning of a piece of output that counts `tokens`."""
    words = text.split(maxsplit=tokens)
    if len(words) <= tokens:
        return text
    return text[: len(text) - len(words[-1])] if tokens else ""


def usage(*, read: int, written: int, heard_ms: int = 0, said_ms: int = 0) -> Usage:
    """`read` and `written` are text tokens; the times are of audio in the context and in the answer."""
    heard, said = -(-heard_ms // INPUT_MS_PER_TOKEN), -(-said_ms // OUTPUT_MS_PER_TOKEN)
    return Usage(
        total_tokens=read + heard + written + said,
        input_tokens=read + heard,
        output_tokens=written + said,
        input_token_details=InputTokenDetails(text_tokens=read, audio_tokens=heard),
        output_token_details=OutputTokenDetails(text_tokens=written, audio_tokens=said),
    )
