"""Calibration: from three seconds of silence and one read sentence to gain, threshold and silence_duration_ms. Pure.

What decides, and why:

gain       The voice shall stand at VOICE_DBFS. The level is every detector's weak point: speech 30 dB too quiet costs
           Silero 0.08 of its AUC, and the right gain gives it back. What clips is never made louder.
threshold  Stays where it is as long as it makes no error here and would make none a MARGIN away; on labelled speech no
           other value than 0.5 held up on recordings kept aside. Else the value with the fewest errors, then with the
           fewest near misses, then nearest to the present one.
silence    The longest pause inside the sentence, times PAUSE_ROOM, because one sentence does not hold anybody's longest
           pause. What is shorter than the default is kept if the user had chosen it and it suffices, and never
           proposed: reading is smoother than thinking aloud.

Every proposal is counted with the engine's own turn code on the very frames it comes from (lab/evidence.py), before and
after; one that would make more errors than the values in force is not made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median

from tui_assistant.engine.ports import FRAME_MS
from tui_assistant.engine.turn import HYSTERESIS, MIN_RELEASE, MIN_THRESHOLD
from tui_assistant.lab.evidence import (
    SILENT_DBFS,
    SURE_P,
    Evidence,
    Figures,
    FrameLike,
    Heard,
    figures,
    pauses_ms,
    power_mean,
    spoken_ms,
)
from tui_assistant.protocol.session import SemanticVad, ServerVad

VOICE_DBFS = -26.0  # the nominal active speech level of ITU-T P.56 material (-26 dBov)
ENOUGH_DB = 3.0  # a smaller change of gain is within how one speaks from sentence to sentence
LEAST_GAIN_DB, MOST_GAIN_DB = -12.0, 30.0  # beyond it the noise of the converter is what gets loud
HEADROOM_DBFS = -3.0  # the highest peak after the gain
THRESHOLDS = tuple(round(0.3 + 0.05 * step, 2) for step in range(12))  # 0.30 ... 0.85
MARGIN = 0.1  # of p, in which another minute of the same room may differ
PAUSE_ROOM = 1.4
STEP_MS = 50  # silences are proposed in these steps
DEFAULT_SILENCE_MS = 500
LEAST_SILENCE_MS = 200  # less ends turns between two words
MOST_SILENCE_MS = 1_500  # more is waiting for somebody who has finished
LONG_SILENCE_MS = 1_000  # after which a wait is felt as one
LEAST_QUIET_MS = 1_000
LEAST_SPOKEN_MS = 800  # of frames that are speech
VOICES_MS = 320  # so much speech in the silence is somebody speaking, not a click
LOUD_NOISE_DBFS = -40.0
POOR_SNR_DB = 10.0
RISEN_DB = 8.0  # above the noise: something was said, whatever the detector thinks
FAINT_DBFS = -50.0


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no proposal, and what to do. `again`: which part is to be measured once more."""

    words: str
    again: str  # "silence" | "sentence"
    gain_db: float | None = None  # a gain that would help the next try


@dataclass(frozen=True, slots=True)
class Proposal:
    """`gain_db` in force or proposed; p was measured with the one in force. `reasons` say why, `cautions` what else."""

    gain_db: float
    threshold: float
    silence_duration_ms: int
    before: Figures
    after: Figures
    reasons: tuple[str, ...]
    cautions: tuple[str, ...]
    noise_dbfs: float
    voice_dbfs: float
    again: bool = False  # the gain changes so much that p should be measured anew with it


