"""The services and servers that are known, one row each.

From their documentation and from reports of others as of November 2026; none of the services was reachable for tests.
The defaults that a service has by itself stand beside its row: the values of the sliders are always sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from tui_assistant.protocol.dialects.remote import RemoteQuirks

CANCEL_S = 5.0  # none of the services takes so long to say it

DialectName = Literal["ga", "beta", "qwen", "auto"]

_SERVER_VAD = frozenset({"threshold", "prefix_padding_ms", "silence_duration_ms"})
_ANSWERING = frozenset({"create_response", "interrupt_response"})
_EDITING = frozenset({"conversation.item.truncate", "conversation.item.delete", "conversation.item.retrieve"})
_FORMATS = frozenset({"audio.input.format", "audio.output.format"})

_NO_QUIRKS = RemoteQuirks()


@dataclass(frozen=True, slots=True)
class Vendor:
    """One service. `url` may hold {model} and {resource}; `hosts` are those by which a URL is known as its."""

    name: str
    dialect: DialectName
    url: str = ""
    model: str = ""
    hosts: tuple[str, ...] = ()
    key: str = ""
    """The environment variable of the key; empty: none is asked for."""
    kept: str = ""
    """Under which name the keyring has the key; empty: the service's own."""
    key_header: str = "Authorization"
    key_form: str = "Bearer {}"
    input_rate: int = 24_000
    output_rate: int = 24_000
    quirks: RemoteQuirks = _NO_QUIRKS
    session_s: float = 0.0
    """The longest time of a session, as far as it is known; it may say so itself, too."""
    idle_s: float = 0.0
    """After so long without an event of ours the service ends a session."""
    greets: bool = True
    """session.created comes by itself; else it may need an event of ours."""
    cancel_s: float = CANCEL_S
    """A cancelled response is over after that time, though nothing says so."""

    @property
    def key_name(self) -> str:
        return self.kept or self.name


OPENAI = Vendor(  # server_vad 0.5/300/500; PCM at 24 kHz and no other rate; a session lasts 60 minutes
    name="openai",
    dialect="ga",
    url="wss://api.openai.com/v1/realtime?model={model}",
    model="gpt-realtime-2.1",
    hosts=("api.openai.com",),
    key="OPENAI_API_KEY",
    quirks=RemoteQuirks(transcription="gpt-4o-mini-transcribe"),
    session_s=3_600.0,
)
AZURE = Vendor(  # as OpenAI; the model is the name of the deployment
    name="azure",
    dialect="ga",
    url="wss://{resource}.openai.azure.com/openai/v1/realtime?model={model}",
    model="gpt-realtime-2.1",
    hosts=(".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"),
    key="AZURE_OPENAI_API_KEY",
    key_header="api-key",
    key_form="{}",
    quirks=RemoteQuirks(transcription="whisper-1"),
    session_s=3_600.0,
)
_QWEN_QUIRKS = RemoteQuirks(
    unknown=_EDITING | {"output_audio_buffer.clear"},
    rule_keys={"server_vad": _SERVER_VAD | {"idle_timeout_ms"}, "semantic_vad": frozenset()},
    silence_ms=(200, 6_000),
)
QWEN = Vendor(  # server_vad 0.5/300/800; 16 kHz in, 24 kHz out; no response.done after a cancel; 120 minutes
    name="qwen",
    dialect="qwen",
    url="wss://dashscope.aliyuncs.com/api-ws/v1/realtime?model={model}",
    model="qwen3.5-omni-flash-realtime",
    hosts=("dashscope.aliyuncs.com",),
    key="DASHSCOPE_API_KEY",
    input_rate=16_000,
    quirks=_QWEN_QUIRKS,
    session_s=7_200.0,
    idle_s=300.0,
    greets=False,  # the workspace hosts
    cancel_s=1.0,  # response.done does not come; the last event is output_item.done
)
QWEN_INTL = replace(  # Singapore; Beijing's keys do not hold there
    QWEN,
    name="qwen-intl",
    url="wss://dashscope-intl.aliyuncs.com/api-ws/v1/realtime?model={model}",
    hosts=("dashscope-intl.aliyuncs.com",),
)
QWEN_WORKSPACE = replace(  # the newer hosts; they may say nothing before they are told something
    QWEN,
    name="qwen-workspace",
    url="wss://{resource}.cn-beijing.maas.aliyuncs.com/api-ws/v1/realtime?model={model}",
    hosts=(".cn-beijing.maas.aliyuncs.com",),
    kept=QWEN.name,
)
QWEN_WORKSPACE_INTL = replace(
    QWEN_WORKSPACE,
    name="qwen-workspace-intl",
    url="wss://{resource}.ap-southeast-1.maas.aliyuncs.com/api-ws/v1/realtime?model={model}",
    hosts=(".ap-southeast-1.maas.aliyuncs.com", ".maas.aliyuncs.com"),
    kept=QWEN_INTL.name,
)
STEPFUN = Vendor(  # turn detection off; 500 ms of padding and 100 ms of silence; its threshold is one of energy
    name="stepfun",
    dialect="beta",
    url="wss://api.stepfun.com/v1/realtime?model={model}",
    model="step-audio-2",
    hosts=("api.stepfun.com",),
    key="STEPFUN_API_KEY",
    quirks=RemoteQuirks(rule_keys={"server_vad": frozenset({"prefix_padding_ms", "silence_duration_ms"})}),
)
STEPFUN_INTL = replace(
    STEPFUN,
    name="stepfun-intl",
    url="wss://api.stepfun.ai/v1/realtime?model={model}",
    hosts=("api.stepfun.ai",),
)
XAI = Vendor(  # server_vad 0.85; voice and turn detection flat, formats nested; conversation.created comes first
    name="xai",
    dialect="ga",
    url="wss://api.x.ai/v1/realtime?model={model}",
    model="grok-voice-latest",
    hosts=("api.x.ai",),
    key="XAI_API_KEY",
    quirks=RemoteQuirks(
        rule_keys={"server_vad": _SERVER_VAD},
        lifted={"audio.input.turn_detection": "turn_detection", "audio.output.voice": "voice"},
    ),
    session_s=7_200.0,
)
GLM = Vendor(  # client_vad, which is null elsewhere; pcm16 means 16 kHz there, and what comes is PCM at 24 kHz
    name="glm",
    dialect="beta",
    url="wss://open.bigmodel.cn/api/paas/v4/realtime?model={model}",
    model="glm-realtime-flash",
    hosts=("open.bigmodel.cn",),
    key="ZHIPUAI_API_KEY",
    input_rate=16_000,
    quirks=RemoteQuirks(
        unknown=_EDITING,
        rule_keys={"server_vad": _SERVER_VAD | _ANSWERING},
        unsaid=_FORMATS,
        always={
            "input_audio_format": "pcm16",
            "output_audio_format": "pcm",
            "beta_fields": {"chat_mode": "audio", "tts_source": "e2e", "auto_search": False},
        },
        by_hand={"type": "client_vad"},
    ),
)

