"""p(speech) of a recording computed anew, on the clock of its recorded frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui_assistant.errors import UsageError
from tui_assistant.record.format import MICROPHONE, Heard
from tui_assistant.record.reader import Meta, read_input_log

if TYPE_CHECKING:
    from tui_assistant.lab.redecide import Judgeable
    from tui_assistant.sound.wav import Recording

DEFAULT = "silero"
JITTER_MS = 300  # a frame is noted a little after its end; more than that, and the engine missed some of the microphone


def computed_anew(
    folder: Path, meta: Meta, every: Sequence[Heard], recorded: Sequence[Judgeable], vad: str | None
) -> list[Judgeable]:
    """By `vad` (None: the recorded detector) over the audio that the engine was given; judgements stay.

    Where that audio was not recorded, over the microphone's. Raises UsageError.
    """
    from tui_assistant.engine.frontend import FrontEnd
    from tui_assistant.engine.ports import FRAME_MS
    from tui_assistant.lab.redecide import Judgeable
    from tui_assistant.models import registry

    heard, first_ms, detector = _fed(folder, meta) if meta.replayable else _microphone(folder, meta, every, recorded)
    name = vad or own_detector(detector, vad)
    if ":" not in name and name not in registry.names(registry.Port.DETECTOR):
        raise UsageError(f"--vad {name}: allowed is {', '.join(registry.names(registry.Port.DETECTOR))}")
    front = FrontEnd(heard.rate, registry.create(registry.Port.DETECTOR, name))
    judged = {frame.end_ms: frame.judged for frame in recorded}
    ends = ((frame.p, first_ms + frame.start_ms + FRAME_MS) for frame in front.push(heard.samples))
    return [Judgeable(end_ms, p, judged.get(end_ms)) for p, end_ms in ends]


def _fed(folder: Path, meta: Meta) -> tuple[Recording, int, str]:
    """What the engine was given, where it begins in session time, and by what it was heard."""
    import numpy as np

    from tui_assistant.sound.wav import Recording

    calls = list(read_input_log(folder))
    audio = b"".join(call.payload for call in calls if call.call == "feed")
    samples = np.frombuffer(audio[: len(audio) // 2 * 2], "<i2").astype(np.int16)
    detector = str(calls[0].data.get("vad", DEFAULT)) if calls else DEFAULT
    return Recording(samples, meta.input_rate, 1, False), 0, detector


def _microphone(
    folder: Path, meta: Meta, every: Sequence[Heard], recorded: Sequence[Judgeable]
) -> tuple[Recording, int, str]:
    """What the microphone gave from the first recorded frame on."""
    from tui_assistant.audio.files import load_recording
    from tui_assistant.engine.ports import FRAME_MS
    from tui_assistant.sound.wav import Recording

    tracks = meta.data.get("tracks")
    files = [str(track["file"]) for track in tracks or () if str(track["file"]).startswith(MICROPHONE)]
    engine = any(frame.engine for frame in every)
    late = [
        frame.at_ms - known.end_ms
        for frame, known in zip((frame for frame in every if frame.engine or not engine), recorded, strict=True)
    ]
    if len(files) != 1 or max(late) - min(late) > JITTER_MS:
        raise UsageError(
            f"{folder}: the engine did not hear all that the microphone gave, and only that was recorded",
            "--record DIR, from the beginning of a session, records what the engine hears",
        )
    heard = load_recording(folder / files[0])
    first_ms = recorded[0].end_ms - FRAME_MS
    begin = max(0, (first_ms + min(late)) * heard.rate // 1000)
    settings = meta.data.get("settings")
    models = settings.get("models") if isinstance(settings, dict) else None
    detector = str(models.get("detector", DEFAULT)) if isinstance(models, dict) else DEFAULT
    return Recording(heard.samples[begin:], heard.rate, 1, heard.truncated), first_ms, detector


def own_detector(name: str, vad: str | None) -> str:
    """`name` stands in a recording, perhaps of somebody else: code outside of this program runs only when `vad` asks.

    Raises UsageError.
    """
    if ":" in name and name != vad:
        raise UsageError(f"its detector is code of others: {name}", "give --vad with that name if you trust it")
    return name
