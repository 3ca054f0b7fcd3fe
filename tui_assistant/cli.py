"""The command line. Nothing heavy is imported here: each command imports what it needs when it runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, Literal

import click

from tui_assistant import __version__
from tui_assistant.commands import guard, wrong_call
from tui_assistant.commands.key import key
from tui_assistant.commands.shared_options import (
    Setting,
    config_option,
    detector_options,
    given,
    setting,
    turn_options,
    vad_option,
)

PROGRAM = "tui-assistant"


class Program(click.Group):
    """The group, with one thing taken from click: that a closed pipe would end the program with status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.errno in guard.NO_READER:
                raise guard.ReaderGoneError from error
            raise


@click.group(cls=Program, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
@click.option(
    "--link", default="local", metavar="local|NAME|URL", help="Where it runs: here, openai, azure, qwen ... or ws://."
)
@setting("--turns", "link.turns", "[here|there]", "On a link: who detects turns, we or the server (there).")
@setting("--mode", "mode", "[hands-free|push-to-talk]", "Who ends a turn: silence, or you with a key.")
@setting("--turn-detection", "turn_detection.type", "[server_vad|semantic_vad|none]", "How turns end (server_vad).")
@vad_option
@turn_options
@setting("--input", "audio.input", "DEVICE|FILE.wav|-", "The microphone, a recording, or stdin.")
@setting("--input-rate", "audio.input_rate", "HZ", "Rate of raw samples on stdin (16000).")
@setting("--output", "audio.output", "DEVICE|FILE.wav|none", "The speaker, a file to write, or silence.")
@setting("--echo", "audio.echo", "[auto|aec|half-duplex|headphones]", "What takes the speaker out of the microphone.")
@click.option("--headphones/--no-headphones", cls=Setting, key="audio.headphones", help="You can speak over answers.")
@click.option("--record", metavar="DIR", help="Record the session in DIR, a new folder; `replay` runs it again.")
@click.option("--plain", is_flag=True, help="Line by line instead of a screen: for screen readers, pipes and logs.")
@click.option("--exit-after-input", is_flag=True, help="End when the recording has been heard and answered.")
@click.option("--demo", is_flag=True, help="A recording plays the user: see it work without a microphone.")
@config_option
@click.pass_context
def cli(ctx: click.Context, /, config: str | None, **options: Any) -> int | None:
    """A voice assistant in the terminal. Without a command it starts and listens.

    Settings come from the config file, TUI_ASSISTANT_* variables and these options; the later ones win.
    """
    ctx.obj = config
    if ctx.invoked_subcommand is not None:
        for parameter in ctx.command.params:
            source = ctx.get_parameter_source(parameter.name or "")
            if parameter.name in options and source is click.core.ParameterSource.COMMANDLINE:
                raise wrong_call.misplaced(parameter.opts[0], ctx.command, ctx.invoked_subcommand)
        return None
    from tui_assistant.commands import assistant

    run_options = assistant.Options(
        link=options["link"],
        plain=options["plain"],
        exit_after_input=options["exit_after_input"],
        demo=options["demo"],
        record=options["record"],
    )
    return assistant.run(given(ctx), config, run_options)


@cli.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@detector_options
@config_option
@click.pass_context
def detect(ctx: click.Context, /, files: tuple[str, ...], config: str | None, **settings: Any) -> int:
    """The turns in recordings: one JSON object a line. `-` is a WAV on stdin."""
    from tui_assistant.commands import detect

    return detect.run(files, given(ctx), config or ctx.obj)


@cli.command()
@click.argument("words", nargs=-1, required=True, metavar="DIR")
@detector_options
@click.option(
    "--sweep",
    multiple=True,
    metavar="NAME=VALUES...",
    help="Try many values: threshold=0.3:0.7:0.05 silence_duration_ms=300,500,800; also prefix_padding_ms, hysteresis,"
    " min_speech_ms; with semantic_vad eagerness, hysteresis, min_speech_ms.",
)
@click.option(
    "--join-ms",
    type=click.IntRange(0, 10_000),
    metavar="MS",
    help="Labels with a shorter gap are one turn (the silence_duration_ms in force).",
)
@click.option("--svg", metavar="FILE", help="Draw errors against latency.")
@click.option("--noise-db", type=float, metavar="SNR", help="Add noise that lies SNR dB below the speech.")
@click.option("--noise", type=click.Choice(["white", "pink"]), default="pink", help="Its colour (pink).")
@click.option("--gain-db", type=float, default=0.0, metavar="DB", help="Make the recordings louder or quieter.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, help="Of the noise (0).")
@click.option("--jobs", type=click.IntRange(0), metavar="N", help="Work on N recordings at once; 0: on all processors.")
@click.option("--backend", type=click.Choice(["loky", "threading", "dask", "ray"]), help="Who works (loky: processes).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.option("--fail-over", type=click.IntRange(0), metavar="N", help="Status 3 when even the best has over N errors.")
@config_option
@click.pass_context
def evaluate(ctx: click.Context, /, words: tuple[str, ...], config: str | None, **options: Any) -> int:
    """Errors and latencies of turn detection, against labels.

    Counts turns that are missed, false, split and merged, of all WAV files in DIR that have labels beside them.
    Labels of a.wav are a.scv, a.txt (an Audacity label track) or a.rttm; of a recorded session its marks.json. Labels
    with a gap shorter than silence_duration_ms are one turn, so a sweep over it changes how many turns there are to
    find: the column `turns`. --join-ms keeps that number the same.
    """
    from tui_assistant.commands import evaluate

    return evaluate.run(words, given(ctx), config or ctx.obj, evaluate.Options.of(options))


@cli.command()
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Where to listen (127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65_535), default=8771, metavar="N", help="0 picks a free one (8771).")
@click.option("--token-file", metavar="FILE", help="A token that clients must show; or TUI_ASSISTANT_TOKEN.")
@click.option("--allow-origin", multiple=True, metavar="ORIGIN", help="A web page that may connect; may be repeated.")
@click.option("--allow-host", multiple=True, metavar="NAME", help="Another name of this machine; may be repeated.")
@click.option("--max-sessions", type=click.IntRange(1), metavar="N", help="One more is turned away with 503 (100).")
@click.option("--workers", type=click.IntRange(1, 64), default=1, metavar="N", help="Processes on the one port (1).")
@click.option("--metrics", is_flag=True, help="Answer GET /metrics, for Prometheus.")
@click.option("--log-format", type=click.Choice(["text", "json"]), help="Log sessions and refusals, too, on stderr.")
@vad_option
@config_option
@click.pass_context
def serve(
    ctx: click.Context,
    /,
    host: str,
    port: int,
    token_file: str | None,
    allow_origin: tuple[str, ...],
    allow_host: tuple[str, ...],
    max_sessions: int | None,
    workers: int,
    metrics: bool,
    log_format: Literal["text", "json"] | None,
    config: str | None,
    **settings: Any,
) -> int:
    """A Realtime server for other programs, as OpenAI's or Qwen's."""
    from tui_assistant.commands import serve

    door = serve.Door(host, port, token_file, allow_origin, allow_host, max_sessions, workers, metrics, log_format)
    return serve.run(given(ctx), config or ctx.obj, door)


@cli.command()
@click.argument("words", nargs=-1, required=True, metavar="DIR")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE...", help="Decide the turns again: threshold=0.6")
@click.option("--detect", is_flag=True, help="Decide the turns again, from p(speech) computed anew.")
@click.option("--vad", metavar="[silero|webrtc|energy]", help="The detector of --detect (the recorded one).")
@click.option("--json", "as_json", is_flag=True, help="One server event a line; of turns, one JSON object.")
@click.option("--save-golden", metavar="FILE", help="Keep what came out, for --check.")
@click.option("--check", metavar="FILE", help="Status 3 when something else comes out than was kept in FILE.")
def replay(words: tuple[str, ...], **options: Any) -> int:
    """A recorded session through the engine again.

    The same comes out, to the byte; status 3 when it does not.

    --set decides its turns by other rules instead: threshold, silence_duration_ms, prefix_padding_ms, hysteresis,
    min_speech_ms, eagerness, and type=server_vad or type=semantic_vad.
    """
    from tui_assistant.commands import replay

    return replay.run(words, replay.Options.of(options))


@cli.command()
@click.argument("url")
@click.option("--json", "as_json", is_flag=True, help="One JSON list instead of a table.")
@click.option("--key-env", metavar="NAME", help="The variable that holds the server's key or token.")
@click.option(
    "--dialect",
    type=click.Choice(["auto", "ga", "beta", "qwen"]),
    default="auto",
    help="OpenAI's GA or beta, or Qwen's; auto goes by the path and by the server's first session.",
)
@click.option("--at-once", type=click.IntRange(1, 64), default=3, help="So many sessions with the server at once.")
def conformance(url: str, as_json: bool, key_env: str | None, dialect: str, at_once: int) -> int:
    """Does the server at URL keep the turn-detection contract?

    A table; status 3 when a row fails.
    """
    from tui_assistant.commands import conformance

    return conformance.run(url, as_json=as_json, key_variable=key_env, dialect=dialect, at_once=at_once)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a list.")
def devices(as_json: bool) -> int:
    """The microphones and speakers that there are."""
    from tui_assistant.commands import devices

    return devices.run(as_json)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a list.")
@click.option("--keys", is_flag=True, help="Hold a key and see what this terminal tells of it.")
@config_option
@click.pass_context
def doctor(ctx: click.Context, /, as_json: bool, keys: bool, config: str | None) -> int:
    """What works, what doesn't, and the line that mends it."""
    from tui_assistant.commands import doctor

    if keys and as_json:
        raise click.UsageError("--keys is for people, --json is not")
    return doctor.run(as_json, config or ctx.obj, keys)


@cli.group()
@config_option
@click.pass_context
def config(ctx: click.Context, /, config: str | None) -> None:
    """Show and change the settings."""
    ctx.obj = config or ctx.obj


@config.command("show")
@click.pass_context
def config_show(ctx: click.Context) -> int:
    """All settings in force, and where they come from."""
    from tui_assistant.commands import settings

    return settings.show(ctx.obj)


@config.command("path")
@click.pass_context
def config_path(ctx: click.Context) -> int:
    """The file that is read."""
    from tui_assistant.config import config_path

    click.echo(os.fsencode(config_path(ctx.obj)))  # as it is, whatever is in its name
    return 0


@config.command("set", context_settings={"ignore_unknown_options": True})
@click.argument("key")
@click.argument("value")
@click.pass_context
def config_set(ctx: click.Context, /, key: str, value: str) -> int:
    """Write one setting into the file.

    For example: `tui-assistant config set turn_detection.silence_duration_ms 700`
    """
    from tui_assistant.commands import settings

    return settings.set_value(key, value, ctx.obj)


@config.command("edit")
@click.pass_context
def config_edit(ctx: click.Context) -> int:
    """Open the file in your editor, and check it afterwards."""
    from tui_assistant.commands import settings

    return settings.edit(ctx.obj)


@cli.group()
def models() -> None:
    """The models that listen, answer and speak."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def models_list(as_json: bool) -> int:
    """Every model, and whether it can be used."""
    from tui_assistant.commands import models

    return models.run_list(as_json)


@models.command("path")
@click.argument("name", default="")
def models_path(name: str) -> int:
    """Where downloaded models are kept, or one of them."""
    from tui_assistant.commands import models

    return models.run_path(name)


@models.command("get")
@click.argument("name")
@click.option("--use", is_flag=True, help="Write into the settings that it is used.")
@click.pass_context
def models_get(ctx: click.Context, /, name: str, use: bool) -> int:
    """Download a model; goes on where an earlier try ended."""
    from tui_assistant.commands import models

    return models.run_get(name, use, ctx.obj)


@models.command("remove")
@click.argument("name")
def models_remove(name: str) -> int:
    """Delete a downloaded model."""
    from tui_assistant.commands import models

    return models.run_remove(name)


cli.add_command(key)


def main(arguments: Sequence[str] | None = None) -> None:
    """The program. Always ends it, with an exit status."""
    sys.exit(guard.guarded(lambda: _command(arguments)))


def _command(arguments: Sequence[str] | None) -> int:
    try:
        result = cli.main(arguments, prog_name=PROGRAM, standalone_mode=False)
    except click.Abort as error:  # click's name for ctrl-c and for the end of input at a question
        raise KeyboardInterrupt from error
    except click.ClickException as error:
        return wrong_call.told(error, PROGRAM)
    return int(result or 0)
