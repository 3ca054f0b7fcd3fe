from __future__ import annotations

import threading

import pytest
from fake_talk import FakeTalk

from tui_assistant.client.hold import Edge, KeyEdge, Method
from tui_assistant.tui.keys.router import KeyWishes, Router

SPACE = ("space", "32u")
M = ("m", "109u")


def router(method: Method | None = None, *, flags: int | None = 27, **keys: str) -> tuple[Router, FakeTalk]:
    """Attached and open; `flags` None: a terminal that does not answer."""
    talk = FakeTalk()
    made = Router(talk, KeyWishes(method=method, **keys), terminal=lambda: "xterm")
    made.attach()
    made.open = True
    if flags is None:
        made.no_answer()
    else:
        made.answered(flags)
    talk.calls.clear()
    return made, talk


def edges(talk: FakeTalk) -> list[object]:
    return [call[1] for call in talk.calls if call[0] == "key"]


def test_a_hold_goes_to_the_talk_and_to_nobody_else() -> None:
    keys, talk = router()
    assert keys.report(*SPACE, None, 0.0)
    assert keys.report(*SPACE, Edge.REPEAT, 400.0)
    assert keys.report(*SPACE, Edge.RELEASE, 430.0)
    assert edges(talk) == [Edge.PRESS, Edge.REPEAT, Edge.RELEASE]
    assert not keys.report(*M, None, 500.0)
    assert keys.report(*M, Edge.RELEASE, 510.0), "no release reaches Textual"
    assert len(talk.calls) == 3


def test_closed_the_key_is_an_ordinary_one_until_it_is_pressed_anew() -> None:
    keys, talk = router()
    keys.open = False
    assert not keys.report(*SPACE, None, 0.0)
    assert not keys.report(*SPACE, Edge.REPEAT, 400.0)
    keys.open = True  # the dialog closes while the key is still down
    assert not keys.report(*SPACE, Edge.REPEAT, 430.0)
    keys.pulse(430.0)  # which the screen takes for its binding
    assert keys.report(*SPACE, Edge.RELEASE, 440.0)
    assert talk.calls == []
    assert keys.report(*SPACE, None, 500.0)
    assert edges(talk) == [Edge.PRESS]


def test_what_opens_in_mid_hold_does_not_get_the_rest_of_it() -> None:
    keys, talk = router()
    keys.report(*SPACE, None, 0.0)
    keys.open = False
    assert keys.report(*SPACE, Edge.REPEAT, 400.0)
    assert keys.report(*SPACE, Edge.RELEASE, 430.0)
    assert edges(talk) == [Edge.PRESS, Edge.REPEAT, Edge.RELEASE]

    keys, talk = router(flags=None)
    keys.report("space", " ", None, 0.0)
    keys.report("space", " ", None, 400.0)
    keys.open = False
    assert keys.report("space", " ", None, 433.0), "auto-repeat of the same hold"
    assert not keys.report("space", " ", None, 800.0), "typed"
    assert edges(talk) == [Edge.PULSE] * 3


def test_a_release_is_found_whatever_modifier_came_meanwhile() -> None:
    keys, talk = router()
    keys.report(*SPACE, None, 0.0)
    assert not keys.report("left_shift", "57441u", None, 100.0)
    assert keys.report("shift+space", "32u", Edge.REPEAT, 400.0)
    assert keys.report("shift+space", "32u", Edge.RELEASE, 430.0)
    assert edges(talk) == [Edge.PRESS, Edge.REPEAT, Edge.RELEASE]


@pytest.mark.parametrize("name", ["shift+space", "ctrl+space", "alt+space", "m", ""])
def test_other_keys_are_not_the_talk_key(name: str) -> None:
    keys, talk = router()
    assert not keys.report(name, "32u", None, 0.0)
    assert talk.calls == []


@pytest.mark.parametrize(("talk_key", "event"), [("f4", "f4"), ("Ctrl+T", "ctrl+t"), ("shift+alt+x", "alt+shift+x")])
def test_any_key_can_be_the_talk_key(talk_key: str, event: str) -> None:
    keys, talk = router(talk=talk_key)
    assert keys.report(event, "x", None, 0.0)
    assert not keys.report(*SPACE, None, 100.0)
    assert edges(talk) == [Edge.PRESS]


def test_without_releases_every_sign_of_the_key_is_a_pulse() -> None:
    keys, talk = router(flags=None)
    for at in (0.0, 400.0, 433.0):
        assert keys.report("space", " ", None, at)
    assert edges(talk) == [Edge.PULSE] * 3
    assert keys.keyboard is not None
    assert keys.keyboard.method is Method.INFERRED
    assert "xterm doesn't report key releases" in keys.keyboard.why


@pytest.mark.parametrize(
    ("flags", "method", "told"),
    [
        (27, None, Method.RELEASED),
        (25, None, Method.INFERRED),  # kitty's protocol without event types
        (3, None, Method.INFERRED),  # a space is typed text there, which has no release
        (27, Method.INFERRED, Method.INFERRED),
        (27, Method.TOGGLE, Method.TOGGLE),
        (None, Method.RELEASED, Method.RELEASED),
        (None, Method.TOGGLE, Method.TOGGLE),
    ],
)
def test_the_terminals_answer_decides_and_the_settings_overrule_it(
    flags: int | None, method: Method | None, told: Method
) -> None:
    keys, _ = router(method, flags=flags)
    assert keys.keyboard is not None
    assert keys.keyboard.method is told
    assert (keys.keyboard.why == "") is (told is Method.RELEASED)


