from __future__ import annotations

import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from conversation import response

from tui_assistant.client.effects import Tell
from tui_assistant.client.transcript import NO_WORDS, Transcript, TranscriptLine
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import AssistantMessage, InputText, OutputText, UserMessage
from tui_assistant.protocol.session import SessionObject
from tui_assistant.runtime import api
from tui_assistant.runtime.memory import CANNOT_FORGET, Memory
from tui_assistant.state import MAX_KEPT_CHARACTERS, MAX_KEPT_LINES, KeptConversation, state_folder


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUI_ASSISTANT_STATE", str(tmp_path / "state"))


class Desk:
    def __init__(self, *, keep: bool = False) -> None:
        self.shown: list[api.Line] = []
        self.memory = Memory(self.shown.append, lambda: "12:00:00", keep=keep)

    def user(self, item_id: str) -> list[object]:
        return list(self.memory.take(server.ItemAdded(item=UserMessage(id=item_id, content=()))))

    def bot(self, item_id: str) -> list[object]:
        return list(self.memory.take(server.ItemAdded(item=AssistantMessage(id=item_id, content=()))))

    def say(self, *texts: str, **more: object) -> None:
        for number, text in enumerate(texts):
            who = "bot" if number % 2 else "you"
            self.memory.said(TranscriptLine(f"{text[:9]}{number}", who, number, text, final=True, **more))  # type: ignore[arg-type]


def deleted(effects: list[object]) -> list[str]:
    return [effect.item_id for effect in effects if isinstance(effect, client.ConversationItemDelete)]


def kept() -> list[tuple[str, str]]:
    return [(line.who, line.text) for line in KeptConversation.load().lines]


def test_anew_deletes_every_item_that_is_there_and_shows_a_divider() -> None:
    desk = Desk()
    for item in ("u1", "u2", "u3"):
        desk.user(item)
    desk.bot("a1")
    desk.memory.take(server.ItemDeleted(item_id="u2"))
    assert deleted(list(desk.memory.anew())) == ["u1", "u3", "a1"]
    assert [(line.divider, line.clock, line.text) for line in desk.shown] == [(True, "12:00:00", "a new conversation")]
    assert desk.memory.anew() == []  # nothing has been said since
    assert len(desk.shown) == 1


def test_what_still_comes_of_a_stopped_answer_is_of_the_old_conversation() -> None:
    desk = Desk()
    desk.user("u1")
    desk.memory.anew()
    assert deleted(desk.bot("a1")) == ["a1"]
    assert desk.user("u2") == []
    assert desk.bot("a2") == []
    assert deleted(list(desk.memory.anew())) == ["u2", "a2"]


def test_a_server_that_does_not_forget_is_named() -> None:
    desk = Desk()
    begins = server.ResponseCreated(response=response(id="r1"))
    desk.user("u1")
    desk.memory.anew()
    assert desk.memory.take(begins) == [Tell(CANNOT_FORGET, "warning")]
    assert desk.memory.take(begins) == []
    desk.user("u2")
    desk.memory.anew()
    desk.memory.take(server.ItemDeleted(item_id="u2"))
    assert desk.memory.take(begins) == []


def test_another_connection_knows_nothing() -> None:
    desk = Desk()
    desk.user("u1")
    desk.memory.take(server.SessionCreated(session=SessionObject(id="s")))
    assert desk.memory.anew() == []


def test_nothing_is_kept_unless_asked() -> None:
    desk = Desk()
    desk.say("what time is it", "It is noon.")
    desk.memory.save()
    assert not (state_folder() / "conversation.json").exists()
    assert desk.memory.begin(0) == []


