"""assets/deploy against the program: what it gives exists here, what it asks is answered. No engine runs it."""

from __future__ import annotations

import re
import shlex
import signal
import socket
import tomllib
from pathlib import Path
from typing import Any

import click
import httpx
import kubernetes_validate
import pytest
import yaml
from dockerfile_parse import DockerfileParser
from serve_program import running
from websockets.sync.client import connect

from tui_assistant.cli import cli
from tui_assistant.config import CONFIG_VARIABLE
from tui_assistant.server.gate import LIVE_PATH, READY_PATH
from tui_assistant.server.supervisor import END_S
from tui_assistant.state import STATE_VARIABLE

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "assets" / "deploy"
KUBERNETES = "1.37"  # whose schemas are asked
POD_IP = "10.1.2.3"


def options(arguments: list[str]) -> dict[str, Any]:
    """As `serve` understands them. Fails for what it has no option for."""
    try:
        return cli.commands["serve"].make_context("serve", list(arguments)).params
    except click.UsageError as error:
        raise AssertionError(error.message) from None


# ---------------------------------------------------------------------------------------------------- Containerfile


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Instructions and what follows them."""
    parser = DockerfileParser(path=str(tmp_path_factory.mktemp("container")))
    parser.content = (DEPLOY / "Containerfile").read_text()
    return [(step["instruction"], step["value"]) for step in parser.structure]


def values(steps: list[tuple[str, str]], instruction: str) -> list[str]:
    return [value for name, value in steps if name == instruction]


def test_its_instructions_are_known(steps: list[tuple[str, str]]) -> None:
    known = {"COMMENT", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in steps} <= known
    assert values(steps, "STOPSIGNAL") == ["SIGTERM"]


def test_its_base_is_a_python_that_the_package_allows(steps: list[tuple[str, str]]) -> None:
    bases = {value.split()[0] for value in values(steps, "FROM")}
    assert len(bases) == 1
    found = re.fullmatch(r"python:3\.(\d+)-slim", bases.pop())  # a plain name: which registry is the engine's matter
    assert found
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    assert 11 <= int(found[1]) < 14
    (extras,) = re.findall(r'"\.\[([\w,]+)\]"', " ".join(values(steps, "RUN")))
    assert set(extras.split(",")) <= set(project["optional-dependencies"])


def test_what_it_copies_is_there_and_is_what_a_build_needs(steps: list[tuple[str, str]]) -> None:
    copied = [word for value in values(steps, "COPY") if "--from" not in value for word in shlex.split(value)[:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = {"pyproject.toml", build["project"]["readme"], *build["project"]["license-files"]}
    needed |= {*build["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"], "tui_assistant"}
    assert needed <= set(copied)


def test_it_runs_serve_as_nobody_in_particular(steps: list[tuple[str, str]]) -> None:
    (user,) = values(steps, "USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)  # a number, which runAsNonRoot can check
    entry, command = (yaml.safe_load(values(steps, name)[0]) for name in ("ENTRYPOINT", "CMD"))
    assert entry == ["tui-assistant", "serve"]
    assert str(options(command)["port"]) == values(steps, "EXPOSE")[0]
    text = " ".join(values(steps, "ENV"))
    variables = dict(re.findall(r"(\w+)=(\S+)", text))
    assert {name for name in variables if name.startswith("TUI_ASSISTANT_")} == {STATE_VARIABLE, CONFIG_VARIABLE}
    assert f"mkdir -m 0700 {variables[STATE_VARIABLE]} " in " ".join(values(steps, "RUN"))


# ------------------------------------------------------------------------------------------------------- Kubernetes


@pytest.fixture(scope="module")
def manifests() -> dict[str, dict[str, Any]]:
    documents = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())
    return {document["kind"]: document for document in documents}


@pytest.fixture(scope="module")
def pod(manifests: dict[str, dict[str, Any]]) -> dict[str, Any]:
    spec: dict[str, Any] = manifests["Deployment"]["spec"]["template"]["spec"]
    return spec


@pytest.fixture(scope="module")
def container(pod: dict[str, Any]) -> dict[str, Any]:
    (only,) = pod["containers"]
    return dict(only)


def test_the_schemas_know_every_field(manifests: dict[str, dict[str, Any]]) -> None:
    assert set(manifests) == {"Deployment", "Service"}
    for manifest in manifests.values():
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_the_schemas_would_find_a_misspelt_field(manifests: dict[str, dict[str, Any]]) -> None:
    wrong = {**manifests["Service"], "spec": {**manifests["Service"]["spec"], "selektor": {}}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


def test_labels_and_ports_meet(manifests: dict[str, dict[str, Any]], container: dict[str, Any]) -> None:
    deployment, service = manifests["Deployment"]["spec"], manifests["Service"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"].items() <= labels.items()
    assert service["selector"].items() <= labels.items()
    (port,) = container["ports"]
    assert options(container["args"])["port"] == port["containerPort"]
    probes = [container[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")]
    assert {probe["port"] for probe in probes} == {service["ports"][0]["targetPort"]} == {port["name"]}
    assert [probe["path"] for probe in probes] == [READY_PATH, READY_PATH, LIVE_PATH]
    assert service["ports"][0]["port"] == port["containerPort"]
    assert manifests["Service"]["metadata"]["name"] in options(container["args"])["allow_host"]


def test_the_grace_covers_pre_stop_and_drain(pod: dict[str, Any], container: dict[str, Any]) -> None:
    name, seconds = container["lifecycle"]["preStop"]["exec"]["command"]
    assert name == "sleep"
    assert pod["terminationGracePeriodSeconds"] >= int(seconds) + END_S
    readiness = container["readinessProbe"]
    assert readiness["timeoutSeconds"] < readiness["periodSeconds"]
    liveness = container["livenessProbe"]
    assert liveness["periodSeconds"] * liveness["failureThreshold"] >= 60  # a busy server is not killed for it


def test_it_has_no_rights_and_writes_to_its_volumes_alone(
    pod: dict[str, Any], container: dict[str, Any], steps: list[tuple[str, str]]
) -> None:
    user, group = map(int, values(steps, "USER")[0].split(":"))
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]) == (user, group)
    assert pod["securityContext"]["fsGroup"] == group  # else it could not read its secret
    assert pod["automountServiceAccountToken"] is False
    rights = container["securityContext"]
    assert (rights["allowPrivilegeEscalation"], rights["readOnlyRootFilesystem"]) == (False, True)
    assert rights["capabilities"] == {"drop": ["ALL"]}
    assert set(container["resources"]) == {"requests", "limits"}
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert set(mounts) == {volume["name"] for volume in pod["volumes"]}
    state = dict(re.findall(r"(\w+)=(\S+)", " ".join(values(steps, "ENV"))))[STATE_VARIABLE]
    assert {mounts["state"], mounts["tmp"]} == {state, "/tmp"}
    assert options(container["args"])["token_file"] == f"{mounts['token']}/token"


def test_the_program_runs_with_these_arguments(container: dict[str, Any], tmp_path: Path) -> None:
    """But for the port, and the places of the token and of the pod."""
    (tmp_path / "token").write_text("s3cret")
    given = " ".join(container["args"]).replace("--port=8771", "--port=0").replace("$(POD_IP)", POD_IP)
    arguments = given.replace("/run/secrets/tui-assistant/token", str(tmp_path / "token")).split()
    quick = {"TUI_ASSISTANT_MODELS__RECOGNISER": "tui_assistant.testing.models:recogniser"}
    with running(tmp_path, "--port", "0", *arguments, **quick) as program:
        base = program.http("").replace("0.0.0.0", "127.0.0.1")
        with httpx.Client(base_url=base, trust_env=False, timeout=60) as client:
            while client.get(READY_PATH, headers={"Host": POD_IP}).status_code == 503:
                pass
            assert client.get(LIVE_PATH, headers={"Host": POD_IP}).status_code == 200
            good = {"Authorization": "Bearer s3cret"}
            assert client.get("/metrics", headers={"Host": f"{POD_IP}:8771", **good}).status_code == 200
            assert client.get("/metrics", headers={"Host": f"{POD_IP}:8771"}).status_code == 401
        address = ("127.0.0.1", int(base.rsplit(":", 1)[1]))
        with connect("ws://tui-assistant:8771/v1/realtime", sock=socket.create_connection(address),
                     additional_headers=good, proxy=None) as session:  # fmt: skip
            assert "session.created" in str(session.recv(60))
        status, _, _, took = program.end(signal.SIGTERM)
    assert status == 0
    assert took < END_S