def test_inferred_by_wish_hides_what_the_terminal_tells() -> None:
    keys, talk = router(Method.INFERRED)
    assert keys.report(*SPACE, None, 0.0)
    assert keys.report(*SPACE, Edge.REPEAT, 400.0)
    assert keys.report(*SPACE, Edge.RELEASE, 430.0)
    assert edges(talk) == [Edge.PULSE, Edge.PULSE]


def test_a_late_answer_counts_and_is_told() -> None:
    keys, talk = router(flags=None)
    keys.answered(27)
    assert talk.calls == [("use_keyboard", Method.RELEASED)]
    keys.answered(27)
    keys.no_answer()
    assert len(talk.calls) == 1, "nothing new"
    assert keys.report(*SPACE, None, 0.0)
    assert edges(talk) == [Edge.PRESS]


def test_the_focus_goes_and_comes_back() -> None:
    keys, talk = router()
    keys.report(*SPACE, None, 0.0)
    keys.blur()
    assert keys.report(*SPACE, Edge.RELEASE, 500.0)
    assert talk.calls == [("key", Edge.PRESS), ("blur",)]
    assert keys.report(*SPACE, Edge.REPEAT, 900.0), "kitty calls the next press a repeat"
    assert keys.report(*SPACE, Edge.RELEASE, 1_000.0)
    assert edges(talk) == [Edge.PRESS, Edge.PRESS, Edge.RELEASE]


def test_right_behind_another_key_the_screen_has_the_word() -> None:
    keys, talk = router()
    assert not keys.report("i", "105u", None, 0.0)  # opens the type line, once the screen gets to it
    assert not keys.report(*SPACE, None, 1.0)
    assert keys.report(*SPACE, Edge.RELEASE, 2.0)
    assert talk.calls == [], "the type line has it"
    assert keys.report(*SPACE, None, 100.0)

    keys, talk = router()
    assert not keys.report(*M, None, 0.0)
    assert not keys.report(*SPACE, None, 1.0)
    assert keys.report(*SPACE, Edge.RELEASE, 60.0)
    keys.pulse(1.2)  # the screen got to it, and found its binding
    assert edges(talk) == [Edge.PRESS, Edge.RELEASE], "in its order, with its times"
    keys.pulse(1.2)
    assert len(talk.calls) == 2


def test_without_a_driver_the_screens_binding_is_a_pulse() -> None:
    talk = FakeTalk()
    keys = Router(talk)
    keys.pulse(5.0)
    assert talk.calls == [("key", Edge.PULSE)]


def test_the_toggle_key_held_is_pressed_once() -> None:
    keys, _ = router()
    assert not keys.report("f2", "1Q", None, 0.0)
    assert keys.report("f2", "1Q", Edge.REPEAT, 400.0)
    assert not keys.report("up", "1A", None, 500.0)
    assert not keys.report("up", "1A", Edge.REPEAT, 900.0), "other keys repeat"


def test_the_windows_console_brings_releases_beside_the_keys() -> None:
    talk = FakeTalk()
    keys = Router(talk)
    keys.attach()
    keys.open = True
    keys.released(True)
    assert keys.keyboard is not None
    assert keys.keyboard.method is Method.RELEASED
    for at in (0.0, 400.0, 433.0):
        assert keys.report("space", " ", None, at)
    keys.key_up(450.0)
    keys.key_up(451.0)
    assert edges(talk) == [Edge.PRESS, Edge.REPEAT, Edge.REPEAT, Edge.RELEASE]


def test_suspending_the_program_ends_a_hold() -> None:
    keys, talk = router()
    keys.report(*SPACE, None, 0.0)
    keys.detach()
    assert talk.calls[-1] == ("blur",)


def test_edges_from_two_threads_keep_their_order() -> None:
    keys, talk = router()
    done = threading.Event()

    def blur() -> None:
        while not done.is_set():
            keys.blur()

    thread = threading.Thread(target=blur)
    thread.start()
    for at in range(500):
        keys.report(*SPACE, None, at * 100.0)
        keys.report(*SPACE, Edge.RELEASE, at * 100.0 + 50)
    done.set()
    thread.join()
    held = False
    for call in talk.calls:
        if call[0] == "blur":
            held = False
        elif call[1] is Edge.PRESS:
            assert not held
            held = True
        else:
            assert held, "a release without its press"
            held = False


def test_tests_may_post_edges() -> None:
    keys, talk = router()
    assert keys.take(KeyEdge(Edge.PRESS, 0.0))
    assert keys.take(KeyEdge(Edge.RELEASE, 300.0))
    keys.open = False
    assert not keys.take(KeyEdge(Edge.PRESS, 500.0))
    assert edges(talk) == [Edge.PRESS, Edge.RELEASE]
