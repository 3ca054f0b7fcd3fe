"""An input buffer that nobody commits or clears: what it does not hold is refused, counted and said."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fakes import Driver, ScriptedDetector, config, counting, errors

from tui_assistant.engine import intake
from tui_assistant.engine.observation import Dropped
from tui_assistant.protocol import server
from tui_assistant.protocol.codec import encode_audio


class TestFull:
    def test_ten_minutes_by_hand_then_refusals(self) -> None:
        driver = Driver(ScriptedDetector(), config(None, rate=8_000))
        driver.feed(counting(599 * 8_000))
        assert not errors(driver.outputs)
        last = counting(2 * 8_000, 599 * 8_000)
        assert errors(driver.feed(last)) == [("input_audio_buffer_full", None)]
        (error,) = driver.of(server.ErrorEvent)
        assert error.error.message == "The input audio buffer is full: it holds 10 minutes. Commit or clear it."
        assert errors(driver.feed(bytes(16_000 * 8))) == []
        assert errors(driver.feed(bytes(16_000 * 2))) == [("input_audio_buffer_full", None)], "10 s later"
        assert sum(seen.amount for seen in driver.of(Dropped)) == 11 * 8_000
        assert driver.session.input_ms == 600_000
        driver.send("input_audio_buffer.commit")
        kept = driver.session._conversation._audio[driver.of(server.BufferCommitted)[0].item_id]
        assert kept.ms == 600_000, "what was there is kept"
        assert errors(driver.feed(counting(8_000))) == []
        driver.send("input_audio_buffer.commit")
        assert len(driver.of(server.BufferCommitted)) == 2


class TestRefusing:
    """Each begun second of it is counted, and each begun ten are said; the same with a smaller buffer."""

    @pytest.fixture
    def filled(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Driver]:
        def fill(seconds: int) -> Driver:
            monkeypatch.setattr(intake, "LONGEST_MANUAL_MS", seconds * 1_000)
            driver = Driver(ScriptedDetector(), config(None, rate=8_000))
            driver.feed(bytes(seconds * 16_000))
            driver.forget()
            return driver

        return fill

    def test_it_is_counted_and_said_at_fixed_places(self, filled: Callable[[int], Driver]) -> None:
        full = filled(60)
        assert full.outputs == full.feed(b"") == []
        told = [full.feed(bytes(length)) for length in (200, 200, 15_600, 2, 8 * 16_000, 16_000 - 4, 8)]
        assert [[type(output) for output in outputs] for outputs in told] == [
            [Dropped, server.ErrorEvent],
            [],
            [],
            [Dropped],
            [Dropped] * 8,
            [],
            [Dropped, server.ErrorEvent],
        ]
        assert set(full.of(Dropped)) == {Dropped("refused_samples", 8_000)}
        assert {(event.error.code, event.error.message) for event in full.of(server.ErrorEvent)} == {
            ("input_audio_buffer_full", "The input audio buffer is full: it holds 1 minutes. Commit or clear it.")
        }

    @pytest.mark.parametrize("way", ["input_audio_buffer.commit", "input_audio_buffer.clear", "turn_detection"])
    def test_it_begins_anew_when_there_is_room_again(self, filled: Callable[[int], Driver], way: str) -> None:
        full = filled(1)
        full.feed(bytes(30_000))
        if way == "turn_detection":
            full.update({"type": "server_vad"})
            full.update(None)
        else:
            full.send(way)
        full.forget()
        assert errors(full.feed(bytes(2))) == []
        full.feed(bytes(16_000))
        assert errors(full.outputs) == [("input_audio_buffer_full", None)]
        assert full.of(Dropped) == [Dropped("refused_samples", 8_000)]

    def test_appends_are_refused_alike(self, filled: Callable[[int], Driver]) -> None:
        outputs = filled(1).send("input_audio_buffer.append", audio=encode_audio(bytes(200)))
        assert errors(outputs) == [("input_audio_buffer_full", None)]
