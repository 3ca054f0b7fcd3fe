"""The tables of config.toml: which keys each has, their ranges and defaults. config.py reads and checks them."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from tui_assistant.protocol.session import MAX_RATE, MIN_RATE, SemanticVad, ServerVad


def number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a number is needed")  # pydantic would take true for 1
    return value


Fraction = Annotated[float, BeforeValidator(number), Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Whole = Annotated[int, BeforeValidator(number)]
KeyVariable = Annotated[
    str,
    StringConstraints(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$"),
    Field(description="the name of an environment variable that holds the key, never the key itself"),
]


_MODIFIERS = {"ctrl", "shift", "alt", "super", "hyper", "meta"}
_KEYS = {"space", "tab", "enter", "escape", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown"}
_KEYS |= {"up", "down", "left", "right"}
_SIGNS = {"slash", "backslash", "at", "minus", "plus", "underscore"}  # the others have their Unicode names


def key_name(name: str) -> str:
    """A key as Textual names it; one that nobody can press would leave the assistant without a talk key."""
    *modifiers, last = name.split("+")
    if not _is_key(last) or not _MODIFIERS.issuperset(modifiers):
        raise ValueError("there is no such key")
    return name


def _is_key(name: str) -> bool:
    if name in _KEYS or name in _SIGNS or re.fullmatch(r"f([1-9]|[12]\d)", name):
        return True
    try:
        return name.isalnum() if len(name) == 1 else name.islower() and bool(unicodedata.lookup(name.replace("_", " ")))
    except KeyError:
        return False


KeyName = Annotated[str, AfterValidator(key_name)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


# what can be tuned while it runs; the ranges are those of the protocol (ServerVad)
Padding = Annotated[Whole, Field(ge=0, le=5_000)]
Silence = Annotated[Whole, Field(ge=0, le=10_000)]
Eagerness = Literal["low", "medium", "high", "auto"]
Hysteresis = Annotated[float, BeforeValidator(number), Field(ge=0.0, le=0.5, allow_inf_nan=False)]
LeastSpeech = Annotated[Whole, Field(ge=32, le=500)]
Tail = Annotated[Whole, Field(ge=0, le=1_000)]
Gain = Annotated[float, BeforeValidator(number), Field(ge=-20.0, le=40.0, allow_inf_nan=False)]


class TurnValues(Section):
    """What turn detection goes by; client.tuning.Tuning is the same while it runs (a test compares the two)."""

    type: Literal["server_vad", "semantic_vad", "none"] = "server_vad"
    threshold: Fraction = 0.5
    prefix_padding_ms: Padding = 300
    silence_duration_ms: Silence = 500
    eagerness: Eagerness = "auto"
    hysteresis: Hysteresis = 0.15
    min_speech_ms: LeastSpeech = 64


class TurnDetectionSettings(TurnValues):
    """Who ends a turn, and when."""

    def vad(self) -> ServerVad | SemanticVad:
        """What hands-free uses; with type none, where push-to-talk goes when it is switched off: server_vad."""
        own = TurnDetectionSettings.model_fields  # their defaults are the engine's own values, which are left unsaid
        fine: dict[str, Any] = {
            name: value
            for name in ("hysteresis", "min_speech_ms")
            if (value := getattr(self, name)) != own[name].default
        }
        if self.type == "semantic_vad":
            return SemanticVad(eagerness=self.eagerness, **fine)
        return ServerVad(
            threshold=self.threshold,
            prefix_padding_ms=self.prefix_padding_ms,
            silence_duration_ms=self.silence_duration_ms,
            **fine,
        )


class PresetSettings(TurnValues):
    """A named set of values, chosen in the tune panel; what is not set in it stays as it is."""

    words: str = Field(default="", description="when to take it")
    type: Literal["server_vad", "semantic_vad"] = "server_vad"
    tail_ms: Tail = 200
    gain_db: Gain = 0.0

    def given(self) -> dict[str, float | int | str]:
        """The values that are set, by name."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


