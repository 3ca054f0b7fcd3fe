"""The whole program with servers that hear and speak: from a recording to the sound of the answer."""

from __future__ import annotations

import io
import itertools
import json
import math
import struct
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stub_server import StubServer, respond, stream_head
from test_cli import home, program

__all__ = ["home"]  # a fixture

CLIP = Path(__file__).parent / "data" / "speech" / "lj_0002.wav"  # 1.9 s, one turn
RATE = 16_000
TONE = b"".join(struct.pack("<h", round(12_000 * math.sin(at * 2 * math.pi * 440 / RATE))) for at in range(RATE))


@pytest.fixture
def server() -> Iterator[StubServer]:
    stub = StubServer()
    yield stub
    stub.close()


def wav_in(body: bytes) -> wave.Wave_read:
    """The file of a multipart body."""
    return wave.open(io.BytesIO(body[body.index(b"RIFF") :]))


def environment(server: StubServer) -> dict[str, str]:
    return {
        "TUI_ASSISTANT_MODELS__RECOGNISER": "transcriptions",
        "TUI_ASSISTANT_TRANSCRIPTION__URL": server.url,
        "TUI_ASSISTANT_TRANSCRIPTION__API_KEY_ENV": "HEARING_KEY",
        "TUI_ASSISTANT_MODELS__SYNTHESISER": "speech",
        "TUI_ASSISTANT_SPEECH__URL": f"{server.url}/v1/audio/speech",
        "TUI_ASSISTANT_SPEECH__MODEL": "tts-9",
        "TUI_ASSISTANT_VOICE__NAME": "nova",
        "TUI_ASSISTANT_RESPONDER__CHAT": "off",
        "HEARING_KEY": "sk-of-the-program",
    }


def talk(home: Path, server: StubServer, **more: str) -> tuple[list[str], Path]:
    out = home / "answer.wav"
    arguments = ("--plain", "--input", CLIP, "--output", out, "--exit-after-input", "--silence-duration-ms", "800")
    result = program(*arguments, **environment(server), **more)
    assert result.returncode == 0, result.stderr
    shown = result.stdout.decode() + result.stderr.decode()
    assert "sk-of-the-program" not in shown
    return shown.splitlines(), out


def test_a_recording_is_heard_answered_and_spoken_by_servers(home: Path, server: StubServer) -> None:
    def handle(request: Any) -> Any:
        if request.path == "/v1/audio/speech":
            return respond(200, TONE, f"audio/pcm;rate={RATE}")
        events = [
            {"type": "transcript.text.delta", "delta": "what is seven"},
            {"type": "transcript.text.delta", "delta": " times eight"},
            {"type": "transcript.text.done", "text": "What is seven times eight?"},
        ]
        return iter([stream_head(), *(f"data: {json.dumps(event)}\n\n".encode() for event in events)])

    server.handler = handle
    shown, out = talk(home, server)
    assert any(line.endswith("you  What is seven times eight?") for line in shown)
    assert any("bot  " in line and "56" in line for line in shown)
    heard, said = server.requests[0], server.requests[-1]
    assert heard.path == "/v1/audio/transcriptions"
    assert heard.headers["authorization"] == "Bearer sk-of-the-program"
    with wav_in(heard.body) as file:
        assert file.getframerate() == RATE
        assert 1.8 < file.getnframes() / RATE < 3.5  # the whole turn and its silence
    assert (said.json["voice"], said.json["model"]) == ("nova", "tts-9")
    assert "authorization" not in said.headers
    with wave.open(str(out)) as file:
        samples = struct.unpack(f"<{file.getnframes()}h", file.readframes(file.getnframes()))
        assert max(samples) > 8_000
        crossings = sum(a < 0 <= b for a, b in itertools.pairwise(samples))
        assert abs(crossings - 440) < 25  # one second of 440 Hz, resampled


def test_servers_that_fail_leave_nobody_unheard(home: Path, server: StubServer) -> None:
    server.handler = lambda request: respond(503, b"")
    shown, out = talk(home, server)
    instead = [line for line in shown if "takes the place of" in line]
    assert len([line for line in instead if "pocketsphinx takes the place of transcriptions" in line]) == 1
    assert any("takes the place of speech until it works again" in line for line in instead)
    assert any(" you  " in line for line in shown)
    with wave.open(str(out)) as file:
        assert max(struct.unpack(f"<{file.getnframes()}h", file.readframes(file.getnframes()))) > 2_000


def test_offline_mode_asks_no_server_elsewhere(home: Path, server: StubServer) -> None:
    elsewhere = {"TUI_ASSISTANT_TRANSCRIPTION__URL": "https://stt.example.com/v1", "TUI_ASSISTANT_MODELS__OFFLINE": "1"}
    server.handler = lambda request: respond(200, TONE, f"audio/pcm;rate={RATE}")
    arguments = ("--plain", "--input", CLIP, "--output", "none", "--exit-after-input")
    result = program(*arguments, **{**environment(server), **elsewhere})
    shown = result.stdout.decode() + result.stderr.decode()
    assert "offline mode is on: the transcription server stt.example.com is not asked" in shown
    assert "the recogniser is pocketsphinx" in shown
    assert {request.path for request in server.requests} == {"/v1/audio/speech"}  # on this machine: it may be asked
