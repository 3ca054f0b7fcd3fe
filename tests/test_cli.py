from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pytest

JFK = Path(__file__).parent / "data" / "speech" / "jfk.wav"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No settings and no state of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("TUI_ASSISTANT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TUI_ASSISTANT_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("TUI_ASSISTANT_STATE", str(tmp_path / "state"))
    return tmp_path


def program(*arguments: str | Path, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "tui_assistant", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


def lines(data: bytes) -> list[str]:
    return data.decode().splitlines()


def write_wav(path: Path, samples: np.ndarray, rate: int = 16_000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


# ------------------------------------------------------------------------------------------------ the program


def test_help_loads_neither_numpy_nor_textual() -> None:
    code = (
        "import sys; from tui_assistant.cli import cli\n"
        "for words in (['--help'], ['detect', '--help'], ['evaluate', '--help'], ['config', '--help']):\n"
        "    assert cli.main(words, standalone_mode=False) == 0\n"
        "heavy = {'numpy', 'textual', 'pydantic', 'sounddevice', 'asyncio'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"detect" in result.stdout


def test_version() -> None:
    from tui_assistant import __version__

    result = program("--version")
    assert (result.returncode, result.stdout) == (0, f"tui-assistant {__version__}\n".encode())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["detct"], ["detct", "Did you mean"]),
        (["--nonsense"], ["--nonsense"]),
        (["detect"], ["FILE..."]),
        (["--plain", "detect", "a.wav"], ["--plain belongs to the assistant itself", "detect"]),
        (["--link", "openai", "--plain"], ["--link openai", "no key in OPENAI_API_KEY"]),
        (["--link", "opeani", "--plain"], ["--link opeani", "neither a service nor an address", "qwen"]),
        (["--mode", "handsfree"], ["--mode handsfree", "hands-free, push-to-talk"]),
        (["--turns", "elsewhere"], ["--turns elsewhere", "here, there"]),
        (["--turns", "there", "--plain"], ["--turns there is for a --link elsewhere"]),
        (["--demo", "--input", "a.wav"], ["--demo and --input"]),
        (["--exit-after-input", "--plain"], ["--exit-after-input", "--input FILE.wav"]),
        (["--input", "-"], ["--plain"]),
        (["--mode", "hands-free", "--turn-detection", "none"], ["none is push-to-talk"]),
        (["--plain", "--input", "nowhere.wav"], ["nowhere.wav", "no such file"]),
        (["--input-rate", "7999", "--plain"], ["--input-rate 7999", "8000 to 48000"]),
        (["--config", "nowhere.toml"], ["nowhere.toml", "no such file"]),
        (["evaluate", "nowhere"], ["nowhere", "no such folder"]),
        (["evaluate", ".", "--noise-db", "nan"], ["--noise-db nan", "-120 to 120"]),
        (["config", "set", "turn_detection.treshold", "1"], ["did you mean turn_detection.threshold?"]),
        (
            ["config", "set", "turn_detection.threshold", "1.5"],
            ["config set: turn_detection.threshold = 1.5", "0 to 1"],
        ),
        (["config", "set", "models.recogniser", "dragon"], ["there is no recogniser called 'dragon'", "pocketsphinx"]),
        (["config", "show", "--config", "a.toml"], ["--config must stand before `show`"]),
        (["--threshold", "0.3", "detect", "a.wav"], ["--threshold must stand behind `detect`"]),
        (["--plain", "--vad", "sileo"], ["--vad sileo", "silero, webrtc, energy"]),
        (["serve", "--vad", "sileo"], ["--vad sileo", "silero, webrtc, energy"]),
        (["detect", "no\nwhere.wav"], ["no where.wav: cannot be read"]),
    ],
)
def test_a_wrong_call_is_one_clear_line_and_status_2(home: Path, arguments: list[str], words: list[str]) -> None:
    result = program(*arguments)
    assert (result.returncode, result.stdout) == (2, b"")
    (line,) = lines(result.stderr)
    assert all(word in line for word in words)


def test_without_a_terminal_the_screen_says_what_to_use() -> None:
    result = program("--input", JFK)
    assert (result.returncode, result.stdout) == (2, b"")
    (line,) = lines(result.stderr)
    assert "--plain" in line


@pytest.mark.parametrize(
    ("flag", "value", "allowed"),
    [
        ("--threshold", "1.01", "0 to 1"),
        ("--threshold", "nan", "0 to 1"),
        ("--threshold", "loud", "0 to 1"),
        ("--prefix-padding-ms", "-1", "0 to 5000"),
        ("--silence-duration-ms", "10001", "0 to 10000"),
        ("--eagerness", "wild", "low, medium, high, auto"),
        ("--turn-detection", "none", "server_vad, semantic_vad"),
        ("--vad", "sileo", "silero, webrtc, energy"),
    ],
)
def test_a_value_out_of_range_names_flag_value_and_range(flag: str, value: str, allowed: str) -> None:
    result = program("detect", f"{flag}={value}", JFK)
    assert (result.returncode, result.stdout) == (2, b"")
    (line,) = lines(result.stderr)
    assert f"{flag} {value}" in line
    assert allowed in line


# ------------------------------------------------------------------------------------------------- detect


def test_detect_prints_the_lines_of_the_contract() -> None:
    result = program("detect", JFK)
    assert (result.returncode, result.stderr) == (0, b"")
    events = [json.loads(line) for line in lines(result.stdout)]
    assert len(events) >= 4
    assert len(events) % 2 == 0
    for number, (started, stopped) in enumerate(zip(events[::2], events[1::2], strict=True), 1):
        assert list(started) == ["file", "type", "item_id", "audio_start_ms", "at_ms", "reason"]
        assert list(stopped) == ["file", "type", "item_id", "audio_end_ms", "at_ms", "reason"]
        assert started["file"] == stopped["file"] == str(JFK)
        assert started["type"] == "input_audio_buffer.speech_started"
        assert stopped["type"] == "input_audio_buffer.speech_stopped"
        assert started["item_id"] == stopped["item_id"] == f"item_{number}"
        assert started["audio_start_ms"] < started["at_ms"] < stopped["audio_end_ms"] <= stopped["at_ms"]
        assert started["reason"]["rule"] == "threshold"


def test_detect_decides_as_the_library_does() -> None:
    from tui_assistant import ServerVad, TurnDetector

    with wave.open(str(JFK)) as file:
        rate, pcm = file.getframerate(), file.readframes(file.getnframes())
    detector = TurnDetector(ServerVad(threshold=0.6, silence_duration_ms=300), sample_rate=rate)
    expected = [(event.type, event.at_ms) for event in [*detector.feed(pcm), *detector.flush()]]
    result = program("detect", JFK, "--threshold", "0.6", "--silence-duration-ms", "300")
    assert [(event["type"], event["at_ms"]) for event in map(json.loads, lines(result.stdout))] == expected


def test_detect_takes_settings_from_the_file_too(home: Path) -> None:
    (home / "config.toml").write_text("[turn_detection]\nsilence_duration_ms = 4000\n")
    assert len(lines(program("detect", JFK).stdout)) == 2
    assert len(lines(program("detect", JFK, "--silence-duration-ms", "200").stdout)) > 2


def test_what_can_be_read_is_done_whatever_stands_beside_it(home: Path) -> None:
    (home / "text.wav").write_text("this is no sound")
    (home / "empty.wav").write_bytes(b"")
    result = program("detect", home / "nowhere.wav", JFK, home / "text.wav", home, home / "empty.wav", JFK)
    assert result.returncode == 2
    files = [json.loads(line)["file"] for line in lines(result.stdout)]
    assert set(files) == {str(JFK)}
    assert len(files) == 2 * len(lines(program("detect", JFK).stdout))
    errors = lines(result.stderr)
    assert len(errors) == 4
    for line, name in zip(errors, ["nowhere.wav", "text.wav", str(home), "empty.wav"], strict=True):
        assert name in line


def test_a_detector_of_the_settings_is_named_as_one(home: Path) -> None:
    (home / "config.toml").write_text('[models]\ndetector = "sileo"\n')
    (line,) = lines(program("detect", JFK).stderr)
    assert "models.detector = sileo: allowed is silero, webrtc, energy" in line


def test_detect_reads_stdin() -> None:
    result = program("detect", "-", stdin=JFK.read_bytes())
    assert result.returncode == 0
    from_file = lines(program("detect", JFK).stdout)
    assert [line.replace(f'"{JFK}"', '"-"') for line in from_file] == lines(result.stdout)


@pytest.mark.parametrize("rate", [6_000, 96_000])
def test_rates_beyond_the_detectors_are_resampled(home: Path, rate: int) -> None:
    from tui_assistant.sound.resample import resample

    with wave.open(str(JFK)) as file:
        samples, source = np.frombuffer(file.readframes(file.getnframes()), "<i2"), file.getframerate()
    copy = write_wav(home / "copy.wav", resample(samples, source, rate), rate)
    original = [json.loads(line) for line in lines(program("detect", JFK).stdout)]
    events = [json.loads(line) for line in lines(program("detect", copy).stdout)]
    assert events
    assert abs(events[0]["at_ms"] - original[0]["at_ms"]) <= 200
    assert events[-1]["at_ms"] == pytest.approx(original[-1]["at_ms"], abs=100)


def test_names_come_out_as_they_are_and_harmless(home: Path) -> None:
    odd = home / "\x1b]0;title\x07ü.wav"
    odd.write_bytes(JFK.read_bytes())
    result = program("detect", odd)
    assert b"\x1b" not in result.stdout
    assert json.loads(lines(result.stdout)[0])["file"] == str(odd)
    result = program("detect", home / "\x1b]0;no\x07.wav")
    assert b"\x1b" not in result.stderr


def test_a_reader_that_goes_ends_the_program_quietly() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tui_assistant", "detect", *[str(JFK)] * 200],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_no_accident(home: Path) -> None:
    with open("/dev/full", "wb") as full:
        result = subprocess.run(
            [sys.executable, "-m", "tui_assistant", "config", "show"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert result.returncode == 1
    (line,) = lines(result.stderr)
    assert line.endswith("cannot be written: No space left on device (make room)")


def test_a_group_without_a_command_is_its_help_as_it_is() -> None:
    result = program("models")
    assert (result.returncode, result.stdout) == (2, b"")
    assert lines(result.stderr)[0].startswith("Usage: tui-assistant models")
    assert not [line for line in lines(result.stderr) if line.startswith("tui-assistant:")]


def test_every_command_is_introduced_by_a_whole_sentence() -> None:
    import click

    from tui_assistant.cli import cli

    groups = [cli, *(each for each in cli.commands.values() if isinstance(each, click.Group))]
    for group in groups:
        text = group.get_help(click.Context(group, info_name="tui-assistant", terminal_width=80, max_content_width=80))
        listed = text.partition("Commands:")[2].split("\n")[1:]
        assert len([line for line in listed if line.strip()]) == len(group.commands)
        assert not [line for line in listed if line.endswith("...") or line.endswith("e.g.")]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals_end_it_with_their_status_and_without_a_traceback(number: int, status: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tui_assistant", "detect", str(JFK), "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # under nohup SIGHUP is ignored, which we respect
    )
    assert process.stdout is not None
    process.stdout.readline()  # it works on the first file; then it waits for stdin
    time.sleep(0.2)
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors.strip()) == (status, b"")


def test_what_nobody_expected_is_one_line_and_a_log(home: Path) -> None:
    code = (
        "import tui_assistant.commands.detect as detect, tui_assistant.cli as cli\n"
        "def broken(*args): raise ZeroDivisionError('by\\nnothing')\n"
        "detect.run = broken\n"
        "cli.main(['detect', 'x.wav'])"
    )

    def run(**environment: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            timeout=60,
            env={**os.environ, **environment},
            check=False,
        )

    result = run()
    assert (result.returncode, result.stdout) == (1, b"")
    (line,) = lines(result.stderr)
    log = home / "state" / "logs" / "crash.log"
    assert "ZeroDivisionError: by" in line
    assert str(log) in line
    assert "Traceback" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0
    assert b"Traceback" in run(TUI_ASSISTANT_DEBUG="1").stderr
