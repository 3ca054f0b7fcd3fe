from __future__ import annotations

import pytest
from echo_room import needs_canceller

from tui_assistant.audio import canceller
from tui_assistant.commands.doctor import Verdict, echo
from tui_assistant.config import Settings
from tui_assistant.config_sections import AudioSettings
from tui_assistant.errors import DeviceError


def settings(**audio: object) -> Settings:
    return Settings.model_construct(audio=AudioSettings(**audio))


@pytest.mark.parametrize("wanted", [{"headphones": True}, {"echo": "headphones"}, {"echo": "half-duplex"}])
def test_where_no_canceller_is_wanted_none_is_looked_for(wanted, monkeypatch) -> None:
    monkeypatch.setattr(canceller, "installed", lambda: pytest.fail("it was looked for"))
    found = echo(settings(**wanted))
    assert found.verdict is Verdict.OK
    assert "by the settings" in found.text


def test_without_the_extra_it_is_a_note_with_the_line_that_mends_it(monkeypatch) -> None:
    monkeypatch.setattr(canceller, "installed", lambda: False)
    found = echo(settings())
    assert found.verdict is Verdict.NOTE
    assert "half-duplex" in found.text
    assert found.mend == "pip install 'tui-assistant[aec]'"


def test_one_that_does_not_load_is_found(monkeypatch) -> None:
    def broken(rate: int) -> None:
        raise DeviceError("no such library")

    monkeypatch.setattr(canceller, "installed", lambda: True)
    monkeypatch.setattr(canceller, "WebRtcCanceller", broken)
    found = echo(settings(echo="aec"))
    assert found.verdict is Verdict.BAD
    assert "no such library" in found.text
    assert found.mend == "pip install 'tui-assistant[aec]'; or tui-assistant config set audio.echo half-duplex"


def test_one_that_works_is_told() -> None:
    needs_canceller()
    found = echo(settings())
    assert (found.verdict, found.mend) == (Verdict.OK, "")
