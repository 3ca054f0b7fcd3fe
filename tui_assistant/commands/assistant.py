"""`tui-assistant` itself: settings and options become a Talk, which is handed to the screen or to the plain mode."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tui_assistant.config import Flag, Settings, config_path, load
from tui_assistant.errors import UsageError
from tui_assistant.state import STATE_VARIABLE, skills_folder, state_folder

if TYPE_CHECKING:
    from tui_assistant.client.cost import Prices
    from tui_assistant.client.tuning import Tuning
    from tui_assistant.host.workers import WorkerSpec
    from tui_assistant.links.local import LocalLink
    from tui_assistant.links.local_turns import LocalTurns
    from tui_assistant.links.traffic import Traffic
    from tui_assistant.models.registry import Port
    from tui_assistant.runtime.api import TalkApi
    from tui_assistant.runtime.options import TalkOptions
    from tui_assistant.runtime.setup_api import ModelInfo
    from tui_assistant.tui.keys.router import KeyWishes

STDIN = "-"
NO_OUTPUT = "none"


@dataclass(frozen=True, slots=True)
class Options:
    """What is no setting: it holds for this run only."""

    link: str = "local"
    plain: bool = False
    exit_after_input: bool = False
    demo: bool = False
    record: str | None = None  # the folder of a recording, from the first moment on


def run(flags: Mapping[str, Flag], config: str | None, options: Options) -> int:
    """The conversation's exit status."""
    settings = load(flags, config)
    _check(settings, flags, options)
    from tui_assistant.commands.model_options import check_detector

    check_detector(settings, flags)
    from tui_assistant.commands.logs import quiet_libraries

    with quiet_libraries() as log:
        talk = build_talk(settings, options, log, config_path(config))
        if options.plain:
            from tui_assistant.tui.plain import run_plain

            audio_on_stdin = settings.audio.input == STDIN
            return run_plain(talk, interactive=not audio_on_stdin, eof_ends=_lines_end(options))
        from tui_assistant.tui.run import run_app

        return run_app(
            talk, theme=settings.screen.theme or None, keys=key_wishes(settings), panes=settings.screen.panes
        )


def key_wishes(settings: Settings) -> KeyWishes:
    from tui_assistant.client.hold import Method
    from tui_assistant.tui.keys.router import KeyWishes

    keys = settings.keys
    return KeyWishes(keys.talk, keys.toggle, None if keys.method == "auto" else Method(keys.method))


def _check(settings: Settings, flags: Mapping[str, Flag], options: Options) -> None:
    if options.demo and "audio.input" in flags:
        raise UsageError("--demo and --input both want to be the microphone", "leave one of them out")
    if settings.turn_detection.type == "none" and "mode" in flags and settings.mode == "hands-free":
        raise UsageError("--turn-detection none is push-to-talk", "leave out --mode hands-free")
    if options.link == "local" and "link.turns" in flags and settings.link.turns == "there":
        raise UsageError("--turns there is for a --link elsewhere", "leave it out: this conversation runs here")
    if options.exit_after_input and not (options.demo or is_finite(settings.audio.input)):
        raise UsageError("--exit-after-input needs an input that ends", "add --input FILE.wav, --input - or --demo")
    if options.record is not None and not options.record.strip():
        raise UsageError("--record needs the name of a new folder")
    if settings.audio.input == STDIN and not options.plain:
        raise UsageError("--input - takes stdin, which the screen needs for its keys", "add --plain")


def is_finite(name: str) -> bool:
    """Whether `--input name` is a recording and not a device."""
    return name == STDIN or is_file(name)


def is_file(name: str) -> bool:
    """A name is a file when it looks like one or is one; otherwise it is a device. ./none is a file, none is not."""
    if name in (STDIN, NO_OUTPUT):
        return False
    return name.lower().endswith(".wav") or os.sep in name or Path(name).is_file()


def _lines_end(options: Options) -> bool:
    """Whether the end of stdin ends the conversation: when lines were piped in; not for /dev/null, as a service has."""
    if options.exit_after_input or sys.stdin is None:
        return False
    mode = os.fstat(sys.stdin.fileno()).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)


