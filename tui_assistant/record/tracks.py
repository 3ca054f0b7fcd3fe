"""WAV files on the recording's clock: sample n of a track was heard at begins_ms + n / rate."""

from __future__ import annotations

from pathlib import Path

from tui_assistant.record.folder import new_wav_file
from tui_assistant.sound.samples import Samples
from tui_assistant.sound.wav import WavWriter


class Track:
    """One WAV file, whole after each call. Raises OSError."""

    def __init__(self, folder: Path, name: str, rate: int, begins_ms: float) -> None:
        self.name = name
        self.rate = rate
        self.begins_ms = begins_ms
        self._file = new_wav_file(folder / name)
        self._wav = WavWriter(self._file, rate)

    @property
    def end_ms(self) -> float:
        """Recording time of the sample that comes next."""
        return self.begins_ms + self._wav.samples * 1000 / self.rate

    def write(self, samples: Samples) -> None:
        """Appends."""
        self._wav.write(samples)

    def silence(self, samples: int) -> None:
        """Appends silence."""
        if samples > 0:
            self._wav.pad(samples)

    def silence_until(self, ms: float) -> None:
        """Appends silence up to that recording time; nothing when the track is there already."""
        self.silence(int((ms - self.end_ms) * self.rate / 1000))

    def close(self) -> None:
        self._file.close()


class Tracks:
    """The files of one source. Samples of another rate than before begin another file."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self.all: list[Track] = []

    @property
    def last(self) -> Track | None:
        """The one that is written."""
        return self.all[-1] if self.all else None

    def at(self, rate: int, now_ms: float) -> Track:
        """The track for samples of that rate; a new one begins at `now_ms`. Raises OSError."""
        last = self.last
        if last is None or last.rate != rate:
            number = f"-{len(self.all) + 1}" if self.all else ""
            if last is not None:
                last.close()
            last = Track(self._folder, f"{self._name}{number}.wav", rate, now_ms)
            self.all.append(last)
        return last

    def close(self) -> None:
        """Twice does no harm."""
        for track in self.all:
            track.close()
