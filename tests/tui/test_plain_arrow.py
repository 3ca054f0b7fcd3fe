from __future__ import annotations

import io
from dataclasses import replace

from fake_talk import FakeTalk

from tui_assistant.client.latency import ReplyLatency
from tui_assistant.links.traffic import Sending, Traffic
from tui_assistant.runtime.api import Ended, Mode, Snapshot
from tui_assistant.tui.plain import run_plain
from tui_assistant.tui.plain_arrow import SETTLED_S, Arrow

AWAY = Snapshot(link="openai", microphone="mic", traffic=Traffic(place="api.openai.com", leaves=True, up_ms=4_000))


def sending(what: Sending, snapshot: Snapshot = AWAY) -> Snapshot:
    assert snapshot.traffic is not None
    return replace(snapshot, traffic=replace(snapshot.traffic, sending=what))


def test_it_is_said_when_it_has_settled_and_once() -> None:
    arrow = Arrow()
    assert arrow.take(AWAY, 0.0) == ""
    assert arrow.take(sending(Sending.SOUND), 0.9 * SETTLED_S) == ""
    assert arrow.take(sending(Sending.SOUND), SETTLED_S) == "↗ sending to api.openai.com"
    assert arrow.take(sending(Sending.SOUND), 9.0) == ""
    assert arrow.take(sending(Sending.NOTHING), 10.0) == "", "turns come and go: that is no news"


def test_mode_and_mute_make_news_and_holding_the_key_does_not() -> None:
    arrow = Arrow()
    arrow.take(sending(Sending.SOUND), 0.0)
    assert arrow.take(sending(Sending.SOUND), 1.0) == "↗ sending to api.openai.com"
    muted = replace(sending(Sending.SILENCE), muted=True)
    assert arrow.take(muted, 5.0) == ""
    assert arrow.take(muted, 6.0) == "↗ sending silence to api.openai.com"
    manual = replace(AWAY, mode=Mode.PUSH_TO_TALK)
    assert arrow.take(manual, 7.0) == ""
    held = replace(sending(Sending.SOUND, manual), talking=True)
    assert arrow.take(held, 8.5) == ""
    assert arrow.take(manual, 9.0) == "↗ not sending to api.openai.com"
    assert arrow.take(held, 12.0) == ""


def test_on_this_machine_nothing_is_said() -> None:
    arrow, here = Arrow(), Snapshot(traffic=Traffic(place="127.0.0.1", sending=Sending.SOUND))
    assert [arrow.take(snapshot, at) for at, snapshot in enumerate((here, here, Snapshot(), Snapshot()))] == [""] * 4


def told(snapshot: Snapshot, typed: str) -> tuple[str, str]:
    talk, out, err = FakeTalk(snapshot), io.StringIO(), io.StringIO()
    if not typed:
        talk.first = [Ended(0)]
    assert run_plain(talk, stdin=io.StringIO(typed), stdout=out, stderr=err) == 0
    return out.getvalue(), err.getvalue()


def test_the_state_of_the_link_has_the_mark() -> None:
    def live(pulled: int) -> Snapshot:
        if pulled == 3:
            talk.post(Ended(0))
        return replace(AWAY, link_state="reconnecting" if pulled > 1 else "ready")

    talk, out = FakeTalk(live=live), io.StringIO()
    run_plain(talk, stdout=out, stderr=io.StringIO(), interactive=False)
    assert "--   link openai ↗: reconnecting\n" in out.getvalue()


def test_the_traffic_is_said_at_the_end_and_when_it_is_asked_for() -> None:
    out, err = told(replace(AWAY, replies=ReplyLatency(1, 550, 550)), "/traffic\n/quit\n")
    assert "--   ↗ not sending to api.openai.com · ↑ 4 s ↓ 0 s · 0 kB ↑ 0 kB ↓\n" in out
    assert err.splitlines()[1] == "↑ 4 s ↓ 0 s · 0 kB ↑ 0 kB ↓"
    out, err = told(Snapshot(), "/traffic\n/quit\n")
    assert "nothing goes over a wire" in out
    assert err == ""
