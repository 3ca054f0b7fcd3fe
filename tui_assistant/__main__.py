"""python -m tui_assistant"""

from __future__ import annotations

from tui_assistant.cli import main

if __name__ == "__main__":
    main()
