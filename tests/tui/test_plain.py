from __future__ import annotations

import inspect
import io
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from fake_talk import FakeTalk

from tui_assistant.client.latency import ReplyLatency
from tui_assistant.runtime.api import Ended, Line, LineChanged, Mode, Notice, Snapshot, Speaker, State, Suggest, Told
from tui_assistant.tui.plain import COMMAND_FOR, COMMANDS, GREETING, Printer, run_plain

ROOT = Path(__file__).parents[2]
YOU = Line("u1", "12:01:03", Speaker.YOU, "what time is it")
BOT = Line("b1", "12:01:04", Speaker.BOT, "It is noon.")


def said(notices: Sequence[Notice], typed: str = "", **options: bool) -> tuple[list[str], FakeTalk, int]:
    """The lines printed for those notices; Ended(0) is added unless there is one."""
    talk, out = FakeTalk(Snapshot(microphone="mic")), io.StringIO()
    talk.first = list(notices)
    if not any(isinstance(notice, Ended) for notice in notices) and not options.get("eof_ends"):
        talk.first.append(Ended(0))
    status = run_plain(talk, stdin=io.StringIO(typed), stdout=out, clock=lambda: "09:00:00", **options)
    assert talk.calls[-1] == ("close",)
    return out.getvalue().splitlines(), talk, status


def test_how_long_the_answers_took_is_said_at_the_end_beside_the_conversation() -> None:
    for replies, told in (
        (ReplyLatency(2, 550, 800), "2 answers, end of speech to first sound: p50 0.55 p95 0.80 s\n"),
        (ReplyLatency(), ""),
    ):
        talk, out, err = FakeTalk(Snapshot(replies=replies)), io.StringIO(), io.StringIO()
        talk.first = [LineChanged(BOT), Ended(0)]
        assert run_plain(talk, stdin=io.StringIO(), stdout=out, stderr=err) == 0
        assert err.getvalue() == told
        assert "p95" not in out.getvalue()


def test_one_line_per_utterance() -> None:
    lines, _, status = said([LineChanged(YOU), LineChanged(BOT)])
    assert lines == ["12:01:03 you  what time is it", "12:01:04 bot  It is noon."]
    assert status == 0


def test_only_final_words_are_printed_and_only_once() -> None:
    partial = replace(YOU, text="what", stash="ti", final=False)
    lines, _, _ = said([LineChanged(partial), LineChanged(YOU), LineChanged(replace(YOU, note="more"))])
    assert lines == ["12:01:03 you  what time is it"]


def test_an_interruption_is_said_with_the_line_or_after_it() -> None:
    cut = replace(BOT, interrupted_at_s=0.4)
    assert said([LineChanged(cut)])[0] == ["12:01:04 bot  It is noon. [interrupted at 0.4 s]"]
    assert said([LineChanged(BOT), LineChanged(cut)])[0][1] == "09:00:00 --   the answer was interrupted at 0.4 s"


def test_foreign_text_is_one_clean_line() -> None:
    lines, _, _ = said([LineChanged(replace(BOT, text="a\nb\x1b]52;c;eA==\x07[red]x[/]\u202e")), Told("no\x9b2J\n!")])
    assert lines == ["12:01:04 bot  a b�]52;c;eA==�[red]x[/]", "09:00:00 --   no�2J !"]


def test_errors_suggestions_and_the_end_are_lines() -> None:
    lines, _, status = said([Told("lost", "error"), Suggest("press D"), Suggest(""), Ended(1, "gone")])
    assert lines == ["09:00:00 --   lost", "09:00:00 --   press D", "09:00:00 --   gone"]
    assert status == 1


def test_no_words_and_failures_are_said() -> None:
    lines, _, _ = said([LineChanged(replace(YOU, text="")), LineChanged(replace(BOT, text="", failed=True))])
    assert lines == ["12:01:03 you  (no words)", "12:01:04 bot  [failed]"]


