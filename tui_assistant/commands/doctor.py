"""`tui-assistant doctor`: what works, what doesn't, and the line that mends it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

import click

from tui_assistant import __version__
from tui_assistant.client.hold import Method
from tui_assistant.commands.assistant import NO_OUTPUT, STDIN, is_file
from tui_assistant.commands.devices import list_quietly
from tui_assistant.commands.doctor_tools import tools
from tui_assistant.commands.finding import Finding, Verdict
from tui_assistant.commands.logs import quiet_libraries
from tui_assistant.commands.models import BEST, SERVERS, model
from tui_assistant.config import Settings, config_path, load
from tui_assistant.errors import AssistantError, ConfigError, DeviceError
from tui_assistant.models.registry import NEXT_BEST, Port
from tui_assistant.models.store import Store
from tui_assistant.safetext import clean

ECHO_RATE = 16_000  # Hz, as conversations have it
SMALLEST = (80, 24)  # columns and rows that the screen needs
LIBRARIES = ("textual", "sounddevice", "numpy", "websockets")


def run(as_json: bool, config: str | None, keys: bool = False) -> int:
    """0, or 3 when something essential is missing. `keys`: the interactive probe of the keyboard instead."""
    if keys:
        from tui_assistant.commands import doctor_keys

        return doctor_keys.run(load(file=config))
    findings = list(examine(config))
    if as_json:
        click.echo(json.dumps({"version": __version__, "findings": [asdict(each) for each in findings]}))
    else:
        for each in findings:
            click.echo(clean(f"{each.verdict:5} {each.what:12} {each.text}"))
            if each.mend:
                click.echo(clean(f"{'':5} {'':12} -> {each.mend}"))
    return 3 if any(each.verdict is Verdict.BAD for each in findings) else 0


def examine(config: str | None) -> Iterator[Finding]:
    """All findings, the quick ones first."""
    yield python()
    yield libraries()
    try:
        settings = load(file=config)
        path = config_path(config)
        state = "as it says" if path.exists() else "not there, so the defaults hold"
        yield Finding("settings", Verdict.OK, f"{path}: {state}")
    except ConfigError as error:
        settings = Settings.model_construct()
        for line in error.message.splitlines():
            yield Finding("settings", Verdict.BAD, line, "tui-assistant config edit")
    yield from terminal(settings)
    yield from audio(settings)
    yield echo(settings)
    yield detector(settings)
    yield from others(settings)
    yield from chat(settings)
    yield from links(settings)
    yield from tools(settings)


def python() -> Finding:
    running = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Finding("python", Verdict.OK, running)
    return Finding("python", Verdict.NOTE, f"{running}, not tried with it", "use Python 3.11, 3.12 or 3.13")


def libraries() -> Finding:
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            return Finding("libraries", Verdict.BAD, f"{name} is not installed", f"pip install {name}")
    return Finding("libraries", Verdict.OK, ", ".join(found))


def terminal(settings: Settings) -> Iterator[Finding]:
    if not (sys.stdin is not None and sys.stdin.isatty()):
        yield Finding("terminal", Verdict.NOTE, "stdin is not a terminal", "use --plain in pipes and logs")
        return
    columns, rows = shutil.get_terminal_size()
    name = os.environ.get("TERM", "?")
    colours = "true colour" if os.environ.get("COLORTERM") in ("truecolor", "24bit") else "256 colours or fewer"
    size = f"{columns}x{rows}, {name}, {colours}"
    if columns < SMALLEST[0] or rows < SMALLEST[1]:
        yield Finding("terminal", Verdict.NOTE, size, f"make it at least {SMALLEST[0]}x{SMALLEST[1]}")
    else:
        yield Finding("terminal", Verdict.OK, size)
    from tui_assistant.commands.doctor_keys import meaning, method

    keyboard = method(settings)
    verdict = Verdict.OK if keyboard.method is Method.RELEASED else Verdict.NOTE
    yield Finding("keys", verdict, f"{keyboard.method} ({keyboard.terminal}). {meaning(keyboard)}")


def audio(settings: Settings) -> Iterator[Finding]:
    """Opens both devices for a moment: that one is listed does not mean that it works."""
    from tui_assistant.audio.devices import open_microphone, open_speaker

    devices = list_quietly()
    for what, wanted, opener, instead in (
        ("microphone", settings.audio.input, open_microphone, "plug one in; until then: --demo, or --input FILE.wav"),
        ("speaker", settings.audio.output, open_speaker, "plug one in; until then: --output FILE.wav or none"),
    ):
        if is_file(wanted) or wanted in (STDIN, NO_OUTPUT):
            yield Finding(what, Verdict.OK, f"{wanted}, by the settings")
            continue
        try:
            with quiet_libraries():
                device = opener(wanted or None)
                try:
                    device.start()
                finally:
                    device.close()
        except DeviceError as error:
            yield Finding(what, Verdict.BAD, devices.problem or error.message, error.hint or instead)
        else:
            yield Finding(what, Verdict.OK, f"{device.name}, {device.rate} Hz, through {devices.backend}")


def echo(settings: Settings) -> Finding:
    """Makes a canceller and lets it take a moment of sound away: that it is installed does not mean that it loads."""
    import numpy as np

    from tui_assistant.audio.canceller import FRAMES_PER_S, MEND, WebRtcCanceller, installed

    wanted = "headphones" if settings.audio.headphones else settings.audio.echo
    if wanted in ("headphones", "half-duplex"):
        return Finding("echo", Verdict.OK, f"{wanted}, by the settings")
    if not installed():
        text = "half-duplex: the echo canceller is not installed, so keys interrupt an answer, and a far louder voice"
        return Finding("echo", Verdict.NOTE, text, MEND)
    try:
        frame = np.zeros(ECHO_RATE // FRAMES_PER_S, np.int16)
        WebRtcCanceller(ECHO_RATE).clean(frame, frame)
    except DeviceError as error:
        mend = f"{error.hint or MEND}; or tui-assistant config set audio.echo half-duplex"
        return Finding("echo", Verdict.BAD, f"the echo canceller does not work: {error.message}", mend)
    return Finding("echo", Verdict.OK, "the echo canceller works: on loudspeakers one can speak over an answer")


def detector(settings: Settings) -> Finding:
    """Loads the detector and asks it about a second of nothing: a broken weight file does not stay unnoticed."""
    import numpy as np

    from tui_assistant.engine.ports import FRAME_RATE, FRAME_SAMPLES
    from tui_assistant.models.registry import create

    name = settings.models.detector
    try:
        made = create(Port.DETECTOR, name)
        silence = np.zeros(FRAME_SAMPLES, np.int16)
        highest = max(made.probability(silence) for _ in range(FRAME_RATE // FRAME_SAMPLES))
    except AssistantError as error:
        return Finding("detector", Verdict.BAD, error.message, error.hint)
    if not 0 <= highest < 0.5:
        return Finding("detector", Verdict.BAD, f"{name} hears speech in silence", "install tui-assistant again")
    return Finding("detector", Verdict.OK, f"{name} loads and hears nothing in silence (p {highest:.3f})")


def others(settings: Settings) -> Iterator[Finding]:
    """The recogniser, the responder, the synthesiser and the judge; where one cannot be had, what takes its place."""
    wanted = settings.models
    for port, name in (
        (Port.RECOGNISER, wanted.recogniser),
        (Port.RESPONDER, wanted.responder),
        (Port.SYNTHESISER, wanted.synthesiser),
        (Port.JUDGE, wanted.judge),
    ):
        found = model(port, name, settings)
        damage = damaged(name) if found.usable else None
        if damage is not None:
            text, mend = damage.message, damage.hint
        elif found.usable:
            best = next((each for each in BEST.get(port, ()) if works(port, each)), "none") if name == "best" else ""
            yield Finding(port.value, Verdict.OK, f"{name}, which is {best} here" if best else name)
            continue
        else:
            text, mend = f"{name} {'has no address' if name in SERVERS else 'is not installed'}", found.mend
        instead = next((each for each in NEXT_BEST.get(port, ()) if each != name and works(port, each)), "")
        verdict = Verdict.NOTE if instead else Verdict.BAD
        yield Finding(port.value, verdict, f"{text}; {instead} takes its place" if instead else text, mend)
    yield from servers(settings)
    if wanted.offline:
        yield Finding("offline", Verdict.OK, "by the settings: no download, no server but those on this machine")


def works(port: Port, name: str) -> bool:
    return model(port, name).usable and damaged(name) is None


def damaged(name: str) -> AssistantError | None:
    """What is wrong with a model that is downloaded; None also for one that never is."""
    store = Store()
    if all(entry.name != name for entry in store.entries()):
        return None
    try:
        store.path(name)
    except AssistantError as error:
        return error
    return None


def servers(settings: Settings) -> Iterator[Finding]:
    """The servers that hear and speak, where they are used: where they are, and whether their key is there."""
    for name, section in SERVERS.items():
        if name not in (settings.models.recogniser, settings.models.synthesiser):
            continue
        server = getattr(settings, section)
        if server.url:
            yield Finding(section, Verdict.OK, f"{server.url}, by the settings; it is asked when it is needed")
        if server.api_key_env and not os.environ.get(server.api_key_env):
            what = f"the environment variable {server.api_key_env} is not set"
            yield Finding(section, Verdict.BAD, what, f"export {server.api_key_env}=...")


def chat(settings: Settings) -> Iterator[Finding]:
    """Chat servers; none is needed."""
    wanted = settings.responder.chat
    if wanted == "off":
        yield Finding("chat", Verdict.OK, "off, by the settings")
        return
    if wanted != "auto":
        yield Finding("chat", Verdict.OK, f"{wanted}, by the settings; it is asked when it is needed")
        name = settings.responder.api_key_env
        if name and not os.environ.get(name):
            yield Finding("chat", Verdict.BAD, f"the environment variable {name} is not set", f"export {name}=...")
        return
    from tui_assistant.models.responders.endpoints import find_local

    found = find_local()
    for each in found:
        models = ", ".join(each.models[:3]) or "still loading"
        yield Finding("chat", Verdict.OK, f"{each.kind} at {each.base_url}: {models}")
    if not found:
        yield Finding(
            "chat", Verdict.NOTE, "no server on this machine: the skills answer alone", "start Ollama, for example"
        )


def links(settings: Settings) -> Iterator[Finding]:
    """For --link: which services have a key, and whether their price is known. None is needed."""
    from tui_assistant.commands import key
    from tui_assistant.commands.assistant import prices

    own = settings.link
    found, problem = key.places()
    known = [f"{name} ({', then '.join(where)})" for name, where in found.items() if where]
    if own.key_env and not os.environ.get(own.key_env):
        yield Finding(
            "link", Verdict.NOTE, f"the environment variable {own.key_env} is not set", f"export {own.key_env}=..."
        )
    if known:
        cost = prices(settings)
        estimate = (
            f"cost is estimated in {cost.currency}" if cost.known else "no [link.prices], so no cost is estimated"
        )
        yield Finding("link", Verdict.OK, f"keys: {', '.join(known)}; {estimate}")
    else:
        why = f" ({problem.message})" if problem is not None else ""
        yield Finding(
            "link", Verdict.OK, f"no service has a key{why}: conversations run here, or on servers without one"
        )
