from __future__ import annotations

import pytest
from canary import CANARY

from tui_assistant.errors import UnavailableError, UsageError
from tui_assistant.links.vendors.endpoint import endpoint
from tui_assistant.links.vendors.table import SERVERS, SERVICES, VENDORS

KEYS = {vendor.key: CANARY for vendor in SERVICES.values()}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_an_address_and_a_key_that_nobody_prints(name: str) -> None:
    found = endpoint(name, KEYS, resource="mine")
    assert found.url.startswith("wss://")
    assert found.leaves
    assert any(CANARY in value for value in found.headers.values())
    assert CANARY not in repr(found) + str(found) + found.url


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_of_one_s_own_is_on_this_machine_or_where_its_url_says(name: str) -> None:
    here = endpoint(name, {}, model="m/x", stored=refused)
    assert (here.name, here.leaves, dict(here.headers)) == (name, False, {})
    assert ("{model}" in VENDORS[name].url) == ("model=m%2Fx&" in f"{here.url}&" and "{model}" in VENDORS[name].url)
    away = endpoint(f"{name}+wss://nas.example:8000/rt", {"MINE": CANARY}, key_env="MINE")
    assert (away.url, away.vendor, away.leaves) == ("wss://nas.example:8000/rt", VENDORS[name], True)
    assert away.headers == {"Authorization": f"Bearer {CANARY}"}


def refused(name: str) -> str:
    raise AssertionError("the keyring is not asked for a server on this machine")


@pytest.mark.parametrize("name", ["speaches", "localai"])
def test_a_server_that_has_to_be_told_its_model(name: str) -> None:
    with pytest.raises(UsageError, match="which model"):
        endpoint(name, {})


@pytest.mark.parametrize("name", SERVICES)
def test_without_a_key_one_line_says_which_variable(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        endpoint(name, {}, resource="mine")
    assert VENDORS[name].key in str(caught.value)
    assert f"tui-assistant key set {VENDORS[name].key_name}" in str(caught.value)


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
        (
            "wss://ws1.ap-southeast-1.maas.aliyuncs.com/api-ws/v1/realtime?model=m",
            "qwen",
            16_000,
            "qwen-workspace-intl",
        ),
        ("wss://ws1.cn-beijing.maas.aliyuncs.com/api-ws/v1/realtime?model=m", "qwen", 16_000, "qwen-workspace"),
        ("wss://dashscope.aliyuncs.com/api-ws/v1/realtime?model=m", "qwen", 16_000, "qwen"),
        ("wss://api.stepfun.ai/v1/realtime?model=m", "beta", 24_000, "stepfun-intl"),
        ("wss://mine.openai.azure.com/openai/v1/realtime?model=m", "ga", 24_000, "azure"),
    ],
)
def test_a_url_says_whose_it_is(url: str, dialect: str, rate: int, name: str) -> None:
    found = endpoint(url, KEYS)
    assert (found.vendor.dialect, found.vendor.input_rate, found.name) == (dialect, rate, name)
    ours = name.startswith(("127", "local"))  # nobody's that we know: it may be a server of ours, which is asked why
    assert found.url == (url + "?explain=1" if ours else url)


def test_a_model_is_added_to_a_url_that_names_none() -> None:
    assert endpoint("ws://127.0.0.1/v1/realtime", {}, model="a b").url.endswith("/v1/realtime?model=a%20b&explain=1")
    assert endpoint("ws://127.0.0.1/r?x=1", {}, model="m").url.endswith("?x=1&model=m&explain=1")
    assert endpoint("ws://127.0.0.1/r?model=n&explain=0", {}, model="m").url.endswith("?model=n&explain=0")


@pytest.mark.parametrize(
    "url", ["opeani", "http://127.0.0.1/", "ws://", "ws://[", "wss://u:p@host/x", "ws://h:99999/", "stepfun+x"]
)
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


@pytest.mark.parametrize(
    "link",
    [
        f"wss://host.example/v1/realtime?api_key={CANARY}",
        "wss://host.example/v1/realtime?model=m&token=hunter2hunter2",
        f"openai+wss://{CANARY}@host.example/",
        CANARY,
    ],
)
def test_a_key_on_the_command_line_is_refused_unprinted(link: str) -> None:
    with pytest.raises(UsageError, match="must not hold a password or a key") as caught:
        endpoint(link, KEYS)
    assert CANARY not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_variable_goes_before_the_keyring_and_that_before_none() -> None:
    asked: list[str] = []

    def stored(name: str) -> str:
        asked.append(name)
        return f"{CANARY}-{name}\n"

    assert endpoint("openai", KEYS, stored=stored).headers == {"Authorization": f"Bearer {CANARY}"}
    assert asked == []
    assert endpoint("openai", {}, stored=stored).headers == {"Authorization": f"Bearer {CANARY}-openai"}
    assert endpoint("qwen-workspace-intl", {}, resource="w", stored=stored).headers == {
        "Authorization": f"Bearer {CANARY}-qwen-intl"
    }
    assert endpoint("wss://voice.example:8443/rt", {}, stored=stored).headers == {
        "Authorization": f"Bearer {CANARY}-voice.example:8443"
    }
    assert endpoint("ws://127.0.0.1:8771/rt", {}, stored=stored).headers == {}
    assert asked == ["openai", "qwen-intl", "voice.example:8443"]


def test_a_keyring_that_does_not_work_is_named_where_a_key_is_needed() -> None:
    def locked(name: str) -> str:
        raise UnavailableError("the system's keyring is locked", "unlock it")

    with pytest.raises(UsageError, match="no key in OPENAI_API_KEY, and the system's keyring is locked"):
        endpoint("openai", {}, stored=locked)
    assert endpoint("wss://voice.example/rt", {}, stored=locked).headers == {}
    with pytest.raises(UsageError, match="no key in MINE"):
        endpoint("wss://voice.example/rt", {}, key_env="MINE", stored=locked)


def test_what_the_keyring_has_must_be_a_key_too() -> None:
    with pytest.raises(UsageError, match="what the keyring's openai holds is no key") as caught:
        endpoint("openai", {}, stored=lambda name: f"{CANARY} {CANARY}")
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("[::1]", True),
        ("localhost", True),
        ("voice.localhost", True),
        ("localhost.example", False),
        ("192.168.0.7", False),
        ("[::2]", False),
    ],
)
def test_what_stays_on_this_machine(host: str, here: bool) -> None:
    assert endpoint(f"ws://{host}:9/rt", {}).leaves is not here
