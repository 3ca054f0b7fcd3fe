"""The README's picture: the app itself, listening to the demo recording, as SVG.

    python assets/scripts/screenshot.py [--seconds 17] [--size 120x40] [assets/screen.svg]

Nothing is staged: the models run, and what stands on the screen is what they made of the recording.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import tempfile
from pathlib import Path


async def picture(seconds: float, size: tuple[int, int]) -> str:
    from tui_assistant.commands.assistant import Options, build_talk
    from tui_assistant.config import Flag, load
    from tui_assistant.tui.app import AssistantApp

    settings = load({"audio.output": Flag("--output", "none"), "responder.chat": Flag("--chat", "off")})
    app = AssistantApp(build_talk(settings, Options(demo=True), None), theme="dark")
    async with app.run_test(size=size):
        await asyncio.sleep(seconds)
        svg = app.export_screenshot(title="tui-assistant")
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # they would be fetched from a font server


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", nargs="?", type=Path, default=Path(__file__).parents[1] / "screen.svg")
    parser.add_argument("--seconds", type=float, default=17.0)
    parser.add_argument("--size", default="120x40")
    arguments = parser.parse_args()
    columns, rows = map(int, arguments.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:  # nobody's own settings, timers and devices
        os.environ |= {"TUI_ASSISTANT_CONFIG": f"{folder}/config.toml", "TUI_ASSISTANT_STATE": folder}
        svg = asyncio.run(picture(arguments.seconds, (columns, rows)))
    arguments.path.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
