"""How much of a conversation a model is sent: the newest part that fits, and never half of a call with its output.

Counted in characters, of which about four are a token in English; what a server reports of its own counting corrects
that (Density). Instructions and tools stay, whatever they take; the conversation gets the rest, at least a quarter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

CHARACTERS_PER_TOKEN = 4.0
LEAST_DENSITY = 0.5  # a character can be two tokens, in scripts that a model has hardly seen
LEAST_MEASURED = 1_000  # characters; in a short request the template around the words counts more than they do
LEAST_ASKED = 500  # characters; a server that refuses so little as too long means something else
ANSWER_SHARE = 0.25  # of a context that turned out small: it is left for the answer
# llama.cpp: "exceeds the available context size"; vLLM, OpenAI: "maximum context length is ..."; LM Studio: "context
# length of only ..."; Ollama: "input length exceeds the context length".
_TOO_LONG = re.compile(rb"context[ _-](?:size|length|window)|context_length_exceeded|maximum context", re.I)
# Both counts, as in "request (22717 tokens) exceeds the available context size (2048 tokens)".
_COUNTS = re.compile(rb"(\d+) tokens|(?:tokens \(|context window of )(\d+)", re.I)

Message = dict[str, Any]
Block = list[Message]  # what must not be separated: one message, or calls with their outputs


class Density:
    """Characters per token, as the server counts; and how many characters it can take."""

    def __init__(self) -> None:
        self.characters_per_token = CHARACTERS_PER_TOKEN
        self._most = math.inf  # characters of a request

    def measured(self, characters: int, tokens: int) -> None:
        """What a request of so many characters was for the server; a server that reports nothing says 0."""
        if characters >= LEAST_MEASURED and tokens > 0:
            self.characters_per_token = min(CHARACTERS_PER_TOKEN, max(LEAST_DENSITY, characters / tokens))

    def too_long(self, status: int, body: bytes, asked: int) -> bool:
        """Whether a refusal means that a request of `asked` characters was too long and a shorter one is worth a try.

        The next one is so much shorter as the server's counts say, and by half where it tells none.
        """
        if status not in (400, 413, 422, 500) or not _TOO_LONG.search(body) or asked <= LEAST_ASKED:
            return False
        counts = sorted(int(first or second) for first, second in _COUNTS.findall(body)[:2])
        told = len(counts) == 2 and 0 < counts[0] < counts[1]
        share = (1 - ANSWER_SHARE) * counts[0] / counts[1] if told else 0.5
        self._most = min(self._most / 2, asked * share)
        return True

    def room(self, context_tokens: int, fixed: int) -> int:
        """Characters for the conversation. `fixed`: those of instructions and tools."""
        whole = int(min(context_tokens * self.characters_per_token, self._most))
        return max(whole - fixed, whole // 4)


def newest(blocks: Sequence[Block], room: int) -> list[Block]:
    """The end of the conversation that has at most `room` characters, beginning with the user where it can.

    What is being answered - the user's last words, and the calls since - comes first; of it only what is too long by
    itself is cut: the words at their beginning, the outputs at their end.
    """
    last = next((place for place in range(len(blocks) - 1, -1, -1) if _is_user(blocks[place])), 0)
    kept = _fitting(blocks[last:], room)
    room -= sum(map(size, kept))
    if len(kept) < len(blocks) - last:
        return kept  # there is not even room for all of this turn
    older: list[Block] = []
    for block in reversed(blocks[:last]):
        if size(block) > room:
            break
        room -= size(block)
        older.append(block)
    while older and not _is_user(older[-1]):
        older.pop()
    return [*reversed(older), *kept]


def size(block: Block) -> int:
    """About how many characters the model has to read."""
    return sum(_size(message) for message in block)


def _fitting(turn: Sequence[Block], room: int) -> list[Block]:
    """The turn that is being answered, within `room`."""
    if sum(map(size, turn)) <= room:
        return list(turn)
    head = [_tail(block, room // 4) for block in turn[:1] if _is_user(block)]
    room -= sum(map(size, head))
    kept: list[Block] = []
    for block in reversed(turn[len(head) :]):
        cut = _cut(block, room)
        if cut is None:
            break
        kept.append(cut)
        room -= size(cut)
    if head and not kept and size(head[0]) < size(turn[0]):  # nothing else needs the room
        head = [_tail(turn[0], room + size(head[0]))]
    return [*head, *reversed(kept)]


def _cut(block: Block, room: int) -> Block | None:
    """The block with its texts cut so that it fits; None where calls alone are too long. Calls are never cut."""
    if size(block) <= room:
        return block
    texts = [message for message in block if message["content"]]
    fixed = size(block) - sum(len(message["content"]) for message in texts)
    if fixed > room or not texts:
        return None
    each = (room - fixed) // len(texts)
    return [{**message, "content": message["content"][:each]} if message["content"] else message for message in block]


def _tail(block: Block, room: int) -> Block:
    """The end of one message: what was said last is what is asked."""
    text = block[0]["content"]
    return [{**block[0], "content": text[len(text) - room :] if len(text) > room else text}]


def _is_user(block: Block) -> bool:
    return bool(block[0]["role"] == "user")


def _size(message: Message) -> int:
    calls = (call["function"] for call in message.get("tool_calls", ()))
    return len(message["content"] or "") + sum(len(call["name"]) + len(call["arguments"]) for call in calls)
