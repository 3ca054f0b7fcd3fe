"""The setup's page of the models: what works now, what each other one costs and gives, and a download as it goes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import set_cell_size

from tui_assistant.runtime.setup_api import Fetching, ModelInfo
from tui_assistant.safetext import clean
from tui_assistant.tui.drawing.runs import EMPTY, Line, crop, merge, text_of
from tui_assistant.tui.drawing.words import bar, marked, paragraph
from tui_assistant.tui.setupflow import Flow

BEST = "best"  # stands for the best that is here, which is in use, too
MARK = " ▸ "  # before the chosen one
PORTS = {
    "detector": "hears speech",
    "judge": "judges turns",
    "recogniser": "writes down",
    "responder": "answers",
    "synthesiser": "speaks",
}
COLUMNS = (16, 11, 14, 14)  # cells of name, size, licence and port
SERVERS = (
    "More answers than the skills have: a chat server on this machine (Ollama, llama.cpp, LM Studio, vLLM) is found "
    "and used by itself; responder.chat names one elsewhere."
)


def models_page(flow: Flow, width: int) -> list[Line]:
    lines = [*_in_use(flow.models, width), EMPTY]
    if flow.choices:
        lines += paragraph(_keys(flow), width, "bold ink")
        lines += [_row(model, number == flow.chosen, width) for number, model in enumerate(flow.choices)]
        lines += [EMPTY, *_below(flow, flow.choices[flow.chosen], width)]
    for each in flow.models:
        if not each.usable and not each.fetch:
            words = f"{clean(each.name, limit=30)} ({PORTS.get(each.port, each.port)}): {clean(each.mend, limit=100)}"
            lines += marked([words], "·", "ink", width)
    rest = [] if flow.choices else [EMPTY, *paragraph("enter goes on", width, "dim")]
    return [*lines, EMPTY, *paragraph(SERVERS, width, "dim"), *rest]


def _keys(flow: Flow) -> str:
    if flow.fetching is not None and flow.fetching.loading and not flow.fetching.over:
        return "enter goes on meanwhile"
    if flow.downloading:
        return "esc stops the download, enter goes on meanwhile"
    gets = "uses" if _here(flow.choices[flow.chosen]) else "gets and uses"
    return f"g {gets} the marked one, ↑↓ mark another, enter goes on"


def marked_row(rows: Sequence[Line]) -> int:
    """In which row of the page the chosen one stands."""
    return next((number for number, row in enumerate(rows) if text_of(row).startswith(MARK)), 0)


def _here(model: ModelInfo) -> bool:
    return bool(model.download) and model.held == model.download


def _in_use(models: Sequence[ModelInfo], width: int) -> list[Line]:
    used = [each for each in models if each.used]
    named = {each.port for each in used if each.name != BEST}
    used = [each for each in used if each.name != BEST or each.port not in named]
    words = [
        f"{clean(each.name, limit=30)} {PORTS.get(each.port, each.port)}{'' if each.usable else ' (missing)'}"
        for each in used
    ]
    return paragraph(f"In use: {', '.join(words)}." if words else "No list of models.", width)


def _row(model: ModelInfo, chosen: bool, width: int) -> Line:
    size = f"{model.download / 1e6:6.1f} MB" if model.download else "? MB"
    cells = (clean(model.name, limit=30), size, clean(model.licence, limit=30), PORTS.get(model.port, model.port))
    text = "".join(set_cell_size(cell, room) for cell, room in zip(cells, COLUMNS, strict=True))
    state = (
        "in use" if model.used else "here" if _here(model) else f"{model.held / 1e6:.1f} MB here" if model.held else ""
    )
    role = "bold voice" if chosen else "ink"
    return crop(merge([(MARK if chosen else "   ", role), (text, role), (state, "dim")]), width)


def _below(flow: Flow, model: ModelInfo, width: int) -> list[Line]:
    """What is to be said of the chosen one, or of a download."""
    if flow.fetching is not None:
        return _download(flow.fetching, width)
    lines = marked([f"{clean(model.name, limit=30)} {clean(model.gives, limit=200)}."], "·", "ink", width)
    if model.extra:
        lines += marked([f"It also needs: {clean(model.extra, limit=100)}"], "!", "wait", width)
    return lines


def _download(state: Fetching, width: int) -> list[Line]:
    name = clean(state.name, limit=60)
    if state.over:
        mark, role = ("!", "wait") if state.failed else ("✓", "voice")
        return marked([clean(state.words, limit=400)], mark, role, width)
    if state.loading:
        return paragraph(f"{name} is here, and is being loaded ...", width)
    if not state.done:
        return [*paragraph(f"{name}: its server is asked ...", width), bar(0.0, width, "")]
    of = f" of {state.total / 1e6:.1f}" if state.total else ""
    doing = "it is being checked ..." if state.done == state.total else "it is coming ..."
    share = state.done / state.total if state.total else 0.0
    return [*paragraph(f"{name}: {doing}", width), bar(share, width, f"{state.done / 1e6:.1f}{of} MB")]