# Servers of one's own: their usual port on this machine, or NAME+URL. A key where `[link] key_env` names its variable.
SPEACHES = Vendor(  # server_vad 0.9/0/550; an error for each format and padding that it is told
    name="speaches",
    dialect="beta",
    url="ws://127.0.0.1:8000/v1/realtime?model={model}&intent=conversation",
    quirks=RemoteQuirks(
        rule_keys={"server_vad": frozenset({"threshold", "silence_duration_ms"}) | _ANSWERING},
        transcription="",
        unsaid=_FORMATS,
    ),
    session_s=1_800.0,
)
LOCALAI = Vendor(  # server_vad 0.5/300/500, and the open semantic_vad; the model is the name of a pipeline
    name="localai",
    dialect="ga",
    url="ws://127.0.0.1:8080/v1/realtime?model={model}",
    quirks=RemoteQuirks(transcription=""),
)
HUGGING_FACE = Vendor(  # any rate in; says neither that it has committed nor that an item was made
    name="speech-to-speech",
    dialect="ga",
    url="ws://127.0.0.1:8765/v1/realtime",
    quirks=RemoteQuirks(unknown=_EDITING, transcription="", commits_silently=True),
)
VLLM_OMNI = Vendor(  # manual at first; 16 kHz in, 24 kHz out
    name="vllm-omni",
    dialect="ga",
    url="ws://127.0.0.1:8091/v1/realtime",
    input_rate=16_000,
    quirks=RemoteQuirks(unknown=_EDITING, rule_keys={"server_vad": _SERVER_VAD}, transcription=""),
)
GENERIC = Vendor(name="server", dialect="auto", quirks=RemoteQuirks(transcription=""))
GENERIC_QWEN = Vendor(name="server", dialect="qwen", input_rate=16_000, greets=False)  # a URL with QWEN_PATH in it

SERVICES = {
    each.name: each
    for each in (
        OPENAI,
        AZURE,
        QWEN,
        QWEN_INTL,
        QWEN_WORKSPACE,
        QWEN_WORKSPACE_INTL,
        STEPFUN,
        STEPFUN_INTL,
        XAI,
        GLM,
    )
}
SERVERS = {each.name: each for each in (SPEACHES, LOCALAI, HUGGING_FACE, VLLM_OMNI)}
VENDORS: Mapping[str, Vendor] = {**SERVICES, **SERVERS}
QWEN_PATH = "/api-ws/"