def calibrate(
    silence: Sequence[FrameLike],
    sentence: Sequence[FrameLike],
    rules: ServerVad | SemanticVad,
    *,
    gain_db: float = 0.0,
    assistant: Sequence[FrameLike] = (),
    history: Sequence[FrameLike] = (),
    peak_dbfs: float | None = None,
    clipped: bool = False,
) -> Proposal | Problem:
    """`rules` and `gain_db` are in force. `assistant`: while the assistant is heard through the speakers.

    `history`: other frames of this session. `peak_dbfs`, `clipped`: of the sentence.
    """
    quiet, read, heard_assistant = Heard.of(silence), Heard.of(sentence), Heard.of(assistant)
    noise = median(quiet.dbfs) if quiet.dbfs else SILENT_DBFS
    if problem := silence_problem(silence) or _sentence_problem(read, noise, gain_db, clipped=clipped):
        return problem
    voice = power_mean([level for p, level in zip(read.p, read.dbfs, strict=True) if p >= SURE_P])
    pieces = (quiet, heard_assistant) if heard_assistant.p else (quiet,)
    evidence = Evidence(pieces, read, Heard.of(history), noise, voice)
    before = figures(evidence, rules)
    gain, gain_reason = _gain(voice, gain_db, peak_dbfs, clipped=clipped)
    cautions = [*_cautions(noise, voice, clipped=clipped)]
    if isinstance(rules, SemanticVad):
        told = "semantic_vad decides by itself how long it waits: only the gain is proposed"
        return Proposal(
            gain, SURE_P, DEFAULT_SILENCE_MS, before, before, (gain_reason, told), tuple(cautions), noise, voice,
            abs(gain - gain_db) >= ENOUGH_DB,
        )  # fmt: skip
    chosen, threshold_reason = _threshold(evidence, rules)
    longest = _longest_pause(read, chosen)
    after = figures(evidence, chosen)
    silence_reason = _silence_reason(rules, chosen, longest)
    if after.errors > before.errors:
        chosen, after = rules, before
        threshold_reason = "nothing else does better on what was heard: threshold and silence stay"
        silence_reason = ""
    if after.false_starts:
        cautions.append(_false_starts(evidence, chosen))
    if chosen.silence_duration_ms > max(LONG_SILENCE_MS, rules.silence_duration_ms):
        cautions.append("every answer waits that long: semantic_vad waits only where you sound unfinished")
    reasons = tuple(reason for reason in (gain_reason, threshold_reason, silence_reason) if reason)
    return Proposal(
        gain, chosen.threshold, chosen.silence_duration_ms, before, after, reasons, tuple(cautions), noise, voice,
        abs(gain - gain_db) >= ENOUGH_DB,
    )  # fmt: skip


def silence_problem(frames: Sequence[FrameLike]) -> Problem | None:
    """What is wrong with what should have been silence; None: nothing."""
    quiet = Heard.of(frames)
    if quiet.ms < LEAST_QUIET_MS:
        return Problem("The silence was too short to tell anything: once more, for three seconds.", "silence")
    if max(quiet.dbfs) <= SILENT_DBFS:
        return Problem(
            "The microphone gives no sound at all, not even noise: is it muted in the system, or the wrong one? "
            "esc, then d chooses another one.",
            "silence",
        )
    if spoken_ms(quiet.p) >= VOICES_MS:
        at = next(index for index, p in enumerate(quiet.p) if p >= SURE_P) * FRAME_MS
        return Problem(
            f"The silence was not silent: a voice was heard after {at / 1000:.1f} s (p {max(quiet.p):.2f}). "
            "Radio or television off, nobody speaks: once more.",
            "silence",
        )
    return None


def _sentence_problem(read: Heard, noise: float, gain_db: float, *, clipped: bool) -> Problem | None:
    spoken = spoken_ms(read.p)
    if spoken >= LEAST_SPOKEN_MS:
        return None
    risen = [level for level in read.dbfs if level > noise + RISEN_DB]
    level = power_mean(risen)
    if len(risen) * FRAME_MS < LEAST_SPOKEN_MS:
        if spoken:
            return Problem(f"Only {spoken / 1000:.1f} s of speech were heard: read the whole sentence.", "sentence")
        return Problem(
            f"No voice was heard: the level stayed at the noise, {noise:.0f} dBFS. Is this the right microphone? "
            "esc, then d chooses another one.",
            "sentence",
        )
    if clipped:
        return Problem("It was so loud that it clipped: lower the microphone's level in the system, or go back a "
                       "little.", "sentence")  # fmt: skip
    wanted = _bounded(gain_db + VOICE_DBFS - level)
    if level < FAINT_DBFS and wanted > gain_db + ENOUGH_DB:
        return Problem(
            f"Your voice came very quietly, {level:.0f} dBFS. With {wanted - gain_db:+.0f} dB of gain: "
            "read the sentence once more.",
            "sentence",
            wanted,
        )
    return Problem(
        f"Something was heard, {level:.0f} dBFS, but the detector does not take it for speech: read the sentence "
        "aloud, nearer to the microphone.",
        "sentence",
    )


def _bounded(gain_db: float) -> float:
    return float(round(min(MOST_GAIN_DB, max(LEAST_GAIN_DB, gain_db))))


def _gain(voice: float, gain_db: float, peak_dbfs: float | None, *, clipped: bool) -> tuple[float, str]:
    """The gain and why."""
    wanted = gain_db + VOICE_DBFS - voice
    limit = ""
    if peak_dbfs is not None and wanted - gain_db > HEADROOM_DBFS - peak_dbfs:
        wanted, limit = max(gain_db, gain_db + HEADROOM_DBFS - peak_dbfs), ", as far as the loudest peak lets it"
    if clipped and wanted > gain_db:
        wanted, limit = gain_db, ""
    # More than 0 dB is there to make a quiet voice louder: a loud one is no reason to go below.
    wanted = _bounded(wanted if wanted > gain_db else max(wanted, min(gain_db, 0.0)))
    wanted = min(MOST_GAIN_DB, max(LEAST_GAIN_DB, gain_db)) if abs(wanted - gain_db) < ENOUGH_DB else wanted
    if wanted == gain_db:
        return wanted, f"your voice stands at {voice:.0f} dBFS: the gain stays at {gain_db:+.0f} dB"
    change = f"{wanted - gain_db:+.0f} dB"
    return wanted, f"your voice stands at {voice:.0f} dBFS: {change} bring it towards {VOICE_DBFS:.0f}{limit}"


