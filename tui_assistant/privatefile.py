"""Files that only their owner can read and that are never half written. Imports nothing of ours."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

# Stands for a folder in a home that nobody knows, as that of a user id without a name in a container: nothing is in it,
# and whoever writes there gets an OSError.
NOWHERE = Path(os.devnull)


def private_folder(path: Path) -> Path:
    """The folder, made (0700) where it is missing, as are those above it. One that is there stays. Raises OSError."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):  # mkdir(parents=True) would give those above the usual mode
        folder.mkdir(mode=0o700, exist_ok=True)
    if not missing:
        path.mkdir(mode=0o700, exist_ok=True)  # raises where a file has that name
    return path


def write_private(path: Path, text: str) -> None:
    """Replaces `path` by `text` in one step, readable by the owner only. Raises OSError; then nothing has changed."""
    target = path.resolve()  # a link, as people keep their dotfiles, stays a link
    if target.exists() and not target.is_file():  # `--config /dev/null`, by root: the device would be gone
        raise OSError(errno.EINVAL, "it is no file", str(path))
    private_folder(target.parent)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:  # also when interrupted: no half-written file stays behind
        Path(name).unlink(missing_ok=True)
        raise
