from __future__ import annotations

import importlib
import os
import random
import time
import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from models.skills.spoken_requests import FLITE_VOICES, Request, flite, judged, recognise, requests

from tui_assistant.engine.ports import Partial
from tui_assistant.errors import ModelError
from tui_assistant.models.recognisers import channel
from tui_assistant.models.recognisers.corpus import sentences
from tui_assistant.models.recognisers.language import Smoothing, arpa
from tui_assistant.models.recognisers.lexicon import background_words, dictionary_text, pronunciations, read_dictionary
from tui_assistant.models.recognisers.pocketsphinx import VOICES, SphinxRecogniser, create
from tui_assistant.models.skills.brain import Brain
from tui_assistant.models.skills.catalogue import SKILLS
from tui_assistant.models.skills.notebook import Notebook
from tui_assistant.models.skills.timerbook import TimerBook

SPEECH = Path(__file__).parent.parent / "data" / "speech"
WANTED = 0.85  # share of right intents and values


@pytest.fixture(scope="module")
def recogniser() -> SphinxRecogniser:
    return create({})


@pytest.fixture(scope="module")
def brain() -> Brain:
    return Brain(TimerBook(), Notebook())


def clip(name: str) -> bytes:
    with wave.open(str(SPEECH / name)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        return file.readframes(file.getnframes())


@pytest.mark.parametrize(
    ("seed", "sentences"),
    [
        pytest.param(1, 12, id="short"),
        pytest.param(None, 60, id="long", marks=[pytest.mark.soak, pytest.mark.timeout(900)]),
    ],
)
def test_spoken_requests_are_understood(
    recogniser: SphinxRecogniser, brain: Brain, tmp_path: Path, seed: int | None, sentences: int
) -> None:
    """Random requests, each sentence by each voice; the long form with a new seed, or TUI_ASSISTANT_TEST_SEED."""
    if seed is None:
        seed = int(os.environ.get("TUI_ASSISTANT_TEST_SEED", random.randrange(1_000_000)))
    right = total = 0
    for voice in FLITE_VOICES:
        wrong = []
        for request in requests(seed, sentences):
            heard = recognise(recogniser, flite(request.text, voice, tmp_path))
            if not judged(request, brain.understand(heard)):
                wrong.append(f"{request.text!r} heard as {heard!r}")
        right, total = right + sentences - len(wrong), total + sentences
        print(f"seed {seed} {voice}: {sentences - len(wrong)} of {sentences}", *wrong, sep="\n  ")
    assert right >= WANTED * total, f"seed {seed}: {right} of {total}"


@pytest.mark.parametrize("name", sorted(path.name for path in SPEECH.glob("*.wav")))
def test_read_speech_triggers_no_skill(recogniser: SphinxRecogniser, brain: Brain, name: str) -> None:
    """Nothing is done; jfk.wav does not even raise a question."""
    heard = recognise(recogniser, clip(name))
    understood = brain.understand(heard)
    assert understood.intent is None or (understood.confirm and name != "jfk.wav"), heard


def test_the_clips_are_there() -> None:
    names = {path.name for path in SPEECH.glob("*.wav")}
    assert "jfk.wav" in names
    assert len(names) >= 10


@pytest.mark.parametrize("gain", [1.0, 0.1, 0.03])
@pytest.mark.parametrize("voice", ["slt", "rms", "kal16"])
def test_first_utterance_at_any_level(
    recogniser: SphinxRecogniser, brain: Brain, tmp_path: Path, voice: str, gain: float
) -> None:
    recogniser.means.clear()  # as it starts
    samples = np.frombuffer(flite("set a timer for five minutes", voice, tmp_path), "<i2")
    heard = recognise(recogniser, (samples * gain).astype("<i2").tobytes())
    assert judged(Request("", "timer_set", {"seconds": 300.0}), brain.understand(heard)), heard


def test_what_is_learned_in_one_session_is_for_that_session_alone(recogniser: SphinxRecogniser, tmp_path: Path) -> None:
    recogniser.means.clear()
    request, other = (flite("set a timer for five minutes", voice, tmp_path) for voice in ("slt", "awb"))
    alone = recognise(recogniser, request, "alone")
    for _ in range(2):
        recognise(recogniser, other, "another")
    assert recognise(recogniser, request, "beside") == alone
    first = pytest.approx(recogniser.means["alone"], abs=0.01)  # the library keeps some thousandths of its own
    assert recogniser.means["beside"] == first
    assert recogniser.means["another"] != first
    recognise(recogniser, request, "beside")
    assert recogniser.means["beside"] != first  # it goes on learning


def test_the_oldest_voice_is_forgotten(recogniser: SphinxRecogniser) -> None:
    recogniser.means.clear()
    for number in range(VOICES + 3):
        recogniser.learn(channel.TYPICAL, str(number))
        recogniser.learn(channel.TYPICAL, "0")  # heard again and again
    assert len(recogniser.means) == VOICES
    assert {"0", str(VOICES + 2)} < set(recogniser.means)
    assert "1" not in recogniser.means
    recogniser.means.clear()


def test_means_of_speech_are_told_from_those_given_before() -> None:
    before, speech = (40.0, 3.0), (55.0, -2.0)
    after = tuple((500 * one + 100 * two) / 600 for one, two in zip(before, speech, strict=True))
    assert channel.spoken(before, after, 100 * channel.FRAME_BYTES) == pytest.approx(speech)
    assert channel.spoken(before, after, 10 * channel.FRAME_BYTES) is None
    assert channel.spoken(before, after, 3000 * channel.FRAME_BYTES) == after
    assert channel.parse(channel.render(channel.TYPICAL)) == channel.TYPICAL


def test_partials_grow_firm_and_lead_to_the_final(recogniser: SphinxRecogniser, tmp_path: Path) -> None:
    recognise(recogniser, flite("what time is it", "slt", tmp_path))
    pcm = flite("how many ounces are in twelve cups", "slt", tmp_path)
    stream, partials = recogniser.open("en"), list[Partial]()
    for start in range(0, len(pcm), 641):  # an odd size: half a sample waits for the next piece
        if (partial := stream.accept(pcm[start : start + 641])) is not None:
            partials.append(partial)
    started = time.perf_counter()
    final = stream.finish()
    elapsed = time.perf_counter() - started
    stream.close()
    print(f"final after {elapsed * 1e3:.1f} ms")
    assert final.text == "how many ounces are in twelve cups"
    assert len(partials) >= 4
    for one, other in pairwise(partials):
        assert other.text.startswith(one.text)
        assert (one.text, one.stash) != (other.text, other.stash)
    assert any(partial.stash for partial in partials)
    assert partials[-1].text.startswith("how many ounces")
    assert elapsed < 0.25


def test_streams_are_independent(recogniser: SphinxRecogniser, tmp_path: Path) -> None:
    texts = ("what time is it", "set a timer for five minutes", "read my notes")
    clips = [flite(text, "slt", tmp_path) for text in texts]
    streams = [recogniser.open(None) for _ in texts]
    for start in range(0, max(map(len, clips)), 6400):
        for stream, pcm in zip(streams, clips, strict=True):
            stream.accept(pcm[start : start + 6400])
    assert tuple(stream.finish().text for stream in streams) == texts
    for stream in streams:
        stream.close()
        stream.close()


def test_no_audio_silence_and_an_abandoned_stream(recogniser: SphinxRecogniser, tmp_path: Path) -> None:
    for pcm in (b"", b"\x00", bytes(32_000)):
        assert recognise(recogniser, pcm) == ""
    stream = recogniser.open(None)
    stream.accept(flite("set a timer", "slt", tmp_path))
    stream.close()
    assert recognise(recogniser, flite("what time is it", "slt", tmp_path)) == "what time is it"


def test_a_missing_library_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise ImportError("No module named 'pocketsphinx'")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ModelError) as caught:
        create({})
    assert caught.value.hint == "pip install 'tui-assistant[local]'"


