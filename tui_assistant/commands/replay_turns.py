"""The turns of a recording decided again: by other rules, or from p(speech) computed anew.

The lab is imported inside the functions: it brings numpy, which no other command is to wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from tui_assistant.client.tuning import Tuning
from tui_assistant.commands.replay_detect import computed_anew
from tui_assistant.commands.replay_said import NOT_RE_RUN, Conversation
from tui_assistant.errors import UsageError
from tui_assistant.protocol.session import SemanticVad, ServerVad, TurnDetection
from tui_assistant.record.format import Heard, Said
from tui_assistant.record.reader import Meta, read_events, read_frames
from tui_assistant.safetext import clean

if TYPE_CHECKING:
    from tui_assistant.lab.redecide import Judgeable, Step
    from tui_assistant.lab.whatif import Turn

Rules = ServerVad | SemanticVad
JUMP_MS = 200  # an estimate's frames this far from where they should be: the microphone was away
KINDS = {"type": "kind"}  # what is called otherwise in Tuning
NUMBERS = {"threshold": float, "hysteresis": float}
WHOLE = ("prefix_padding_ms", "silence_duration_ms", "min_speech_ms")
NAMES = ("type", "threshold", "silence_duration_ms", "prefix_padding_ms", "eagerness", "hysteresis", "min_speech_ms")
_DETECTION: TypeAdapter[TurnDetection | None] = TypeAdapter(TurnDetection | None)


@dataclass(frozen=True, slots=True)
class Again:
    """The turns after, as JSON lines; everything as one JSON object; the same in words."""

    lines: list[dict[str, Any]]
    data: dict[str, Any]
    text: str


def decided_again(folder: Path, meta: Meta, settings: Sequence[str], vad: str | None, *, detect: bool) -> Again:
    """Raises UsageError for settings that mean nothing here, and where what is needed was not recorded."""
    from tui_assistant.lab.redecide import Configured, redecide
    from tui_assistant.lab.whatif import compare, in_words, shift_ms

    change, names = changed_rules(settings)
    said = list(read_events(folder))
    every = list(read_frames(folder))
    engine = any(frame.engine for frame in every)
    frames = recorded_frames(every)
    if not frames:
        raise UsageError(f"{folder}: no frames were recorded", "record some speech first")
    steps = what_happened(said, every)
    rules = [(index, step.rules) for index, step in steps if isinstance(step, Configured)]
    until = [*(index for index, _ in rules[1:]), len(frames)]
    _check_names(folder, [each for (index, each), end in zip(rules, until, strict=True) if index < end], change, names)
    before = redecide(frames, steps)
    again = computed_anew(folder, meta, every, frames, vad) if detect else frames
    after = redecide(again, steps, change)
    talk = Conversation(said)
    lines = [_line(turn, talk) for turn in after]
    differences = compare(before, after)
    words = in_words(differences)
    data = {
        "source": "engine" if engine else "estimate",
        "before": [_line(turn, talk) for turn in before],
        "after": lines,
        "differences": [
            {"change": each.change.value, "at_ms": each.at_ms, "later_ms": each.later_ms} for each in differences
        ],
        "answers_later_ms": shift_ms(differences),
        "words": words,
    }
    note = [] if engine else ["by the local estimate: the conversation ran elsewhere, and its own turns may be others"]
    text = "\n".join([*_listed("before", before, talk), *_listed("after", after, talk), *note, words])
    return Again(lines, data, text)


def changed_rules(settings: Iterable[str]) -> tuple[Callable[[Rules], Rules], list[str]]:
    """What NAME=VALUE make of recorded rules, and the names. Raises UsageError."""
    values: dict[str, Any] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if name not in NAMES:
            raise UsageError(f"--set {setting}: there is no such setting", f"NAME=VALUE with one of {', '.join(NAMES)}")
        if not equals:
            raise UsageError(f"--set {setting}: the value is missing", f"--set {setting}=VALUE")
        try:
            values[KINDS.get(name, name)] = _value(name, value)
        except ValueError:
            raise UsageError(f"--set {setting}: a number is needed") from None

    def change(rules: Rules) -> Rules:
        return replace(Tuning().follow(rules), **values).rules(rules)

    for base in (ServerVad(), SemanticVad()):
        try:
            change(base)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            name = str(problem["loc"][-1]) if problem["loc"] else "value"
            raise UsageError(
                f"--set {name}={problem['input']}: {problem['msg'].replace('Input should be', 'allowed is')}"
            ) from None
    if values.get("kind", "server_vad") not in ("server_vad", "semantic_vad"):
        raise UsageError(f"--set type={values['kind']}: allowed are server_vad and semantic_vad")
    return change, [KINDS.get(name, name) for name in values]


def _value(name: str, value: str) -> Any:
    if name in WHOLE:
        return int(value)
    return NUMBERS.get(name, str)(value)


def _check_names(
    folder: Path, recorded: Iterable[Rules | None], change: Callable[[Rules], Rules], names: Sequence[str]
) -> None:
    """A setting that none of the rules have would silently do nothing. `recorded`: those under which audio came."""
    used = [change(rules) for rules in recorded if rules is not None]
    if not used:
        raise UsageError(f"{folder}: turns were only taken by hand: there are none to decide again")
    for name in names:
        if name != "kind" and not any(name in type(rules).model_fields for rules in used):
            other = "server_vad" if isinstance(used[0], SemanticVad) else "semantic_vad"
            raise UsageError(f"--set {name}: the session went by {used[0].type}, which has none", f"add type={other}")


def recorded_frames(every: Sequence[Heard]) -> list[Judgeable]:
    """Those that the engine decided on; where it ran elsewhere the estimates, on the recording's clock."""
    from tui_assistant.engine.ports import FRAME_MS
    from tui_assistant.lab.redecide import Judgeable

    if any(frame.engine for frame in every):
        return [Judgeable(frame.end_ms or 0, frame.p, frame.judged) for frame in every if frame.engine]
    result: list[Judgeable] = []
    for frame in every:
        due_ms = result[-1].end_ms + FRAME_MS if result else frame.at_ms
        result.append(Judgeable(frame.at_ms if frame.at_ms - due_ms > JUMP_MS else due_ms, frame.p))
    return result


