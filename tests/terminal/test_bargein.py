"""Speaking over an answer, on a microphone and a speaker of software."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from bargein_room import SECONDS, interrupt, read
from sounds import command, write
from virtual_audio import VirtualAudio

MOMENTS = [0.4, 0.9, 1.35, 2.0, 2.6, 3.3]
NEAR_MS = 20  # by the device's clock


@pytest.fixture
def room(tmp_path: Path) -> Iterator[VirtualAudio]:
    with VirtualAudio(tmp_path / "va") as audio:
        yield audio


@pytest.mark.timeout(120)
def test_whoever_goes_on_is_given_the_floor_and_the_answer_is_cut_where_it_was_heard(
    room: VirtualAudio, tmp_path: Path
) -> None:
    clip = command("no stop please wait", tmp_path / "clip.wav", before=0.1)
    spoken = interrupt(room, tmp_path, clip, MOMENTS)
    for each in spoken:
        assert each.types == ["Duck", "Flush", "conversation.item.truncate"]
        assert each.cut_ms is not None
        assert abs(each.cut_ms - each.heard_ms) <= 2 * NEAR_MS  # single ones: other work on the machine
        assert each.cut_ms < SECONDS * 1000
    assert median(abs((each.cut_ms or 0) - each.heard_ms) for each in spoken) <= NEAR_MS
    # 250 ms of speech, its frames and the detector's own delay; a busy machine adds to single ones
    assert median((each.silence - each.onset) * 1000 for each in spoken) <= 400
    assert median((each.silence - each.flush) * 1000 for each in spoken) <= 30 + 20  # and what the recording is late


@pytest.mark.timeout(120)
def test_after_a_short_sound_the_answer_comes_back_and_is_heard_to_its_end(room: VirtualAudio, tmp_path: Path) -> None:
    word = command("oh", tmp_path / "word.wav", before=0.0, after=0.0)
    sound = read(word)
    start = int(np.argmax(np.abs(sound) > 500))
    clip = write(tmp_path / "short.wav", np.tile(sound[start : start + 2400], 1).astype(np.int16), 16_000)  # 150 ms
    (each,) = interrupt(room, tmp_path, clip, [1.5], wait_s=SECONDS - 0.5)
    assert each.types == ["Duck", "Unduck"]
    assert abs(each.heard_ms - SECONDS * 1000) <= NEAR_MS
