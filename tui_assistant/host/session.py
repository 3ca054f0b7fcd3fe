"""The full session as a library: the pure core with its default detector put in."""

from __future__ import annotations

import json
from typing import Any, Self

from tui_assistant.engine import session as engine
from tui_assistant.engine.answers import Speculate
from tui_assistant.engine.ports import SpeechDetector
from tui_assistant.errors import UsageError
from tui_assistant.models import registry
from tui_assistant.protocol.session import SessionConfig


class Session(engine.Session):
    """One Realtime session without any I/O: feed, event, answer and tick in; events, asks and observations out.

    `vad`: "silero", "webrtc", "energy", the name of an installed plugin, or an object with SpeechDetector's two
    methods. The asks (engine.ports) are for the caller to answer; `host.session_host` does it with worker processes.
    """

    def __init__(
        self,
        config: SessionConfig | None = None,
        *,
        vad: str | SpeechDetector = "silero",
        session_id: str = "sess_1",
        judge: bool = False,
        max_ms: int | None = None,
        expires_at: int | None = None,
        speculate: Speculate = "never",
    ) -> None:
        """`judge`: the Judge asks of semantic_vad are answered too; else it waits as at P = 0.5.

        `max_ms`: so long after the first tick the session ends with the error session_expired; `expires_at` is that
        moment in Unix seconds, for the client to read. `speculate`: as engine.Session has it.
        """
        detector = registry.create(registry.Port.DETECTOR, vad) if isinstance(vad, str) else vad
        config = config or SessionConfig()
        self.made_with: dict[str, Any] = {
            "vad": vad if isinstance(vad, str) else vad.name,
            "session_id": session_id,
            "judge": judge,
            "max_ms": max_ms,
            "expires_at": expires_at,
            "speculate": speculate,
            "config": config.model_dump(mode="json"),
        }
        """What `remade` makes an equal session from; JSON."""
        super().__init__(
            detector,
            config,
            session_id=session_id,
            judge=judge,
            max_ms=max_ms,
            expires_at=expires_at,
            speculate=speculate,
        )

    @classmethod
    def remade(cls, made_with: dict[str, Any]) -> Self:
        """A fresh session that behaves like the one with that `made_with`. Raises UsageError when it is no such thing.

        Raises ModelError when its detector is not installed here.
        """
        try:
            values = {**made_with, "config": SessionConfig.model_validate_json(json.dumps(made_with["config"]))}
            return cls(**values)
        except (KeyError, TypeError, ValueError):
            hint = "was it recorded by another version?"
            raise UsageError("the recording does not say how its session was made", hint) from None