class AudioSettings(Section):
    input: str = Field(default="", description="a device's name or number, a WAV file, or - for stdin")
    input_rate: Annotated[Whole, Field(ge=MIN_RATE, le=MAX_RATE)] = 16_000
    """Hz, of raw samples on stdin."""
    output: str = Field(default="", description="a device's name or number, a WAV file, or none")
    gain_db: Gain = 0.0
    """Of the microphone, before everything else."""
    headphones: bool = False
    """Nothing of the speaker reaches the microphone: one can speak over an answer."""
    echo: Literal["auto", "aec", "half-duplex", "headphones"] = "auto"
    """What becomes of the speaker's sound at the microphone. auto: as the setup has measured it for these two, else aec
    where that is installed, else half-duplex."""
    open: Literal["always", "on-press"] = "always"
    """on-press: in push-to-talk the microphone opens with the talk key; costs the pre-roll and the first moments."""


class KeySettings(Section):
    """The talk key. Key names are Textual's: space, f4, ctrl+t."""

    talk: KeyName = Field(default="space", description="a key as Textual names it: space, f4, ctrl+t, full_stop")
    """Held to talk."""
    toggle: KeyName = Field(default="f2", description="a key as Textual names it: space, f4, ctrl+t, full_stop")
    """One press talks, the next sends, in every terminal."""
    method: Literal["auto", "released", "inferred", "toggle"] = "auto"
    """auto: by what the terminal answers."""
    tail_ms: Tail = 200
    """What is still heard after the release."""


class ScreenSettings(Section):
    theme: str = ""
    """A theme's name; empty: our own."""
    panes: str = ""
    """Panes of installed packages below the sliders, with commas between their names."""


class ModelSettings(Section):
    """Names out of `tui-assistant models list`."""

    detector: str = "silero"
    recogniser: str = "pocketsphinx"
    responder: str = "skills"
    synthesiser: str = "espeak"
    judge: str = "best"
    """Of semantic_vad; best: smart-turn and the words, or the words alone where smart-turn is missing."""
    offline: bool = False
    """Nothing is downloaded, and no server is asked but those on this machine."""


class ResponderSettings(Section):
    """A chat server that speaks OpenAI's protocol, for what the skills can't answer."""

    chat: Annotated[str, StringConstraints(pattern=r"^(off|auto|https?://[^\s@]+)$")] = Field(
        default="auto",
        description="off, auto (looks on this machine), or a server's http(s) address without a password",
    )
    model: str = ""
    """Empty: the first one that the server offers."""
    api_key_env: KeyVariable = ""
    system: str = ""
    """Instructions for the model; empty: those of the persona, or our own."""
    language: str = Field(default="", max_length=40, description='a language in words, as "German"')
    """In which the model answers; empty: in the user's."""
    context_tokens: Annotated[Whole, Field(ge=256, le=1_000_000)] = 3_500
    """What the model is sent at most: instructions, tools, and the newest part of the conversation."""
    remember: bool = False
    """The conversation goes on at the next start: it is kept in a file that only its owner can read."""
    tools: bool = True
    """The model may call the skills, the tools of packages and of the servers in [mcp.NAME]."""
    tool_rounds: Annotated[Whole, Field(ge=1, le=20)] = 4
    """How often it may call tools before it has to answer."""
    speculate: Literal["off", "here", "always"] = "here"
    """Prepare answers at a pause, before the turn is over; here: not with servers elsewhere, which may cost money."""
    keep_warm: Literal["off", "here", "always"] = "here"
    """Ask the chat server for one word when it has rested, so that its model stays loaded; here: as above."""


class PersonaSettings(Section):
    """[personas.NAME], chosen by `persona = "NAME"`: how the assistant speaks."""

    instructions: str = ""
    voice: str = ""
    """Empty: that of voice.name."""


