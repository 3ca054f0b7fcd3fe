"""Keys in the keyring, with the package's own functions and a backend of the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from needs import package

from tui_assistant.errors import UnavailableError, UsageError
from tui_assistant.links.vendors.endpoint import endpoint
from tui_assistant.links.vendors.keys import INDEX, SERVICE, Keyring, checked, from_keyring

keyring = package("keyring")

from fake_keyring import FileRing  # noqa: E402  # it needs the package

CANARY = "sk-canary-0f3a0123456789abcdef"


@pytest.fixture(autouse=True)
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileRing]:
    monkeypatch.setenv("FAKE_KEYRING", str(tmp_path / "ring.json"))
    before = keyring.get_keyring()
    made = FileRing()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def test_what_is_kept_is_found_by_a_link() -> None:
    Keyring().put("openai", CANARY)
    assert from_keyring("openai") == CANARY
    assert from_keyring("azure") == ""
    found = endpoint("openai", {}, stored=from_keyring)
    assert found.headers == {"Authorization": f"Bearer {CANARY}"}
    assert CANARY not in repr(found)


def test_names_are_remembered_where_the_keys_are() -> None:
    ours = Keyring()
    for name in ("qwen", "openai", "qwen"):
        ours.put(name, CANARY)
    assert ours.names() == ["openai", "qwen"]
    assert ours.remove("qwen")
    assert not ours.remove("qwen")
    assert ours.names() == ["openai"]


@pytest.mark.parametrize("index", ["{", '{"openai": 1}', '["openai", 3]', ""])
def test_a_damaged_list_of_names_keeps_nobody_from_their_key(ring: FileRing, index: str) -> None:
    ring.set_password(SERVICE, INDEX, index)
    assert Keyring().names() in ([], ["openai"])
    Keyring().put("openai", CANARY)
    assert Keyring().names() == ["openai"]
    assert from_keyring("openai") == CANARY


def test_a_key_that_was_deleted_elsewhere_leaves_the_list(ring: FileRing) -> None:
    Keyring().put("openai", CANARY)
    ring.delete_password(SERVICE, "openai")
    assert not Keyring().remove("openai")
    assert Keyring().names() == []


@pytest.mark.parametrize("fault", ["locked", "broken", "forgetful"])
def test_no_error_holds_the_key(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_KEYRING_FAULT", fault)
    with pytest.raises(UnavailableError) as caught:
        Keyring().put("openai", CANARY)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_what_can_be_a_key() -> None:
    assert checked(f" {CANARY}\n", "the answer") == CANARY
    for bad in ("two words", "schlüssel", "a\nb", "x" * 2_001):
        with pytest.raises(UsageError, match="what the answer holds is no key"):
            checked(bad, "the answer")
