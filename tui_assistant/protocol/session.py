"""A session's configuration, in the nesting of the GA dialect; and how a `session.update` changes it.

Every model keeps the values that are in force, so that what is echoed in `session.created` and `session.updated` is the
whole effective configuration.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, SerializerFunctionWrapHandler, Tag, model_serializer

MIN_RATE, MAX_RATE = 8_000, 48_000  # Hz; GA names only 24000, Qwen 16000: everything between is resampled


class Data(BaseModel):
    """Base of all protocol data: immutable; unknown keys are refused; numbers are not taken from strings."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Fine(Data):
    """What this engine lets one tune beyond the protocol, within either kind of turn detection.

    None is the engine's own value, and is then left out of what is echoed: other clients never see these keys.
    """

    hysteresis: float | None = Field(default=None, ge=0.0, le=0.5, allow_inf_nan=False)
    """Speech goes on while p >= threshold - hysteresis; None: 0.15. More holds weak endings, and noise, longer."""
    min_speech_ms: int | None = Field(default=None, ge=32, le=500)
    """Speech without a gap that begins a turn; None: 64. More ignores longer clicks, and starts later."""

    @model_serializer(mode="wrap")
    def _without_own_values(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        return {key: value for key, value in data.items() if value is not None or key not in Fine.model_fields}


class ServerVad(Fine):
    """Turns begin and end by voice activity. Times in milliseconds."""

    type: Literal["server_vad"] = "server_vad"
    threshold: float = Field(default=0.5, ge=0.0, le=1.0, allow_inf_nan=False)
    """p(speech) from which a frame counts as speech; higher needs a clearer voice and suits noise."""
    prefix_padding_ms: int = Field(default=300, ge=0, le=5_000)
    """Audio included before the detected onset."""
    silence_duration_ms: int = Field(default=500, ge=0, le=10_000)
    """Silence that ends a turn; shorter answers sooner and cuts more people off."""
    idle_timeout_ms: int | None = Field(default=None, ge=5_000, le=30_000)
    """After the last answer: so long without a word, and the server speaks by itself. None: never."""
    create_response: bool = True
    interrupt_response: bool = True


class SemanticVad(Fine):
    """Turns begin by voice activity and end when the speaker seems to have finished."""

    type: Literal["semantic_vad"] = "semantic_vad"
    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    """How soon to answer; `auto` is `medium`. The longest waits are 8, 4 and 2 s."""
    create_response: bool = True
    interrupt_response: bool = True


TurnDetection = Annotated[ServerVad | SemanticVad, Field(discriminator="type")]


class PcmFormat(Data):
    """16-bit little-endian mono samples."""

    type: Literal["audio/pcm"] = "audio/pcm"
    rate: int = Field(default=24_000, ge=MIN_RATE, le=MAX_RATE)


class PcmuFormat(Data):
    """G.711 mu-law at 8 kHz."""

    type: Literal["audio/pcmu"] = "audio/pcmu"


class PcmaFormat(Data):
    """G.711 A-law at 8 kHz."""

    type: Literal["audio/pcma"] = "audio/pcma"


AudioFormat = Annotated[PcmFormat | PcmuFormat | PcmaFormat, Field(discriminator="type")]


class Transcription(Data):
    """How the user's speech is written down. `model` names a recogniser of the server."""

    model: str | None = None
    language: str | None = None
    prompt: str | None = None


class NoiseReduction(Data):
    """Accepted and echoed; the local engine applies none."""

    type: Literal["near_field", "far_field"]


class AudioInput(Data):
    format: AudioFormat = PcmFormat()
    transcription: Transcription | None = None
    noise_reduction: NoiseReduction | None = None
    turn_detection: TurnDetection | None = ServerVad()


class AudioOutput(Data):
    format: AudioFormat = PcmFormat()
    voice: str = "default"
    speed: float = Field(default=1.0, ge=0.25, le=1.5, allow_inf_nan=False)


class Audio(Data):
    input: AudioInput = AudioInput()
    output: AudioOutput = AudioOutput()


class FunctionTool(Data):
    """A function that the model may call; `parameters` is a JSON schema."""

    type: Literal["function"] = "function"
    name: str
    description: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)


class NamedFunction(Data):
    type: Literal["function"] = "function"
    name: str


def _tool_choice_kind(value: object) -> str:
    return "mode" if isinstance(value, str) else "function"


ToolChoice = Annotated[
    Annotated[Literal["auto", "none", "required"], Tag("mode")] | Annotated[NamedFunction, Tag("function")],
    Discriminator(_tool_choice_kind),
]

MaxOutputTokens = Annotated[int, Field(ge=1, le=4_096)] | Literal["inf"]
Modalities = tuple[Literal["audio", "text"]]


class SessionConfig(Data):
    """What a session does; the part of `session` that a client can set.

    Defaults: server_vad 0.5 / 300 ms / 500 ms, PCM 24 kHz both ways, spoken answers.
    """

    type: Literal["realtime", "transcription"] = "realtime"
    """A transcription session has turns and words, and no responses."""
    model: str = "local"
    instructions: str = ""
    output_modalities: Modalities = ("audio",)
    audio: Audio = Audio()
    tools: tuple[FunctionTool, ...] = ()
    tool_choice: ToolChoice = "auto"
    max_output_tokens: MaxOutputTokens = "inf"
    # Echoed without effect (support.py says so too). Their insides are the service's business, so any object is taken.
    parallel_tool_calls: bool = True
    truncation: Literal["auto", "disabled"] | dict[str, Any] = "auto"
    include: tuple[str, ...] | None = None
    prompt: dict[str, Any] | None = None
    reasoning: dict[str, Any] | None = None
    tracing: Literal["auto"] | dict[str, Any] | None = None


# What a transcription session has; of `audio` only the input.
TRANSCRIPTION_FIELDS = frozenset({"type", "audio", "include"})
_IDENTITY = frozenset({"id", "object", "expires_at"})


class SessionObject(SessionConfig):
    """The `session` of `session.created` and `session.updated`: the effective configuration and what identifies it."""

    id: str
    object: Literal["realtime.session", "realtime.transcription_session"] = "realtime.session"
    expires_at: int | None = None
    """Unix time in seconds, or None while the session does not expire."""

    @model_serializer(mode="wrap")
    def _of_its_kind(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        if self.type == "transcription":
            data = {key: value for key, value in data.items() if key in TRANSCRIPTION_FIELDS | _IDENTITY}
            data["audio"] = {"input": data["audio"]["input"]}
        return data
