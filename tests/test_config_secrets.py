from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tui_assistant.config import check, load
from tui_assistant.config_secrets import secrets_in
from tui_assistant.errors import ConfigError, keylike

CANARY = "sk-proj-canary0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "key", "advice"),
    [
        (f'[link]\napi_key = "{CANARY}"', "link.api_key", "tui-assistant key set NAME"),
        ('[link]\nkey = "hunter2"', "link.key", "tui-assistant key set NAME"),
        (f'[link]\nkey_env = "{CANARY}"', "link.key_env", "key_env"),
        ('[link]\nkey_env = "a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4"', "link.key_env", "key_env"),
        (f'[link]\nmodel = "{CANARY}"', "link.model", "tui-assistant key set NAME"),
        (f'[responder]\nchat = "https://host/v1?k={CANARY}"', "responder.chat", "api_key_env"),
        (f'[mcp.files]\ncommand = ["npx", "--token", "{CANARY}"]', "mcp.files.command", "token_env, or env"),
        (f'openai = "{CANARY}"', "openai", "environment variable"),
        (f'[transcription]\napi_key_env = "Bearer {CANARY}"', "transcription.api_key_env", "api_key_env"),
    ],
)
def test_a_key_in_the_file_is_refused_with_advice_and_not_repeated(
    text: str, key: str, advice: str, tmp_path: Path
) -> None:
    found = secrets_in(tomllib.loads(text))
    assert list(found) == [key]
    assert advice in found[key]
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load({}, str(file))
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{file}: {key}: a key must not stand in this file")
    assert CANARY not in line
    assert "a1b2" not in line


def test_a_key_given_as_a_value_elsewhere_is_not_repeated_either() -> None:
    with pytest.raises(ConfigError) as caught:
        check({}, "", {}, {"TUI_ASSISTANT_VOICE__SPEED": CANARY})
    assert CANARY not in str(caught.value)
    assert "TUI_ASSISTANT_VOICE__SPEED=(not shown)" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        '[link]\nmodel = "gpt-realtime-2.1"\nkey_env = "OPENAI_API_KEY"\nresource = "my-resource"',
        '[audio]\ninput = "alsa_input.usb-Blue_Microphones_Yeti_Stereo_Microphone_797_2018-00.analog-stereo"',
        '[keys]\ntalk = "space"',
        '[mcp.files]\nurl = "https://host.example/0123456789abcdef0123456789abcdef/mcp"',
        '[personas.pirate]\ninstructions = "Ask risk-averse people about their task-list-in-short; be kind."',
        '[link]\nkey = ""',
    ],
)
def test_what_is_no_key_passes(text: str) -> None:
    assert secrets_in(tomllib.loads(text)) == {}


def test_what_a_key_looks_like() -> None:
    glm = "0123456789abcdef0123456789abcdef.AbCdEfGhIjKl"
    for text in (CANARY, f"Bearer {CANARY}", "xai-0123456789abcdef", "hf_0123456789abcdef", glm, f"  {'a1' * 20} "):
        assert keylike(text), text
    for text in ("OPENAI_API_KEY", "gpt-realtime-2.1", "local", "a" * 40, "1" * 40, "task-force-of-the-city", ""):
        assert not keylike(text), text


def test_prices_are_settings_in_a_table_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[link.prices]\ncurrency = "EUR"\ninput_audio = 32\noutput_audio = 64.5\n')
    prices = load({}, str(file)).link.prices
    assert (prices.currency, prices.input_audio, prices.output_audio, prices.input_text) == ("EUR", 32.0, 64.5, None)
    by_variable = check({}, "", {}, {"TUI_ASSISTANT_LINK__PRICES__OUTPUT_TEXT": "16"})
    assert by_variable.link.prices.output_text == 16.0
    file.write_text("[link.prices]\ninput_audio = -1\noutput_audio = true\ninput_image = 3\n")
    with pytest.raises(ConfigError) as caught:
        load({}, str(file))
    told = str(caught.value)
    assert "link.prices.input_audio = -1: allowed is a price from 0 to 1000000" in told
    assert "link.prices.output_audio = true" in told
    assert "link.prices.input_image: unknown key" in told