def what_happened(said: Iterable[Said], every: Sequence[Heard]) -> list[tuple[int, Step]]:
    """What the decisions depend on beside the frames, with the number of frames (of `recorded_frames`) before it."""
    engine = any(frame.engine for frame in every)
    before = [0]
    for frame in every:
        before.append(before[-1] + (frame.engine or not engine))
    steps: list[tuple[int, Step]] = []
    stopped: set[str] = set()
    for each in said:
        if not each.by_server:
            continue
        event = each.event
        if event["type"] == "input_audio_buffer.speech_stopped":
            stopped.add(str(event.get("item_id")))
        step = _step(event, each.fed_ms if engine else each.at_ms, stopped)
        if step is not None:
            steps.append((before[min(each.frame, len(every))], step))
    return steps


def _step(event: dict[str, Any], at_ms: float, stopped: set[str]) -> Step | None:
    from tui_assistant.lab.redecide import BrokenOff, Configured, Taken

    why = event.get("reason")
    reason = why if isinstance(why, dict) else {}
    match event["type"]:
        case "session.created" | "session.updated":
            try:
                rules = _DETECTION.validate_python(event["session"]["audio"]["input"]["turn_detection"])
            except (ValidationError, KeyError, TypeError):
                return None  # a session of others, or one that only speaks
            return Configured(rules, at_ms)
        case "input_audio_buffer.cleared":
            return Taken(at_ms, committed=False)
        case "input_audio_buffer.committed":
            by_client = reason.get("rule", "commit" if event.get("item_id") not in stopped else "") == "commit"
            return Taken(at_ms, by_client) if by_client or reason.get("rule") == "idle_timeout" else None
        case "input_audio_buffer.speech_stopped" if reason.get("rule") == "no_audio":
            return BrokenOff(int(event.get("at_ms") or at_ms), reason)
    return None


def _line(turn: Turn, talk: Conversation) -> dict[str, Any]:
    exchange = talk.exchange(turn)
    return {**asdict(turn), "item_id": exchange.item_id, "heard": exchange.heard, "answer": exchange.answer}


def _listed(title: str, turns: Sequence[Turn], talk: Conversation) -> list[str]:
    count = f"{len(turns)} turn{'s' if len(turns) != 1 else ''}"
    return [f"{title}: {count}", *(_in_a_line(turn, talk) for turn in turns)]


def _in_a_line(turn: Turn, talk: Conversation) -> str:
    exchange = talk.exchange(turn)
    end = "   open" if turn.stopped_ms is None else f"{turn.stopped_ms / 1000:7.2f}"
    words = f"{exchange.heard} → {exchange.answer}" if exchange.item_id else NOT_RE_RUN
    return f"  {turn.audio_start_ms / 1000:7.2f} - {end} s  {_why(turn):26}  {clean(words)}".rstrip()


def _why(turn: Turn) -> str:
    match turn.why_stopped:
        case {"rule": "silence", "silence_ms": silence, "needed_ms": needed}:
            return f"silence {silence} ≥ {needed} ms"
        case {"rule": "judge", "p": p, "silence_ms": silence}:
            return f"P(end) {p:.2f}, silence {silence} ms"
        case {"rule": rule}:
            return str(rule).replace("_", " ")
    return ""
