"""How long semantic_vad waits after ten flite sentences, each plain and with "uhm" at the end.

    PYTHONPATH=tests python tests/bench/bench_semantic.py [VOICE] [FOLDER]

With words alone, with smart-turn alone and with both. FOLDER is where `tui-assistant models get smart-turn` has put the
network, if not in the usual place. Run by hand: the words are asserted by tests/models/test_judge_spoken.py; flite is
no human, so what smart-turn makes of it says little about people, and is printed as it is.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from spoken_turns import FILLER, SENTENCES, Ended, Room, flite

from tui_assistant.engine.ports import TurnJudge
from tui_assistant.models.judges import smart_turn, words
from tui_assistant.models.judges.best import LowerJudge
from tui_assistant.models.recognisers import pocketsphinx


def main() -> None:
    voice = sys.argv[1] if len(sys.argv) > 1 else "slt"
    options = {"folder": sys.argv[2]} if len(sys.argv) > 2 else {}
    read, listen = words.create({}), smart_turn.create(options)
    judges: list[TurnJudge] = [read, listen, LowerJudge(listen, read)]
    recogniser = pocketsphinx.create({})
    with tempfile.TemporaryDirectory() as folder:
        said = {text: flite(text, Path(folder), voice) for s in SENTENCES for text in (s, f"{s} {FILLER}")}
    for judge in judges:
        print(f"\n{judge.name}, voice {voice}")
        waits: dict[bool, list[int]] = {False: [], True: []}
        for text, samples in said.items():
            end: Ended = Room(recogniser, judge).hear(samples)
            waits[text.endswith(FILLER)].append(end.wait_ms)
            print(f"  {end.wait_ms:5} ms  P {end.judged}  {end.judge:10} said {text!r} heard {end.words!r}")
        plain, filled = median(waits[False]), median(waits[True])
        print(f"  median wait: plain {plain:.0f} ms, with {FILLER} {filled:.0f} ms: {filled / plain:.1f} times")
    pcm = next(iter(said.values())).tobytes()[: 8 * 32_000]
    begin = time.perf_counter()
    for _ in range(20):
        listen.judge(pcm, "")
    print(f"\nsmart-turn: {(time.perf_counter() - begin) / 20 * 1000:.1f} ms a question")


if __name__ == "__main__":
    main()
