"""How a method of a stock driver is given other things under the names that it looks up; Textual stays as it is."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

PARSER = "XTermParser"  # under which name the stock drivers find the parser


def with_names(function: Callable[..., Any], **names: Any) -> Callable[..., Any]:
    """The same function, which finds other things under these global names. Its module stays as it is."""
    assert isinstance(function, types.FunctionType)
    scope = {**function.__globals__, **names}
    return types.FunctionType(function.__code__, scope, function.__name__, function.__defaults__, function.__closure__)
