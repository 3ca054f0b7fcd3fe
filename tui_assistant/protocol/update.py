"""How a `session.update` changes a configuration: merged key by key, refused whole when one value is not allowed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from tui_assistant.errors import RemoteProtocolError
from tui_assistant.protocol.session import TRANSCRIPTION_FIELDS, SemanticVad, ServerVad, SessionConfig

# Keys that the service sends in a session object; clients send whole sessions back, so they are accepted and ignored.
READ_ONLY = frozenset({"id", "object", "expires_at", "model"})

_VAD_FIELDS: dict[str, frozenset[str]] = {
    "server_vad": frozenset(ServerVad.model_fields),
    "semantic_vad": frozenset(SemanticVad.model_fields),
}
_ANY_VAD_FIELD = _VAD_FIELDS["server_vad"] | _VAD_FIELDS["semantic_vad"]
_SHOWN_CHARACTERS = 60  # of a refused value, in an error message
# Objects told apart by a `type` are replaced, not merged, when the type changes.
_TYPED = frozenset({"format", "turn_detection"})


def apply_update(config: SessionConfig, patch: Mapping[str, Any]) -> SessionConfig:
    """The configuration after `patch`, the `session` object of a `session.update`.

    Raises RemoteProtocolError with `param` in dotted form; then nothing has changed.
    """
    if patch.get("type") is None:
        message = "Missing required parameter: 'session.type'."
        raise RemoteProtocolError(message, code="missing_required_parameter", param="session.type")
    changes = {key: value for key, value in patch.items() if key not in READ_ONLY}
    if patch["type"] == "transcription":
        foreign = [key for key in changes if key not in TRANSCRIPTION_FIELDS]
        if isinstance(changes.get("audio"), Mapping):
            foreign += [f"audio.{key}" for key in changes["audio"] if key != "input"]
        if foreign:
            param = f"session.{foreign[0]}"
            raise RemoteProtocolError(f"Unknown parameter: '{param}'.", code="unknown_parameter", param=param)
    merged = _merge(config.model_dump(mode="json"), changes)
    try:
        return SessionConfig.model_validate_json(json.dumps(merged))
    except ValidationError as error:
        raise refusal(error, "session") from None
    except (TypeError, ValueError) as error:
        raise RemoteProtocolError(f"Invalid session: {error}.", code="invalid_value", param="session") from None


# pydantic puts the chosen member of a union into the path of a problem; the protocol's paths don't have it.
_UNION_TAGS = frozenset(
    {"server_vad", "semantic_vad", "audio/pcm", "audio/pcmu", "audio/pcma", "mode", "function"}
    | {"message", "function_call", "function_call_output", "system", "user", "assistant", "input_text", "input_audio"}
)


def _is_tag(step: str) -> bool:
    return step in _UNION_TAGS or "[" in step or step.startswith("constrained-")


def refusal(error: ValidationError, root: str = "", *, skip: int = 0) -> RemoteProtocolError:
    """The first problem of a failed validation, in the service's words and codes.

    `root` stands in front of the dotted path of the field; the first `skip` steps of pydantic's path are left out.
    """
    problem = error.errors(include_url=False)[0]
    kind = problem["type"]
    steps = [str(step) for step in problem["loc"][skip:]]
    names = [step for step in steps if not _is_tag(step)]
    if kind == "extra_forbidden" and _is_tag(steps[-1]):
        names.append(steps[-1])  # the peer's own word, whatever it looks like
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        names.append(problem["ctx"]["discriminator"].strip("'"))
    param = ".".join([root, *names] if root else names) or None
    if kind in ("missing", "union_tag_not_found"):
        message = f"Missing required parameter: '{param}'."
        return RemoteProtocolError(message, code="missing_required_parameter", param=param)
    if kind == "extra_forbidden":
        return RemoteProtocolError(f"Unknown parameter: '{param}'.", code="unknown_parameter", param=param)
    if kind == "union_tag_invalid":
        message = (
            f"Invalid value for '{param}': '{problem['ctx']['tag']}'. Expected: {problem['ctx']['expected_tags']}."
        )
        return RemoteProtocolError(message, code="invalid_value", param=param)
    value = problem["input"]
    given = repr(value) if isinstance(value, str) else json.dumps(value, default=repr)  # null, not None
    shown = given if len(given) <= _SHOWN_CHARACTERS else given[: _SHOWN_CHARACTERS - 3] + "..."
    expected = "Expected: ['audio'] or ['text']" if names[-1:] == ["output_modalities"] else problem["msg"]
    message = f"Invalid value for '{param}': {shown}. {expected}."
    return RemoteProtocolError(message, code="invalid_value", param=param)


def _merge(old: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for key, value in patch.items():
        before = old.get(key)
        if key == "turn_detection":
            merged[key] = _turn_detection(before, value)
        elif isinstance(value, Mapping) and isinstance(before, Mapping):
            same = key not in _TYPED or value.get("type", before.get("type")) == before.get("type")
            merged[key] = _merge(before, value) if same else dict(value)
        else:
            merged[key] = value
    return merged


def _turn_detection(old: Mapping[str, Any] | None, patch: Any) -> Any:
    """null and "none" mean manual; a bare string is a type; another type starts from its defaults.

    Keys of the other type are ignored, because the dashscope package always sends server_vad's.
    """
    if patch is None or patch == "none":
        return None
    if isinstance(patch, str):
        patch = {"type": patch}
    if not isinstance(patch, Mapping):
        return patch
    kind = patch.get("type", (old or {}).get("type", "server_vad"))
    if kind == "none":
        return None
    base = dict(old) if old is not None and old.get("type") == kind else {}
    foreign = _ANY_VAD_FIELD - _VAD_FIELDS.get(kind, _ANY_VAD_FIELD) if isinstance(kind, str) else frozenset()
    changes = {key: value for key, value in patch.items() if key not in foreign}
    return {**base, **changes, "type": kind}
