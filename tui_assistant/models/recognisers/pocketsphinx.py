"""The offline Recogniser: PocketSphinx with a language model made from the skills.

One pass, streaming: the words are there a few milliseconds after the last audio. It knows basic commands, and just
enough common words to tell that something is no command.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui_assistant.engine.ports import Final, Partial
from tui_assistant.errors import ModelError
from tui_assistant.models.skills.base import Skill
from tui_assistant.models.skills.catalogue import SKILLS

from . import channel
from .corpus import sentences
from .language import Smoothing, arpa
from .lexicon import background_words, dictionary_text, pronunciations, read_dictionary

BACKGROUND_WORDS = 2_000  # with these, read speech triggers nothing at 42 ms CPU per audio second (bench of the skills)
VOICES = 256  # sessions whose microphone and voice are remembered: a server has 100 at once by default
IDLE_DECODERS = 2  # kept for the next utterance; another takes about 35 ms to load
FIRM_AFTER = 2  # partial results in a row that must begin with the same words before those count as firm
PARTIAL_EVERY_BYTES = 6_400  # 0.2 s of audio between two partial results: often enough to read along
# The first utterance of a recogniser is begun again after 0.7, 1.1 and 1.5 s: decoding that much anew takes 30 to
# 65 ms, for which nobody waits while the user still speaks; at its end one would.
CALIBRATION_BYTES = (22_400, 35_200, 48_000)
CHANNEL_WORDS = 2  # an utterance with fewer may be a noise, which says nothing about how the user sounds
_MAX_CHUNK = 32_000  # bytes handed to the decoder at a time, so that a long chunk does not hold the worker for seconds


@dataclass(frozen=True, slots=True)
class Tuning:
    """Search settings. Language weights of 8 to 11 and a lower_order of 0.15 gave the same within a few percent."""

    smoothing: Smoothing = field(default_factory=Smoothing)
    background_words: int = BACKGROUND_WORDS
    language_weight: float = 9.5  # how much the words count against the sound
    word_penalty: float = 0.65
    beam: float = 1e-48  # this, the next and the penalty: the library's own values
    word_beam: float = 7e-29


class Model:
    """Files and settings that all decoders of one recogniser share."""

    def __init__(self, library: Any, skills: Iterable[Skill], tuning: Tuning) -> None:
        folder = Path(library.get_model_path()) / "en-us"
        self._library = library
        self._tuning = tuning
        self._acoustic = folder / "en-us"
        dictionary = read_dictionary(folder / "cmudict-en-us.dict")
        corpus = list(sentences(skills))
        lexicon = pronunciations({word for sentence in corpus for word in sentence}, dictionary)
        corpus = [sentence for sentence in corpus if all(word in lexicon for word in sentence)]
        general = _probabilities(library, folder / "en-us.lm.bin")
        background = background_words(lexicon, dictionary, general, tuning.background_words)
        lexicon |= pronunciations(background, dictionary)
        self._arpa = arpa(corpus, background, tuning.smoothing)
        self._dictionary = dictionary_text(lexicon)

    def decoder(self) -> Any:
        with tempfile.TemporaryDirectory(prefix="tui-assistant-") as folder:
            model, dictionary = Path(folder) / "skills.lm", Path(folder) / "skills.dict"
            model.write_text(self._arpa, encoding="utf-8")
            dictionary.write_text(self._dictionary, encoding="utf-8")
            tuning = self._tuning
            config = self._library.Config(
                hmm=str(self._acoustic),
                lm=str(model),
                dict=str(dictionary),
                fwdflat=False,
                bestpath=False,
                lw=tuning.language_weight,
                wip=tuning.word_penalty,
                beam=tuning.beam,
                wbeam=tuning.word_beam,
                loglevel="FATAL",
            )
            return self._library.Decoder(config)


def _probabilities(library: Any, path: Path) -> Any:
    """probability(word) from the general model that comes with the library; even where it is missing."""
    if not path.exists():
        return lambda _: 0.0
    logarithms = library.LogMath()
    model = library.NGramModel(library.Config(), logarithms, str(path))
    return lambda word: logarithms.exp(model.prob([word]))


class SphinxStream:
    """One utterance. Words count as firm once several partial results in a row began with them."""

    def __init__(self, recogniser: SphinxRecogniser, decoder: Any, session_id: str) -> None:
        self._recogniser = recogniser
        self._session_id = session_id
        self._decoder: Any = decoder
        self._finished = False
        self._carry = b""
        self._size = 0  # bytes
        known = recogniser.means.get(session_id)
        self._head: bytearray | None = None if known else bytearray()
        self._calibrations = 0
        self._means = known or channel.TYPICAL
        self._unread = 0
        self._recent: list[list[str]] = []
        self._firm: list[str] = []
        self._shown: tuple[str, str] = ("", "")
        decoder.set_cmn(channel.render(self._means))
        decoder.start_utt()

    def accept(self, pcm: bytes) -> Partial | None:
        pcm = self._carry + pcm
        whole = len(pcm) & ~1
        self._carry = pcm[whole:]
        self._decode(pcm[:whole])
        self._size += whole
        if self._head is not None:
            self._head += pcm[:whole]
            if len(self._head) >= CALIBRATION_BYTES[self._calibrations]:
                self._calibrate()
        self._unread += whole
        if self._unread < PARTIAL_EVERY_BYTES:
            return None
        self._unread = 0
        return self._partial(_words(self._decoder))

    def _decode(self, pcm: bytes) -> None:
        for start in range(0, len(pcm), _MAX_CHUNK):
            self._decoder.process_raw(pcm[start : start + _MAX_CHUNK], False, False)

    def _calibrate(self) -> None:
        """Begins again with the cepstral means of what was heard; without them the first utterance goes wrong."""
        head = bytes(self._head or b"")
        self._calibrations += 1
        if self._calibrations == len(CALIBRATION_BYTES):
            self._head = None
        after = channel.parse(self._decoder.get_cmn(True))
        self._decoder.end_utt()
        heard = channel.spoken(self._means, after, len(head))
        if heard is not None:
            self._means = channel.mixed(heard, channel.TYPICAL, channel.SPOKEN_SHARE)
        self._decoder.set_cmn(channel.render(self._means))
        self._decoder.start_utt()
        self._decode(head)

    def finish(self) -> Final:
        if self._head and not self._calibrations:
            self._calibrate()
        self._decoder.end_utt()
        self._finished = True
        words = _words(self._decoder)
        if len(words) >= CHANNEL_WORDS:
            heard = channel.spoken(self._means, channel.parse(self._decoder.get_cmn(False)), self._size)
            self._recogniser.learn(heard, self._session_id)
        return Final(" ".join(words))

    def close(self) -> None:
        decoder, self._decoder = self._decoder, None
        if decoder is None:
            return
        if not self._finished:
            decoder.end_utt()
        self._recogniser.give_back(decoder)

    def _partial(self, words: list[str]) -> Partial | None:
        self._recent = [*self._recent, words][-FIRM_AFTER:]
        if len(self._recent) == FIRM_AFTER:
            agreed = _common_start(self._recent)
            if len(agreed) > len(self._firm) and agreed[: len(self._firm)] == self._firm:
                self._firm = agreed
        stash = words[len(self._firm) :] if words[: len(self._firm)] == self._firm else []
        shown = (" ".join(self._firm), " ".join(stash))
        if shown == self._shown:
            return None
        self._shown = shown
        return Partial(*shown)


def _words(decoder: Any) -> list[str]:
    found = decoder.hyp()
    return found.hypstr.split() if found is not None else []


def _common_start(rows: list[list[str]]) -> list[str]:
    common: list[str] = []
    for words in zip(*rows, strict=False):
        if any(word != words[0] for word in words):
            break
        common.append(words[0])
    return common


class SphinxRecogniser:
    """A decoder for each open stream; used ones wait for the next."""

    name = "pocketsphinx"

    def __init__(self, model: Model) -> None:
        self._model = model
        self._idle = [model.decoder()]
        self.means: dict[str, channel.Means] = {}  # of each session's utterances so far; the last heard stands last

    def open(self, language: str | None) -> SphinxStream:
        return self.open_for(language, "")

    def open_for(self, language: str | None, session_id: str) -> SphinxStream:
        """Begins with the microphone and the voice of that session, if it has been heard before."""
        return SphinxStream(self, self._idle.pop() if self._idle else self._model.decoder(), session_id)

    def learn(self, heard: channel.Means | None, session_id: str) -> None:
        """An utterance had these means: the next one of that session begins with what was learned."""
        if heard is not None:
            known = self.means.pop(session_id, None)
            before, share = (known, channel.NEW_SHARE) if known else (channel.TYPICAL, channel.SPOKEN_SHARE)
            self.means[session_id] = channel.mixed(heard, before, share)
            if len(self.means) > VOICES:
                del self.means[next(iter(self.means))]

    def give_back(self, decoder: Any) -> None:
        if len(self._idle) < IDLE_DECODERS:
            self._idle.append(decoder)


def create(options: Mapping[str, str]) -> SphinxRecogniser:
    """Takes about a second. Raises ModelError where the library is missing."""
    try:
        library = importlib.import_module("pocketsphinx")
    except ImportError as error:
        raise ModelError("the offline recogniser is not installed", "pip install 'tui-assistant[local]'") from error
    try:
        return SphinxRecogniser(Model(library, SKILLS, Tuning()))
    except (OSError, RuntimeError) as error:  # what a broken installation of the library raises
        hint = "pip install --force-reinstall pocketsphinx"
        raise ModelError("the offline recogniser could not load its model", hint) from error
