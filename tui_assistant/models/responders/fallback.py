"""Two responders, one after the other: the skills answer what they understand, a language model the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tui_assistant.engine.ports import Alarm, Cancellation, FunctionCallDelta, Respond, Responded, Responder, TextDelta
from tui_assistant.errors import ModelError
from tui_assistant.models import registry
from tui_assistant.models.registry import Port
from tui_assistant.models.responders.skills import SkillResponder
from tui_assistant.models.responders.with_tools import Pieces, WithTools, prepares, released

NOT_UNDERSTOOD = ("skill", "none")  # what the skills put into the metadata of an answer that only says what was heard


class Fallback:
    """Asks `first`; when that has not understood, asks `then`."""

    def __init__(self, first: Responder, then: Responder, *, optional: bool) -> None:
        self._first = first
        self._then = then
        self._optional = optional
        self.name = f"{first.name}, then {then.name}"

    def respond(self, request: Respond, cancellation: Cancellation) -> Pieces:
        # Only what the skills do not understand is prepared ahead. The answer to an open question goes to whoever asked
        # it: "yes" alone means nothing to the skills.
        by_model = request.speculative or _wants_tools(request) or _unasked(request)
        if by_model or (isinstance(self._then, WithTools) and self._then.settles(request)):
            yield from self._by_model(request, cancellation, lambda: self._by_skills(request, cancellation))
            return
        said = list(self._first.respond(request, cancellation))
        key, value = NOT_UNDERSTOOD
        understood = not any(isinstance(piece, Responded) and piece.metadata.get(key) == value for piece in said)
        silent = not any(isinstance(piece, TextDelta | FunctionCallDelta) for piece in said)
        if understood or silent or cancellation.cancelled:
            yield from said
            return
        yield from self._by_model(request, cancellation, lambda: iter(said))

    def prepares(self, request: Respond) -> bool:
        """What the skills understand waits, for it takes them no time; what they do not, `then` may think about."""
        return not _acts(self._first, request) and prepares(self._then, request)

    def _by_model(self, request: Respond, cancellation: Cancellation, otherwise: Callable[[], Pieces]) -> Pieces:
        """What `then` says; if it is optional and fails before its first word, what `otherwise` does."""
        spoken = False
        try:
            for piece in self._then.respond(request, cancellation):
                spoken = True
                yield piece
        except ModelError:
            if spoken or not self._optional:
                raise
            yield from otherwise()

    def _by_skills(self, request: Respond, cancellation: Cancellation) -> Pieces:
        """What `first` says; it may act, so that waits until the answer is wanted."""
        if not request.speculative or released(cancellation):
            yield from self._first.respond(request, cancellation)

    def notify(self, session_id: str, ring: Callable[[Alarm], None]) -> Callable[[], None]:
        stops = [model.notify(session_id, ring) for model in (self._first, self._then)]

        def stop() -> None:
            for one in stops:
                one()

        return stop


def _acts(model: Responder, request: Respond) -> bool:
    """Whether `model` might answer, and so act; finding out does nothing. A responder that cannot tell might."""
    understands: Callable[[Respond], bool] = getattr(model, "understands", lambda request: True)
    return understands(request)


def _wants_tools(request: Respond) -> bool:
    """A function has to be called, or one has been called and its output is to be gone on with."""
    last = request.messages[-1] if request.messages else None
    return bool(request.tools) and (request.tool_choice == "required" or (last is not None and bool(last.output_of)))


def _unasked(request: Respond) -> bool:
    """Nothing was said: the client wants a greeting, or the silence was too long. Skills have no word for it."""
    said = [line.text for line in request.messages if line.role == "user"]
    return not said or not said[-1]


def create(options: dict[str, Any]) -> Fallback:
    """Options: `first` and `then`, names of responders ("skills", "chat"); `first_options`, `then_options`, theirs.

    `optional`: when `then` cannot answer, the words of `first` are said; else the user hears why it could not.
    """
    first = registry.create(Port.RESPONDER, options.get("first", "skills"), options.get("first_options"))
    then = registry.create(Port.RESPONDER, options.get("then", "chat"), options.get("then_options"))
    if isinstance(then, WithTools) and isinstance(first, SkillResponder):
        skills = first.tools()
        then.toolbox.sources.insert(0, lambda: skills)
    return Fallback(first, then, optional=bool(options.get("optional", False)))
