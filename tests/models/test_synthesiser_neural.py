"""Piper and Kokoro with stand-ins for their libraries: what they are given, and what becomes of a cancellation."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tui_assistant.engine.ports import AudioChunk, Speak
from tui_assistant.errors import ModelError
from tui_assistant.host.inbox import Flag
from tui_assistant.models import registry, store
from tui_assistant.models.catalogue import CATALOGUE, Entry, File
from tui_assistant.models.registry import Port
from tui_assistant.models.synthesisers import kokoro

JOE, AMY = "piper-en_US-joe-medium", "piper-en_US-amy-low"
GOOD = b"a network"


class RunOptions:
    terminate = False


class Session:
    """An onnxruntime session that computes half a second of a ramp, or until it is stopped."""

    slow = False

    def __init__(self, path: str, settings: Any, providers: list[str]) -> None:
        if not Path(path).read_bytes().startswith(GOOD):
            raise RuntimeError("[ONNXRuntimeError] : 7 : INVALID_PROTOBUF")
        assert providers == ["CPUExecutionProvider"]
        self.runs: list[Any] = []

    def get_inputs(self) -> list[str]:
        return ["tokens"]

    def run(self, outputs: Any, inputs: Any, options: RunOptions) -> list[Any]:
        self.runs.append(inputs)
        while self.slow:
            if options.terminate:
                raise RuntimeError("Exiting due to terminate flag being set to true")
            threading.Event().wait(0.01)
        return [np.linspace(-1.5, 1.5, 11_025, dtype=np.float32)]


class SessionOptions:
    intra_op_num_threads = 0
    log_severity_level = 0

    def add_session_config_entry(self, key: str, value: str) -> None:
        assert (key, value) == ("session.intra_op.allow_spinning", "0")


@dataclass
class Config:
    sample_rate: int
    length_scale: float

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Config:
        return cls(value["audio"]["sample_rate"], value["inference"]["length_scale"])


@dataclass
class SynthesisConfig:
    length_scale: float


@dataclass
class Sentence:
    audio_float_array: Any
    sample_rate: int


@dataclass
class PiperVoice:
    session: Any
    config: Config

    def synthesize(self, text: str, config: SynthesisConfig) -> Iterator[Sentence]:
        for sentence in text.split(". "):
            (samples,) = self.session.run(None, (sentence, config.length_scale))
            yield Sentence(samples, self.config.sample_rate)


class KokoroEngine:
    def __init__(self, session: Any, voices: str) -> None:
        assert session.get_inputs() == ["tokens"]
        self.sess = session
        self.voices = json.loads(Path(voices).read_text())

    @classmethod
    def from_session(cls, session: Any, voices: str) -> KokoroEngine:
        return cls(session, voices)

    def create(self, text: str, voice: str, speed: float, lang: str) -> tuple[Any, int]:
        assert 0.5 <= speed <= 2.0  # what the library says itself
        (samples,) = self.sess.run(None, (text, voice, speed, lang))
        return samples, 24_000


def known(name: str, contents: dict[str, bytes]) -> Entry:
    files = [File(part, "", len(data), hashlib.sha256(data).hexdigest()) for part, data in contents.items()]
    return Entry(name, "MIT", tuple(files))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The libraries, two voices of Piper, and Kokoro, as small files."""
    config = json.dumps({"audio": {"sample_rate": 22_050}, "inference": {"length_scale": 1.2}}).encode()
    for name in (JOE, AMY):
        voice = name.removeprefix("piper-")
        put(tmp_path, monkeypatch, name, {f"{voice}.onnx": GOOD + name.encode(), f"{voice}.onnx.json": config})
    voices = json.dumps({"af_heart": 1, "bf_emma": 2, "jf_alpha": 3}).encode()
    put(tmp_path, monkeypatch, "kokoro", {"kokoro-v1.0.onnx": GOOD, "voices-v1.0.bin": voices})
    modules: dict[str, dict[str, Any]] = {
        "onnxruntime": {"InferenceSession": Session, "RunOptions": RunOptions, "SessionOptions": SessionOptions},
        "piper": {},
        "piper.voice": {"PiperVoice": PiperVoice},
        "piper.config": {"PiperConfig": Config, "SynthesisConfig": SynthesisConfig},
        "kokoro_onnx": {"Kokoro": KokoroEngine},
    }
    for name, members in modules.items():
        module = types.ModuleType(name)
        module.__dict__.update(members)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(Session, "slow", False)
    return tmp_path


def put(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, contents: dict[str, bytes]) -> None:
    (folder / name).mkdir()
    for part, data in contents.items():
        (folder / name / part).write_bytes(data)
    monkeypatch.setitem(store.CATALOGUE, name, known(name, contents))  # type: ignore[arg-type]


def make(name: str, folder: Path, voice: str = "") -> Any:
    return registry.create(Port.SYNTHESISER, name, {"folder": str(folder), "voice": voice})


def say(model: Any, text: str = "It is noon.", **more: Any) -> list[AudioChunk]:
    return list(model.speak(Speak("a", text, **more), Flag()))


