"""Over any schedule of breaks every turn that was sent is answered exactly once, or reported as lost."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tui_assistant.links.kept import Kept
from tui_assistant.protocol import client, server
from tui_assistant.protocol.items import InputText, Response, UserMessage

AUDIO: Any = {"output": {"format": {"type": "audio/pcm"}, "voice": "v"}}
STEPS = ["committed", "words", "created", "sound", "done"]


class Server:
    """One session: each turn by hand goes through STEPS, one at a time."""

    def __init__(self) -> None:
        self.buffer: list[int] = []
        self.turns: list[int] = []  # in the conversation, by number
        self.todo: list[tuple[str, int]] = []

    def hear(self, event: client.ClientEvent | bytes) -> None:
        match event:
            case bytes():
                self.buffer.append(event[0])
            case client.InputAudioBufferCommit():
                assert len(set(self.buffer)) == 1, "audio of another turn"
                self.turns.append(self.buffer[0])
                self.buffer.clear()
                self.todo += [("committed", self.turns[-1]), ("words", self.turns[-1])]
            case client.ConversationItemCreate(item=UserMessage(content=(InputText(text=text), *_))):
                self.turns.append(int(text))
            case client.ResponseCreate():
                self.todo += [(step, self.turns[-1]) for step in STEPS[2:]]
            case _:
                pass


class World:
    def __init__(self) -> None:
        self.kept = Kept(8_000)
        rules = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
        self.kept.sent(client.SessionUpdate(session=rules))
        self.server: Server | None = Server()
        self.sent = 0
        self.answered: list[int] = []
        self.lost: list[int] = []
        self.committed = 0

    def talk(self) -> None:
        self.sent += 1
        pcm = bytes([self.sent]) * 320
        if self.server is None:
            self.kept.waiting(pcm)
        else:
            self.kept.fed(pcm)
            self.server.hear(pcm)
        for event in (client.InputAudioBufferCommit(), client.ResponseCreate()):
            self.kept.sent(event)
            if self.server is not None:
                self.server.hear(event)

    def step(self) -> None:
        if self.server is None or not self.server.todo:
            return
        step, turn = self.server.todo.pop(0)
        item, answer = f"u{turn}", f"a{turn}"
        response = Response.model_validate({"id": f"r{turn}", "status": "completed", "audio": AUDIO})
        match step:
            case "committed":
                self.committed = turn
                self.kept.received(server.BufferCommitted(item_id=item))
            case "words":
                usage = server.DurationUsage(seconds=0)
                self.kept.received(server.TranscriptionCompleted(item_id=item, transcript=str(turn), usage=usage))
            case "created":
                self.kept.received(server.ResponseCreated(response=response))
            case "sound":
                self.answered.append(turn)
                self.kept.received(server.OutputAudioDelta(response_id=response.id, item_id=answer, delta=""))
            case "done":
                self.kept.received(server.ResponseDone(response=response))

    def link_breaks(self) -> None:
        if self.server is None:
            return
        if self.kept.lost:
            self.lost.append(self.committed)
        for _ in self.kept.broke():
            pass
        self.server = None

    def link_comes(self) -> None:
        if self.server is None:
            self.server = Server()
            for event in self.kept.again():
                self.server.hear(event)

    @property
    def waiting(self) -> bool:
        """The user waits for an answer, and does not speak meanwhile."""
        return self.sent > len(set(self.answered) | set(self.lost))


@given(st.lists(st.sampled_from(["talk", "step", "step", "step", "break", "come"]), max_size=60))
@settings(max_examples=400, deadline=None)
def test_each_turn_is_answered_once_or_reported(schedule: list[str]) -> None:
    world = World()
    for action in schedule:
        if action == "talk" and not world.waiting and world.sent < 200:
            world.talk()
        elif action == "step":
            world.step()
        elif action == "break":
            world.link_breaks()
        elif action == "come":
            world.link_comes()
    world.link_comes()
    for _ in range(50):
        world.step()
    assert sorted(world.answered + world.lost) == list(range(1, world.sent + 1))
