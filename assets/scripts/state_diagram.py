"""Prints the engine's states as diagrams: `state_diagram.py [turn|response] [--text]`; Mermaid unless --text."""

from __future__ import annotations

import sys

from tui_assistant.engine.states import DIAGRAMS, mermaid, text


def main(arguments: list[str]) -> int:
    draw = text if "--text" in arguments else mermaid
    names = [name for name in arguments if name != "--text"] or list(DIAGRAMS)
    if unknown := [name for name in names if name not in DIAGRAMS]:
        print(f"There is no diagram {unknown[0]!r}. Take one of: {', '.join(DIAGRAMS)}.", file=sys.stderr)
        return 2
    print("\n".join(draw(DIAGRAMS[name]) for name in names), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