def test_the_tools_of_an_answer_are_said_once() -> None:
    used = replace(BOT, note="used: set a timer for one minute")
    lines, _, _ = said([LineChanged(BOT), LineChanged(used), LineChanged(replace(used, note=f"{used.note} · 500 ms"))])
    assert lines[1:] == ["09:00:00 --   used: set a timer for one minute"]


def test_where_another_conversation_begins() -> None:
    lines, _, _ = said([LineChanged(replace(BOT, key="d", text="a new conversation", divider=True))])
    assert lines == ["09:00:00 --   a new conversation"]


def test_what_is_typed() -> None:
    lines, talk, status = said(
        [], "\n/mode\n/turns\n/mute\n/stop\n/new\n hello  there\n/nonsense\n/quit\nnever\n", eof_ends=True
    )
    calls = [("talk",), ("toggle_mode",), ("switch_turns",), ("toggle_mute",), ("interrupt",), ("new_conversation",)]
    assert talk.calls[:-1] == [*calls, ("say", " hello  there")]
    assert status == 0
    assert any("there is no command /nonsense" in line for line in lines)


def test_the_session_is_recorded_and_the_conversation_saved() -> None:
    lines, talk, _ = said([], "/record\n/save\n/save my talk.md\n/quit\n", eof_ends=True)
    assert ("record", None) in talk.calls
    assert ("save_transcript", Path("my talk.md")) in talk.calls
    assert lines == ["09:00:00 --   say where: /save talk.md, or a name that ends in .txt, .srt or .json"]


def test_keys_are_named_by_their_commands() -> None:
    lines, _, _ = said(
        [Told("There is no microphone: d chooses one, i types a message."), Told("Muted: x listens again.")]
    )
    assert [line[14:] for line in lines] == ["There is no microphone: type a message.", "Muted: /mute listens again."]
    source = "".join(path.read_text() for path in (ROOT / "tui_assistant" / "runtime").glob("*.py"))
    assert [said for said in COMMAND_FOR if said not in source] == []


def test_help_names_the_commands() -> None:
    lines, _, _ = said([], "/help\n/quit\n", eof_ends=True)
    text = "\n".join(lines)
    accepted = set(re.findall(r"\B/[a-z]+", inspect.getsource(Printer._typed)))
    assert set(re.findall(r"\B/[a-z]+", text)) == accepted == {*re.findall(r"\B/[a-z]+", COMMANDS)}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("terminal", [True, False])
def test_who_sits_at_a_terminal_is_told_how_to_talk_when_it_is_ready(mode: Mode, *, terminal: bool) -> None:
    talk, out = FakeTalk(Snapshot(link_state="starting")), io.StringIO()

    def ready() -> None:
        looks(1)
        talk.snap = replace(talk.snap, link_state="ready", mode=mode)
        looks(talk.pulled + 2)  # one of them was perhaps under way
        talk.post(Ended(0))

    def looks(many: int) -> None:
        while talk.pulled < many:
            time.sleep(0.01)

    threading.Thread(target=ready).start()
    run_plain(talk, stdin=Terminal() if terminal else io.StringIO(), stdout=out, clock=lambda: "09:00:00")
    told = [line[14:] for line in out.getvalue().splitlines()]
    assert told[:2] == ["link local: starting", "link local: ready"]
    assert told[2:] == ([GREETING[mode]] if terminal else [str(mode)] if mode is Mode.PUSH_TO_TALK else [])


def test_the_end_of_stdin_waits_for_the_answer() -> None:
    talk, out = FakeTalk(Snapshot(microphone="mic", state=State.THINKING)), io.StringIO()

    def answer() -> None:
        time.sleep(2.2)
        talk.post(LineChanged(BOT))
        talk.snap = replace(talk.snap, state=State.IDLE)

    threading.Thread(target=answer).start()
    assert run_plain(talk, stdin=io.StringIO("what time is it\n"), stdout=out, eof_ends=True) == 0
    assert "It is noon." in out.getvalue()


