"""A responder whose model may call our own tools: they run here, their results go back to the model, in the same turn.

Functions of the client are not ours: a call of one goes out as it always did. What a tool may change outside is asked
about first, in our words and not the model's; until the user says yes nothing happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tui_assistant.engine.ports import (
    Alarm,
    Cancellation,
    ChatMessage,
    FunctionCallDelta,
    Respond,
    Responded,
    Responder,
    TextDelta,
    ToolCall,
)
from tui_assistant.errors import ModelError
from tui_assistant.models import registry
from tui_assistant.models.registry import Port
from tui_assistant.models.tools import plugins
from tui_assistant.models.tools.base import OwnTool, ToolContext, ToolResult, shortened
from tui_assistant.models.tools.mcp_config import servers
from tui_assistant.models.tools.questions import Questions, Reply, Wanted
from tui_assistant.models.tools.recall import Recall
from tui_assistant.models.tools.toolbox import Checked, Source, Toolbox, call, check, offered, unknown

DEFAULT_ROUNDS = 4  # answers of the model that call tools, in one turn: the user waits in silence for each
MAX_CALLS = 16  # of one turn
LONGEST_NOTE = 500  # characters of what was used: a value of metadata has 512
_DECLINED = "Okay, I won't."
Pieces = Iterator[TextDelta | FunctionCallDelta | Responded]


@dataclass(slots=True)
class _Turn:
    """One answer to the user, over several answers of the model."""

    request: Respond
    tools: dict[str, OwnTool]
    lines: list[ChatMessage] = field(default_factory=list)  # behind those of the conversation
    used: list[str] = field(default_factory=list)
    results: list[ToolResult] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    said: str = ""
    gap: bool = False  # tools have run since the last word
    calls: int = 0
    tokens: tuple[int, int] = (0, 0)

    def add(self, call_id: str, name: str, arguments: str, result: ToolResult) -> None:
        """A call with its output: a pair, which nobody separates any more."""
        self.lines.append(
            ChatMessage("system", f"{name} was called with {arguments}", call=ToolCall(call_id, name, arguments))
        )
        self.gap = True
        self.lines.append(ChatMessage("system", f"The function returned {result.text}", output_of=call_id))

    def done(self, checked: Checked, result: ToolResult) -> None:
        self.results.append(result)
        self.used.append(checked.label + (" (failed)" if result.failed else ""))
        self.metadata |= result.metadata

    def end(self, last: Responded, **more: str) -> Responded:
        note = {"used": shortened("; ".join(self.used), LONGEST_NOTE)} if self.used else {}
        read, written = self.tokens
        return Responded(
            {**last.metadata, **self.metadata, **note, **more},
            read + last.input_tokens,
            written + last.output_tokens,
        )


class WithTools:
    """The Responder around another one."""

    def __init__(
        self,
        model: Responder,
        sources: Sequence[Source] = (),
        *,
        rounds: int = DEFAULT_ROUNDS,
        questions: Questions | None = None,
    ) -> None:
        self._model = model
        self.toolbox = Toolbox(sources)
        self._rounds = rounds
        self._questions = questions or Questions()
        self._recall = Recall()
        self._troubles: list[str] = []
        self.name = model.name

    def trouble(self, line: str) -> None:
        """Something about a tool that the user is told beside the next answer."""
        self._troubles.append(line)

    def settles(self, request: Respond) -> bool:
        """Whether the user answers our open question. If not, it is closed: a later "yes" must not count for it."""
        if self._questions.reply(request.session_id, request.messages) is not Reply.ELSEWHERE:
            return True
        self._questions.close(request.session_id)
        return False

    def respond(self, request: Respond, cancellation: Cancellation) -> Pieces:
        # Where the client wants a function of its own to be called, or none at all, ours are out of place.
        tools = self.toolbox.tools(tool.name for tool in request.tools) if request.tool_choice == "auto" else {}
        turn = _Turn(request, tools)
        reply = self._questions.reply(request.session_id, request.messages)
        question = self._questions.open(request.session_id)
        if question is not None and reply is Reply.UNHEARD:
            yield from self._ask(turn, question.calls)
            return
        question = self._questions.close(request.session_id)  # only the request that closes it carries it out
        if question is not None and reply is Reply.NO:
            yield TextDelta(_DECLINED)
            yield self._end(turn, Responded(), declined=question.what)
            return
        if question is not None and reply is Reply.YES:
            for wanted in question.calls:
                if cancellation.cancelled:
                    return
                self._run(turn, wanted, cancellation)
        yield from self._rounds_of(turn, cancellation)

    def prepares(self, request: Respond) -> bool:
        """Its model may think ahead, while tools wait for the Release; not while a question or a trouble is open."""
        owes = self._questions.open(request.session_id) is not None or self._troubles
        return not owes and prepares(self._model, request)

    def notify(self, session_id: str, ring: Callable[[Alarm], None]) -> Callable[[], None]:
        return self._model.notify(session_id, ring)

    # ------------------------------------------------------------------------------------------ one turn

    def _rounds_of(self, turn: _Turn, cancellation: Cancellation) -> Pieces:
        for number in range(self._rounds + 1):
            calls: dict[str, list[str]] = {}  # id -> name, arguments
            theirs = False
            last = Responded()
            asked = self._asked(turn, more=number < self._rounds)
            try:
                for piece in self._model.respond(asked, cancellation):
                    if isinstance(piece, Responded):
                        last = piece
                    elif isinstance(piece, TextDelta):
                        yield from self._say(turn, piece)
                    elif piece.name in turn.tools or (turn.tools and not _is_theirs(piece, turn.request)):
                        calls.setdefault(piece.call_id, [piece.name, ""])[1] += piece.arguments
                    else:
                        theirs = True
                        yield piece
            except ModelError:
                if not turn.results:
                    raise
                # Something has been done already, and the user must hear of it.
                yield from self._report(turn)
                yield self._end(turn, last)
                return
            if cancellation.cancelled:
                return
            if calls and turn.request.speculative and not released(cancellation):
                return
            if not calls or theirs:  # the client answers its calls first; the model will call ours again
                yield from self._report(turn) if turn.results and not turn.said else ()
                yield self._end(turn, last)
                return
            turn.tokens = (turn.tokens[0] + last.input_tokens, turn.tokens[1] + last.output_tokens)
            if number == self._rounds:
                break
            to_ask = self._carry_out(turn, calls, cancellation)
            if cancellation.cancelled:
                return
            if to_ask:
                yield from self._ask(turn, to_ask)
                return
        yield from self._say(turn, TextDelta(f"I stopped after {self._rounds} rounds of tools without an answer."))
        yield self._end(turn, Responded())

    def _asked(self, turn: _Turn, *, more: bool) -> Respond:
        request = turn.request
        if not turn.tools:
            return request
        return replace(
            request,
            messages=(*self._recall.woven(request.session_id, request.messages), *turn.lines),
            tools=(*request.tools, *offered(turn.tools.values())),
            tool_choice="auto" if more else "none",
        )

    def _carry_out(
        self, turn: _Turn, calls: Mapping[str, Sequence[str]], cancellation: Cancellation
    ) -> tuple[Wanted, ...]:
        """Runs what may run at once; returns what the user has to be asked about."""
        to_ask: list[Wanted] = []
        for call_id, (name, arguments) in calls.items():
            if cancellation.cancelled:
                break
            turn.calls += 1
            tool = turn.tools.get(name)
            if tool is None:
                turn.add(call_id, name, arguments, unknown(name, turn.tools))
                continue
            checked = check(tool, arguments)
            if isinstance(checked, ToolResult):
                turn.add(call_id, name, "{}", checked)
            elif turn.calls > MAX_CALLS:
                turn.add(call_id, name, arguments, ToolResult("error: too many calls in one turn", failed=True))
            elif tool.confirm:
                to_ask.append(Wanted(call_id, arguments, checked))
            else:
                self._run(turn, Wanted(call_id, arguments, checked), cancellation)
        return tuple(to_ask)

    def _run(self, turn: _Turn, wanted: Wanted, cancellation: Cancellation) -> None:
        """Carries out a call that is checked, and confirmed where it must be."""
        spoken = next((line.text for line in reversed(turn.request.messages) if line.role == "user"), "")
        result = call(wanted.checked, ToolContext(turn.request.session_id, spoken), cancellation)
        turn.done(wanted.checked, result)
        turn.add(wanted.call_id, wanted.checked.tool.name, wanted.arguments, result)

    def _ask(self, turn: _Turn, calls: Sequence[Wanted]) -> Pieces:
        question = self._questions.ask(turn.request.session_id, calls)
        yield from self._say(turn, TextDelta(question.text))
        yield self._end(turn, Responded(), confirm=shortened(question.what, LONGEST_NOTE))

    def _say(self, turn: _Turn, piece: TextDelta) -> Iterator[TextDelta]:
        if turn.gap and turn.said and not turn.said[-1].isspace() and not piece.text[:1].isspace():
            yield TextDelta(" ")  # between what was said before a tool ran and after it
        turn.gap = False
        turn.said += piece.text
        yield piece

    def _report(self, turn: _Turn) -> Iterator[TextDelta]:
        """What was done, where the model finds no words for it."""
        for used, result in zip(turn.used, turn.results, strict=True):
            turn.gap = True
            yield from self._say(
                turn, TextDelta(result.spoken or (f"That did not work: {used}." if result.failed else f"Done: {used}."))
            )

    def _end(self, turn: _Turn, last: Responded, **more: str) -> Responded:
        if turn.results:  # what was only refused is nothing to go on with
            self._recall.keep(turn.request.session_id, turn.request.messages, turn.lines)
        troubles, self._troubles[:] = "; ".join(self._troubles), []
        return turn.end(last, **more, **({"trouble": shortened(troubles, LONGEST_NOTE)} if troubles else {}))


def prepares(model: Responder, request: Respond) -> bool:
    """As the port Responder has it: not, where the adapter does not say."""
    asked: Callable[[Respond], bool] = getattr(model, "prepares", lambda request: False)
    return asked(request)


def released(cancellation: Cancellation) -> bool:
    """Waits until the answer is wanted in earnest; False: it is not, after all."""
    wait: Callable[[], bool] | None = getattr(cancellation, "wait_released", None)
    return not cancellation.cancelled if wait is None else wait()


def _is_theirs(piece: FunctionCallDelta, request: Respond) -> bool:
    return any(tool.name == piece.name for tool in request.tools)


def create(options: dict[str, Any]) -> WithTools:
    """Options: `responder` and `options`, of the one that is asked; `rounds`; `mcp`, sections by the server's name."""
    model = registry.create(Port.RESPONDER, options.get("responder", "chat"), options.get("options"))
    own, troubles = plugins.load()
    made = WithTools(model, [lambda: own], rounds=int(options.get("rounds", DEFAULT_ROUNDS)))
    for line in troubles:
        made.trouble(line)
    if wanted := servers(options.get("mcp") or {}, offline=bool(options.get("offline"))):
        from tui_assistant.models.tools.mcp_servers import McpServers

        made.toolbox.sources.append(McpServers(wanted, made.trouble))
    return made
