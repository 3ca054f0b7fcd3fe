"""What `doctor` says of keys and prices for --link."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from needs import package

from tui_assistant.commands import doctor
from tui_assistant.commands.doctor import Finding, Verdict
from tui_assistant.config import Flag, load
from tui_assistant.links.vendors.table import SERVICES

CANARY = "sk-canary-88aa0123456789abcdef"


@pytest.fixture(autouse=True)
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, and a keyring of the test's own."""
    keyring = package("keyring")
    from fake_keyring import FileRing

    monkeypatch.setenv("TUI_ASSISTANT_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("FAKE_KEYRING", str(tmp_path / "ring.json"))
    monkeypatch.setattr(keyring.core, "_keyring_backend", FileRing())
    for vendor in SERVICES.values():
        monkeypatch.delenv(vendor.key, raising=False)


def findings(**values: Any) -> list[Finding]:
    return list(doctor.links(load({key.replace("__", "."): Flag(key, value) for key, value in values.items()})))


def test_without_a_key_nothing_is_wrong() -> None:
    (found,) = findings()
    assert found.verdict is Verdict.OK
    assert found.text == "no service has a key: conversations run here, or on servers without one"


def test_keys_are_named_with_their_place_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    from tui_assistant.links.vendors.keys import Keyring

    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    Keyring().put("qwen", CANARY)
    (found,) = findings()
    assert found.text == (
        "keys: openai (the variable OPENAI_API_KEY), qwen (the test's ring); no [link.prices], so no cost is estimated"
    )
    (found,) = findings(link__prices__output_audio=64, link__prices__currency="EUR")
    assert found.text.endswith("; cost is estimated in EUR")
    assert CANARY not in repr(found)


def test_a_variable_that_is_not_set_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    note, _ = findings(link__key_env="MY_KEY")
    assert (note.verdict, note.mend) == (Verdict.NOTE, "export MY_KEY=...")
    monkeypatch.setenv("MY_KEY", CANARY)
    assert len(findings(link__key_env="MY_KEY")) == 1


def test_a_keyring_that_does_not_work_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_KEYRING_FAULT", "locked")
    (found,) = findings()
    assert "no service has a key (the system's keyring is locked)" in found.text
