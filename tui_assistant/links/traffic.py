"""What really went over the wire of a link, and came: audio, bytes, tokens. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pydantic_core import from_json

from tui_assistant.protocol import server
from tui_assistant.protocol.server import ServerEvent
from tui_assistant.protocol.usage import Tokens, of_response, of_transcription

STILL_S = 0.5  # after the last audio: blocks of it are 0.1 s, and a busy network takes several at once
KEPT_IDS = 64  # answers whose usage has been counted: one that is told twice counts once
NO_TOKENS = Tokens()
_APPEND = '"input_audio_buffer.append"'
_AUDIO = '"audio":"'
_HEAD = 200  # characters of a frame in which its type stands: ours stands first


class Sending(StrEnum):
    """What goes out at this moment."""

    NOTHING = "not sending"
    SILENCE = "sending silence"  # the microphone is muted, and the server wants to know that time passes
    SOUND = "sending"


@dataclass(frozen=True, slots=True)
class Traffic:
    """Of one conversation, over all its connections. Audio is counted as decoded, bytes as they were in the frames."""

    place: str = ""  # a host
    leaves: bool = False  # it is not on this machine
    sending: Sending = Sending.NOTHING
    up_ms: int = 0
    down_ms: int = 0
    up_bytes: int = 0
    down_bytes: int = 0
    tokens: Tokens = NO_TOKENS
    measured: bool = True  # False: somebody else sends, and only where to is known


class TrafficMeter:
    """Counts the frames of a link. Called where they leave and arrive."""

    def __init__(self, place: str, input_rate: int, output_rate: int, *, leaves: bool) -> None:
        self._place, self._leaves = place, leaves
        self._input_rate, self._output_rate = input_rate, output_rate
        self._up_pcm = self._down_pcm = self._up_bytes = self._down_bytes = 0
        self._tokens = NO_TOKENS
        self._counted: deque[str] = deque(maxlen=KEPT_IDS)
        self._sent_at: float | None = None
        self._silent = False

    def went(self, frame: str, now: float) -> None:
        """A frame that the network has taken, in our own compact JSON. `now` in seconds."""
        self._up_bytes += _size(frame)
        if _APPEND not in frame[:_HEAD]:
            return
        begin = frame.find(_AUDIO)
        end = frame.find('"', begin + len(_AUDIO))
        if begin < 0 or end < 0:
            return
        begin += len(_AUDIO)
        padding = frame.count("=", max(begin, end - 2), end)
        self._up_pcm += _decoded(end - begin, padding)
        self._sent_at = now
        self._silent = frame.count("A", begin, end) + padding == end - begin  # A is six zeros

    def came(self, frame: str | bytes, events: Iterable[ServerEvent]) -> None:
        """A frame, and what it meant."""
        self._down_bytes += _size(frame)
        for event in events:
            if isinstance(event, server.OutputAudioDelta):
                self._down_pcm += _decoded(len(event.delta), event.delta[-2:].count("="))
        if ('"usage"' if isinstance(frame, str) else b'"usage"') in frame:  # type: ignore[operator]  # of one type
            self._count(frame)

    def traffic(self, now: float) -> Traffic:
        """Up to this moment."""
        going = self._sent_at is not None and now - self._sent_at < STILL_S
        return Traffic(
            place=self._place,
            leaves=self._leaves,
            sending=Sending.NOTHING if not going else Sending.SILENCE if self._silent else Sending.SOUND,
            up_ms=self._up_pcm * 500 // self._input_rate,
            down_ms=self._down_pcm * 500 // self._output_rate,
            up_bytes=self._up_bytes,
            down_bytes=self._down_bytes,
            tokens=self._tokens,
        )

    def _count(self, frame: str | bytes) -> None:
        """The usage as the server spelled it: what our own events keep of it would be less."""
        try:
            data = from_json(frame)
        except ValueError:
            return
        match data:
            case {"type": "response.done", "response": {"usage": usage, **rest}}:
                key, tokens = f"response {rest.get('id')}", of_response(usage)
            case {"type": "conversation.item.input_audio_transcription.completed", "usage": usage, **rest}:
                key, tokens = f"words {rest.get('item_id')}", of_transcription(usage)
            case _:
                return
        if not key.endswith("None"):
            if key in self._counted:
                return
            self._counted.append(key)
        self._tokens += tokens


def _size(frame: str | bytes) -> int:
    return len(frame) if isinstance(frame, bytes) or frame.isascii() else len(frame.encode())


def _decoded(characters: int, padding: int) -> int:
    """Bytes in so much base64."""
    return characters * 3 // 4 - padding