class McpSettings(Section):
    """[mcp.NAME], a server of tools: either a command, which is spoken to by its stdin and stdout, or a url."""

    command: tuple[str, ...] = Field(default=(), description='a list: the program and its arguments, ["uvx", "..."]')
    url: Annotated[str, StringConstraints(pattern=r"^(https?://[^\s@]+)?$")] = Field(
        default="", description="a server's http(s) address without a password"
    )
    env: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], ...] = Field(
        default=(), description="a list of names of environment variables that the program gets, never their values"
    )
    token_env: KeyVariable = ""
    """Sent to the url as the bearer token."""
    confirm: bool = True
    """You are asked before a tool that is not marked as reading only; false: never."""
    timeout_s: Annotated[float, BeforeValidator(number), Field(ge=0.1, le=600, allow_inf_nan=False)] = 30.0
    tools: tuple[str, ...] = Field(default=(), description="a list of the server's tools that are wanted; empty: all")

    def problem(self) -> str:
        """What is wrong with the section as a whole; empty: nothing."""
        if bool(self.command) == bool(self.url):
            return "either command or url must be set"
        if self.token_env and not self.url:
            return "token_env is for a url; a command gets variables by env"
        return "env is for a command; a url gets its token by token_env" if self.env and self.url else ""


class ServerSettings(Section):
    """A server that speaks OpenAI's protocol."""

    url: Annotated[str, StringConstraints(pattern=r"^(https?://[^\s@]+)?$")] = Field(
        default="", description="a server's http(s) address without a password"
    )
    model: str = ""
    api_key_env: KeyVariable = ""


class TranscriptionSettings(ServerSettings):
    """For models.recogniser = "transcriptions": the address of /v1/audio/transcriptions."""

    language: str = ""
    """As "de"; empty: the server finds out."""
    prompt: str = ""
    """Words that are likely, as the server's model takes them."""
    partials_ms: Annotated[Whole, Field(ge=0, le=10_000)] = 0
    """Asks again every so often while one speaks, at the cost of the server's time; 0: only at the end."""


class SpeechSettings(ServerSettings):
    """For models.synthesiser = "speech": the address of /v1/audio/speech."""

    format: Literal["pcm", "wav"] = "pcm"
    """pcm is heard a little sooner, wav says its rate."""


class VoiceSettings(Section):
    name: str = "default"
    speed: Annotated[float, BeforeValidator(number), Field(ge=0.25, le=1.5, allow_inf_nan=False)] = 1.0
    volume: Fraction = 1.0


Patience = Annotated[Whole, Field(ge=0, le=5_000)]


class BargeInSettings(Section):
    """Speech over an answer, in ms, that stops it. after_ms 0: the server does, at the onset, and answers all turns."""

    after_ms: Patience = 250
    backchannel_ms: Patience = 700
    """While it is nothing but "mhm", "yes" and the like; 0: those are words like any other."""


Price = Annotated[
    float | None,
    BeforeValidator(number),
    Field(ge=0.0, le=1_000_000.0, allow_inf_nan=False, description="a price from 0 to 1000000"),
]


class PriceSettings(Section):
    """What a million tokens of each kind cost, for an estimate; without any price there is none."""

    currency: str = Field(default="USD", max_length=8, description="at most 8 characters")
    """Only shown."""
    input_text: Price = None
    input_audio: Price = None
    cached_text: Price = None
    """Of the input; where it isn't set, the full price."""
    cached_audio: Price = None
    output_text: Price = None
    output_audio: Price = None
    transcription_input: Price = None
    transcription_output: Price = None
    transcription_minute: Price = None
    """Of a minute of audio, where transcription is not paid by tokens."""


class LinkSettings(Section):
    """For --link with a service or a server elsewhere."""

    turns: Literal["here", "there"] = "there"
    """Who detects turns; here: by our own engine, and only speech is sent."""
    model: str = ""
    """Empty: the one that is usual there. On Azure the deployment's name."""
    key_env: KeyVariable = ""
    resource: str = Field(
        default="", pattern=r"^[A-Za-z0-9-]*$", description="Azure, Qwen's workspaces: the host's first part"
    )
    voice: str = ""
    instructions: str = ""
    """What the model is told of its task."""
    prices: PriceSettings = PriceSettings()
