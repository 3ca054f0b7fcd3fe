"""Settings: config.toml, then environment variables TUI_ASSISTANT_*, then the command line; the later one wins.

    threshold = 0.6  under [turn_detection]      TUI_ASSISTANT_TURN_DETECTION__THRESHOLD=0.6      --threshold 0.6

A value that is not allowed is reported with the place it came from, its key and what is allowed; all of them at once.
A secret is never a setting: `responder.api_key_env` names the environment variable that holds it.
"""

from __future__ import annotations

import difflib
import functools
import os
import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from platformdirs import user_config_path
from pydantic import Field, StringConstraints, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from tui_assistant.config_secrets import secrets_in
from tui_assistant.config_sections import (
    AudioSettings,
    BargeInSettings,
    KeySettings,
    LinkSettings,
    McpSettings,
    ModelSettings,
    PersonaSettings,
    PresetSettings,
    ResponderSettings,
    ScreenSettings,
    Section,
    SpeechSettings,
    TranscriptionSettings,
    TurnDetectionSettings,
    VoiceSettings,
)
from tui_assistant.errors import ConfigError, keylike
from tui_assistant.privatefile import NOWHERE

PREFIX = "TUI_ASSISTANT_"
CONFIG_VARIABLE = PREFIX + "CONFIG"
# variables of the same prefix that are no settings: they say where things are, or belong to one command
OTHER_VARIABLES = {PREFIX + name for name in ("CONFIG", "STATE", "DEBUG", "TOKEN")}

# what may hold a key by mistake: the value is not repeated in a message
_SECRETS = {"api_key_env", "token_env", "env", "command", "chat", "key_env", "url"}


# Tables of tables: names that the user gives, only in the file.
NAMED: dict[str, type[Section]] = {"presets": PresetSettings, "personas": PersonaSettings, "mcp": McpSettings}


class Settings(BaseSettings):
    """Everything that can be set. Build it with `load`."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    mode: Literal["hands-free", "push-to-talk"] = "hands-free"
    persona: str = Field(default="", description="the name of a section [personas.NAME]")
    turn_detection: TurnDetectionSettings = TurnDetectionSettings()
    barge_in: BargeInSettings = BargeInSettings()
    audio: AudioSettings = AudioSettings()
    keys: KeySettings = KeySettings()
    models: ModelSettings = ModelSettings()
    responder: ResponderSettings = ResponderSettings()
    transcription: TranscriptionSettings = TranscriptionSettings()
    speech: SpeechSettings = SpeechSettings()
    voice: VoiceSettings = VoiceSettings()
    link: LinkSettings = LinkSettings()
    screen: ScreenSettings = ScreenSettings()
    presets: dict[str, PresetSettings] = Field(default_factory=dict)
    """The user's own, by name; only in the file."""
    personas: dict[str, PersonaSettings] = Field(default_factory=dict)
    mcp: dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,24}$")], McpSettings] = Field(
        default_factory=dict
    )

    @property
    def push_to_talk(self) -> bool:
        """Whether the conversation begins with turn_detection null."""
        return self.mode == "push-to-talk" or self.turn_detection.type == "none"


@dataclass(frozen=True, slots=True)
class Flag:
    """A value from the command line, with the name of the option for messages."""

    name: str
    value: Any


def config_path(given: str | None = None) -> Path:
    """The file that is read: `--config`, else TUI_ASSISTANT_CONFIG, else the platform's place for it.

    Raises ConfigError for a name that begins with the home folder of nobody.
    """
    chosen = given or os.environ.get(CONFIG_VARIABLE)
    if chosen:
        try:
            return Path(chosen).expanduser()
        except RuntimeError as error:
            raise ConfigError(f"{chosen}: there is no such home folder", "write the whole path") from error
    try:
        return user_config_path("tui-assistant", appauthor=False) / "config.toml"
    except RuntimeError:  # so says platformdirs
        return NOWHERE / "config.toml"


def edit(path: Path) -> str:
    """How to open the settings file at `path`, for a message."""
    named = "" if path == config_path() else f" --config {shlex.quote(str(path))}"
    return f"`tui-assistant config{named} edit` opens the file"


def fields(of: type[Settings | Section] = Settings) -> dict[str, FieldInfo]:
    """Every setting by its dotted key, in the order of the sections, without those of NAMED."""
    found: dict[str, FieldInfo] = {}
    for name, field in of.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            found |= {f"{name}.{key}": inner for key, inner in fields(field.annotation).items()}
        elif of is not Settings or name not in NAMED:
            found[name] = field
    return found


def value_of(settings: Settings, key: str) -> Any:
    """What is set at the dotted key."""
    return functools.reduce(getattr, key.split("."), settings)


def load(flags: Mapping[str, Flag] | None = None, file: str | None = None) -> Settings:
    """The settings in force. `flags`: dotted key -> Flag. A `file` that is named but missing is an error.

    Raises ConfigError whose message has one line per problem.
    """
    path = config_path(file)
    if file is not None and not path.exists():
        raise ConfigError(f"--config {path}: there is no such file", "leave --config out for the usual place")
    return check(read_file(path), str(path), flags or {}, os.environ)


