"""Foreign text is data: no markup, no escape sequence and no reordering of it reaches the terminal, from any widget."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from fake_talk import FakeTalk, scene

from tui_assistant.runtime.api import Devices, Line, LineChanged, Speaker, Suggest, Told
from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.widgets.typeline import TypeLine

ROOT = Path(__file__).parents[2]
EVIL = (
    "[red]x[/] [/nope] [@click=app.bell]y[/] \x1b]52;c;ZXZpbA==\x07 \x1b[31m \x9b2J \x1b]0;t\x07 "
    "\u202egnp.exe\u2066 a\nb\r"
)
HARMLESS = ("[red]x[/]", "[/nope]", "[@click=app.bell]y[/]")


def evil_talk() -> FakeTalk:
    talk = FakeTalk(scene(4_000, microphone=EVIL, alarms=(EVIL,), link=EVIL, link_state=EVIL, counters={EVIL: 1}))
    talk.known = Devices((EVIL, "other"), (EVIL,), EVIL, EVIL)
    talk.first = [
        LineChanged(Line("1", EVIL, Speaker.YOU, EVIL, stash=EVIL, note=EVIL, final=False)),
        LineChanged(Line("2", "12:00:00", Speaker.BOT, EVIL, note=EVIL)),
        Told(EVIL, "error"),
        Suggest(EVIL),
    ]
    return talk


async def test_markup_is_shown_as_it_is() -> None:
    app = AssistantApp(evil_talk())
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause(0.2)
        for keys in ((), ("d",), ("escape", "t")):
            await pilot.press(*keys)
            await pilot.pause(0.1)
            strips = app.screen._compositor.render_strips(app.size)
            text = "\n".join("".join(segment.text for segment in strip) for strip in strips)
            assert all(part in text for part in HARMLESS)
            assert not any(code in text for code in "\x1b\x07\x9b\r\u202e\u2066")
            actions = [seg.style.meta for strip in strips for seg in strip if seg.style and "@click" in seg.style.meta]
            assert actions == []


async def test_a_pasted_text_is_cleaned_before_it_is_shown_or_sent() -> None:
    from textual import events

    talk = FakeTalk(scene(4_000))
    app = AssistantApp(talk)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("i")
        app.post_message(events.Paste("one\ntwo\x1b]52;c;eA==\x07"))
        await pilot.pause(0.1)
        assert app.screen.query_one(TypeLine).value == "one two�]52;c;eA==�"
        await pilot.press("enter")
        await pilot.pause()
        assert talk.calls == [("say", "one two�]52;c;eA==�")]


PROGRAM = textwrap.dedent(
    """
    import sys
    sys.path[:0] = {path!r}
    from test_foreign_text import evil_talk
    from tui_assistant.tui.run import run_app
    sys.exit(run_app(evil_talk()))
    """
)


def test_the_raw_output_holds_none_of_it() -> None:
    master, slave = pty.openpty()
    code = PROGRAM.format(path=[str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)])
    environment = {**os.environ, "COLUMNS": "120", "LINES": "40", "TERM": "xterm-256color"}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=slave, stdout=slave, stderr=slave, env=environment
    ) as child:
        os.close(slave)
        raw = b""
        until = time.monotonic() + 20
        while b"[@click=app.bell]" not in raw and time.monotonic() < until:
            raw += os.read(master, 65_536)
        os.write(master, b"d")
        while b"Microphone" not in raw and time.monotonic() < until:
            raw += os.read(master, 65_536)
        os.write(master, b"\x1b[27u")
        time.sleep(0.3)
        os.write(master, b"q")
        try:
            while data := os.read(master, 65_536):
                raw += data
        except OSError:
            pass  # the child has closed the terminal
        assert child.wait(10) == 0
    os.close(master)
    text = re.sub("\x1b]22;[a-z]*\x07", "", raw.decode())  # the mouse pointer's shape: Textual's own
    assert all(part in text for part in HARMLESS)
    for code_point in ("\x1b]52", "\x1b]0;", "\x1b[31m", "\x07", "\x9b", "\u202e", "\u2066"):
        assert code_point not in text, repr(code_point)