def _with(rules: ServerVad, threshold: float, silence_ms: int) -> ServerVad:
    return rules.model_copy(update={"threshold": threshold, "silence_duration_ms": silence_ms})


def _release(rules: ServerVad) -> float:
    return max(rules.threshold - (HYSTERESIS if rules.hysteresis is None else rules.hysteresis), MIN_RELEASE)


def _longest_pause(read: Heard, rules: ServerVad) -> int:
    """The longest pause that a silence of at most MOST_SILENCE_MS can bridge."""
    bridged = [pause for pause in pauses_ms(read.p, _release(rules)) if pause * PAUSE_ROOM <= MOST_SILENCE_MS]
    return max(bridged, default=0)


def _with_silence(evidence: Evidence, rules: ServerVad, threshold: float) -> ServerVad:
    """These rules with that threshold and the silence that the sentence needs then."""
    present = rules.silence_duration_ms
    trial = _with(rules, threshold, present)
    needed = ceil(_longest_pause(evidence.sentence, trial) * PAUSE_ROOM / STEP_MS) * STEP_MS
    if needed <= present:
        needed = min(present, max(needed, DEFAULT_SILENCE_MS))
    return _with(rules, threshold, max(LEAST_SILENCE_MS, needed))


def _threshold(evidence: Evidence, rules: ServerVad) -> tuple[ServerVad, str]:
    """The rules that do best, and why their threshold."""

    def cost(trial: ServerVad) -> tuple[int, int, float]:
        lower = _with(trial, round(trial.threshold - MARGIN, 3), trial.silence_duration_ms)
        higher = _with(trial, round(trial.threshold + MARGIN, 3), trial.silence_duration_ms)
        near_false = figures(evidence, lower).false_starts
        above = figures(evidence, higher)
        near = near_false + above.missed  # not cut-offs: what mends them is the silence
        return figures(evidence, trial).errors, near, abs(trial.threshold - rules.threshold)

    trials = [
        _with_silence(evidence, rules, each) for each in sorted({max(MIN_THRESHOLD, rules.threshold), *THRESHOLDS})
    ]
    best = min(trials, key=cost)
    noisiest = max((p for heard in evidence.quiet for p in heard.p), default=0.0)
    strongest = max(evidence.sentence.p, default=0.0)
    words = f"the noise reaches p {noisiest:.2f}, your voice {strongest:.2f}"
    if best.threshold == rules.threshold:
        return best, f"{words}: the threshold of {best.threshold:.2f} lies well between"
    if best.threshold > rules.threshold:
        return best, f"{words}: a threshold of {best.threshold:.2f} lets less noise through"
    return best, f"{words}: a threshold of {best.threshold:.2f} hears you more surely"


def _silence_reason(rules: ServerVad, chosen: ServerVad, longest: int) -> str:
    silence, present = chosen.silence_duration_ms, rules.silence_duration_ms
    inside = f"your pauses inside the sentence reach {longest} ms"
    if not longest:
        inside = "you made no pause inside the sentence"
    if silence > present:
        return f"{inside}: {silence} ms of silence keep it whole, answers come {silence - present} ms later"
    if silence < present:
        return f"{inside}: {silence} ms of silence are enough, answers come {present - silence} ms sooner"
    return f"{inside}: {silence} ms of silence stay"


def _cautions(noise: float, voice: float, *, clipped: bool) -> list[str]:
    found = []
    if clipped:
        found.append("it clipped: lower the microphone's level in the system, no gain here can mend that")
    if noise > LOUD_NOISE_DBFS:
        found.append(f"the noise is loud, {noise:.0f} dBFS: a quieter place or a headset helps more than any value")
    if voice - noise < POOR_SNR_DB:
        found.append(f"your voice is only {max(0.0, voice - noise):.0f} dB above the noise: come nearer")
    return found


def _false_starts(evidence: Evidence, rules: ServerVad) -> str:
    own = len(evidence.quiet) > 1 and figures(Evidence(evidence.quiet[1:]), rules).false_starts > 0
    if own:
        return "the assistant's own voice starts turns: headphones, or stay half-duplex"
    return "noise still starts turns: a headset, or push-to-talk (m)"
