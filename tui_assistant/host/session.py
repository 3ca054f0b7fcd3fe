"""The full session as a library: the pure core with its default detector put in."""

from __future__ import annotations

from tui_assistant.engine import session as engine
from tui_assistant.engine.ports import SpeechDetector
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
    ) -> None:
        """`judge`: the Judge asks of semantic_vad are answered too; else it waits as at P = 0.5.

        `max_ms`: so long after the first tick the session ends with the error session_expired; `expires_at` is that
        moment in Unix seconds, for the client to read.
        """
        detector = registry.create(registry.Port.DETECTOR, vad) if isinstance(vad, str) else vad
        super().__init__(detector, config, session_id=session_id, judge=judge, max_ms=max_ms, expires_at=expires_at)