def build_talk(settings: Settings, options: Options, log: Path | None, config: Path | None = None) -> TalkApi:
    """The conversation, not started. `log` takes what the workers print, `config` what is saved.

    Raises UsageError as `talk_options`.
    """
    from tui_assistant.links.local import LocalLink
    from tui_assistant.runtime.recording import Recorder
    from tui_assistant.runtime.talk import Talk

    wanted = replace(talk_options(settings, options), config=config)
    here = options.link == "local"
    folder = Path(options.record) if options.record else None
    recorder = Recorder(folder, settings=recorded_settings(settings), replayable=here)
    if not here:
        far = remote_link(settings, options.link, log)
        wanted = replace(with_fetcher(wanted, settings, None), traffic=far.traffic, prices=prices(settings))
        return Talk(far, wanted, recorder=recorder)
    link = LocalLink(
        worker_specs(settings),
        detector=settings.models.detector,
        speed=settings.voice.speed,
        speculate=settings.responder.speculate != "off",
        log_path=log,
        input_log=recorder if recorder.on else None,
    )
    elsewhere = written_down_elsewhere(settings)
    wanted = replace(with_fetcher(wanted, settings, link), traffic=lambda: elsewhere)
    return Talk(link, wanted, recorder=recorder)


def remote_link(settings: Settings, name: str, log: Path | None) -> LocalTurns:
    """A service or a server elsewhere; turns may be detected here. Raises UsageError: unknown, or without its key."""
    from tui_assistant.commands import responder_options
    from tui_assistant.host.workers import WorkerSpec
    from tui_assistant.links.local_turns import LocalTurns
    from tui_assistant.links.vendors.endpoint import endpoint
    from tui_assistant.links.vendors.keys import from_keyring
    from tui_assistant.links.websocket import WebSocketLink
    from tui_assistant.models.registry import Port

    own = settings.link
    place = endpoint(name, os.environ, model=own.model, key_env=own.key_env, resource=own.resource, stored=from_keyring)
    session = responder_options.session_elsewhere(settings)
    judge = WorkerSpec(Port.JUDGE, settings.models.judge, lazy=True)
    link = WebSocketLink(place, session=session)
    return LocalTurns(link, own.turns, detector=settings.models.detector, judge=judge, log_path=log)


def written_down_elsewhere(settings: Settings) -> Traffic | None:
    """Audio of a conversation that runs here leaves this machine, too, where a server elsewhere writes it down."""
    from tui_assistant.links.traffic import Traffic
    from tui_assistant.links.vendors.endpoint import is_here

    host = urlsplit(settings.transcription.url).hostname or ""
    asked = settings.models.recogniser == "transcriptions" and not settings.models.offline
    return Traffic(place=host, leaves=True, measured=False) if asked and host and not is_here(host) else None


def prices(settings: Settings) -> Prices:
    from tui_assistant.client.cost import Prices

    return Prices(**settings.link.prices.model_dump())


def recorded_settings(settings: Settings) -> dict[str, Any]:
    """What a recording says of the settings: what decides about turns and answers, and no address of a server."""
    shown = settings.model_dump(mode="json", include={"mode", "turn_detection", "barge_in", "models"})
    return {key: shown[key] for key in sorted(shown)}


def worker_specs(settings: Settings, *, remember: bool = True) -> dict[Port, WorkerSpec]:
    """Which models run beside us, and what they are told. `remember`: timers and notes survive the run."""
    from tui_assistant.commands import model_options
    from tui_assistant.host.workers import WorkerSpec
    from tui_assistant.models.registry import NEXT_BEST, Port

    models = settings.models
    # One can switch to semantic_vad at any time, and a server's clients choose for themselves.
    judged = settings.turn_detection.type == "semantic_vad" and remember
    return {
        Port.JUDGE: WorkerSpec(Port.JUDGE, models.judge, lazy=not judged, instead=NEXT_BEST[Port.JUDGE]),
        Port.RECOGNISER: WorkerSpec(
            Port.RECOGNISER, *model_options.recogniser(settings), instead=NEXT_BEST[Port.RECOGNISER]
        ),
        Port.RESPONDER: WorkerSpec(Port.RESPONDER, *responder(settings, remember=remember)),
        Port.SYNTHESISER: WorkerSpec(
            Port.SYNTHESISER, *model_options.synthesiser(settings), instead=NEXT_BEST[Port.SYNTHESISER]
        ),
    }


