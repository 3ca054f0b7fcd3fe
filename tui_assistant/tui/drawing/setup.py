"""The pages of the setup, as lines: one question, one figure or one proposal at a time. Nothing depends on colour."""

from __future__ import annotations

from collections.abc import Sequence

from tui_assistant.client.blips import FRAME_MS
from tui_assistant.client.hold import Method
from tui_assistant.client.tuning import Tuning
from tui_assistant.lab.evidence import Figures
from tui_assistant.lab.whatif import compare, in_words, turns
from tui_assistant.runtime.api import Keyboard
from tui_assistant.safetext import clean
from tui_assistant.tui.drawing.lanes import turn_lane
from tui_assistant.tui.drawing.meter import meter
from tui_assistant.tui.drawing.models import models_page
from tui_assistant.tui.drawing.runs import EMPTY, Line, Run, crop, merge, wrap
from tui_assistant.tui.drawing.words import bar, marked, paragraph
from tui_assistant.tui.setupflow import LONGEST_MS, SENTENCE, SILENCE_MS, Flow, Step

NAMES = ("silence", "sentence", "keyboard", "speakers", "models", "result")
LANE_INDENT = 8
OFFER = "First time here? k sets up microphone and keyboard in 45 s."
PROBE = "`tui-assistant doctor --keys` lets you try it out."
METHODS = {
    Method.RELEASED: "Your terminal tells when a key is let go: hold the talk key, speak, let go. There is no better.",
    Method.INFERRED: "Your terminal only repeats a held key: holding works, and it ends when the repeats do.",
    Method.TOGGLE: "Your terminal does not show that a key is held: one press starts to talk, the next one sends.",
}


def page(flow: Flow, width: int) -> list[Line]:
    """The whole page; the screen scrolls it where it is too high."""
    body = {
        Step.WELCOME: _welcome,
        Step.SILENCE: _silence,
        Step.SENTENCE: _sentence,
        Step.KEYS: _keys,
        Step.CHIRP: _chirp,
        Step.MODELS: models_page,
        Step.RESULT: result,
    }[flow.step](flow, width)
    return [_progress(flow, width), EMPTY, *body]


def keys_now(flow: Flow) -> tuple[tuple[str, ...], dict[str, str]]:
    """The actions that do nothing at this moment, and what the key bar calls others instead of its usual word."""
    step, result = flow.step, flow.step is Step.RESULT
    measuring = step is Step.SILENCE and not flow.problem
    empty = result and flow.proposal is None and flow.advice is None
    idle = {
        "next": measuring or flow.listening or empty,
        "skip": result,
        "adjust": not result,
        "again": not result,
        "voice": not result or not flow.may_hear_voice or flow.voicing_from is not None,
        "fetch": step is not Step.MODELS or not flow.choices or flow.downloading,
    }
    loading = flow.fetching is not None and flow.fetching.loading
    words = {"leave": "stop it"} if step is Step.MODELS and flow.downloading and not loading else {}
    if flow.problem:
        words["next"] = "try again"
    elif step is Step.WELCOME:
        words["next"] = "begin"
    elif step is Step.CHIRP and flow.echo is None:
        words["next"] = "play it"
    elif result:
        words["next"] = "accept"
    return tuple(action for action, is_idle in idle.items() if is_idle), words


def _progress(flow: Flow, width: int) -> Line:
    """`✓ silence  – sentence  ▸ keyboard  · speakers ...`"""
    runs: list[Run] = []
    for number, name in enumerate(NAMES, start=1):
        mark, role = ("–" if Step(number) in flow.skipped else "✓", "dim") if number < flow.step else ("·", "dim")
        if number == flow.step:
            mark, role = "▸", "bold voice"
        runs.append((f"{mark} {name}  ", role))
    return crop(merge(runs), width)


