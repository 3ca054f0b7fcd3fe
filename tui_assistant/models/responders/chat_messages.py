"""The messages of a chat request: what was said, and which functions were called, as chat servers want to read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tui_assistant.engine.ports import ChatMessage, Respond
from tui_assistant.models.responders.chat_settings import ChatSettings

Message = dict[str, Any]
Block = list[Message]  # what must not be separated: one message, or calls with their outputs

_RETURNED = "The function returned "  # how the engine begins the line of an output (engine/conversation.py)


def messages_for(request: Respond, settings: ChatSettings, *, native: bool = False) -> list[Message]:
    """One system message, then the newest part of the conversation that fits, beginning with the user.

    Neighbours of one role become one message: some models' templates accept nothing else, and a voice conversation has
    many of them (two turns in a row, an interrupted answer). `native`: the server knows tools, so a call that has its
    output becomes `tool_calls` and a message of the role `tool`; all others stay words in the system message.
    """
    system = [settings.system, request.instructions]
    blocks: list[Block] = []
    answered = _answered(request.messages) if native else {}
    again = False  # the line before was a call of the same answer
    for line in request.messages:
        text = _sendable(line.text)
        if line.call is not None and line.call.call_id in answered:
            output = answered[line.call.call_id]
            _add_call(blocks, line, output[: settings.history // 2], again=again)  # half: the question must fit too
            again = True
            continue
        again = False
        if not text or line.output_of in answered:
            continue
        if line.role == "system":
            system.append(text)
        elif blocks and len(blocks[-1]) == 1 and blocks[-1][0]["role"] == line.role:
            blocks[-1][0]["content"] += f"\n{text}"
        else:
            blocks.append([{"role": line.role, "content": text}])
    head = "\n\n".join(part.strip() for part in system if part.strip())
    newest = [message for block in _newest(blocks, settings.history) for message in block]
    return [*([{"role": "system", "content": head}] if head else []), *newest]


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


def _newest(blocks: list[Block], room: int) -> list[Block]:
    kept: list[Block] = []
    longest = room
    for block in reversed(blocks):
        size = sum(map(_size, block))
        if kept and size > room:
            break
        if len(block) == 1:
            block[0]["content"] = block[0]["content"][-longest:]
        kept.append(block)
        room -= size
    while len(kept) > 1 and kept[-1][0]["role"] != "user":
        kept.pop()
    return kept[::-1]


def _size(message: Message) -> int:
    """About how many characters the model has to read."""
    calls = (call["function"] for call in message.get("tool_calls", ()))
    return len(message["content"] or "") + sum(len(call["name"]) + len(call["arguments"]) for call in calls)


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode().strip()  # a lone surrogate cannot be sent
