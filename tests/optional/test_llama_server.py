"""The real llama.cpp server behind the chat responder. A job of its own: its package is large.

    pip install xllamacpp gguf
    pytest -m llama tests/optional

The model is made here, at random: what it says means nothing, and how it is said is what is looked at.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tui_assistant.engine.ports import ChatMessage, FunctionCallDelta, Respond, Responded, TextDelta, Tool
from tui_assistant.host.inbox import Flag
from tui_assistant.models.registry import Port, create

pytestmark = [pytest.mark.llama, pytest.mark.timeout(300)]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
LIMIT = 24  # tokens of an answer: a model like this one does not find an end
MISSING = [name for name in ("xllamacpp", "gguf") if importlib.util.find_spec(name) is None]
PROGRAM = Path(__file__).with_name("llama_program.py")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server that answers."""
    if MISSING:
        pytest.skip(f"needs {', '.join(MISSING)}: pip install xllamacpp gguf")
    import tiny_llama

    folder = tmp_path_factory.mktemp("llama")
    tiny_llama.write(folder / "tiny.gguf")
    command = [sys.executable, str(PROGRAM), str(folder / "tiny.gguf"), str(tiny_llama.CONTEXT)]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
    assert server.stdout is not None
    try:
        while not (line := server.stdout.readline()).startswith("http://"):
            assert line, (folder / "log").read_text()[-2_000:]
        yield f"{line.strip()}/v1"
    finally:
        server.communicate(timeout=30)


def ask(text: str = "hello", **more: Any) -> Respond:
    return Respond("a", "s", (ChatMessage("user", text),), max_output_tokens=LIMIT, **more)


def respond(model: Any, request: Respond) -> tuple[list[TextDelta], list[FunctionCallDelta], list[Responded]]:
    pieces = list(model.respond(request, Flag()))
    found = [[piece for piece in pieces if isinstance(piece, kind)] for kind in (TextDelta, FunctionCallDelta)]
    ends = [piece for piece in pieces if isinstance(piece, Responded)]
    assert ends == pieces[-1:]
    return *found, ends  # type: ignore[return-value]  # each holds what its kind says


def test_an_answer_comes_in_pieces_and_stops_at_the_limit(address: str) -> None:
    model = create(Port.RESPONDER, "chat", {"base_url": address})
    texts, calls, _ = respond(model, ask())
    assert len(texts) > 1
    assert calls == []
    assert respond(model, ask())[2]  # and the next one


def test_an_answer_that_is_not_wanted_any_more_ends_and_the_next_one_comes(address: str) -> None:
    model = create(Port.RESPONDER, "chat", {"base_url": address})
    flag, pieces = Flag(), 0
    for _ in model.respond(Respond("a", "s", (ChatMessage("user", "go on and on"),)), flag):
        pieces += 1
        if pieces == 3:
            flag.cancel()
    assert pieces < 2_000  # the context's end
    assert respond(model, ask())[0]


def test_tools_are_offered_and_nonsense_calls_nothing_that_there_is_not(address: str) -> None:
    model = create(Port.RESPONDER, "chat", {"base_url": address})
    tools = (Tool("weather", "The weather of a city.", SCHEMA),)
    _, calls, ends = respond(model, ask(tools=tools))
    assert all(call.name in ("weather", "") for call in calls)
    assert ends


def test_a_conversation_beyond_the_context_is_cut_and_answered(address: str) -> None:
    model = create(Port.RESPONDER, "chat", {"base_url": address, "context_tokens": 100_000})
    long = tuple(ChatMessage("user" if at % 2 == 0 else "assistant", "and so on " * 40) for at in range(41))
    texts, _, _ = respond(model, Respond("a", "s", long, max_output_tokens=LIMIT))
    assert texts


def test_the_program_talks_to_it(address: str, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[responder]\nchat = "{address}"\ntools = false\nremember = true\n')
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TUI_ASSISTANT_")}
    environment |= {"TUI_ASSISTANT_STATE": str(tmp_path / "state"), "TUI_ASSISTANT_CONFIG": str(config)}
    program = subprocess.Popen(
        [sys.executable, "-m", "tui_assistant", "--plain", "--output", "none"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    try:
        program.stdin.write("tell me something that no skill can answer\n")
        line = next(line for line in program.stdout if " bot  " in line)
        assert "[failed]" not in line
        program.stdin.write("/quit\n")
        program.stdin.flush()
        assert program.wait(60) == 0
    finally:
        program.kill()
        program.wait(30)
