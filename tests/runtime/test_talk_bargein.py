"""Who interrupts and answers, as a Talk asks for it and shows it; the server's way on links that leave no choice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conversation import updated
from session_link import SessionLink
from talk_desk import Desk, noise

from tui_assistant.client.interruption import SERVERS_WAY, BargeInTimes
from tui_assistant.protocol import client
from tui_assistant.protocol.session import ServerVad
from tui_assistant.runtime.options import TalkOptions


def asked(desk: Desk) -> tuple[bool, bool]:
    (update,) = [event for event in desk.link.sent if isinstance(event, client.SessionUpdate)]
    rules = update.session["audio"]["input"]["turn_detection"]
    return rules["create_response"], rules["interrupt_response"]


@pytest.mark.parametrize(
    ("times", "server", "shown"),
    [(BargeInTimes(), False, "two-stage"), (BargeInTimes(100, 0), False, "two-stage"), (SERVERS_WAY, True, "server")],
)
def test_our_own_client_decides_unless_it_is_left_to_the_server(
    open_desk: Callable[..., Desk], times: BargeInTimes, server: bool, shown: str
) -> None:
    desk = open_desk(barge_in=times)
    desk.until(lambda: desk.snapshot.barge_in == shown)
    assert asked(desk) == (server, server)


def test_in_push_to_talk_keys_interrupt(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(push_to_talk=True)
    desk.until(lambda: desk.snapshot.barge_in == "keys")


def test_a_link_that_leaves_no_choice_is_shown(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.until(lambda: desk.snapshot.barge_in == "two-stage")
    desk.link.say(updated(ServerVad()))  # what Qwen's session says, whatever it is asked
    desk.until(lambda: desk.snapshot.barge_in == "server")


def test_a_turn_on_an_engine_is_answered_by_our_request() -> None:
    link = SessionLink([0.0] * 10 + [0.9] * 20)
    desk = Desk(link, TalkOptions(recording=noise(3), output="none", remember=False))  # type: ignore[arg-type]
    try:
        desk.until(lambda: "response.create" in link.types)
        assert link.types.count("response.create") == 1
    finally:
        desk.talk.close()
