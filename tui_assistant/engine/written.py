"""The items that a response writes, each opened, filled and closed in the protocol's order of events."""

from __future__ import annotations

from typing import Literal, TypedDict

from tui_assistant.engine.conversation import Conversation, Recorded
from tui_assistant.engine.outbox import Outbox
from tui_assistant.protocol import server
from tui_assistant.protocol.codec import encode_audio
from tui_assistant.protocol.items import AssistantMessage, FunctionCall, OutputAudio, OutputText, Part

_Status = Literal["completed", "incomplete", "in_progress"]


class Where(TypedDict):
    """Where in a response an item is."""

    response_id: str
    item_id: str
    output_index: int


class _Written:
    """`conversation` None: the response is outside of it, and its items appear in the response alone."""

    def __init__(self, where: Where, outbox: Outbox, conversation: Conversation | None) -> None:
        self._where = where
        self._outbox = outbox
        self._conversation = conversation

    @property
    def item_id(self) -> str:
        return self._where["item_id"]

    def _added(self, item: AssistantMessage | FunctionCall) -> None:
        place = self._where["output_index"]
        self._outbox.send(server.OutputItemAdded(response_id=self._where["response_id"], output_index=place, item=item))
        if self._conversation is not None:
            behind = self._conversation.add(item)
            self._outbox.send(server.ItemAdded(item=item, previous_item_id=behind))

    def _done(self, item: AssistantMessage | FunctionCall, audio: Recorded | None = None) -> None:
        place = self._where["output_index"]
        self._outbox.send(server.OutputItemDone(response_id=self._where["response_id"], output_index=place, item=item))
        if self._conversation is None or not self._conversation.in_progress(self.item_id):
            return
        if isinstance(item, FunctionCall):
            self._conversation.close(item)
        elif audio is not None:
            self._conversation.complete(item, audio)
        self._outbox.send(server.ItemDone(item=item, previous_item_id=self._conversation.before(self.item_id)))


class WrittenMessage(_Written):
    """The assistant's words, spoken or as text."""

    def __init__(self, where: Where, outbox: Outbox, conversation: Conversation | None, *, spoken: bool) -> None:
        super().__init__(where, outbox, conversation)
        self._spoken = spoken
        self.text = ""
        self._added(self._item("in_progress"))
        part = Part(type="audio", transcript="") if spoken else Part(type="text", text="")
        outbox.send(server.ContentPartAdded(**where, part=part))

    def write(self, delta: str) -> None:
        self.text += delta
        if self._spoken:
            self._outbox.send(server.OutputAudioTranscriptDelta(**self._where, delta=delta))
        else:
            self._outbox.send(server.OutputTextDelta(**self._where, delta=delta))

    def sound(self, data: bytes) -> None:
        """Audio in the wire's format."""
        if data:
            self._outbox.send(server.OutputAudioDelta(**self._where, delta=encode_audio(data)))

    def close(self, status: _Status, audio: Recorded) -> AssistantMessage:
        item = self._item(status)
        if self._spoken:
            self._outbox.send(server.OutputAudioDone(**self._where))
            self._outbox.send(server.OutputAudioTranscriptDone(**self._where, transcript=self.text))
            part = Part(type="audio", transcript=self.text)
        else:
            self._outbox.send(server.OutputTextDone(**self._where, text=self.text))
            part = Part(type="text", text=self.text)
        self._outbox.send(server.ContentPartDone(**self._where, part=part))
        self._done(item, audio)
        return item

    def _item(self, status: _Status) -> AssistantMessage:
        content: tuple[OutputText | OutputAudio, ...] = ()
        if status != "in_progress":
            content = (OutputAudio(transcript=self.text) if self._spoken else OutputText(text=self.text),)
        return AssistantMessage(id=self.item_id, status=status, content=content)


class WrittenCall(_Written):
    """A function call, its arguments in pieces."""

    def __init__(
        self, where: Where, outbox: Outbox, conversation: Conversation | None, *, call_id: str, name: str
    ) -> None:
        super().__init__(where, outbox, conversation)
        self.asked_as = ""  # the responder's own id of it, which may be empty
        self.call_id = call_id
        self.name = name
        self.arguments = ""
        self._added(self._item("in_progress"))

    def write(self, delta: str) -> None:
        self.arguments += delta
        if delta:
            self._outbox.send(server.FunctionCallArgumentsDelta(**self._where, call_id=self.call_id, delta=delta))

    def close(self, status: _Status) -> FunctionCall:
        self._outbox.send(
            server.FunctionCallArgumentsDone(
                **self._where, call_id=self.call_id, name=self.name, arguments=self.arguments
            )
        )
        item = self._item(status)
        self._done(item)
        return item

    def _item(self, status: _Status) -> FunctionCall:
        return FunctionCall(
            id=self.item_id, status=status, name=self.name, arguments=self.arguments, call_id=self.call_id
        )
