"""Coverage-guided fuzzing: `pip install -e .[fuzz]`, then `python tests/fuzz/run.py TARGET -max_total_time=60`.

TARGET is one of TARGETS; what comes behind it goes to libFuzzer.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]
MEMORY = Path("/dev/shm")  # a folder that is no disk: what is written with care there takes no time
TARGETS = {  # and whose branches the fuzzer looks for
    "codec": ["tui_assistant.protocol"],
    "session": ["tui_assistant.protocol", "tui_assistant.engine"],
    "wav": ["tui_assistant.sound"],
    "config": [
        "tui_assistant.config",
        "tui_assistant.config_file",
        "tui_assistant.config_sections",
        "tomllib",
        "tomlkit",
    ],
    "labels": ["tui_assistant.lab"],
    "recording": ["tui_assistant.record"],
    "state": ["tui_assistant.state"],
}


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"run.py TARGET [libFuzzer's options]; TARGET: {', '.join(TARGETS)}")
    name = sys.argv.pop(1)
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    with atheris.instrument_imports(include=TARGETS[name]):
        from fuzz import files, targets

    module = targets if hasattr(targets, name) else files
    target, seeds = getattr(module, name), getattr(module, f"{name}_seeds")

    def one_input(data: bytes) -> None:
        target(data)

    if MEMORY.is_dir():
        tempfile.tempdir = str(MEMORY)
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds()):
            (Path(corpus) / str(number)).write_bytes(seed)
        # JSON is parsed where no branch is seen (pydantic): without keep_seed only one of the seeds would be changed
        atheris.Setup([*sys.argv, "-keep_seed=1", corpus], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
