"""The engine's turns are those of the naive second implementation."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracle
from fakes import Driver, ScriptedDetector, config, counting, errors, vad_update
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracle import FRAME, PER_MS, Change, Rules, Turn

from tui_assistant.host.detector import TurnDetector
from tui_assistant.protocol import server
from tui_assistant.protocol.codec import decode_audio
from tui_assistant.protocol.session import SemanticVad, ServerVad

EAGERNESS = {8_000: "low", 4_000: "medium", 2_000: "high"}


def vad(rules: Rules | None) -> ServerVad | SemanticVad | None:
    if rules is None:
        return None
    if rules.silence_ms is None:
        return SemanticVad(eagerness=EAGERNESS[rules.longest_ms], create_response=False)  # type: ignore[arg-type]
    return ServerVad(
        threshold=float(rules.threshold),
        prefix_padding_ms=rules.prefix_ms,
        silence_duration_ms=rules.silence_ms,
        create_response=False,
    )


def server_rules(**fields: Any) -> st.SearchStrategy[Rules]:
    thousandth = st.integers(0, 1000).map(lambda n: str(n / 1000))
    choices = st.sampled_from(["0", "0.05", "0.16", "0.45", "0.5", "0.7", "1", "0.04999", "0.5004999"]) | thousandth
    silence = st.sampled_from([0, 1, 32, 33, 64, 200, 500, 512, 1000]) | st.integers(0, 2_000)
    prefix = st.sampled_from([0, 1, 32, 300, 5_000]) | st.integers(0, 1_000)
    return st.builds(Rules, threshold=choices, prefix_ms=prefix, silence_ms=silence)


SEMANTIC = st.sampled_from([Rules(silence_ms=None, longest_ms=longest) for longest in EAGERNESS])
ANY_RULES = server_rules() | SEMANTIC


@st.composite
def recordings(draw: st.DrawFn, *, with_changes: bool = True) -> tuple[list[int], Rules | None, list[Change]]:
    """p in thousandths, biased to the thresholds in play and one to either side; runs biased to silences' lengths."""
    rules = draw(st.none() | ANY_RULES if with_changes else ANY_RULES)
    updates = draw(st.lists(st.none() | ANY_RULES, max_size=3)) if with_changes else []
    edges = {0, 10, 1000}
    needed = {1, 2, 3}
    for each in [rules, *updates]:
        if each is not None:
            for border in (each.begins, each.goes_on):
                edges |= {round(border * 1000) + step for step in (-1, 0, 1)}
            needed |= {max(1, each.needed_ms // 32 + step) for step in (-1, 0, 1, 2)}
    level = st.sampled_from(sorted(min(1000, max(0, edge)) for edge in edges)) | st.integers(0, 1000)
    run = st.tuples(level, st.sampled_from(sorted(needed)) | st.integers(1, 12))
    p = [value for value, length in draw(st.lists(run, min_size=1, max_size=14)) for _ in range(length)]
    if not with_changes:
        return p, rules, []
    whole = len(p) * FRAME
    place = st.integers(0, whole) | st.integers(0, len(p)).map(lambda n: n * FRAME)
    kinds = draw(st.lists(st.sampled_from(["commit", "clear"]), max_size=5))
    changes = [Change(draw(place), kind) for kind in kinds]  # type: ignore[arg-type]
    changes += [Change(draw(place), "update", each) for each in updates]
    return p, rules, sorted(changes, key=lambda change: change.at)


def engine_turns(p: list[int], rules: Rules | None, changes: list[Change]) -> list[Turn]:
    """The same recording through a whole session; where each item's audio lies is read from the audio itself."""
    driver = Driver(ScriptedDetector([value / 1000 for value in p]), config(vad(rules)))
    found: list[Turn] = []
    names: dict[str, int] = {}
    done = 0
    for at, change in [*((change.at, change) for change in changes), (len(p) * FRAME, None)]:
        _read(driver, driver.feed(counting(at - done, done)), names, found, at)
        done = at
        if change is None:
            break
        if change.kind == "update":
            new = vad(change.rules)
            out = driver.event(vad_update(None if new is None else new.model_dump()))
            assert not errors(out)
        else:
            out = driver.send(f"input_audio_buffer.{change.kind}")
        _read(driver, out, names, found, at)
    return found


def _read(driver: Driver, outputs: list[Any], names: dict[str, int], found: list[Turn], now: int) -> None:
    stopped_ms = now // PER_MS
    for event in outputs:
        match event:
            case server.SpeechStarted(item_id=item_id, audio_start_ms=begin_ms, at_ms=at_ms):
                assert item_id not in names, "an item is announced once"
                names[item_id] = len(names) + 1
                found.append(Turn("started", names[item_id], at_ms or 0, begin_ms))
            case server.SpeechStopped(item_id=item_id, audio_end_ms=end_ms, at_ms=at_ms):
                assert at_ms == end_ms
                stopped_ms = end_ms
                found.append(Turn("stopped", names[item_id], end_ms, 0, end_ms * PER_MS))
            case server.BufferCommitted(item_id=item_id):
                names.setdefault(item_id, len(names) + 1)
                pcm = decode_audio(driver.retrieve(item_id).content[0].audio)
                samples = np.frombuffer(pcm, "<u2").astype(int)
                assert (np.diff(samples) % 65536 == 1).all(), "the audio has a gap"
                by_voice = event.reason != {"rule": "commit"}
                end = stopped_ms * PER_MS if by_voice else now
                assert samples[-1] == (end - 1) % 65536, "the audio ends elsewhere"
                found.append(Turn("committed", names[item_id], end // PER_MS, end - len(samples), end))
            case server.BufferCleared():
                found.append(Turn("cleared", 0, now // PER_MS))
            case server.ErrorEvent(error=error):
                assert error.code == "input_audio_buffer_commit_empty"
                found.append(Turn("refused", 0, now // PER_MS))


def in_ms(turns: list[Turn]) -> list[Turn]:
    """audio_start_ms is whole milliseconds: where the audio begins inside one is seen from the item."""
    return [Turn(t.kind, t.item, t.at_ms, t.begin // PER_MS) if t.kind == "started" else t for t in turns]


@given(recordings())
@example(([450] * 2 + [300] * 40, Rules("0.45", 300, 500), []))  # 0.45 - 0.15 is a little over 0.3 in binary
@example(([900] * 3 + [0] * 15 + [900] * 3 + [0] * 20, Rules(prefix_ms=5_000, silence_ms=100), []))
@example(([900] * 40, Rules(), [Change(5_001, "commit"), Change(9_000, "commit")]))
@example(([900] * 40, Rules(), [Change(5_001, "commit"), Change(6_601, "commit")]))  # just 100 ms again
@example(([900] * 9, Rules(), [Change(700, "update"), Change(1_537, "update", Rules())]))
@settings(max_examples=250, deadline=None)
def test_session_agrees_with_oracle(recording: tuple[list[int], Rules | None, list[Change]]) -> None:
    assert engine_turns(*recording) == in_ms(oracle.turns(*recording))


@given(recordings(with_changes=False))
@settings(max_examples=150, deadline=None)
def test_turn_detector_agrees_with_oracle(recording: tuple[list[int], Rules, list[Change]]) -> None:
    p, rules, _ = recording
    detector = TurnDetector(vad(rules), vad=ScriptedDetector([value / 1000 for value in p]))
    found = [
        Turn("started", 0, e.at_ms or 0, e.audio_start_ms)
        if isinstance(e, server.SpeechStarted)
        else Turn("stopped", 0, e.at_ms or 0, 0, e.audio_end_ms * PER_MS)
        for e in detector.feed(bytes(2 * FRAME * len(p)))
    ]
    expected = [
        Turn(t.kind, 0, t.at_ms, t.begin, t.end) for t in in_ms(oracle.turns(p, rules)) if t.kind != "committed"
    ]
    assert found == expected


@given(
    before=st.integers(0, 3),
    gap=st.sampled_from([0, 1]),
    extra=st.lists(st.tuples(st.sampled_from([0, 349, 350, 500, 900]), st.integers(1, 20)), max_size=5),
    near=st.integers(-3, 3),
)
@settings(max_examples=15, deadline=None)
def test_longest_turn_agrees_with_oracle(before: int, gap: int, extra: list[tuple[int, int]], near: int) -> None:
    """Turns of about 120 s, with silence that would end them at about the same moment."""
    p = [0] * before + [900] * (3_750 - 16 * gap + near) + [p for p, n in extra for _ in range(n)] + [900] * 40
    found = engine_turns(p, Rules(), [])
    assert found == in_ms(oracle.turns(p, Rules()))
    assert all(t.end - t.begin <= (120_000 + 300) * PER_MS for t in found if t.kind == "committed")


def test_the_oracle_itself_on_a_turn_worked_out_by_hand() -> None:
    """Ten silent frames, twenty of speech: onset 320 ms, decided at 384, last speech ends at 960, over at 1472."""
    p = [0] * 10 + [900] * 20 + [0] * 30
    assert oracle.turns(p, Rules()) == [
        Turn("started", 1, 384, 20 * PER_MS),
        Turn("stopped", 1, 1472, 0, 1472 * PER_MS),
        Turn("committed", 1, 1472, 20 * PER_MS, 1472 * PER_MS),
    ]
    semantic = oracle.turns(p + [0] * 40, Rules(silence_ms=None))
    assert semantic[1] == Turn("stopped", 1, 2144, 0, 2144 * PER_MS)  # 1160 ms: the first slot from 1150 on
