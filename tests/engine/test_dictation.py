"""What the recogniser gets of an utterance."""

from __future__ import annotations

from typing import Any

import numpy as np

from tui_assistant.engine.dictation import Dictation
from tui_assistant.engine.frontend import Frame
from tui_assistant.engine.ids import Ids
from tui_assistant.engine.outbox import Outbox
from tui_assistant.engine.ports import Cancel, Transcribe, TranscribeAudio, TranscribeEnd


class Heard:
    """A dictation that has heard frames whose samples count from 0 on."""

    def __init__(self, frames: int = 0) -> None:
        self.outbox = Outbox(Ids())
        self.dictation = Dictation(Ids(), self.outbox, "sess_9")
        self._frames = 0
        self.hear(frames)

    def hear(self, frames: int) -> None:
        for _ in range(frames):
            first = self._frames * 512
            self.dictation.hear(Frame(self._frames * 32, 0.0, np.arange(first, first + 512).astype(np.int16)))
            self._frames += 1

    def asks(self) -> list[Any]:
        return self.outbox.take()


def samples(asks: list[Any]) -> list[int]:
    pcm = b"".join(ask.pcm for ask in asks if isinstance(ask, TranscribeAudio))
    return np.frombuffer(pcm, "<i2").tolist()


def test_a_stream_begins_with_the_audio_before_it_was_opened() -> None:
    heard = Heard(4)
    heard.dictation.open(40, "de")
    heard.hear(2)
    assert heard.dictation.finish() == "ask_1"
    asks = heard.asks()
    assert asks[0] == Transcribe("ask_1", "de", "sess_9")
    assert asks[-1] == TranscribeEnd("ask_1")
    assert samples(asks) == list(range(640, 6 * 512))
    assert heard.dictation.ask_id is None


def test_a_stream_that_begins_with_what_is_to_come_is_sent_nothing_yet() -> None:
    heard = Heard(1)
    heard.dictation.open(32, None)
    assert [type(ask) for ask in heard.asks()] == [Transcribe]
    heard.hear(1)
    assert samples(heard.asks()) == list(range(512, 1_024))


def test_nothing_is_sent_while_no_stream_is_open() -> None:
    assert Heard(9).asks() == []


def test_what_is_unframed_is_the_end() -> None:
    heard = Heard(1)
    heard.dictation.open(0, None)
    heard.dictation.finish(np.array([512, 513], np.int16))
    assert samples(heard.asks()) == list(range(514))


def test_a_stream_that_begins_inside_a_frame_to_come() -> None:
    heard = Heard(1)
    heard.dictation.drop_before(40)
    heard.dictation.open(40, None)
    heard.hear(1)
    assert samples(heard.asks()) == list(range(640, 1_024))


def test_dropped_audio_is_not_sent() -> None:
    heard = Heard(4)
    heard.dictation.drop_before(64)
    heard.dictation.open(0, None)
    assert samples(heard.asks()) == list(range(1_024, 2_048))


def test_cancelling_ends_the_stream() -> None:
    heard = Heard(1)
    heard.dictation.open(0, None)
    heard.dictation.cancel()
    heard.hear(1)
    assert heard.asks()[-1] == Cancel("ask_1")
    assert heard.dictation.finish() is None
    heard.dictation.cancel()
    assert heard.asks() == []


def test_a_recogniser_that_gave_up_is_left_alone_until_the_next_utterance() -> None:
    heard = Heard(1)
    heard.dictation.open(0, None)
    heard.dictation.give_up()
    heard.asks()
    heard.hear(2)
    assert heard.dictation.hearing is None
    assert heard.dictation.finish() is None
    assert heard.asks() == []
    heard.dictation.open(64, None)
    assert heard.dictation.hearing == "ask_2"
    assert samples(heard.asks()) == list(range(1_024, 1_536))
