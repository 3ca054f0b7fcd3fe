from __future__ import annotations

import pytest

from tui_assistant.models.web import is_loopback, looks_like, mend, refusal


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://[::1]/v1", True),
        ("http://localhost/v1", True),
        ("http://box.localhost/v1", True),
        ("http://127.0.0.1.example/v1", False),
        ("http://192.168.0.2/v1", False),
        ("https://localhost.example/v1", False),
        ("nonsense", False),
    ],
)
def test_which_servers_are_on_this_machine(url: str, here: bool) -> None:
    assert is_loopback(url) is here


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"message": "no such model"}}', "no such model"),
        (b'{"error": {"code": "bad"}}', "bad"),
        (b'{"object": "error", "message": "no"}', "no"),
        (b'{"detail": [{"msg": "a"}, {"msg": "b"}]}', "a; b"),
        (b"down for\nmaintenance", "down for maintenance"),
        (b"<html>not here</html>", ""),
        (b"", ""),
        (b'{"error": "the key sk-1 is wrong"}', "the key *** is wrong"),
        (b"[" * 100_000, "[" * 199 + "…"),
    ],
)
def test_a_refusal_is_one_line_without_the_key(body: bytes, said: str) -> None:
    assert refusal(body, "sk-1") == said


def test_a_refusal_says_what_to_do() -> None:
    assert mend(401, "OWN_KEY") == "check the key in OWN_KEY"
    assert mend(403, "") == "it wants a key: set api_key_env"
    assert "model's name" in mend(404, "")
    assert "moved" in mend(308, "")
    assert "credit" in mend(429, "")
    assert "log" in mend(503, "")
    assert looks_like(b" <!doctype html>") == "a web page"
