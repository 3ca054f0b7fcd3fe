"""What the engine asks of models, and what they answer.

The engine never calls a model, except the SpeechDetector. It emits an Ask, a plain frozen value with an id; the host
hands it to a worker process and brings back Answers with the same id, until one that is final, or until the engine
sends Cancel. An answer to an id that is no longer open is dropped.

The second half of this file is what a model looks like from inside its worker: one small class per port. A new model is
one file with such a class and a `create(options)` function named in an entry point (models/registry.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:  # most workers need no numpy, and start twice as fast without it
    import numpy as np
    from numpy.typing import NDArray

FRAME_SAMPLES = 512  # what a SpeechDetector sees at a time
FRAME_RATE = 16_000  # Hz, of all audio that a SpeechDetector, TurnJudge or Recogniser sees
FRAME_MS = 32

# ---------------------------------------------------------------------------------------------------- asks


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Opens a stream of speech for the Recogniser. Audio follows. Answers: Partial*, then Final or Failed."""

    ask_id: str
    language: str | None = None
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class TranscribeAudio:
    """The next piece of an open stream: 16 kHz mono int16, little-endian."""

    ask_id: str
    pcm: bytes


@dataclass(frozen=True, slots=True)
class TranscribeEnd:
    """The stream is complete: the Final is wanted now."""

    ask_id: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that the Responder has called; `arguments` is JSON text, and as good as the model that wrote it."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One line of the conversation as a Responder sees it.

    A function call and its output are `system` lines that say so in words; `call`, and `output_of` (the call's id),
    let a Responder that speaks of tools to its model say it in the model's own form.
    """

    role: Literal["system", "user", "assistant"]
    text: str
    call: ToolCall | None = None
    output_of: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A function of the client that the Responder may call; `parameters` is a JSON schema."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Respond:
    """Asks the Responder for an answer to `messages`.

    Answers: TextDelta or FunctionCallDelta, any number, then Responded or Failed. `tool_name`: the one function that
    has to be called, where `tool_choice` is "required".

    `speculative`: the user may go on. The answer may be thought out, but nothing may be done, kept or changed before
    Release comes; Cancel comes if it is not wanted.
    """

    ask_id: str
    session_id: str
    messages: tuple[ChatMessage, ...]
    instructions: str = ""
    max_output_tokens: int | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: Literal["auto", "none", "required"] = "auto"
    tool_name: str | None = None
    speculative: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """A speculative Respond is wanted in earnest: from now on it is like any other."""

    ask_id: str


@dataclass(frozen=True, slots=True)
class Notify:
    """Kept open as long as the session: every alarm of the Responder is one answer. Answers: Alarm*."""

    ask_id: str
    session_id: str


@dataclass(frozen=True, slots=True)
class Speak:
    """Asks the Synthesiser to say one sentence or clause. Answers: AudioChunk*, then Spoken or Failed."""

    ask_id: str
    text: str
    voice: str = "default"
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Judge:
    """Asks the TurnJudge whether the user has finished. Answers: Judged or Failed.

    `pcm`: the turn's audio up to now, at most its last 8 s, 16 kHz mono int16, little-endian; `text`: the words so far,
    firm and not; `silence_ms` since the last frame of speech.
    """

    ask_id: str
    pcm: bytes
    text: str
    silence_ms: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """Ends an ask; nothing more is wanted of it."""

    ask_id: str


Ask = Transcribe | TranscribeAudio | TranscribeEnd | Respond | Release | Notify | Speak | Judge | Cancel

# ------------------------------------------------------------------------------------------------- answers


@dataclass(frozen=True, slots=True)
class Partial:
    """Words so far: `text` will not change any more, `stash` may."""

    text: str
    stash: str = ""


@dataclass(frozen=True, slots=True)
class Final:
    """All words of the stream; empty when there were none."""

    text: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class FunctionCallDelta:
    """The next piece of a call's arguments; another `call_id` begins another call.

    An empty id: the engine makes one.
    """

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Responded:
    """The answer is complete. `metadata` goes into the response's: what a skill did, for the client to follow."""

    metadata: dict[str, str] = field(default_factory=dict)
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """The next piece of the voice: mono int16, little-endian, at `rate` Hz."""

    pcm: bytes
    rate: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """The sentence has been said."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """The responder wants to speak by itself, e.g. because a timer is up."""

    text: str
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """`p`, 0 to 1, that the user has finished; `judge` names who says so."""

    p: float
    judge: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The ask could not be answered. `message` is one line for the user."""

    code: str
    message: str


Answer = Partial | Final | TextDelta | FunctionCallDelta | Responded | AudioChunk | Spoken | Alarm | Judged | Failed

# ------------------------------------------------------------------------- models, seen from their workers


class SpeechDetector(Protocol):
    """Voice activity: synchronous, deterministic, under 100 us a frame. Called inside `feed`."""

    name: str

    def probability(self, frame: NDArray[np.int16]) -> float:
        """p(speech), 0 to 1, of the next FRAME_SAMPLES samples at FRAME_RATE."""
        ...

    def reset(self) -> None:
        """As at the start of a recording."""
        ...


class TurnJudge(Protocol):
    """Whether the user has finished, from how it sounded and what was said. Called from one thread."""

    name: str

    def judge(self, pcm: bytes, text: str) -> Judged:
        """`pcm` and `text` as in the ask Judge. Takes well under 96 ms, or counts as late."""
        ...


class Cancellation(Protocol):
    """How an adapter learns that its ask is not wanted any more."""

    @property
    def cancelled(self) -> bool: ...

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Calls `callback` once, on another thread, when the ask is cancelled; at once if it was already."""
        ...


class Gate(Cancellation, Protocol):
    """The Cancellation of a Respond: it may be speculative."""

    def wait_released(self) -> bool:
        """Waits until the answer is wanted in earnest; False: it was cancelled. At once where it never was in doubt."""
        ...


class RecognitionStream(Protocol):
    """One utterance being written down."""

    def accept(self, pcm: bytes) -> Partial | None:
        """Takes the next audio (16 kHz int16); returns the words so far when they changed."""
        ...

    def finish(self) -> Final:
        """The utterance is complete."""
        ...

    def close(self) -> None:
        """Frees the stream; called once, after `finish` or instead of it."""
        ...


class WaitingStream(RecognitionStream, Protocol):
    """A stream whose end waits for a server: while one waits, other streams must not."""

    def results(self) -> Iterator[Partial | Final]:
        """Instead of `finish`, on a thread of its own: Partial*, then Final; a `close` meanwhile ends it."""
        ...


class Recogniser(Protocol):
    """Speech to text. Several streams may be open at once; all calls come from one thread.

    One that learns from what it hears has a method `open_for(language, session_id)`, which is called instead of `open`:
    what it learns in one session is for that session alone.
    """

    name: str

    def open(self, language: str | None) -> RecognitionStream: ...


class Responder(Protocol):
    """Answers the user. `respond` is called from one thread per ask.

    It is called for a speculative ask only after its Release, unless the adapter has a method
    `prepares(request: Respond) -> bool` that says, within milliseconds, that `respond` may begin before: because it
    does nothing then that lasts, or because it waits for `wait_released` of its cancellation (Gate) where it would.
    """

    name: str

    def respond(
        self, request: Respond, cancellation: Cancellation
    ) -> Iterator[TextDelta | Responded] | Iterator[TextDelta | FunctionCallDelta | Responded]:
        """Yields text and calls in pieces and Responded last; ends early when cancelled.

        Raises ModelError for the user.
        """
        ...

    def notify(self, session_id: str, ring: Callable[[Alarm], None]) -> Callable[[], None]:
        """From now on `ring` (any thread) with each alarm; the returned function ends that."""
        ...


class Synthesiser(Protocol):
    """Text to speech; one sentence at a time, from one thread."""

    name: str

    def speak(self, request: Speak, cancellation: Cancellation) -> Iterator[AudioChunk]:
        """Yields audio as soon as there is some (at most about 100 ms a chunk); ends early when cancelled."""
        ...
