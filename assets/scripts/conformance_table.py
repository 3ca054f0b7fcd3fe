"""Prints the README's conformance table: `tui-assistant serve` under `tui-assistant conformance`, in each dialect.

    conformance_table.py [--port PORT]      starts a server for the time of the runs, on a free port unless one is given

Exits with 3 when a row fails anywhere, as the command does.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PROGRAM = [sys.executable, "-m", "tui_assistant"]
LISTENING = "listening on "
OPENAI, QWEN = "/v1/realtime", "/api-ws/v1/realtime"
SHOWN = {"OpenAI's GA": ("ga", OPENAI), "Qwen": ("qwen", QWEN)}
COUNTED = {"OpenAI's beta": ("beta", OPENAI)}  # its figures are those of GA: only the dialect differs

Rows = list[dict[str, str]]


@contextmanager
def served(port: int) -> Iterator[str]:
    """The URL of a running server."""
    process = subprocess.Popen([*PROGRAM, "serve", "--port", str(port)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith(LISTENING):
            sys.exit("`tui-assistant serve` did not start; run it alone to see why.")
        yield line.removeprefix(LISTENING).strip()
    finally:
        process.terminate()
        process.wait()


def rows(url: str, dialect: str, path: str) -> Rows:
    command = [*PROGRAM, "conformance", url.replace(OPENAI, path), "--dialect", dialect, "--json"]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if not run.stdout:
        sys.exit(run.returncode)
    found: Rows = json.loads(run.stdout)
    return found


def draw(shown: dict[str, Rows], counted: dict[str, Rows]) -> str:
    """A Markdown table of `shown` side by side, and a line about the others."""
    lines = [f"| row | {' | '.join(shown)} |", "|---" * (len(shown) + 1) + "|"]
    for same in zip(*shown.values(), strict=True):
        cells = [f"{row['answer']}: {row['seen'].replace('|', '/')}" for row in same]
        lines.append(f"| {same[0]['name']} | {' | '.join(cells)} |")
    for name, found in counted.items():
        kept = sum(row["answer"] == "yes" for row in found)
        lines += ["", f"In {name} dialect: {kept} of {len(found)} rows yes."]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    with served(parser.parse_args().port) as url:
        rows(url, "ga", OPENAI)  # not looked at: the models are being loaded, which no row has patience for
        shown = {name: rows(url, *where) for name, where in SHOWN.items()}
        counted = {name: rows(url, *where) for name, where in COUNTED.items()}
    print(draw(shown, counted))
    return 3 if any(row["answer"] == "no" for found in (*shown.values(), *counted.values()) for row in found) else 0


if __name__ == "__main__":
    sys.exit(main())
