"""The services and servers that are known, one row each.

From their documentation and from reports of others as of November 2026; none of the services was reachable for tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from tui_assistant.protocol.dialects.remote import RemoteQuirks

DialectName = Literal["ga", "beta", "qwen", "auto"]

_SERVER_VAD = frozenset({"threshold", "prefix_padding_ms", "silence_duration_ms"})
_NOT_OF_QWEN = frozenset(
    {
        "conversation.item.truncate",
        "conversation.item.delete",
        "conversation.item.retrieve",
        "output_audio_buffer.clear",
    }
)


_NO_QUIRKS = RemoteQuirks()


@dataclass(frozen=True, slots=True)
class Vendor:
    """One service. `url` may hold {model} and what `places` names; `hosts` are those by which a URL is known as its."""

    name: str
    dialect: DialectName
    url: str = ""
    model: str = ""
    hosts: tuple[str, ...] = ()
    key: str = ""
    """The environment variable of the key; empty: none is asked for."""
    key_header: str = "Authorization"
    key_form: str = "Bearer {}"
    headers: Mapping[str, str] = field(default_factory=dict)
    input_rate: int = 24_000
    output_rate: int = 24_000
    quirks: RemoteQuirks = _NO_QUIRKS


_QWEN_QUIRKS = RemoteQuirks(
    unknown=_NOT_OF_QWEN,
    rule_keys={"server_vad": _SERVER_VAD | {"idle_timeout_ms"}, "semantic_vad": frozenset()},
    silence_ms=(200, 6_000),
)

OPENAI = Vendor(
    name="openai",
    dialect="ga",
    url="wss://api.openai.com/v1/realtime?model={model}",
    model="gpt-realtime-2.1",
    hosts=("api.openai.com",),
    key="OPENAI_API_KEY",
    quirks=RemoteQuirks(transcription="gpt-4o-mini-transcribe"),
)
AZURE = Vendor(
    name="azure",
    dialect="ga",
    url="wss://{resource}.openai.azure.com/openai/v1/realtime?model={model}",
    model="gpt-realtime-2.1",  # the name of the deployment
    hosts=(".openai.azure.com",),
    key="AZURE_OPENAI_API_KEY",
    key_header="api-key",
    key_form="{}",
    quirks=RemoteQuirks(transcription="whisper-1"),
)
QWEN = Vendor(
    name="qwen",
    dialect="qwen",
    url="wss://dashscope.aliyuncs.com/api-ws/v1/realtime?model={model}",
    model="qwen3.5-omni-flash-realtime",
    hosts=("dashscope.aliyuncs.com", ".maas.aliyuncs.com"),
    key="DASHSCOPE_API_KEY",
    input_rate=16_000,
    quirks=_QWEN_QUIRKS,
)
QWEN_INTL = replace(
    QWEN,
    name="qwen-intl",
    url="wss://dashscope-intl.aliyuncs.com/api-ws/v1/realtime?model={model}",
    hosts=("dashscope-intl.aliyuncs.com",),
)
STEPFUN = Vendor(
    name="stepfun",
    dialect="beta",
    url="wss://api.stepfun.com/v1/realtime?model={model}",
    model="step-audio-2",
    hosts=("api.stepfun.com", "api.stepfun.ai"),
    key="STEPFUN_API_KEY",
    quirks=RemoteQuirks(rule_keys={"server_vad": frozenset({"prefix_padding_ms", "silence_duration_ms"})}),
)
XAI = Vendor(
    name="xai",
    dialect="ga",
    url="wss://api.x.ai/v1/realtime?model={model}",
    model="grok-voice-latest",
    hosts=("api.x.ai",),
    key="XAI_API_KEY",
)
GLM = Vendor(
    name="glm",
    dialect="beta",
    url="wss://open.bigmodel.cn/api/paas/v4/realtime?model={model}",
    model="glm-realtime-flash",
    hosts=("open.bigmodel.cn",),
    key="ZHIPUAI_API_KEY",
    quirks=RemoteQuirks(unknown=frozenset({"conversation.item.truncate"})),
)
# Servers of one's own, by the path of the URL. They take a key where `[link] key_env` names its variable.
GENERIC = Vendor(name="server", dialect="auto", quirks=RemoteQuirks(transcription=""))
GENERIC_QWEN = Vendor(name="server", dialect="qwen", input_rate=16_000)

VENDORS = {each.name: each for each in (OPENAI, AZURE, QWEN, QWEN_INTL, STEPFUN, XAI, GLM)}
QWEN_PATH = "/api-ws/"
