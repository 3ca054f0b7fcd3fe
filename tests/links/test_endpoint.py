from __future__ import annotations

import pytest

from tui_assistant.errors import UsageError
from tui_assistant.links.vendors.endpoint import endpoint
from tui_assistant.links.vendors.table import VENDORS

CANARY = "sk-canary-41bd"
KEYS = {vendor.key: CANARY for vendor in VENDORS.values()}


@pytest.mark.parametrize("name", VENDORS)
def test_every_service_has_an_address_and_a_key_that_nobody_prints(name: str) -> None:
    found = endpoint(name, KEYS, resource="mine")
    assert found.url.startswith("wss://")
    assert found.leaves
    assert any(CANARY in value for value in found.headers.values())
    assert CANARY not in repr(found) + str(found) + found.url


@pytest.mark.parametrize("name", VENDORS)
def test_without_a_key_one_line_says_which_variable(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        endpoint(name, {}, resource="mine")
    assert VENDORS[name].key in str(caught.value)


def test_the_headers_that_a_service_wants() -> None:
    assert endpoint("openai", KEYS).headers == {"Authorization": f"Bearer {CANARY}"}
    azure = endpoint("azure", KEYS, model="voice 1", resource="mine")
    assert azure.headers == {"api-key": CANARY}
    assert azure.url == "wss://mine.openai.azure.com/openai/v1/realtime?model=voice%201"


@pytest.mark.parametrize(
    ("url", "dialect", "rate", "name"),
    [
        ("ws://127.0.0.1:8771/v1/realtime", "auto", 24_000, "127.0.0.1:8771"),
        ("ws://localhost:8771/api-ws/v1/realtime", "qwen", 16_000, "localhost:8771"),
        ("wss://ws1.ap-southeast-1.maas.aliyuncs.com/api-ws/v1/realtime?model=m", "qwen", 16_000, "qwen"),
        ("wss://mine.openai.azure.com/openai/v1/realtime?model=m", "ga", 24_000, "azure"),
    ],
)
def test_a_url_says_whose_it_is(url: str, dialect: str, rate: int, name: str) -> None:
    found = endpoint(url, KEYS)
    assert (found.url, found.vendor.dialect, found.vendor.input_rate, found.name) == (url, dialect, rate, name)


def test_a_model_is_added_to_a_url_that_names_none() -> None:
    assert endpoint("ws://127.0.0.1/v1/realtime", {}, model="a b").url.endswith("/v1/realtime?model=a%20b")
    assert endpoint("ws://127.0.0.1/r?x=1", {}, model="m").url.endswith("?x=1&model=m")
    assert endpoint("ws://127.0.0.1/r?model=n", {}, model="m").url.endswith("?model=n")


@pytest.mark.parametrize("url", ["opeani", "http://127.0.0.1/", "ws://", "ws://[", "wss://u:p@host/x", "ws://h:99999/"])
def test_what_is_no_address_is_refused_with_one_line(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        endpoint(url, {})
    assert "\n" not in str(caught.value)


def test_a_key_does_not_go_over_an_open_wire() -> None:
    with pytest.raises(UsageError, match="in the open"):
        endpoint("ws://server.example/v1/realtime", {"MINE": CANARY}, key_env="MINE")
    assert endpoint("ws://127.0.0.1/v1/realtime", {"MINE": CANARY}, key_env="MINE").headers


def test_a_key_with_a_line_break_is_refused_unprinted() -> None:
    with pytest.raises(UsageError) as caught:
        endpoint("openai", {"OPENAI_API_KEY": f"{CANARY}\nX: y"})
    assert CANARY not in str(caught.value)
