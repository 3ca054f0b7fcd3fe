"""Server events as short calls, for the tests of the client core."""

from __future__ import annotations

import base64

from tui_assistant.client.dialogue import Dialogue
from tui_assistant.protocol import server
from tui_assistant.protocol.items import (
    AssistantMessage,
    FailureDetail,
    InputAudio,
    OutputAudio,
    Response,
    ResponseAudio,
    ResponseAudioOutput,
    StatusDetails,
    UserMessage,
)
from tui_assistant.protocol.session import (
    Audio,
    AudioInput,
    PcmFormat,
    ServerVad,
    SessionObject,
    TurnDetection,
)

RATE = 1000  # samples per second: one sample is a millisecond


def updated(rules: TurnDetection | None) -> server.SessionUpdated:
    return server.SessionUpdated(session=SessionObject(id="s", audio=Audio(input=AudioInput(turn_detection=rules))))


def response(status: str = "in_progress", *, id: str = "resp_1", item: str | None = None, **keys: object) -> Response:
    audio = ResponseAudio(output=ResponseAudioOutput(format=PcmFormat(), voice="v"))
    output = (AssistantMessage(id=item, content=(OutputAudio(),)),) if item else ()
    return Response(id=id, status=status, audio=audio, output=output, **keys)  # type: ignore[arg-type]


def failed(message: str) -> server.ResponseDone:
    details = StatusDetails(type="failed", error=FailureDetail(message=message))
    return server.ResponseDone(response=response("failed", status_details=details))


def turn(item: str = "u1") -> list[server.ServerEvent]:
    """A spoken turn up to its item."""
    reason = {"rule": "silence", "silence_ms": 512, "needed_ms": 500}
    return [
        server.SpeechStarted(item_id=item, audio_start_ms=0, at_ms=364),
        server.SpeechStopped(item_id=item, audio_end_ms=900, at_ms=900, reason=reason),
        server.BufferCommitted(item_id=item, reason=reason),
        server.ItemAdded(item=UserMessage(id=item, content=(InputAudio(),))),
        server.ItemDone(item=UserMessage(id=item, content=(InputAudio(),))),
    ]


def words(text: str, item: str = "u1") -> server.TranscriptionCompleted:
    return server.TranscriptionCompleted(item_id=item, transcript=text, usage=server.DurationUsage(seconds=0.6))


def answer_begins(text: str, item: str = "a1", id: str = "resp_1") -> list[server.ServerEvent]:
    return [
        server.ResponseCreated(response=response(id=id)),
        server.OutputItemAdded(response_id=id, output_index=0, item=AssistantMessage(id=item, content=())),
        server.OutputAudioTranscriptDelta(response_id=id, item_id=item, delta=text),
    ]


def sound(samples: int, item: str = "a1", id: str = "resp_1") -> server.OutputAudioDelta:
    data = base64.b64encode(b"\x01\x00" * samples).decode()
    return server.OutputAudioDelta(response_id=id, item_id=item, delta=data)


def answer_ends(status: str = "completed", item: str = "a1", id: str = "resp_1") -> list[server.ServerEvent]:
    return [
        server.OutputAudioDone(response_id=id, item_id=item),
        server.OutputItemDone(response_id=id, output_index=0, item=AssistantMessage(id=item, content=(OutputAudio(),))),
        server.ResponseDone(response=response(status, id=id, item=item)),
    ]


RULES = ServerVad()


def hands_free() -> Dialogue:
    dialogue = Dialogue(RULES, RATE)
    dialogue.begin()
    dialogue.take(updated(RULES), 0)
    return dialogue


def push_to_talk() -> Dialogue:
    dialogue = Dialogue(RULES, RATE, push_to_talk=True)
    dialogue.begin()
    dialogue.take(updated(None), 0)
    return dialogue
