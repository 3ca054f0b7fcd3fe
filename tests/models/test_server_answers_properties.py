"""Whatever a server sends, in whatever pieces: words and samples, or one line for the user, and nothing else."""

from __future__ import annotations

import json
import struct
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.errors import ModelError
from tui_assistant.models.recognisers.transcript_stream import TranscriptStream
from tui_assistant.models.synthesisers.pcm_stream import PcmStream

KINDS = st.sampled_from(["", "audio/pcm", "audio/wav", "audio/pcm;rate=0", "audio/L16;rate=44100", "text/event-stream"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "delta", "text", "choices", "content", "error", "message"]), inner)
    ),
    max_leaves=8,
)
TYPES = ["transcript.text.delta", "transcript.text.done", "transcript.text.segment", "other"]
EVENTS = st.lists(
    VALUES
    | st.fixed_dictionaries({"type": st.sampled_from(TYPES)}, optional={"delta": st.text(), "text": st.text()})
    | st.just("[DONE]"),
    max_size=6,
)


def cut(body: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({0, len(body), *(place % (len(body) + 1) for place in places)})
    return [body[start:end] for start, end in pairwise(ends)]


def one_line(error: ModelError) -> str:
    assert str(error)
    assert "\n" not in str(error)
    return str(error)


def words(pieces: list[bytes], kind: str) -> tuple[list[str], str]:
    """What is shown on the way, and the end: the words or the error."""
    stream, shown = TranscriptStream(kind), []
    try:
        for piece in pieces:
            for text in stream.feed(piece):
                shown.append(text)  # noqa: PERF402 - extend would lose those before an error
        return shown, stream.end()
    except ModelError as error:
        return shown, f"error: {one_line(error)}"


def sound(pieces: list[bytes], kind: str) -> tuple[bytes, set[int], str]:
    pcm, rates = b"", set()
    try:
        stream = PcmStream(kind)
        for piece in pieces:
            for chunk in stream.feed(piece):
                assert 0 < len(chunk.pcm) <= chunk.rate // 10 * 2
                assert len(chunk.pcm) % 2 == 0
                pcm, rates = pcm + chunk.pcm, rates | {chunk.rate}
        for chunk in stream.end():
            pcm, rates = pcm + chunk.pcm, rates | {chunk.rate}
    except ModelError as error:
        return pcm, rates, one_line(error)
    return pcm, rates, ""


@settings(deadline=None)  # a busy machine
@given(EVENTS, st.lists(st.integers(0, 500), max_size=8), st.sampled_from(["text/event-stream", "application/json"]))
def test_events_of_any_kind_give_the_same_however_they_are_cut(
    events: list[object], places: list[int], kind: str
) -> None:
    body = b"".join(
        b"data: " + (b"[DONE]" if event == "[DONE]" else json.dumps(event).encode()) + b"\n\n" for event in events
    )
    assert words(cut(body, places), kind) == words([body], kind)


@settings(deadline=None)  # a busy machine
@given(st.binary(max_size=400) | VALUES.map(lambda value: json.dumps(value).encode()), st.lists(st.integers(0, 400)))
def test_a_body_of_anything_is_words_or_one_line(body: bytes, places: list[int]) -> None:
    for kind in ("application/json", "text/plain", "text/event-stream"):
        assert words(cut(body, places), kind)[1] == words([body], kind)[1]


@settings(deadline=None)  # a busy machine
@given(st.binary(max_size=6_000), st.lists(st.integers(0, 6_000), max_size=8), KINDS)
def test_samples_are_the_same_however_they_are_cut(body: bytes, places: list[int], kind: str) -> None:
    assert sound(cut(body, places), kind) == sound([body], kind)
    if not body.startswith(b"R") and kind != "text/event-stream":
        assert sound([body], kind)[0] == body[: len(body) // 2 * 2]


@settings(deadline=None)  # a busy machine
@given(
    st.binary(min_size=2, max_size=4_000),
    st.integers(0, 9),
    st.integers(0, 60_000),
    st.sampled_from([8, 16, 24]),
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(0, 4_000), max_size=8),
)
def test_a_wav_of_any_header_is_sound_or_one_line(
    samples: bytes, channels: int, rate: int, bits: int, length: int, places: list[int]
) -> None:
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 0, b"WAVE", b"fmt ", 16, 1, channels, rate, 0, 0, bits)
    body = head + struct.pack("<4sI", b"data", length) + samples
    pcm, rates, error = sound(cut(body, places), "audio/wav")
    assert (pcm, rates, error) == sound([body], "audio/wav")
    fits = bits == 16 and 1 <= channels <= 8 and 8_000 <= rate <= 48_000
    assert rates <= ({rate} if fits else set())
    assert pcm or error
