"""Who may open a session."""

from __future__ import annotations

import pytest

from tui_assistant.server.access import Access, is_loopback

OPEN = Access("127.0.0.1", 8771)
LOCKED = Access("0.0.0.0", 8771, token="s3cret", allow_hosts=frozenset({"box.lan"}))


def status(access: Access, host: str | None = "127.0.0.1:8771", origin: str | None = None,
           authorization: str | None = None, protocols: tuple[str, ...] = ()) -> int | None:  # fmt: skip
    refusal = access.refusal(host=host, origin=origin, authorization=authorization, protocols=protocols)
    return refusal.status if refusal else None


@pytest.mark.parametrize("host", ["127.0.0.1:8771", "localhost:8771", "LOCALHOST", "[::1]:8771", "127.0.0.1"])
def test_this_machine_is_let_in(host: str) -> None:
    assert status(OPEN, host) is None


@pytest.mark.parametrize("host", [None, "", "evil.example", "evil.example:8771", "127.0.0.1.evil.example", "box.lan",
                                  "evil.example@127.0.0.1", "127.0.0.1:8771@evil.example", "[", "\udcff", "[::1].evil",
                                  "127.0.0.1/evil.example"])  # fmt: skip
def test_a_foreign_host_is_not(host: str | None) -> None:
    assert status(OPEN, host) == 403


@pytest.mark.parametrize(
    ("origin", "refused"),
    [
        (None, None),
        ("http://127.0.0.1:8771", None),
        ("https://127.0.0.1:8771", None),
        ("http://127.0.0.1:9999", 403),
        ("http://evil.example", 403),
        ("null", 403),
        ("http://[", 403),
        ("ws://127.0.0.1:8771", 403),
        ("http://127.0.0.1:8771/page", 403),
        ("\udcff", 403),
        ("", 403),
    ],
)
def test_only_our_own_origin(origin: str | None, refused: int | None) -> None:
    assert status(OPEN, origin=origin) == refused


def test_origins_and_hosts_can_be_allowed() -> None:
    access = Access("127.0.0.1", 8771, allow_origins=frozenset({"https://app.example"}), allow_hosts=frozenset({"b"}))
    assert status(access, origin="https://app.example") is None
    assert status(access, "b:8771") is None


@pytest.mark.parametrize(
    ("authorization", "protocols", "refused"),
    [
        (None, (), 401),
        ("Bearer s3cret", (), None),
        ("bearer s3cret", (), None),
        ("BEARER  s3cret ", (), None),
        ("Bearer wrong", (), 401),
        ("Bearer", (), 401),
        ("Basic s3cret", (), 401),
        ("Bearer s3cret\udcff", (), 401),
        (None, ("realtime", "openai-insecure-api-key.s3cret"), None),
        (None, ("realtime", "openai-insecure-api-key.wrong"), 401),
    ],
)
def test_the_token(authorization: str | None, protocols: tuple[str, ...], refused: int | None) -> None:
    assert status(LOCKED, "box.lan", authorization=authorization, protocols=protocols) == refused


def test_a_token_may_hold_any_letter() -> None:
    """As bytes of a header: UTF-8 that the library hands on as surrogates."""
    access = Access("0.0.0.0", 8771, token="größe")
    assert status(access, authorization="Bearer " + "größe".encode().decode("ascii", "surrogateescape")) is None
    assert status(access, authorization="Bearer groesse") == 401


@pytest.mark.parametrize("host", ["fd00::7", "[fd00::7]"])
def test_an_ipv6_address_is_known_by_its_own_name(host: str) -> None:
    assert status(Access(host, 8771), "[FD00::7]:8771") is None
    assert status(Access(host, 8771), "[fd00::8]:8771") == 403


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.3.2.1", True), ("::1", True), ("[::1]", True), ("localhost", True),
     ("0.0.0.0", False), ("192.168.1.2", False), ("box.lan", False)],
)  # fmt: skip
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
