"""What was heard, from the speaker's count of samples."""

from __future__ import annotations

import copy

from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.client.playback import Cut, Playback


def test_the_first_sound_of_an_item_is_reported_once() -> None:
    playback = Playback(1000)
    playback.add("a", 100)
    playback.add("a", 100)
    playback.add("b", 50)
    assert playback.heard(0) == ()
    assert playback.heard(1) == ("a",)
    assert playback.heard(150) == ()
    assert playback.heard(230) == ("b",)
    assert playback.playing
    assert playback.heard(250) == ()
    assert not playback.playing


def test_a_flush_tells_where_each_item_was_cut() -> None:
    playback = Playback(1000)
    playback.add("a", 100)
    playback.add("a", 100)
    playback.add("b", 50)
    playback.heard(130)
    assert playback.flush() == (Cut("a", 130, 200), Cut("b", 0, 50))
    assert not playback.playing
    assert playback.flush() == ()


def test_after_a_flush_positions_go_on_from_what_was_heard() -> None:
    playback = Playback(1000)
    playback.add("a", 100)
    playback.heard(40)
    playback.flush()
    playback.add("b", 100)
    assert playback.heard(41) == ("b",)
    playback.heard(90)
    assert playback.flush() == (Cut("b", 50, 100),)


def test_a_speaker_that_claims_too_much_is_not_believed() -> None:
    playback = Playback(1000)
    playback.add("a", 100)
    playback.heard(10_000)
    playback.add("b", 100)
    assert playback.playing
    assert playback.heard(150) == ("b",)


def test_times_are_those_of_the_item_at_the_link_s_rate() -> None:
    playback = Playback(24_000)
    assert (playback.item_id, playback.flush()) == (None, ())
    for item in ("a", "b", "a"):
        playback.add(item, 2_424)  # 101 ms
    assert playback.item_id == "a"
    assert playback.heard(2_424) == ("a",)
    assert playback.item_id == "b"
    assert playback.heard(4_848) == ("b",)
    assert playback.heard(4_848 + 1_236) == ()  # a goes on
    assert playback.flush() == (Cut("a", 152, 202),)
    assert (playback.item_id, playback.playing) == (None, False)
    playback.add("a", 24)
    assert playback.heard(9_999) == ()
    playback.add("a", 250)
    (cut,) = playback.flush()
    assert repr(cut) == repr(Cut("a", 203, 213))  # whole milliseconds


def test_the_second_half_of_a_long_item() -> None:
    playback = Playback(1000)
    playback.add("a", 60_000)
    playback.heard(50_000)
    assert Playback.flush(copy.deepcopy(playback)) == (Cut("a", 50_000, 60_000),)
    playback.add("a", 100)
    playback.heard(60_050)
    assert playback.flush() == (Cut("a", 60_050, 60_100),)


def test_a_count_that_goes_back_is_taken_as_standing_still() -> None:
    playback = Playback(1000)
    playback.add("a", 100)
    playback.heard(60)
    assert playback.heard(10) == ()
    assert playback.flush() == (Cut("a", 60, 100),)


def test_several_items_begin_between_two_counts() -> None:
    playback = Playback(1000)
    for item in ("a", "b", "c"):
        playback.add(item, 10)
    assert playback.heard(25) == ("a", "b", "c")
    assert playback.heard(30) == ()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 500)), min_size=1), st.integers(0, 5000))
def test_heard_times_add_up(pieces: list[tuple[str, int]], position: int) -> None:
    """What was cut off of each item plus what was heard of it is all that was written of it."""
    playback = Playback(1000)
    total: dict[str, int] = {}
    heard: dict[str, int] = {}
    at = 0
    for item, samples in pieces:
        playback.add(item, samples)
        total[item] = total.get(item, 0) + samples
        heard[item] = heard.get(item, 0) + min(samples, max(0, position - at))
        at += samples
    playback.heard(position)
    cuts = {cut.item_id: cut.heard_ms for cut in playback.flush()}
    for item, samples in total.items():
        if item in cuts and list(dict.fromkeys(i for i, _ in pieces)).count(item) == 1:
            first_unheard = cuts[item]
            assert first_unheard <= heard[item]
        if item not in cuts:
            assert heard[item] == samples
