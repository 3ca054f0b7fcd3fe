from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.protocol.usage import Tokens, of_response, of_transcription

OPENAI = {
    "total_tokens": 1_500,
    "input_tokens": 1_200,
    "output_tokens": 300,
    "input_token_details": {
        "text_tokens": 400,
        "audio_tokens": 800,
        "image_tokens": 0,
        "cached_tokens": 640,
        "cached_tokens_details": {"text_tokens": 320, "audio_tokens": 320, "image_tokens": 0},
    },
    "output_token_details": {"text_tokens": 60, "audio_tokens": 240},
}
QWEN = {
    "total_tokens": 377,
    "input_tokens": 336,
    "output_tokens": 41,
    "input_tokens_details": {"text_tokens": 228, "audio_tokens": 108},
    "output_tokens_details": {"text_tokens": 11, "audio_tokens": 30},
    "plugins": {"search": {"count": 1, "strategy": "agent"}},
}


def test_what_is_cached_or_audio_is_counted_once() -> None:
    tokens = of_response(OPENAI)
    assert tokens == Tokens(
        input_text=80, input_audio=480, cached_text=320, cached_audio=320, output_text=60, output_audio=240
    )
    assert (tokens.read, tokens.cached, tokens.written) == (1_200, 640, 300)


def test_the_other_spelling() -> None:
    assert of_response(QWEN) == Tokens(input_text=228, input_audio=108, output_text=11, output_audio=30)
    both = {**QWEN, "input_token_details": QWEN["input_tokens_details"]}
    assert of_response(both) == of_response(QWEN), "a server that sends both says the same twice"


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"input_tokens": 10, "output_tokens": 4}, Tokens(input_text=10, output_text=4)),
        ({"total_tokens": 14}, Tokens(input_text=14)),
        ({"input_token_details": {"text_tokens": 3, "audio_tokens": 7}}, Tokens(input_text=3, input_audio=7)),
        (
            {"input_tokens": 10, "input_token_details": {"audio_tokens": 9, "cached_tokens": 4}},
            Tokens(input_text=0, input_audio=6, cached_text=1, cached_audio=3),
        ),
        ({"input_tokens": 5, "input_token_details": {"audio_tokens": 50, "cached_tokens": 50}}, Tokens(cached_audio=5)),
        ({"input_tokens": None, "output_tokens": -3, "input_token_details": None}, Tokens()),
        ({"input_tokens": True, "output_tokens": float("nan")}, Tokens()),
        ({"input_tokens": 10**30}, Tokens()),
        (None, Tokens()),
        ([], Tokens()),
    ],
)
def test_what_is_missing_or_nonsense(usage: Any, tokens: Tokens) -> None:
    assert of_response(usage) == tokens


def test_transcription_by_tokens_and_by_seconds() -> None:
    by_tokens = {"type": "tokens", "total_tokens": 22, "input_tokens": 13, "output_tokens": 9}
    by_tokens["input_token_details"] = {"text_tokens": 0, "audio_tokens": 13}
    assert of_transcription(by_tokens) == Tokens(transcription_input=13, transcription_output=9)
    assert of_transcription({"type": "duration", "seconds": 2.5}) == Tokens(transcription_s=2.5)
    assert of_transcription({"type": "duration", "seconds": None}) == Tokens()
    assert of_transcription(None) == Tokens()
    assert of_response(OPENAI) + of_transcription(by_tokens) == Tokens(80, 480, 320, 320, 60, 240, 13, 9)


COUNT = st.integers(-5, 5_000) | st.none() | st.booleans() | st.floats() | st.text(max_size=2)
DETAILS = st.fixed_dictionaries({}, optional={f"{kind}_tokens": COUNT for kind in ("text", "audio", "image")})


@given(
    read=st.integers(1, 9_000),
    details=DETAILS,
    cached=COUNT,
    parts=DETAILS,
    spelling=st.sampled_from(["token", "tokens"]),
)
def test_the_kinds_always_add_up_to_what_was_read(
    read: int, details: dict[str, Any], cached: Any, parts: dict[str, Any], spelling: str
) -> None:
    inner = {**details, "cached_tokens": cached, "cached_tokens_details": parts}
    tokens = of_response({"input_tokens": read, f"input_{spelling}_details": inner})
    assert tokens.read == read
    assert min(tokens.input_text, tokens.input_audio, tokens.cached_text, tokens.cached_audio) >= 0
