"""Pictures of the screen. After a wanted change: --snapshot-update, and look at each of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fake_talk import SPEAKING_NOW, FakeTalk, scene, talked
from textual.pilot import Pilot

from tui_assistant.client.cost import Cost
from tui_assistant.client.hold import HoldPhase, Method
from tui_assistant.client.latency import Waterfall
from tui_assistant.client.tuning import Preset, Tuning
from tui_assistant.client.turns import Blip, Mark, TurnRecord
from tui_assistant.links.traffic import Sending, Traffic
from tui_assistant.protocol.usage import Tokens
from tui_assistant.runtime.api import HoldView, Keyboard, Level, Mode, Snapshot, State, Suggest, Told
from tui_assistant.tui.app import AssistantApp
from tui_assistant.tui.widgets import tune

WIDE, SMALL = (120, 40), (80, 24)
Compare = Callable[..., bool]


def app_of(talk: FakeTalk, theme: str = "dark") -> AssistantApp:
    return AssistantApp(talk, theme=theme, clock=lambda: 0.0)


def pressing(*keys: str) -> Callable[[Pilot[None]], object]:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.pause(0.2)
        await pilot.press(*keys)
        await pilot.pause(0.2)

    return before


def speaking() -> FakeTalk:
    talk = FakeTalk(scene(4_100, recording=True, alarms=("tea 4:59",)))
    talk.first = talked(SPEAKING_NOW)
    return talk


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
def test_ending_in_a_conversation(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app_of(speaking()), terminal_size=size, run_before=pressing())


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
def test_a_newcomer_without_a_microphone(snap_compare: Compare, size: tuple[int, int]) -> None:
    talk = FakeTalk(Snapshot(turn_detection=scene(0).turn_detection))
    talk.first = [Suggest("No microphone was found. D plays a recorded demo; d chooses a device.")]
    assert snap_compare(app_of(talk), terminal_size=size, run_before=pressing())


def push_to_talk(hold: HoldView, method: Method = Method.RELEASED) -> FakeTalk:
    why = (
        ""
        if method is Method.RELEASED
        else "xterm doesn't report key releases: holding works, it ends when auto-repeat does"
    )
    talk = FakeTalk(
        scene(
            2_000,
            mode=Mode.PUSH_TO_TALK,
            turn_detection=None,
            state=State.IDLE if hold.phase is HoldPhase.FREE else State.SPEECH,
            state_ms=hold.held_ms,
            hold=hold,
            talking=True,
            keyboard=Keyboard(method, "xterm", why),
        )
    )
    talk.first = talked()
    return talk


def test_push_to_talk_held_with_the_light_theme(snap_compare: Compare) -> None:
    talk = push_to_talk(HoldView(HoldPhase.HELD, 1_240))
    assert snap_compare(app_of(talk, "light"), terminal_size=WIDE, run_before=pressing())


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
def test_push_to_talk_latched(snap_compare: Compare, size: tuple[int, int]) -> None:
    talk = push_to_talk(HoldView(HoldPhase.LATCHED, 12_200, 17_800))
    assert snap_compare(app_of(talk), terminal_size=size, run_before=pressing())


def test_push_to_talk_armed_where_releases_are_inferred(snap_compare: Compare) -> None:
    talk = push_to_talk(HoldView(HoldPhase.ARMED, 240), Method.INFERRED)
    assert snap_compare(app_of(talk), terminal_size=SMALL, run_before=pressing())


def test_push_to_talk_for_a_newcomer(snap_compare: Compare) -> None:
    talk = push_to_talk(HoldView())
    talk.first = []
    assert snap_compare(app_of(talk), terminal_size=SMALL, run_before=pressing())


def test_tuning_while_the_answer_is_heard(snap_compare: Compare) -> None:
    talk = FakeTalk(scene(5_500))
    talk.first = talked()
    assert snap_compare(app_of(talk), terminal_size=WIDE, run_before=pressing("t", "down", "8", "0"))


def test_tuning_on_a_small_screen(snap_compare: Compare) -> None:
    talk = FakeTalk(scene(1_800))
    talk.first = talked()
    assert snap_compare(app_of(talk), terminal_size=SMALL, run_before=pressing("t"))


def test_tuning_with_semantic_vad_and_all_values_unconfirmed(
    snap_compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tune, "ECHO_SECONDS", 1e9)  # however slow the machine is
    values = Tuning(kind="semantic_vad", gain_db=6)
    talk = FakeTalk(scene(1_800, tuning=values, turn_detection=values.rules()))
    talk.first, talk.echo = talked(), False
    keys = pressing("t", "a", "right", "down", "right")
    assert snap_compare(app_of(talk), terminal_size=SMALL, run_before=keys)


def test_all_sliders(snap_compare: Compare) -> None:
    talk = FakeTalk(scene(1_800))
    talk.first = talked()
    assert snap_compare(app_of(talk), terminal_size=WIDE, run_before=pressing("t", "a", "up"))


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
def test_presets(snap_compare: Compare, size: tuple[int, int]) -> None:
    talk = FakeTalk(scene(1_800))
    talk.first, talk.own_presets = talked(), (Preset("my desk", "", {"threshold": 0.55}),)
    assert snap_compare(app_of(talk), terminal_size=size, run_before=pressing("t", "n", "down"))


def test_a_name_for_these_values(snap_compare: Compare) -> None:
    talk = FakeTalk(scene(1_800))
    assert snap_compare(app_of(talk), terminal_size=SMALL, run_before=pressing("t", "n", "s", "a"))


def test_before_saving(snap_compare: Compare) -> None:
    talk = FakeTalk(scene(1_800))
    talk.diff = (
        "--- config.toml\n+++ config.toml\n@@ -1,2 +1,2 @@\n [turn_detection]\n-threshold = 0.5\n+threshold = 0.6"
    )
    assert snap_compare(app_of(talk), terminal_size=SMALL, run_before=pressing("t", "s"))


JUDGED = TurnRecord(
    "u2",
    61_024,
    61_088,
    62_720,
    62_944,
    {"rule": "threshold", "p": 0.71, "threshold": 0.5, "held_ms": 64},
    {"rule": "judge", "p": 0.93, "wait_ms": 208, "silence_ms": 224, "judge": "smart-turn"},
    0.71,
    0.98,
    -26.0,
    (Blip(58_912, 96, 0.44, -41.0, "threshold ≤ 0.44"), Blip(60_256, 32, 0.81, -30.0, "min_speech_ms ≤ 32")),
    Waterfall(224, 86, 152, 61, 40, "u2"),
    Mark.CUT_OFF,
)


def with_records() -> FakeTalk:
    talk = FakeTalk(scene(7_000))
    talk.first, talk.records = talked(), (JUDGED,)
    return talk


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
def test_a_line_is_chosen_and_another_is_marked(snap_compare: Compare, size: tuple[int, int]) -> None:
    before = pressing("j", "home", "down", "down", "c", "down")
    assert snap_compare(app_of(with_records()), terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
def test_the_card_of_a_turn(snap_compare: Compare, size: tuple[int, int]) -> None:
    before = pressing("j", "home", "down", "down", "c", "enter")
    assert snap_compare(app_of(with_records()), terminal_size=size, run_before=before)


def test_the_card_of_an_answer_to_a_turn_by_key(snap_compare: Compare) -> None:
    talk = FakeTalk(scene(7_000))
    reason = {"rule": "commit", "released_ms": 71_400}
    held = TurnRecord("u3", 70_112, 70_000, 71_328, 71_600, None, reason, 0.0, 0.97, -22.0)
    talk.first, talk.records = talked(), (held,)
    assert snap_compare(app_of(talk, "light"), terminal_size=SMALL, run_before=pressing("j", "enter"))


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
def test_on_a_link_elsewhere(snap_compare: Compare, size: tuple[int, int]) -> None:
    tokens = Tokens(input_text=80, input_audio=514, cached_audio=640, output_text=60, output_audio=250)
    traffic = Traffic("api.openai.com", True, Sending.SOUND, 83_400, 45_900, 5_440_000, 812_345, tokens)
    talk = FakeTalk(scene(4_100, link="openai", traffic=traffic, cost=Cost(0.0323, "USD"), local_estimate=True))
    talk.first = talked()
    assert snap_compare(app_of(talk), terminal_size=size, run_before=pressing())


def test_trouble(snap_compare: Compare) -> None:
    talk = FakeTalk(
        scene(
            2_000,
            link="openai",
            link_state="reconnecting",
            local_estimate=True,
            counters={"late": 3},
            level=Level(-2, 0, 0, clipping=True),
        )
    )
    talk.first = [*talked(), Told("The speaker is gone (plug it in; it is tried again every second)", "error")]
    assert snap_compare(app_of(talk), terminal_size=SMALL, run_before=pressing())


def test_typing(snap_compare: Compare) -> None:
    talk = FakeTalk(scene(7_000))
    talk.first = talked()
    assert snap_compare(app_of(talk), terminal_size=SMALL, run_before=pressing("i", "h", "e", "l", "l", "o"))


def test_help(snap_compare: Compare) -> None:
    assert snap_compare(app_of(speaking()), terminal_size=WIDE, run_before=pressing("question_mark"))


def test_devices(snap_compare: Compare) -> None:
    assert snap_compare(app_of(speaking()), terminal_size=SMALL, run_before=pressing("d", "down"))