def test_the_end_of_stdin_is_not_the_end_while_a_file_speaks() -> None:
    talk, out = FakeTalk(Snapshot(microphone="a.wav")), io.StringIO()
    threading.Timer(2.5, lambda: talk.post(LineChanged(BOT), Ended(0))).start()
    assert run_plain(talk, stdin=io.StringIO(""), stdout=out) == 0
    assert "It is noon." in out.getvalue()


def test_changes_of_link_mode_and_device_are_lines() -> None:
    talk, out = FakeTalk(Snapshot(microphone="mic", link="openai")), io.StringIO()

    def change() -> None:
        for changes in (
            {"link_state": "reconnecting"},
            {"mode": Mode.PUSH_TO_TALK},
            {"microphone": ""},
            {"microphone": "opens on press"},
            {"talking": True, "microphone": "usb"},
            {"talking": False, "microphone": "opens on press"},
            {"muted": True},
        ):
            time.sleep(0.6)
            talk.snap = replace(talk.snap, **changes)  # type: ignore[arg-type]  # fields of Snapshot
        time.sleep(0.6)
        talk.post(Ended(0))

    threading.Thread(target=change).start()
    run_plain(talk, stdin=io.StringIO(""), stdout=out, interactive=False, clock=lambda: "09:00:00")
    assert out.getvalue().splitlines() == [
        "09:00:00 --   microphone: mic",
        "09:00:00 --   link openai: reconnecting",
        "09:00:00 --   PUSH-TO-TALK",
        "09:00:00 --   no microphone",
        "09:00:00 --   microphone: opens on press",
        "09:00:00 --   listening: enter sends",
        "09:00:00 --   not listening",
        "09:00:00 --   muted",
    ]


PROGRAM = textwrap.dedent(
    """
    import sys, threading, time
    sys.path[:0] = {path!r}
    from fake_talk import FakeTalk
    from tui_assistant.runtime.api import Line, LineChanged, Speaker
    from tui_assistant.tui.plain import COMMAND_FOR, run_plain
    talk = FakeTalk()
    def speak():
        for number in range(1000):
            talk.post(LineChanged(Line(str(number), "12:00:00", Speaker.BOT, "caf\\u00e9 " * 20)))
            time.sleep(0.01)
    threading.Timer(0.2, speak).start()
    threading.main_thread()
    status = run_plain(talk)
    print("textual" in sys.modules, file=sys.stderr)
    import os
    sys.stdout.flush(); sys.stderr.flush()
    sys.exit(status) if {clean} else os._exit(status)
    """
)


def start(*, clean: bool = False, **environment: str) -> subprocess.Popen[bytes]:
    code = PROGRAM.format(path=[str(ROOT), str(ROOT / "tests")], clean=clean)
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", code], stdin=pipe, stdout=pipe, stderr=pipe, env={**os.environ, **environment}
    )


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_signals_end_it_with_their_status(number: int, status: int) -> None:
    with start() as child:
        assert child.stdout is not None
        assert child.stdout.readline()
        child.send_signal(number)
        assert child.wait(10) == status
        child.stdout.read()
        assert child.stderr is not None
        assert child.stderr.read() == b"False\n", "no traceback, and Textual is not loaded"


def test_a_closed_pipe_ends_it_quietly() -> None:
    with start() as child:
        assert child.stdout is not None
        assert child.stdout.readline()
        child.stdout.close()
        assert child.wait(10) == 0
        assert child.stderr is not None
        assert child.stderr.read() == b"False\n"


def test_a_terminal_that_knows_only_ascii_gets_question_marks() -> None:
    with start(PYTHONIOENCODING="ascii:strict", PYTHONUTF8="0") as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(2)]
        child.terminate()
        child.stdout.read()
        assert any(b"caf? caf?" in line for line in lines)