def _problem(flow: Flow, width: int) -> list[Line]:
    rows = wrap([(clean(flow.problem, limit=400), "ink")], max(10, width - 4))
    marked = [merge([(" ! " if number == 0 else "   ", "bold wait"), *row]) for number, row in enumerate(rows)]
    return [*marked, EMPTY, *paragraph("enter tries again, s goes on without", width, "dim")]


def _welcome(flow: Flow, width: int) -> list[Line]:
    microphone = clean(flow.snapshot.microphone, limit=60) or "none"
    return [
        *paragraph("45 seconds for your microphone, your room and your keyboard:", width),
        EMPTY,
        *paragraph(
            "three seconds of silence and one sentence, read aloud: gain, threshold, silence_duration_ms", width
        ),
        *paragraph("what your keyboard can tell; how much of the speakers the microphone hears; which models", width),
        EMPTY,
        *paragraph("No sound is recorded or sent, and nothing changes before you accept it.", width),
        EMPTY,
        *paragraph(f"microphone: {microphone}", width, "dim"),
        EMPTY,
        *paragraph("enter begins, s skips a step, esc leaves", width, "bold ink"),
    ]


def _meter(flow: Flow, width: int) -> Line:
    return crop(merge([(" ", "dim"), *meter(flow.snapshot.level, width - 2, indent=6)]), width)


def _silence(flow: Flow, width: int) -> list[Line]:
    if flow.problem:
        return _problem(flow, width)
    begun = flow.measuring_from is not None
    words = "Be quiet now, and let the room sound as it does." if begun else "Three seconds of silence: be quiet ..."
    done = len(flow.heard) * FRAME_MS / SILENCE_MS if begun else 0.0
    return [
        *paragraph(words, width, "bold ink"),
        EMPTY,
        bar(done, width, f"{flow.left_s:.1f} s"),
        EMPTY,
        _meter(flow, width),
    ]


def _sentence(flow: Flow, width: int) -> list[Line]:
    if flow.problem:
        return _problem(flow, width)
    done = len(flow.heard) * FRAME_MS / LONGEST_MS
    return [
        *paragraph("Read this aloud, as you would say it:", width),
        EMPTY,
        *paragraph(SENTENCE, width, "bold voice"),
        EMPTY,
        bar(done, width, f"{len(flow.heard) * FRAME_MS / 1000:.1f} s"),
        EMPTY,
        _meter(flow, width),
        EMPTY,
        *paragraph("It goes on by itself when you have finished; enter goes on at once.", width, "dim"),
    ]


def _keys(flow: Flow, width: int) -> list[Line]:
    keyboard: Keyboard = flow.snapshot.keyboard
    lines = [
        *paragraph(f"keys {keyboard.method}", width, "bold ink"),
        EMPTY,
        *paragraph(METHODS[keyboard.method], width),
    ]
    if keyboard.why:
        lines += [EMPTY, *paragraph(clean(keyboard.why, limit=300), width)]
    if keyboard.method is not Method.RELEASED:
        lines += [
            EMPTY,
            *paragraph("kitty and foot, among others, report releases; tmux does not pass them on.", width, "dim"),
            *paragraph(PROBE, width, "dim"),
        ]
    return [*lines, EMPTY, *paragraph("enter goes on", width, "dim")]


def _chirp(flow: Flow, width: int) -> list[Line]:
    if flow.listening:
        return paragraph("Listening for the chirp ...", width, "bold ink")
    if flow.echo is None:
        return [
            *paragraph("How much of the speakers does the microphone hear?", width, "bold ink"),
            EMPTY,
            *paragraph("Set the volume that you mean to listen at. A chirp of a sixth of a second is played.", width),
            EMPTY,
            *paragraph("enter plays it, s goes on without", width, "dim"),
        ]
    if flow.advice is None:
        return [
            *paragraph(f"Not measured: {flow.echo.refused}.", width),
            EMPTY,
            *paragraph("enter goes on", width, "dim"),
        ]
    words = flow.advice.words
    return [
        *paragraph(str(flow.advice.duplex), width, "bold ink"),
        EMPTY,
        *paragraph(words[:1].upper() + words[1:] + ".", width),
        EMPTY,
        *paragraph("enter goes on", width, "dim"),
    ]


