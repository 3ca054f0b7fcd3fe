from __future__ import annotations

import pytest

from tui_assistant import errors


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.AssistantError, 1),
        (errors.UsageError, 2),
        (errors.ConfigError, 2),
        (errors.UnavailableError, 1),
        (errors.DeviceError, 1),
        (errors.ModelError, 1),
        (errors.LinkError, 1),
        (errors.LocalProtocolError, 1),
    ],
)
def test_exit_status(kind: type[errors.AssistantError], status: int) -> None:
    assert kind("it broke").exit_status == status


def test_the_hint_follows_the_message() -> None:
    assert str(errors.DeviceError("no microphone", hint="plug one in")) == "no microphone (plug one in)"
    assert str(errors.DeviceError("no microphone")) == "no microphone"


def test_a_remote_error_names_code_and_field() -> None:
    error = errors.RemoteProtocolError("out of range", code="invalid_value", param="session.threshold")
    assert (error.code, error.param, str(error)) == ("invalid_value", "session.threshold", "out of range")


def test_every_class_of_the_module_is_in_the_tree_of_its_docstring() -> None:
    classes = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert len(classes) == 10
    for kind in classes:
        assert issubclass(kind, errors.AssistantError)
        assert kind.__name__ in (errors.__doc__ or "")
