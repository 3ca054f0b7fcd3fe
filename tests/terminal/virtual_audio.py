"""A microphone and a speaker of software: a private PulseAudio with null sinks, for tests on machines without sound.

    paplay -> sink va_mic_in -> its monitor -> source va_mic    (the default source: "the microphone")
    program -> sink va_speaker (the default sink) -> its monitor -> parec

No systemd, no D-Bus, no hardware, works as root. Everything lives in one folder; the server runs under `timeout`, so
that it ends even if the test run is killed. PortAudio reads the environment when it is loaded: give `env` to a
subprocess. Needs the Debian packages pulseaudio, pulseaudio-utils, libasound2-plugins and libportaudio2.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
import wave
from pathlib import Path
from types import TracebackType

import numpy as np
from needs import needs

RATE = 48_000
READY_TIMEOUT = 10.0  # s; usually 0.2, but the machine may be busy
MIC_SINK = (
    "module-null-sink sink_name=va_mic_in norewinds=1 rate={rate} channels=1 "
    "sink_properties=device.description=va_mic_in"
)
MIC_SOURCE = (
    "module-remap-source source_name=va_mic master=va_mic_in.monitor source_properties=device.description=va_mic"
)
SPEAKER_SINK = (
    "module-null-sink sink_name=va_speaker norewinds=1 rate={rate} channels=2 "
    "sink_properties=device.description=va_speaker"
)

ASOUND = """</usr/share/alsa/alsa.conf>
pcm.!default { type pulse hint { show on description "default (virtual audio)" } }
ctl.!default { type pulse }
"""


class MonitorRecording:
    """What a source gives, from the moment that the first sample arrived until `stop`; mono at RATE."""

    def __init__(self, audio: VirtualAudio, path: Path, source: str) -> None:
        self.path = path
        self._raw = path.with_suffix(".raw")
        with self._raw.open("wb") as out:
            self._process = subprocess.Popen(
                ["parec", "-d", source, "--format=s16le", f"--rate={RATE}", "--channels=1",
                 "--latency-msec=10", "--process-time-msec=5"],
                stdout=out, env=audio.env,
            )  # fmt: skip
        deadline = time.monotonic() + READY_TIMEOUT
        while self._raw.stat().st_size == 0:
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(f"recording {source} did not begin")
            time.sleep(0.01)

    def position(self) -> float:
        """Seconds recorded so far: a clock of the monitor that a test can note moments with."""
        return self._raw.stat().st_size / 2 / RATE

    def samples(self, begin: float = 0.0) -> np.ndarray:
        """What has been recorded so far, from a second of it on."""
        with self._raw.open("rb") as file:
            file.seek(round(begin * RATE) * 2)
            data = file.read()
        return np.frombuffer(data[: len(data) // 2 * 2], "<i2")

    def stop(self) -> Path:
        """Ends the recording and writes it as WAV."""
        self._process.terminate()
        self._process.wait(5)
        with wave.open(str(self.path), "wb") as out:
            out.setparams((1, 2, RATE, 0, "NONE", ""))
            out.writeframes(self._raw.read_bytes())
        self._raw.unlink()
        return self.path


class VirtualAudio:
    """The server as a context manager. `microphone=False` starts without one; it can be loaded later."""

    def __init__(self, folder: Path, *, microphone: bool = True, mic_rate: int = RATE, max_seconds: int = 300) -> None:
        self.folder = folder
        self.mic_rate = mic_rate
        self._microphone = microphone
        self._max_seconds = max_seconds
        self._server: subprocess.Popen[bytes] | None = None
        self._modules: dict[str, str] = {}
        self._players: list[subprocess.Popen[bytes]] = []
        socket = f"unix:{folder}/native"
        state = str(folder / "state")
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PULSE_") and k != "DBUS_SESSION_BUS_ADDRESS"}
        self.settings = {
            "PULSE_SERVER": socket,
            "PULSE_CLIENTCONFIG": str(folder / "client.conf"),
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
        }
        self.env = {**kept, **self.settings}
        self._server_env = {
            **kept,
            "HOME": state,
            "XDG_CONFIG_HOME": state,
            "XDG_RUNTIME_DIR": state,
            "PULSE_RUNTIME_PATH": state,
            "PULSE_STATE_PATH": state,
            "PULSE_CLIENTCONFIG": str(folder / "client.conf"),
        }

    def __enter__(self) -> VirtualAudio:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Starts the server with the speaker and, if wanted, the microphone; raises RuntimeError with its log."""
        needs("pulseaudio", "pactl", "portaudio")
        (self.folder / "state").mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        (self.folder / "client.conf").write_text(
            f"autospawn = no\ndefault-server = unix:{self.folder}/native\n"
            f"cookie-file = {self.folder}/cookie\nenable-shm = no\n"
        )
        (self.folder / "asound.conf").write_text(ASOUND)
        (self.folder / "native").unlink(missing_ok=True)
        script = self.folder / "va.pa"
        script.write_text(f"load-module module-native-protocol-unix socket={self.folder}/native auth-anonymous=1\n")
        with (self.folder / "server.log").open("ab") as log:
            self._server = subprocess.Popen(
                ["timeout", "-k", "2", str(self._max_seconds), "pulseaudio", "-n", "--daemonize=no",
                 "--use-pid-file=no", "--exit-idle-time=-1", "--disable-shm=yes", "--high-priority=no",
                 "--realtime=no", "--log-target=stderr", "--log-level=notice", "-F", str(script)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._server_env, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + READY_TIMEOUT
        while subprocess.run(["pactl", "info"], env=self.env, capture_output=True, check=False).returncode != 0:
            if self._server.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("virtual audio did not start:\n" + (self.folder / "server.log").read_text())
            time.sleep(0.05)
        self._modules.clear()
        self.load_speaker()
        if self._microphone:
            self.load_microphone()

    def stop(self) -> None:
        """Ends players and server, by their own ids, and waits until they are gone."""
        for player in self._players:
            if player.poll() is None:
                player.terminate()
            player.wait(5)
        self._players.clear()
        if self._server is not None and self._server.poll() is None:
            self._server.terminate()  # `timeout` hands it on to pulseaudio
            try:
                self._server.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self._server.pid, signal.SIGKILL)  # its own session: nobody else is in the group
                self._server.wait(5)
        self._server = None

    def pactl(self, *arguments: str) -> str:
        """Output of `pactl ARGUMENTS`."""
        result = subprocess.run(["pactl", *arguments], env=self.env, capture_output=True, text=True, check=True)
        return result.stdout.strip()

    def _load(self, name: str, module: str) -> None:
        self._modules[name] = self.pactl("load-module", *module.format(rate=self.mic_rate).split())

    def _unload(self, name: str) -> None:
        self.pactl("unload-module", self._modules.pop(name))

    def load_speaker(self) -> None:
        """Plugs the speaker in and makes it the default."""
        self._modules["speaker"] = self.pactl("load-module", *SPEAKER_SINK.format(rate=RATE).split())
        self.pactl("set-default-sink", "va_speaker")

    def unload_speaker(self) -> None:
        """Pulls the speaker out. Its streams move to another sink if there is one, else they end."""
        self._unload("speaker")

    def load_microphone(self) -> None:
        """Plugs the microphone in and makes it the default."""
        self._load("mic_sink", MIC_SINK)
        self._load("mic", MIC_SOURCE)
        self.pactl("set-default-source", "va_mic")

    def unload_microphone(self) -> None:
        """Pulls the microphone out. Its streams move to another source (the speaker's monitor), else they end."""
        self._unload("mic")
        self._unload("mic_sink")

    def loop(self) -> None:
        """From now on who opens the default speaker is heard by the microphone: it plays where the user's voice does.

        Not through module-loopback, whose delay grows with every stall of a busy machine: 2 s of it were seen, where a
        room's stays the same.
        """
        self.pactl("set-default-sink", "va_mic_in")

    def play(self, wav: Path) -> None:
        """Speaks the WAV file into the microphone; returns when it is over."""
        self.begin_play(wav).wait(120)

    def begin_play(self, wav: Path) -> subprocess.Popen[bytes]:
        """Speaks the WAV file into the microphone; returns at once."""
        player = subprocess.Popen(["paplay", "-d", "va_mic_in", str(wav)], env=self.env)
        self._players.append(player)
        return player

    def begin_record(self, path: Path, source: str = "va_speaker.monitor") -> MonitorRecording:
        """Begins to record what the speaker plays; or what the microphone hears, from "va_mic"."""
        return MonitorRecording(self, path, source)

    def record(self, seconds: float, path: Path) -> Path:
        """Records the speaker for so many seconds into a WAV file."""
        recording = self.begin_record(path)
        while recording.position() < seconds:
            time.sleep(0.02)
        return recording.stop()
