from __future__ import annotations

import os
from pathlib import Path

import pytest

from tui_assistant import config
from tui_assistant.client.interruption import BargeInTimes
from tui_assistant.config import Flag
from tui_assistant.config_sections import TurnDetectionSettings
from tui_assistant.errors import ConfigError
from tui_assistant.protocol.session import AudioOutput, SemanticVad, ServerVad


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(config.PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(config.CONFIG_VARIABLE, str(tmp_path / "config.toml"))
    return tmp_path / "config.toml"


def problems(flags: dict[str, Flag] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config.load(flags)
    assert caught.value.exit_status == 2
    return caught.value.message.splitlines()


def test_without_any_source_the_protocols_defaults_hold() -> None:
    settings = config.load()
    assert settings.turn_detection.vad() == ServerVad()
    assert settings.mode == "hands-free"
    assert not settings.push_to_talk


def test_the_file_gives_way_to_the_environment_and_that_to_the_command_line(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("[turn_detection]\nthreshold = 0.1\nprefix_padding_ms = 100\nsilence_duration_ms = 100\n")
    monkeypatch.setenv("TUI_ASSISTANT_TURN_DETECTION__PREFIX_PADDING_MS", "200")
    monkeypatch.setenv("TUI_ASSISTANT_TURN_DETECTION__SILENCE_DURATION_MS", "200")
    flags = {"turn_detection.silence_duration_ms": Flag("--silence-duration-ms", 300)}
    vad = config.load(flags).turn_detection.vad()
    assert vad == ServerVad(threshold=0.1, prefix_padding_ms=200, silence_duration_ms=300)


def test_an_empty_variable_sets_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('mode = "push-to-talk"\n')
    monkeypatch.setenv("TUI_ASSISTANT_MODE", "")
    assert config.load().push_to_talk


def test_semantic_vad_and_none() -> None:
    flags = {
        "turn_detection.type": Flag("--turn-detection", "semantic_vad"),
        "turn_detection.eagerness": Flag("--eagerness", "low"),
    }
    assert config.load(flags).turn_detection.vad() == SemanticVad(eagerness="low")
    none = config.load({"turn_detection.type": Flag("--turn-detection", "none")})
    assert none.push_to_talk
    assert none.turn_detection.vad() == ServerVad()


def test_ranges_are_those_of_the_protocol() -> None:
    def bounds(model: type, name: str) -> set[str]:
        return {repr(item) for item in model.model_fields[name].metadata if hasattr(item, "ge") or hasattr(item, "le")}

    for name in ("threshold", "prefix_padding_ms", "silence_duration_ms"):
        assert bounds(TurnDetectionSettings, name) == bounds(ServerVad, name) != set()
        assert TurnDetectionSettings.model_fields[name].default == ServerVad.model_fields[name].default
    times = config.Settings().barge_in
    assert BargeInTimes(times.after_ms, times.backchannel_ms) == BargeInTimes()
    assert bounds(config.VoiceSettings, "speed") == bounds(AudioOutput, "speed")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[turn_detection]\nthreshold = 1.5", "turn_detection.threshold = 1.5: allowed is a number from 0 to 1"),
        ("[turn_detection]\nthreshold = nan", "turn_detection.threshold = nan: allowed is a number from 0 to 1"),
        ("[turn_detection]\nthreshold = true", "turn_detection.threshold = true: allowed is a number from 0 to 1"),
        (
            "[turn_detection]\nprefix_padding_ms = 0.5",
            "turn_detection.prefix_padding_ms = 0.5: allowed is a whole number from 0 to 5000",
        ),
        ("[barge_in]\nafter_ms = -1", "barge_in.after_ms = -1: allowed is a whole number from 0 to 5000"),
        ('mode = "handsfree"', "mode = handsfree: allowed is hands-free, push-to-talk"),
        ('[audio]\nheadphones = "maybe"', "audio.headphones = maybe: allowed is true or false"),
        ("turn_detection = 3", "turn_detection = 3: allowed is a table of settings"),
        ("[screen]\ntheme = 3", "screen.theme = 3: allowed is text"),
        (
            "[turn_detection]\ntreshold = 0.5",
            "turn_detection.treshold: unknown key; did you mean turn_detection.threshold?",
        ),
        ("threshold = 0.5", "threshold: unknown key; did you mean turn_detection.threshold?"),
        ("[turndetection]\n", "turndetection: unknown key; did you mean turn_detection?"),
        ("zzz = 1", "zzz: unknown key; `tui-assistant config show` lists all"),
    ],
)
def test_a_bad_value_in_the_file_names_file_key_value_and_what_is_allowed(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    assert problems() == [f"{file}: {message}"]


def test_a_bad_option_and_a_bad_variable_name_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUI_ASSISTANT_VOICE__SPEED", "fast")
    found = problems({"turn_detection.threshold": Flag("--threshold", 2.0)})
    assert found == [
        "--threshold 2.0: allowed is a number from 0 to 1",
        "TUI_ASSISTANT_VOICE__SPEED=fast: allowed is a number from 0.25 to 1.5",
    ]


def test_a_value_that_is_overridden_is_no_problem(file: Path) -> None:
    file.write_text("[turn_detection]\nthreshold = 1.5\n")
    assert config.load({"turn_detection.threshold": Flag("--threshold", 0.4)}).turn_detection.threshold == 0.4


def test_unknown_variables_are_refused_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUI_ASSISTANT_VOCIE__SPEED", "1")
    monkeypatch.setenv("TUI_ASSISTANT_VOICE__SPED", "1")
    assert problems() == [
        "TUI_ASSISTANT_VOCIE__SPEED: unknown variable; did you mean TUI_ASSISTANT_VOICE__SPEED?",
        "TUI_ASSISTANT_VOICE__SPED: unknown variable; did you mean TUI_ASSISTANT_VOICE__SPEED?",
    ]


def test_what_is_proposed_for_an_unknown_name_could_be_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUI_ASSISTANT_THRESHOLD", "1")
    monkeypatch.setenv("TUI_ASSISTANT_FOO", "1")
    assert problems() == [
        "TUI_ASSISTANT_THRESHOLD: unknown variable; did you mean TUI_ASSISTANT_TURN_DETECTION__THRESHOLD?",
        "TUI_ASSISTANT_FOO: unknown variable",
    ]
    assert config.unknown("turn_detection") == "a table of settings; one of them is turn_detection.type"


def test_a_broken_file_of_ones_own_is_opened_by_its_name(tmp_path: Path) -> None:
    broken = tmp_path / "my settings.toml"
    broken.write_text("a =")
    with pytest.raises(config.ConfigError, match=f"config --config '{broken}' edit` opens the file"):
        config.load(file=str(broken))


def test_a_variable_sets_one_key_and_never_a_section(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUI_ASSISTANT_VOICE", '{"speed": 1.25}')
    (line,) = problems()
    assert line.startswith("TUI_ASSISTANT_VOICE: unknown variable")


def test_variables_that_are_no_settings_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in config.OTHER_VARIABLES - {config.CONFIG_VARIABLE}:
        monkeypatch.setenv(name, "/somewhere")
    assert config.load().model_dump() == config.Settings().model_dump()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a = \n", ["not valid TOML", "line 1, column 5"]),
        (b'x = 1\ny = "\xff"\n', ["not UTF-8 text at byte 11"]),
        (b"a = " + b"[" * 50_000, ["not valid TOML"]),
    ],
)
def test_broken_files_say_where(file: Path, content: bytes, words: list[str]) -> None:
    file.write_bytes(content)
    (line,) = problems()
    assert line.startswith(str(file))
    assert all(word in line for word in words)


def test_a_folder_is_no_file(file: Path) -> None:
    file.mkdir()
    assert problems() == [f"{file}: cannot be read: Is a directory"]


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        config.load(file=str(tmp_path / "nowhere.toml"))


@pytest.mark.parametrize("key", ["sk-proj-1234567890", "two words", "1ABC"])
def test_a_key_in_place_of_its_variable_is_refused_and_never_repeated(file: Path, key: str) -> None:
    file.write_text(f'[responder]\napi_key_env = "{key}"\n')
    (line,) = problems()
    assert key not in line
    assert "environment variable" in line


@pytest.mark.parametrize("chat", ["off", "auto", "http://127.0.0.1:11434", "https://example.com/v1"])
def test_chat_takes_off_auto_or_an_address(file: Path, chat: str) -> None:
    file.write_text(f'[responder]\nchat = "{chat}"\n')
    assert config.load().responder.chat == chat


@pytest.mark.parametrize("chat", ["on", "ftp://example.com", "http://user:secret@example.com", ""])
def test_chat_refuses_the_rest_without_repeating_it(file: Path, chat: str) -> None:
    file.write_text(f'[responder]\nchat = "{chat}"\n')
    (line,) = problems()
    assert "secret" not in line
    assert "off, auto" in line


def test_where_a_value_comes_from() -> None:
    document = {"voice": {"speed": 1.0}, "mode": "hands-free"}
    environment = {"TUI_ASSISTANT_VOICE__VOLUME": "0.5"}
    flags = {"audio.input": Flag("--input", "x.wav")}

    def origin(key: str) -> str:
        return config.origin(key, document, "config.toml", flags, environment)

    assert [origin(key) for key in ("voice.speed", "mode", "voice.volume", "audio.input", "audio.output")] == [
        "config.toml",
        "config.toml",
        "TUI_ASSISTANT_VOICE__VOLUME",
        "--input",
        "",
    ]


def test_tables_with_names_of_ones_own() -> None:
    document = {
        "persona": "pirate",
        "personas": {"pirate": {"instructions": "Talk like a pirate.", "voice": "en_GB-alan-low"}},
        "mcp": {
            "files": {"command": ["npx", "files"], "env": ["KEY"]},
            "web": {"url": "https://x/mcp", "confirm": False},
        },
    }
    settings = config.check(document, "config.toml", {}, {})
    assert settings.personas["pirate"].voice == "en_GB-alan-low"
    assert settings.mcp["files"].command == ("npx", "files")
    assert settings.mcp["files"].confirm
    assert not settings.mcp["web"].confirm


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({}, "config.toml: mcp.files: either command or url must be set"),
        ({"command": ["a"], "url": "http://x"}, "config.toml: mcp.files: either command or url must be set"),
        ({"url": "http://x", "env": ["A"]}, "config.toml: mcp.files: env is for a command; a url gets its token by"),
        ({"command": ["a"], "token_env": "A"}, "config.toml: mcp.files: token_env is for a url; a command gets"),
        ({"comand": ["a"]}, "config.toml: mcp.files.comand: unknown key; did you mean mcp.files.command?"),
        ({"url": "https://me:geheim@x/mcp"}, "mcp.files.url = (not shown): allowed is a server's http(s) address"),
        ({"command": ["a"], "timeout_s": 0}, "mcp.files.timeout_s = 0: allowed is a number from 0.1 to 600"),
        ({"command": ["a"], "env": ["geheim=1"]}, "allowed is a list of names of environment variables"),
    ],
)
def test_what_cannot_be_a_server_of_tools_is_said(section: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.check({"mcp": {"files": section}}, "config.toml", {}, {})
    assert problem in caught.value.message
    assert "geheim" not in caught.value.message


@pytest.mark.parametrize("key", ["space", "f4", "ctrl+t", "T", "7", "full_stop", "minus", "shift+f12", "ü"])
def test_a_key_is_named_as_textual_does(file: Path, key: str) -> None:
    file.write_text(f'[keys]\ntalk = "{key}"\n')
    assert config.load().keys.talk == key


@pytest.mark.parametrize("key", ["", "foo", ".", "f99", "strg+t", "space,f4", "ctrl+", "Space"])
def test_a_key_that_nobody_can_press_is_refused(file: Path, key: str) -> None:
    file.write_text(f'[keys]\ntoggle = "{key}"\n')
    (line,) = problems()
    assert line == f"{file}: keys.toggle = {key}: allowed is a key as Textual names it: space, f4, ctrl+t, full_stop"
