"""Makes assets/screen.svg, the picture in the README, from the running app.

    python assets/scripts/picture.py [--real] [--size 120x40] [--theme NAME] [--out FILE]

Without --real the conversation is made up (tests/fake_talk.py); with it the demo recording is played through the real
assistant and the picture is taken while it speaks.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from tui_assistant.runtime.api import TalkApi  # noqa: E402  # the path is set just above
from tui_assistant.tui.app import AssistantApp  # noqa: E402  # as above

DEMO_SECONDS = 9.0  # into the demo: one question answered, the next being asked


def made_up() -> TalkApi:
    from fake_talk import SPEAKING_NOW, FakeTalk, scene, talked

    talk = FakeTalk(scene(4_100, recording=True))
    talk.first = talked(SPEAKING_NOW)
    return talk


def real() -> TalkApi:
    from tui_assistant.cli import build_talk  # type: ignore[attr-defined]  # made with the commands

    talk: TalkApi = build_talk(demo=True)
    return talk


def portable(svg: str) -> str:
    """Without the web font that Rich names: pictures in a README load nothing from elsewhere."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code, monospace", "Menlo, Consolas, 'DejaVu Sans Mono', monospace")
    return svg.replace("font-family: Fira Code;", "font-family: Menlo, Consolas, 'DejaVu Sans Mono', monospace;")


async def picture(talk: TalkApi, size: tuple[int, int], theme: str, seconds: float) -> str:
    app = AssistantApp(talk, theme=theme)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(seconds)
        return portable(app.export_screenshot(title="tui-assistant"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", action="store_true", help="the demo recording through the real assistant")
    parser.add_argument("--size", default="120x40")
    parser.add_argument("--theme", default="dark")
    parser.add_argument("--out", type=Path, default=ROOT / "assets" / "screen.svg")
    options = parser.parse_args()
    columns, rows = (int(part) for part in options.size.split("x"))
    talk = real() if options.real else made_up()
    seconds = DEMO_SECONDS if options.real else 0.3
    options.out.write_text(asyncio.run(picture(talk, (columns, rows), options.theme, seconds)), encoding="utf-8")


if __name__ == "__main__":
    main()