def read_file(path: Path) -> dict[str, Any]:
    """The file as a dictionary, empty when there is none. Raises ConfigError with line and column for broken TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):  # the latter: HOME=/dev/null
        return {}
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text at byte {error.start}", edit(path)) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}", edit(path)) from error


def check(document: dict[str, Any], path: str, flags: Mapping[str, Flag], environment: Mapping[str, str]) -> Settings:
    """Settings out of the three sources; see `load`."""
    secrets = secrets_in(document)
    problems = [*(f"{path}: {text}" for text in secrets.values()), *_unknown_variables(environment)]

    class Sourced(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            # our own instead of env_settings: a variable sets one key, never a whole section as JSON
            variables = InitSettingsSource(settings_cls, init_kwargs=nested(_variables(environment)))
            return init_settings, variables, InitSettingsSource(settings_cls, init_kwargs=document)

    try:
        settings = Sourced(**nested({key: flag.value for key, flag in flags.items()}))
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        details = [each for each in details if _key(each) not in secrets]
        problems += [_problem(detail, origin(_key(detail), document, path, flags, environment)) for detail in details]
    else:
        problems += [f"{path}: mcp.{name}: {wrong}" for name, each in settings.mcp.items() if (wrong := each.problem())]
    if problems:
        raise ConfigError("\n".join(dict.fromkeys(problems)))
    return settings


def origin(
    key: str, document: dict[str, Any], path: str, flags: Mapping[str, Flag], environment: Mapping[str, str]
) -> str:
    """Where the value of `key` comes from: an option, a variable, the file's path, or "" for the default."""
    if key in flags:
        return flags[key].name
    if key in _variables(environment):
        return variable_of(key)
    value: Any = document
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            return ""
        value = value[part]
    return path


def variable_of(key: str) -> str:
    """The environment variable that sets `key`."""
    return PREFIX + key.replace(".", "__").upper()


def unknown(key: str) -> str:
    """What to say about a key that does not exist."""
    inside = [name for name in fields() if name.startswith(f"{key}.")]
    if inside:
        return f"a table of settings; one of them is {inside[0]}"
    known = [*fields(), *Settings.model_fields]
    last = key.rpartition(".")[2]
    if own := NAMED.get(key.partition(".")[0]):
        known = [f"{key.rpartition('.')[0]}.{name}" for name in own.model_fields]
    near = [name for name in known if name.rpartition(".")[2] == last] or difflib.get_close_matches(key, known, n=1)
    near = near or [name for name in known if difflib.get_close_matches(last, [name.rpartition(".")[2]], cutoff=0.75)]
    return f"unknown key; did you mean {near[0]}?" if near else "unknown key; `tui-assistant config show` lists all"


def allowed(key: str) -> str:
    """What may stand at `key`, in words."""
    field = fields().get(key)
    if own := NAMED.get(key.partition(".")[0]):
        field = own.model_fields.get(key.split(".")[2]) if key.count(".") > 1 else None
    if field is None:
        return "a table of settings"
    if get_origin(field.annotation) is Literal:
        return ", ".join(str(choice) for choice in get_args(field.annotation))
    if field.annotation is bool:
        return "true or false"
    if field.annotation in (int, float):
        low = next(item.ge for item in field.metadata if hasattr(item, "ge"))
        high = next(item.le for item in field.metadata if hasattr(item, "le"))
        return f"a {'whole ' if field.annotation is int else ''}number from {low:g} to {high:g}"
    return field.description or "text"


def _problem(detail: ErrorDetails, source: str) -> str:
    key = _key(detail)
    if detail["type"] == "extra_forbidden":
        return f"{source}: {key}: {unknown(key)}"
    hidden = key.rpartition(".")[2] in _SECRETS or keylike(str(detail["input"]))
    value = "(not shown)" if hidden else _shown(detail["input"])
    if source.startswith("-"):
        place = f"{source} {value}"
    elif source.startswith(PREFIX):
        place = f"{source}={value}"
    else:
        place = f"{source}: {key} = {value}"  # a file holds many keys and must name the one
    return f"{place}: allowed is {allowed(key)}"


def _shown(value: Any) -> str:
    text = re.sub(r"\s+", " ", str(value).lower() if isinstance(value, bool) else str(value))
    return text if len(text) <= 60 else text[:59] + "…"


def _key(detail: ErrorDetails) -> str:
    return ".".join(part for part in detail["loc"] if isinstance(part, str))  # without the places in lists


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """A document out of dotted keys."""
    result: dict[str, Any] = {}
    for key, value in flat.items():
        *sections, name = key.split(".")
        inner = result
        for section in sections:
            inner = inner.setdefault(section, {})
        inner[name] = value
    return result


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings among the variables; an empty variable sets nothing."""
    values = {name.upper(): value for name, value in environment.items()}  # Windows does not keep their case
    return {key: values[variable_of(key)] for key in fields() if values.get(variable_of(key))}


def _unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Problems of variables that begin like ours and set nothing, which would otherwise go unnoticed."""
    known = OTHER_VARIABLES | {variable_of(key) for key in fields()}
    problems = []
    for name in environment:
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            rest = name.upper().removeprefix(PREFIX)  # else all are alike, by the prefix alone
            places = {each.removeprefix(PREFIX): each for each in sorted(known)}
            near = [each for part, each in places.items() if part.rpartition("__")[2] == rest]
            near = near or [places[part] for part in difflib.get_close_matches(rest, places, n=1)]
            problems.append(f"{name}: unknown variable" + (f"; did you mean {near[0]}?" if near else ""))
    return problems
