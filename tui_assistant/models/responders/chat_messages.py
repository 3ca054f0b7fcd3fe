"""The messages of a chat request: what was said, and which functions were called, as chat servers want to read it."""

from __future__ import annotations

from collections.abc import Iterable

from tui_assistant.engine.ports import ChatMessage, Respond
from tui_assistant.models.responders.chat_budget import Block, Density, Message, newest, size
from tui_assistant.models.responders.chat_settings import ChatSettings

_RETURNED = "The function returned "  # how the engine begins the line of an output (engine/conversation.py)


def messages_for(
    request: Respond, settings: ChatSettings, *, native: bool = False, density: Density | None = None, tools: int = 0
) -> list[Message]:
    """One system message, then the newest part of the conversation that fits, beginning with the user.

    Neighbours of one role become one message: some models' templates accept nothing else, and a voice conversation has
    many of them (two turns in a row, an interrupted answer). `native`: the server knows tools, so a call that has its
    output becomes `tool_calls` and a message of the role `tool`; all others stay words in the system message.
    `tools`: the characters of their definitions, which need room, too.
    """
    system = [settings.system, request.instructions, *(line.text for line in _instructions(request.messages))]
    if settings.language:
        system.append(f"Answer in {settings.language}.")
    fixed = sum(len(part) + 2 for part in system) + tools
    room = settings.history or (density or Density()).room(settings.context_tokens, fixed)
    told: list[tuple[str, str]] = []
    blocks: list[Block] = []
    answered = _answered(request.messages) if native else {}
    again = False  # the line before was a call of the same answer
    for line in request.messages:
        text = _sendable(line.text)
        if line.call is not None and line.call.call_id in answered:
            output = answered[line.call.call_id]
            _add_call(blocks, line, output[: room // 2], again=again)  # half: the question must fit too
            again = True
            continue
        again = False
        if not text or line.output_of in answered:
            continue
        if line.role == "system":
            if line.call is not None or line.output_of is not None:
                told.append((line.call.call_id if line.call else line.output_of or "", text))
        elif blocks and len(blocks[-1]) == 1 and blocks[-1][0]["role"] == line.role:
            blocks[-1][0]["content"] += f"\n{text}"
        else:
            blocks.append([{"role": line.role, "content": text}])
    words = _told(told, room // 2)
    kept = newest(blocks, room - sum(map(len, words)))
    head = "\n\n".join(part for part in (_sendable(part) for part in (*system, *words)) if part)
    return [*([{"role": "system", "content": head}] if head else []), *(message for block in kept for message in block)]


def characters(messages: Iterable[Message]) -> int:
    """About how much the model has to read."""
    return sum(size([message]) for message in messages)


def _instructions(lines: Iterable[ChatMessage]) -> list[ChatMessage]:
    return [line for line in lines if line.role == "system" and line.call is None and line.output_of is None]


def _answered(lines: Iterable[ChatMessage]) -> dict[str, str]:
    """The outputs of the calls that were made before them, by the call's id; the first one of each."""
    called: set[str] = set()
    found: dict[str, str] = {}
    for line in lines:
        if line.call is not None:
            called.add(line.call.call_id)
        elif line.output_of in called and line.output_of is not None:
            found.setdefault(line.output_of, _sendable(line.text.removeprefix(_RETURNED)))
    return found


def _add_call(blocks: list[Block], line: ChatMessage, output: str, *, again: bool) -> None:
    """A call, and its output at once behind it: "must be followed by tool messages responding to each tool_call_id"."""
    assert line.call is not None
    function = {"name": line.call.name, "arguments": _sendable(line.call.arguments)}
    call = {"id": line.call.call_id, "type": "function", "function": function}
    if not again:
        if blocks and len(blocks[-1]) == 1 and blocks[-1][0]["role"] == "assistant":
            blocks[-1][0]["tool_calls"] = []  # what was said before the call
        else:
            blocks.append([{"role": "assistant", "content": None, "tool_calls": []}])
    blocks[-1][0]["tool_calls"].append(call)
    blocks[-1].append({"role": "tool", "tool_call_id": line.call.call_id, "content": output})


def _told(lines: list[tuple[str, str]], room: int) -> list[str]:
    """Calls that the server cannot read as calls, in words: the newest, each with its output, within `room`."""
    kept: set[str] = set()
    for call_id in dict.fromkeys(call_id for call_id, _ in reversed(lines)):
        room -= sum(len(text) for each, text in lines if each == call_id)
        if room < 0:
            break
        kept.add(call_id)
    return [text for call_id, text in lines if call_id in kept]


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode().strip()  # a lone surrogate cannot be sent
