"""What `doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    NOTE = "note"  # works, but something is worth knowing
    BAD = "bad"  # something essential is missing


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `mend` is what to do about it."""

    what: str
    verdict: Verdict
    text: str
    mend: str = ""
