"""Cepstral means: how a microphone, a room and a voice sound on the average. The decoder takes them away first.

PocketSphinx begins an utterance with the means it was given and lets them weigh as much as 5 s of speech, so that a
wrong beginning spoils several utterances. First utterances, 24 for each of four synthetic voices: 75-96 % right by
voice with the library's own beginning, 92-100 % when the means come from the first 1.5 s.
"""

from __future__ import annotations

from collections.abc import Sequence

Means = tuple[float, ...]

PRIOR_FRAMES = 500  # what the given means weigh (CMN_WIN of the library)
MOST_FRAMES = 290  # beyond, at 800 in all, the library halves its sums, and what was added can't be told apart any more
LEAST_FRAMES = 50  # half a second; less says nothing
FRAME_BYTES = 320  # 10 ms at 16 kHz, 16 bit
SPOKEN_SHARE = 0.8  # of the means of a first utterance; the rest is TYPICAL, against what one sentence has by chance
NEW_SHARE = 0.5  # of each further utterance
# Mean over commands by synthetic voices and by people at their own microphones.
TYPICAL: Means = (51.3, -0.7, -1.2, 2.6, -2.4, -7.1, -0.8, -7.5, 0.5, 0.3, -0.3, -1.2, 2.1)


def parse(text: str) -> Means:
    """As `Decoder.get_cmn` gives them."""
    return tuple(float(value) for value in text.split(","))


def render(means: Means) -> str:
    """As `Decoder.set_cmn` takes them."""
    return ",".join(f"{value:.4f}" for value in means)


def mixed(means: Means, other: Means, share: float) -> Means:
    """`share` of `means`, the rest of `other`."""
    return tuple(share * one + (1.0 - share) * two for one, two in zip(means, other, strict=True))


def spoken(before: Means, after: Sequence[float], size: int) -> Means | None:
    """The means of `size` bytes of speech alone, from those the decoder was given and those it has now.

    None where the speech is too short to tell. Of long speech the decoder's own means are good enough.
    """
    frames = size / FRAME_BYTES
    if frames < LEAST_FRAMES or len(after) != len(before):
        return None
    if frames > MOST_FRAMES:
        return tuple(after)
    total = PRIOR_FRAMES + frames
    return tuple((now * total - was * PRIOR_FRAMES) / frames for was, now in zip(before, after, strict=True))