def result(flow: Flow, width: int) -> list[Line]:
    """Before and after: figures, values, lanes, and why."""
    lines: list[Line] = []
    if flow.proposal is None:
        what = "Nothing was" if flow.advice is None else "Microphone and voice were not"
        lines += paragraph(f"{what} measured: the values stay as they are.", width)
    else:
        lines += [*table(flow.before, flow.proposed, flow.proposal.before, flow.proposal.after), EMPTY]
        lines += lanes(flow.p, flow.before, flow.proposed, width)
        lines += [EMPTY, *marked(flow.proposal.reasons, "·", "ink", width)]
        lines += marked(flow.proposal.cautions, "!", "wait", width)
    if flow.advice is not None:
        lines += marked([f"{flow.advice.duplex}: {flow.advice.words}"], "·", "ink", width)
    if flow.voicing_from is not None:
        lines += [EMPTY, *paragraph("Listening to the assistant's own voice ...", width, "bold ink")]
    elif flow.may_hear_voice:
        lines += [EMPTY, *paragraph("v: does the assistant's own voice start turns? It will say something.", width)]
    if flow.proposal is not None:
        keys = "enter accepts, a accepts and opens the sliders, r measures again, esc leaves"
    elif flow.advice is not None:
        keys = "enter accepts, r measures, esc leaves"
    else:
        keys = "r measures, esc leaves"
    return [*lines, EMPTY, *paragraph(keys, width, "bold ink")]


def table(before: Tuning, after: Tuning, now: Figures, then: Figures) -> list[Line]:
    """Values and predicted errors, two columns."""
    rows: list[tuple[str, str, str]] = [
        ("predicted false starts a minute", f"{now.false_starts_a_minute:.1f}", f"{then.false_starts_a_minute:.1f}"),
        ("predicted cut-offs a minute", f"{now.cut_offs_a_minute:.1f}", f"{then.cut_offs_a_minute:.1f}"),
    ]
    if now.missed or then.missed:
        rows.append(("the sentence was heard", "no" if now.missed else "yes", "no" if then.missed else "yes"))
    rows.append(("gain_db", f"{before.gain_db:+.0f}", f"{after.gain_db:+.0f}"))
    if before.kind == "server_vad":
        rows.append(("threshold", f"{before.threshold:.2f}", f"{after.threshold:.2f}"))
        rows.append(("silence_duration_ms", str(before.silence_duration_ms), str(after.silence_duration_ms)))
    lines: list[Line] = [((f" {'':<33}{'now':>8}{'proposed':>11}", "dim"),)]
    for name, here, there in rows:
        changed = here != there
        runs: list[Run] = [(f" {name:<33}", "ink"), (f"{here:>8}", "dim" if changed else "ink")]
        runs += [(f"{there:>11}", "bold voice" if changed else "ink"), (" ◂" if changed else "", "voice")]
        lines.append(merge(runs))
    return lines


def lanes(p: Sequence[float], before: Tuning, after: Tuning, width: int) -> list[Line]:
    """The turns on what was just heard, under both sets of values; and the difference in words."""
    if not p:
        return []
    one, other = turns(p, before.rules()), turns(p, after.rules())
    cells, end = max(10, min(80, width - LANE_INDENT - 2)), len(p) * FRAME_MS
    words = in_words(compare(one, other))
    return [
        merge([(" ", "dim"), *turn_lane(one, 0, end, cells, name="now", indent=LANE_INDENT)]),
        merge([(" ", "dim"), *turn_lane(other, 0, end, cells, name="then", indent=LANE_INDENT)]),
        crop(((f" {'':<{LANE_INDENT}}{words}", "dim"),), width),
    ]