def test_a_conversation_goes_on_in_the_next_run() -> None:
    desk = Desk(keep=True)
    desk.say("what time is it", "It is noon.", NO_WORDS, "I see.")
    desk.say("(no server)", failed=True)
    desk.memory.said(TranscriptLine("open", "you", 9, "half a", final=False))
    desk.memory.save()
    path = state_folder() / "conversation.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept() == [("you", "what time is it"), ("bot", "It is noon."), ("bot", "I see.")]

    effects = Desk(keep=True).memory.begin(0)
    lines = [effect for effect in effects if isinstance(effect, TranscriptLine)]
    assert [(line.who, line.text, line.note) for line in lines[:2]] == [
        ("you", "what time is it", "from last time"),
        ("bot", "It is noon.", "from last time"),
    ]
    items = [effect.item for effect in effects if isinstance(effect, client.ConversationItemCreate)]
    assert items[:2] == [
        UserMessage(id="kept_0", content=(InputText(text="what time is it"),)),
        AssistantMessage(id="kept_1", content=(OutputText(text="It is noon."),)),
    ]
    assert [line.key for line in lines] == [item.id for item in items]
    echo = server.ItemAdded(item=UserMessage(id="kept_0", content=(InputText(text="what time is it"),)))
    assert Transcript().take(echo, 9) == []  # it is shown already

    desk = Desk(keep=True)
    for line in lines:
        desk.memory.said(line)
    desk.say("and now")
    desk.memory.save()
    assert kept()[-2:] == [("bot", "I see."), ("you", "and now")]


def test_it_is_written_as_the_conversation_goes_on_an_answer_once_it_was_heard() -> None:
    desk = Desk(keep=True)

    def written(state: api.State) -> list[tuple[str, str]]:
        desk.memory.follow(state)
        for thread in [each for each in threading.enumerate() if each.name == "memory"]:
            thread.join(60)
        return kept()

    desk.say("what time is it")
    asked = [("you", "what time is it")]
    assert written(api.State.THINKING) == asked
    answer = TranscriptLine("a1", "bot", 5, "It is noon, and the sun shines.", final=True)
    desk.memory.said(answer)
    assert written(api.State.THINKING) == written(api.State.SPEAKING) == asked  # a kill now must not claim it was heard
    desk.memory.said(replace(answer, text="It is noon—", interrupted_at_s=0.5))
    assert written(api.State.SPEECH) == [*asked, ("bot", "It is noon—")]
    (state_folder() / "conversation.json").unlink()
    assert written(api.State.IDLE) == []  # nothing new: nothing is written


def test_what_is_written_late_never_replaces_what_came_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(keep=True)
    desk.say("a secret")
    begun = threading.Thread.start
    waiting: list[threading.Thread] = []
    monkeypatch.setattr(threading.Thread, "start", lambda thread: waiting.append(thread))
    desk.memory.follow(api.State.IDLE)
    monkeypatch.setattr(threading.Thread, "start", begun)
    desk.memory.anew()
    for thread in waiting:
        thread.start()
        thread.join(60)
    assert waiting
    assert kept() == []


def test_beginning_anew_empties_the_file_at_once() -> None:
    desk = Desk(keep=True)
    desk.say("a secret")
    desk.memory.save()
    assert kept() == [("you", "a secret")]
    desk.memory.anew()
    assert kept() == []


@pytest.mark.parametrize("length", [1, 1000, MAX_KEPT_CHARACTERS + 1])
def test_the_file_is_bounded_and_the_newest_are_kept(length: int) -> None:
    desk = Desk(keep=True)
    desk.say(*(f"{number:06} " + "x" * (length - 1) for number in range(400)), "the last")
    desk.memory.save()
    lines = kept()
    assert len(lines) <= MAX_KEPT_LINES
    assert sum(len(text) for _, text in lines) <= MAX_KEPT_CHARACTERS
    assert lines[-1] == ("you", "the last")


def test_a_file_that_makes_no_sense_is_set_aside() -> None:
    state_folder().mkdir(parents=True)
    (state_folder() / "conversation.json").write_text('{"lines": [{"who": "me", "text": 1}]}')
    assert Desk(keep=True).memory.begin(0) == []
    assert (state_folder() / "conversation.json.bad").exists()