def test_a_broken_installation_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    library = importlib.import_module("pocketsphinx")
    monkeypatch.setattr(library, "get_model_path", lambda: "/nowhere")
    with pytest.raises(ModelError) as caught:
        create({})
    assert "reinstall" in caught.value.hint


def test_a_noise_does_not_change_what_is_known_of_the_channel(tmp_path: Path) -> None:
    recogniser = create({})
    recognise(recogniser, flite("set a timer for five minutes", "slt", tmp_path))
    noise = np.random.default_rng(1).normal(0, 8_000, 48_000).clip(-32_000, 32_000).astype("<i2").tobytes()
    for _ in range(3):
        assert len(recognise(recogniser, noise).split()) < 2
    assert recognise(recogniser, flite("what time is it", "slt", tmp_path)) == "what time is it"


def test_the_corpus_is_the_same_every_time_and_has_the_fillers() -> None:
    one, other = list(sentences(SKILLS, 2_000)), list(sentences(SKILLS, 2_000))
    assert one == other
    words = {word for sentence in one for word in sentence}
    assert {"um", "uh", "mhm", "yes", "no", "please", "timer", "ounces", "what's"} <= words
    assert not any("{" in word for word in words)


def test_model_probabilities_add_up_to_one() -> None:
    text = arpa([["a", "b"], ["a", "c"], ["b"]], {"x": 0.75, "a": 0.25}, Smoothing(0.25, 0.2))
    rows = [line.split() for line in text.splitlines() if line and line[0] in "-0123456789"]
    single = {row[1]: row for row in rows if len(row) == 3 and row[1] != "<s>"}
    pairs = {(row[1], row[2]): float(row[0]) for row in rows if len(row) == 4 and row[3].lstrip("-")[0].isdigit()}
    assert sum(10 ** float(row[0]) for row in single.values()) == pytest.approx(1, abs=1e-3)
    backoff = 10 ** float(single["a"][2])
    seen = [word for one, word in pairs if one == "a"]
    total = sum(10 ** pairs["a", word] for word in seen)
    total += backoff * sum(10 ** float(row[0]) for word, row in single.items() if word not in seen)
    assert sorted(seen) == ["b", "c"]
    assert total == pytest.approx(1, abs=1e-3)


def test_dictionary_and_background(tmp_path: Path) -> None:
    path = tmp_path / "words.dict"
    path.write_text("four F AO R\nfore F AO R\ntime T AY M\nread R EH D\nread(2) R IY D\n'cause K AH Z\nthe DH AH\n")
    dictionary = read_dictionary(path)
    assert dictionary["read"] == ("R EH D", "R IY D")
    lexicon = pronunciations(["four", "mhm", "qwxz"], dictionary)
    assert set(lexicon) == {"four", "mhm"}
    background = background_words(lexicon, dictionary, lambda word: {"the": 0.6, "fore": 0.3}.get(word, 0.2), 3)
    assert background == pytest.approx({"the": 0.6, "time": 0.2, "read": 0.2})  # "fore" sounds like "four"
    assert dictionary_text({"read": ("R EH D", "R IY D")}) == "read R EH D\nread(2) R IY D\n"
