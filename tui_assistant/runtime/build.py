"""From settings to a conversation that can be started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tui_assistant.audio.files import load_recording
from tui_assistant.config import Settings
from tui_assistant.links.local import LocalLink, WorkerSpec
from tui_assistant.models.registry import Port
from tui_assistant.runtime.options import TalkOptions
from tui_assistant.runtime.talk import Talk
from tui_assistant.state import log_folder, skills_folder

_PACKAGE = Path(__file__).parent.parent
_DEMO_PLACES = (_PACKAGE / "assets" / "demo.wav", _PACKAGE.parent / "assets" / "demo.wav")  # installed; source tree


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line says beyond the settings."""

    demo: bool = False
    exit_after_input: bool = False
    plain: bool = False
    screen: bool = False  # a screen is drawn by the same process


def build_talk(settings: Settings, wishes: Wishes) -> Talk:
    """Nothing is opened yet but the file that is the microphone. Raises UsageError when that cannot be read."""
    return Talk(_local_link(settings), _options(settings, wishes))


def _options(settings: Settings, wishes: Wishes) -> TalkOptions:
    given, output = settings.audio.input, settings.audio.output
    path = Path(given) if given.lower().endswith(".wav") or (given and Path(given).is_file()) else None
    return TalkOptions(
        rules=settings.turn_detection.vad(),
        push_to_talk=settings.push_to_talk,
        input="" if path is not None or given == "-" else given,
        recording=load_recording(path) if path is not None else None,
        recording_name=path.name if path is not None else "",
        stdin_rate=settings.audio.input_rate if given == "-" else None,
        output="" if output.lower().endswith(".wav") else output,
        output_file=Path(output) if output.lower().endswith(".wav") else None,
        headphones=settings.audio.headphones,
        demo=next((place for place in _DEMO_PLACES if place.is_file()), None),
        play_demo=wishes.demo,
        exit_after_input=wishes.exit_after_input,
        hold_input=wishes.plain and settings.push_to_talk and (path is not None or given == "-"),
        volume=settings.voice.volume,
        detector=settings.models.detector,
        tune_process=wishes.screen,
    )


def _local_link(settings: Settings) -> LocalLink:
    return LocalLink(
        {
            Port.RECOGNISER: WorkerSpec(Port.RECOGNISER, settings.models.recogniser, {}),
            Port.RESPONDER: _responder(settings),
            Port.SYNTHESISER: WorkerSpec(
                Port.SYNTHESISER,
                settings.models.synthesiser,
                {"voice": settings.voice.name, "speed": settings.voice.speed},
            ),
        },
        detector=settings.models.detector,
        log_path=log_folder() / "workers.log",
    )


def _responder(settings: Settings) -> WorkerSpec:
    chat = settings.responder
    options = {"state_dir": str(skills_folder())}
    if settings.models.responder != "skills" or chat.chat == "off":
        return WorkerSpec(Port.RESPONDER, settings.models.responder, options)
    return WorkerSpec(Port.RESPONDER, "skills", options)