@pytest.mark.parametrize("name", ["piper", "kokoro"])
def test_samples_come_in_short_chunks_and_are_clipped(folder: Path, name: str) -> None:
    chunks = say(make(name, folder))
    pcm = np.frombuffer(b"".join(chunk.pcm for chunk in chunks), "<i2")
    assert len(pcm) == 11_025
    assert (pcm[0], pcm[-1]) == (-32_767, 32_767)
    assert {chunk.rate for chunk in chunks} == {22_050 if name == "piper" else 24_000}
    assert all(len(chunk.pcm) <= chunk.rate // 10 * 2 for chunk in chunks)


def test_piper_speaks_sentence_by_sentence_at_the_speed(folder: Path) -> None:
    model = make("piper", folder)
    chunks = model.speak(Speak("a", "It is noon. And warm.", speed=1.2), Flag())
    runs = model._loaded["en_US-joe-medium"].session.runs
    next(chunks)
    assert runs == [("It is noon", pytest.approx(1.0))]  # the first is heard before the second is computed
    assert len(list(chunks)) > 10
    assert len(runs) == 2


def test_pipers_other_voices_are_loaded_when_they_are_wanted(folder: Path) -> None:
    model = make("piper", folder)
    assert list(model._loaded) == ["en_US-joe-medium"]
    say(model, voice="en_US-amy-low")
    say(model, voice="en_US-nobody-low")  # strange ones are the default
    say(model, voice="alloy")
    assert list(model._loaded) == ["en_US-joe-medium", "en_US-amy-low"]
    assert [len(voice.session.runs) for voice in model._loaded.values()] == [2, 1]
    assert list(make("piper", folder, "en_US-amy-low")._loaded) == ["en_US-amy-low"]
    assert list(make("piper", folder, "de")._loaded) == ["en_US-joe-medium"]  # espeak's name says nothing to Piper


def test_a_voice_of_pipers_that_is_damaged_is_spoken_by_the_default(folder: Path) -> None:
    model = make("piper", folder, "en_US-joe-medium")
    (folder / AMY / "en_US-amy-low.onnx").write_bytes(b"?" * len(GOOD + AMY.encode()))
    assert say(model, voice="en_US-amy-low") == say(model)


def test_kokoros_voice_says_its_language(folder: Path) -> None:
    model = make("kokoro", folder, "bf_emma")
    for voice, speed in (("default", 0.25), ("jf_alpha", 1.5), ("alloy", 1.0)):
        say(model, voice=voice, speed=speed)
    assert model._engine.sess.runs == [
        ("It is noon.", "bf_emma", 0.5, "en-gb"),
        ("It is noon.", "jf_alpha", 1.5, "ja"),
        ("It is noon.", "bf_emma", 1.0, "en-gb"),
    ]
    assert make("kokoro", folder)._voice == "af_heart"
    (folder / "few.bin").write_text('{"jf_alpha": 1}')
    assert kokoro.load(folder / "kokoro" / "kokoro-v1.0.onnx", folder / "few.bin", "")._voice == "jf_alpha"


@pytest.mark.parametrize("name", ["piper", "kokoro"])
def test_a_cancellation_stops_the_computation_and_the_next_sentence_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    model = make(name, folder)
    monkeypatch.setattr(Session, "slow", True)
    flag = Flag()
    threading.Timer(0.1, flag.cancel).start()
    assert list(model.speak(Speak("a", "A long sentence."), flag)) == []
    monkeypatch.setattr(Session, "slow", False)
    assert say(model)
    flag = Flag()
    pieces = model.speak(Speak("a", "It is noon."), flag)
    next(pieces)
    flag.cancel()
    assert list(pieces) == []
    assert list(model.speak(Speak("a", "It is noon."), flag)) == []
    assert say(model, " ") == []


@pytest.mark.parametrize("name", ["piper", "kokoro"])
def test_a_broken_run_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    model = make(name, folder)

    def broken(self: Session, outputs: Any, inputs: Any, options: Any) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(Session, "run", broken)
    with pytest.raises(RuntimeError, match="out of memory"):
        say(model)


@pytest.mark.parametrize(
    ("name", "model", "file"),
    [("piper", JOE, "en_US-joe-medium.onnx"), ("piper", JOE, "en_US-joe-medium.onnx.json"), ("kokoro",) * 2 + ("",)],
)
def test_damaged_and_missing_files_are_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, model: str, file: str
) -> None:
    path = folder / model / (file or "kokoro-v1.0.onnx")
    path.write_bytes(b"?" * path.stat().st_size)
    with pytest.raises(ModelError, match=rf"{model} is damaged: {path.name} is not what was .* get {model}"):
        make(name, folder, "en_US-joe-medium")
    there = {each.name: each.read_bytes() for each in (folder / model).iterdir()}
    monkeypatch.setitem(store.CATALOGUE, model, known(model, there))  # type: ignore[arg-type]  # as downloaded
    with pytest.raises(ModelError, match=rf"cannot be loaded \(tui-assistant models remove {model}; .* get {model}"):
        make(name, folder, "en_US-joe-medium")
    path.write_bytes(b"?")
    with pytest.raises(ModelError, match=rf"only .* of the model {model} are here"):
        make(name, folder, "en_US-joe-medium")
    for each in (folder / model).iterdir():
        each.unlink()
    with pytest.raises(ModelError, match=f"{model} is not on this machine .* get {model}"):
        make(name, folder, "en_US-joe-medium")


@pytest.mark.parametrize(("name", "library"), [("piper", "piper"), ("kokoro", "kokoro_onnx")])
def test_without_the_library_the_line_that_brings_it_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, library: str
) -> None:
    for module in [each for each in sys.modules if each.partition(".")[0] == library]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModelError, match=rf"needs the library {library}.*pip install 'tui-assistant\[{name}\]'"):
        make(name, folder)


def test_the_voices_are_in_the_catalogue_with_their_licences() -> None:
    assert CATALOGUE[JOE].licence == "CC0-1.0"
    assert CATALOGUE["kokoro"].licence == "Apache-2.0"
