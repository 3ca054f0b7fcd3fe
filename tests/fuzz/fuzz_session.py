"""Coverage-guided fuzzing: `pip install -e .[fuzz]`, then `python tests/fuzz/fuzz_session.py -max_total_time=60`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    with atheris.instrument_imports(include=["tui_assistant.protocol", "tui_assistant.engine"]):
        from fuzz import targets

    def one_input(data: bytes) -> None:
        targets.session(data)

    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(targets.session_seeds()):
            (Path(corpus) / str(number)).write_bytes(seed)
        atheris.Setup([*sys.argv, corpus], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
