from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from test_cli import JFK, home, lines, program

from tui_assistant.commands import assistant, doctor
from tui_assistant.commands.assistant import Options
from tui_assistant.commands.models import model
from tui_assistant.config import Flag, load
from tui_assistant.errors import UsageError
from tui_assistant.models.registry import Port
from tui_assistant.protocol.session import SemanticVad, ServerVad

__all__ = ["home"]  # a fixture


def options(run: Options | None = None, **settings: object) -> object:
    flags = {key.replace("__", "."): Flag(f"--{key}", value) for key, value in settings.items()}
    return assistant.talk_options(load(flags), run or Options())


@pytest.mark.usefixtures("home")
class TestOptions:
    def test_a_device_is_a_device_and_a_file_a_file(self) -> None:
        device = options(audio__input="USB", audio__output="Speakers")
        assert (device.input, device.recording, device.output, device.output_file) == ("USB", None, "Speakers", None)
        file = options(audio__input=str(JFK), audio__output="out.wav")
        assert (file.input, file.recording_name, file.output, file.output_file) == ("", "jfk.wav", "", Path("out.wav"))
        assert file.recording.rate == 16_000
        assert options(audio__output="none").output == "none"

    def test_stdin_and_silence_are_meant_where_files_have_their_names(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(home)
        for name in ("-", "none"):
            Path(name).write_bytes(JFK.read_bytes())
        found = options(audio__input="-", audio__output="none")
        assert (found.recording, found.stdin_rate, found.output_file, found.output) == (None, 16_000, None, "none")
        assert options(audio__input="./-").recording is not None

    def test_stdin_with_its_rate(self) -> None:
        raw = options(audio__input="-", audio__input_rate=24_000)
        assert (raw.stdin_rate, raw.input, raw.recording) == (24_000, "", None)
        assert options().stdin_rate is None

    def test_the_demo_takes_the_place_of_the_microphone_in_the_settings(self) -> None:
        demo = options(Options(demo=True), audio__input=str(JFK))
        assert (demo.play_demo, demo.recording, demo.input) == (True, None, "")
        assert demo.demo is not None
        assert demo.demo.name == "demo.wav"

    def test_rules_and_mode(self) -> None:
        assert options(turn_detection__threshold=0.7).rules == ServerVad(threshold=0.7)
        assert options(turn_detection__type="semantic_vad").rules == SemanticVad()
        assert options(turn_detection__type="none").push_to_talk
        assert options(mode="push-to-talk").push_to_talk

    def test_line_by_line_in_push_to_talk_a_recording_is_one_hold(self) -> None:
        plain = Options(plain=True)
        assert options(plain, mode="push-to-talk", audio__input=str(JFK)).hold_input
        assert options(plain, mode="push-to-talk", audio__input="-").hold_input
        assert not options(plain, mode="push-to-talk").hold_input
        assert not options(plain, audio__input=str(JFK)).hold_input

    def test_a_missing_recording_is_named(self) -> None:
        with pytest.raises(UsageError, match=r"nowhere\.wav"):
            options(audio__input="nowhere.wav")

    def test_skills_come_first_and_then_the_chat_server(self, home: Path) -> None:
        def responder(**settings: str) -> tuple[str, dict[str, object]]:
            return assistant.responder(load({f"responder.{key}": Flag(key, value) for key, value in settings.items()}))

        state = {"state_dir": str(home / "state" / "skills")}
        assert responder(chat="off") == ("skills", state)
        name, auto = responder()
        assert (name, auto["first"], auto["then"], auto["optional"]) == ("fallback", "skills", "tools", True)
        assert auto["first_options"] == state
        _, chosen = responder(chat="http://127.0.0.1:9/v1", model="m", api_key_env="MY_KEY")
        assert chosen["optional"] is False
        server = {
            "base_url": "http://127.0.0.1:9/v1", "model": "m", "api_key_env": "MY_KEY", "system": "",
            "language": "", "context_tokens": 3500,
        }  # fmt: skip
        assert chosen["then_options"] == {"responder": "chat", "options": server, "rounds": 4, "mcp": {}}
        _, bare = responder(tools="false")
        assert bare["then"] == "chat"


def test_typed_lines_are_answered_line_by_line() -> None:
    result = program(
        "--plain", "--output", "none", stdin=b"what is six times seven\n", TUI_ASSISTANT_RESPONDER__CHAT="off"
    )
    assert result.returncode == 0
    said = [line for line in lines(result.stdout) if re.match(r"\d\d:\d\d:\d\d (you|bot)  ", line)]
    assert [line[9:12] for line in said] == ["you", "bot"]
    assert "42" in said[1]
    assert b"\x1b" not in result.stdout
    assert result.stderr == b""


def test_a_recording_without_a_turn_ends_with_status_1(home: Path) -> None:
    import wave

    silence = home / "silence.wav"
    with wave.open(str(silence), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(32_000))
    result = program("--plain", "--input", silence, "--output", "none", "--exit-after-input")
    assert result.returncode == 1
    assert "No turn was found" in result.stdout.decode() + result.stderr.decode()


def test_models_list(home: Path) -> None:
    listed = [json.loads(line) for line in lines(program("models", "list", "--json").stdout)]
    assert {("detector", "silero"), ("recogniser", "pocketsphinx"), ("synthesiser", "espeak")} <= {
        (each["port"], each["name"]) for each in listed
    }
    assert all(each["usable"] or each["mend"] for each in listed)
    assert lines(program("models", "path", XDG_DATA_HOME=str(home)).stdout) == [str(home / "tui-assistant" / "models")]


def test_a_missing_library_is_named_with_the_line_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_assistant.commands.models.find_spec", lambda name: None)
    missing = model(Port.SYNTHESISER, "espeak")
    assert not missing.usable
    assert missing.mend == "pip install 'tui-assistant[local]'"
    assert model(Port.DETECTOR, "energy").usable


def test_doctor_says_what_does_not_work_and_what_mends_it(home: Path) -> None:
    (home / "config.toml").write_text("[voice]\nspeed = 9\n")
    result = program("doctor", "--json")
    assert result.returncode == 3
    findings = json.loads(result.stdout)["findings"]
    bad = {each["what"]: each for each in findings if each["verdict"] == "bad"}
    assert "voice.speed = 9" in bad["settings"]["text"]
    assert bad["settings"]["mend"] == "tui-assistant config edit"
    assert {"python", "libraries", "detector", "recogniser", "responder", "synthesiser", "chat"} <= {
        each["what"] for each in findings
    }
    assert result.stderr == b""


def test_doctor_finds_a_detector_that_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    class Deaf:
        def probability(self, frame: object) -> float:
            return float("nan")

    monkeypatch.setattr("tui_assistant.models.registry.create", lambda port, name: Deaf())
    assert doctor.detector(load()).verdict is doctor.Verdict.BAD


def test_devices_are_data_on_stdout() -> None:
    result = program("devices", "--json")
    found = json.loads(result.stdout)
    assert set(found) == {"backend", "inputs", "outputs", "problem"}
    assert result.returncode == (0 if found["inputs"] or found["outputs"] else 1)
    assert b"ALSA lib" not in result.stderr
