"""The Moonshine recogniser with a stand-in for the library, recorded from the real one (moonshine-voice 0.1.5)."""

from __future__ import annotations

import hashlib
import sys
import types
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from tui_assistant.engine.ports import Final, Partial
from tui_assistant.errors import ModelError
from tui_assistant.models import registry, store
from tui_assistant.models.catalogue import Entry, File
from tui_assistant.models.recognisers import moonshine
from tui_assistant.models.registry import Port

SECOND = bytes(32_000)
PARTS = {"encoder.ort": b"weights" * 100, "tokenizer.bin": b"words" * 10}


@dataclass
class Line:
    text: str
    is_complete: bool


@dataclass
class Transcript:
    lines: list[Line]


class Kind(IntEnum):
    """As the library's ModelArch."""

    TINY = 0
    TINY_STREAMING = 2
    SMALL_STREAMING = 4


class Stream:
    """Hears one word a second; after the third the first two are a complete line."""

    words = ("And ", "so ", "my ", "fellow ")

    def __init__(self, update_interval: float) -> None:
        self.update_interval = update_interval
        self.heard: list[np.ndarray[Any, Any]] = []
        self.calls: list[str] = []
        self.broken = False

    def start(self) -> None:
        self.calls.append("start")

    def add_audio(self, samples: Any, rate: int) -> None:
        assert rate == 16_000
        assert samples.dtype == np.float32
        self.heard.append(samples)

    def update_transcription(self) -> Transcript:
        self.calls.append("look")
        words = self.words[: sum(map(len, self.heard)) // 16_000]
        if len(words) < 3:
            return Transcript([Line("".join(words), False)])
        return Transcript([Line(" And so", True), Line("".join(words[2:]), False)])

    def stop(self) -> Transcript | None:
        self.calls.append("stop")
        return None if self.broken else self.update_transcription()

    def close(self) -> None:
        self.calls.append("close")


class Transcriber:
    made: ClassVar[list[Transcriber]] = []

    def __init__(self, path: Path, kind: Kind, *, options: dict[str, str]) -> None:
        if (Path(path) / "encoder.ort").read_bytes() != PARTS["encoder.ort"]:
            raise RuntimeError("Failed to load transcriber: Unknown error")
        self.path, self.kind, self.options = path, kind, options
        self.streams: list[Stream] = []
        self.made.append(self)

    def create_stream(self, update_interval: float) -> Stream:
        self.streams.append(Stream(update_interval))
        return self.streams[-1]


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> type[Transcriber]:
    Transcriber.made = []
    for name, members in (
        ("moonshine_voice", {}),
        ("moonshine_voice.transcriber", {"Transcriber": Transcriber}),
        ("moonshine_voice.moonshine_api", {"ModelArch": Kind}),
    ):
        module = types.ModuleType(name)
        module.__dict__.update(members)
        monkeypatch.setitem(sys.modules, name, module)
    return Transcriber


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All three models are here, as small files that the test made."""
    for name in ("moonshine-tiny", "moonshine-small", "moonshine-batch"):
        files = [File(part, "", len(data), hashlib.sha256(data).hexdigest()) for part, data in PARTS.items()]
        monkeypatch.setitem(store.CATALOGUE, name, Entry(name, "MIT", tuple(files)))  # type: ignore[arg-type]
        (tmp_path / name).mkdir()
        for part, data in PARTS.items():
            (tmp_path / name / part).write_bytes(data)
    return tmp_path


def make(folder: Path, name: str = "moonshine-tiny") -> Any:
    return registry.create(Port.RECOGNISER, name, {"folder": str(folder)})


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("moonshine-tiny", Kind.TINY_STREAMING),
        ("moonshine-small", Kind.SMALL_STREAMING),
        ("moonshine-batch", Kind.TINY),
    ],
)
def test_the_size_is_said_and_the_librarys_own_detector_is_off(
    library: type[Transcriber], folder: Path, name: str, kind: Kind
) -> None:
    recogniser = make(folder, name)
    (made,) = library.made
    assert recogniser.name == name
    assert (Path(made.path), made.kind) == (folder / name, kind)
    assert made.options["vad_threshold"] == "0"
    assert float(made.options["vad_max_segment_duration"]) > 120  # longer than the longest turn
    (warm,) = made.streams
    assert warm.calls[-1] == "close"  # the slow first look is over


def test_words_come_while_one_speaks(library: type[Transcriber], folder: Path) -> None:
    stream = make(folder).open("en")
    partials = [stream.accept(SECOND[:3_200]) for _ in range(40)]
    shown = [partial for partial in partials if partial is not None]
    assert shown == [
        Partial("", "And"),
        Partial("", "And so"),
        Partial("And so", "my"),
        Partial("And so", "my fellow"),
    ]
    inner = library.made[0].streams[-1]
    assert inner.calls == ["start"] + ["look"] * 10  # every 0.4 s
    assert inner.update_interval > 600  # the library itself never looks
    assert stream.finish() == Final("And so my fellow")
    stream.close()
    stream.close()
    assert inner.calls[-2:] == ["look", "close"]


def test_the_batch_model_looks_less_often(library: type[Transcriber], folder: Path) -> None:
    stream = make(folder, "moonshine-batch").open(None)
    for _ in range(40):
        stream.accept(SECOND[:3_200])
    assert library.made[0].streams[-1].calls.count("look") == 4


def test_a_look_that_takes_long_is_taken_less_often(
    library: type[Transcriber], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = make(folder).open(None)
    clock = iter(range(0, 1_000, 2))  # each look takes 2 s
    monkeypatch.setattr(moonshine, "monotonic", lambda: float(next(clock)))
    for _ in range(60):
        stream.accept(SECOND[:3_200])
    assert library.made[0].streams[-1].calls.count("look") == 3  # after 0.4, 2.4 and 4.4 s


def test_samples_arrive_whole_however_they_are_cut(library: type[Transcriber], folder: Path) -> None:
    pcm = np.arange(-4_000, 4_000, dtype="<i2").tobytes()
    stream = make(folder).open(None)
    for start in range(0, len(pcm), 333):
        stream.accept(pcm[start : start + 333])
    heard = np.concatenate(library.made[0].streams[-1].heard)
    assert np.array_equal(heard, np.arange(-4_000, 4_000, dtype=np.float32) / 32_768)


def test_a_noise_of_less_than_a_tenth_of_a_second_is_no_word(library: type[Transcriber], folder: Path) -> None:
    stream = make(folder).open(None)
    stream.accept(SECOND[:2_000])
    assert stream.finish() == Final("")
    assert "stop" not in library.made[0].streams[-1].calls


def test_an_error_at_the_end_is_said(library: type[Transcriber], folder: Path) -> None:
    stream = make(folder).open(None)
    stream.accept(SECOND)
    library.made[0].streams[-1].broken = True
    with pytest.raises(ModelError, match=r"could not finish the sentence \(say it again\)"):
        stream.finish()


def test_a_missing_a_half_and_a_damaged_model_are_one_line_each(library: type[Transcriber], folder: Path) -> None:
    encoder = folder / "moonshine-tiny" / "encoder.ort"
    encoder.write_bytes(b"Weights" * 100)
    with pytest.raises(ModelError, match=r"moonshine-tiny is damaged: encoder\.ort is not what was downloaded"):
        make(folder)
    encoder.rename(encoder.with_name("encoder.ort.part"))
    with pytest.raises(ModelError, match=r"only 0\.0 of 0\.0 MB of the model moonshine-tiny are here"):
        make(folder)
    encoder.with_name("encoder.ort.part").unlink()
    (folder / "moonshine-tiny" / "tokenizer.bin").unlink()
    with pytest.raises(ModelError, match=r"moonshine-tiny is not on this machine \(tui-assistant models get"):
        make(folder)
    assert library.made == []


@pytest.mark.usefixtures("folder")
def test_without_the_library_the_line_that_brings_it_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moonshine_voice", None)
    with pytest.raises(ModelError, match=r"the library moonshine_voice.*pip install 'tui-assistant\[moonshine\]'"):
        make(folder)
