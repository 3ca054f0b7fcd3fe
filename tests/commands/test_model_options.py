"""Which options the settings become."""

from __future__ import annotations

from typing import Any

import pytest

from tui_assistant.commands.assistant import worker_specs
from tui_assistant.config import Flag, load
from tui_assistant.errors import ConfigError
from tui_assistant.host.workers import WorkerSpec
from tui_assistant.models.registry import Port


def specs(**values: Any) -> dict[Port, WorkerSpec]:
    return worker_specs(load({key.replace("__", "."): Flag(key, value) for key, value in values.items()}))


def test_a_transcription_server_gets_its_section() -> None:
    made = specs(
        models__recogniser="transcriptions",
        models__offline=True,
        transcription__url="http://127.0.0.1:8000/v1",
        transcription__model="whisper-1",
        transcription__api_key_env="HEARING_KEY",
        transcription__language="de",
        transcription__prompt="timers",
        transcription__partials_ms=1_000,
    )[Port.RECOGNISER]
    assert made.name == "transcriptions"
    assert made.options == {
        "base_url": "http://127.0.0.1:8000/v1",
        "model": "whisper-1",
        "api_key_env": "HEARING_KEY",
        "offline": True,
        "language": "de",
        "prompt": "timers",
        "partials_ms": 1_000,
    }


def test_a_speech_server_gets_its_section_and_the_voice() -> None:
    made = specs(models__synthesiser="speech", speech__url="https://tts.example.com", voice__name="nova")
    assert made[Port.SYNTHESISER].options == {
        "base_url": "https://tts.example.com",
        "model": "",
        "api_key_env": "",
        "offline": False,
        "voice": "nova",
        "format": "pcm",
    }
    usual = specs()[Port.SYNTHESISER]
    assert (usual.name, usual.options) == ("espeak", {"voice": ""})


def test_what_hears_and_speaks_has_a_next_best() -> None:
    made = specs(models__recogniser="moonshine-tiny")
    assert made[Port.RECOGNISER].instead[-1] == "pocketsphinx"
    assert made[Port.SYNTHESISER].instead[-1] == "espeak"
    assert made[Port.RESPONDER].instead == ()
    assert made[Port.JUDGE].instead == ("words",)


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("transcription.url", "https://me:secret@example.com", "(not shown)"),
        ("speech.url", "example.com", "(not shown)"),
        ("speech.api_key_env", "sk-secret", "(not shown)"),
        ("transcription.partials_ms", -1, "-1"),
    ],
)
def test_what_cannot_be_is_refused_and_no_secret_is_repeated(key: str, value: Any, shown: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load({key: Flag(f"--{key}", value)})
    assert shown in str(raised.value)
    assert "secret" not in str(raised.value)