def responder(settings: Settings, *, remember: bool = True) -> tuple[str, dict[str, Any]]:
    """The responder's name and options: the skills first, then a chat server for what they do not understand."""
    from tui_assistant.commands import guard, responder_options

    options: dict[str, Any] = {}
    if remember:
        try:
            options["state_dir"] = str(skills_folder())
        except OSError as error:  # a home that is read-only, or not known: one can talk all the same
            why = f"{state_folder()} cannot be written: {error.strerror}"
            guard.tell(f"timers and notes end with this run: {why} ({STATE_VARIABLE}=FOLDER names another place)")
    return responder_options.responder(settings, options)


def talk_options(settings: Settings, options: Options) -> TalkOptions:
    """Raises UsageError for a recording that cannot be read."""
    from tui_assistant.audio.files import load_recording
    from tui_assistant.client.interruption import BargeInTimes
    from tui_assistant.runtime.options import TalkOptions
    from tui_assistant.runtime.saved import preset_of

    audio = settings.audio
    recording = Path(audio.input) if is_file(audio.input) and not options.demo else None
    device = "" if recording or options.demo or audio.input == STDIN else audio.input
    return TalkOptions(
        rules=settings.turn_detection.vad(),
        tuning=tuning(settings),
        barge_in=BargeInTimes(settings.barge_in.after_ms, settings.barge_in.backchannel_ms),
        presets=tuple(preset_of(name, preset) for name, preset in settings.presets.items()),
        push_to_talk=settings.push_to_talk,
        input=device,
        recording=load_recording(recording) if recording else None,
        recording_name=recording.name if recording else "",
        stdin_rate=audio.input_rate if audio.input == STDIN and not options.demo else None,
        output="" if is_file(audio.output) else audio.output,
        output_file=Path(audio.output) if is_file(audio.output) else None,
        headphones=audio.headphones,
        echo=audio.echo,
        open_on_press=audio.open == "on-press",
        demo=demo_recording(),
        play_demo=options.demo,
        exit_after_input=options.exit_after_input,
        hold_input=options.plain and settings.push_to_talk and (recording is not None or audio.input == STDIN),
        volume=settings.voice.volume,
        detector=settings.models.detector,
        tune_process=True,
        keep_conversation=settings.responder.remember,
        models=lambda: model_overview(settings),
    )


def with_fetcher(wanted: TalkOptions, settings: Settings, link: LocalLink | None) -> TalkOptions:
    """The setup may download models; `link`: where they are used at once."""
    from tui_assistant.commands.fetching import LOAD_S, ModelFetcher

    def use(settings: Settings, port: Port) -> None:
        assert link is not None
        link.use(replace(worker_specs(settings)[port], lazy=False, instead=()), LOAD_S)

    fetcher = ModelFetcher(wanted.config or config_path(), settings, use if link is not None else None)
    return replace(wanted, fetcher=fetcher, models=lambda: model_overview(fetcher.settings))


def model_overview(settings: Settings) -> tuple[ModelInfo, ...]:
    from tui_assistant.commands.models import overview
    from tui_assistant.models.registry import Port

    wanted = settings.models
    return overview(
        {
            Port.DETECTOR: wanted.detector,
            Port.JUDGE: wanted.judge,
            Port.RECOGNISER: wanted.recogniser,
            Port.RESPONDER: wanted.responder,
            Port.SYNTHESISER: wanted.synthesiser,
        },
        settings,
    )


def tuning(settings: Settings) -> Tuning:
    """The values that can be tuned, as they are set; with type none those of server_vad wait for hands-free."""
    from tui_assistant.client.tuning import Tuning

    detection = settings.turn_detection
    return Tuning(
        kind="semantic_vad" if detection.type == "semantic_vad" else "server_vad",
        threshold=detection.threshold,
        prefix_padding_ms=detection.prefix_padding_ms,
        silence_duration_ms=detection.silence_duration_ms,
        eagerness=detection.eagerness,
        hysteresis=detection.hysteresis,
        min_speech_ms=detection.min_speech_ms,
        tail_ms=settings.keys.tail_ms,
        gain_db=settings.audio.gain_db,
    )


def demo_recording() -> Path | None:
    """assets/demo.wav: inside the installed package, beside it in a source tree."""
    package = Path(__file__).parents[1]
    places = (package / "assets" / "demo.wav", package.parent / "assets" / "demo.wav")
    return next((place for place in places if place.is_file()), None)
