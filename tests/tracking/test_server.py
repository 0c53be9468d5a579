"""A real MLflow server that goes away during a run: nothing finished is lost, and the same command continues."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from project import SmallProject

from leap_kedro.tracking.address import sqlite_uri
from leap_kedro.tracking.failures import MlflowFailed

pytestmark = pytest.mark.slow

_SERVE = """
from mlflow.server import app
from werkzeug.serving import make_server
server = make_server("127.0.0.1", 0, app, threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture(scope="module")
def mlflow_port(migrated_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of MLflow's own server, in a process of its own."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(migrated_database, folder / "mlflow.db")
    store = {"_MLFLOW_SERVER_FILE_STORE": sqlite_uri(folder / "mlflow.db")}
    root = {"_MLFLOW_SERVER_ARTIFACT_ROOT": (folder / "artifacts").as_uri()}
    with subprocess.Popen(
        [sys.executable, "-c", _SERVE], env={**os.environ, **store, **root}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield int(process.stdout.readline())
        process.kill()


class Line:
    """The way to MLflow's server, which can be cut."""

    def __init__(self, port: int) -> None:
        class Forward(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                connection = HTTPConnection("127.0.0.1", port)
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_PATCH = do_DELETE = do_PUT = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self._handler, self._port = Forward, 0
        self.repair()
        self.uri = f"http://127.0.0.1:{self._port}"

    def repair(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def cut(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server(mlflow_port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """The way to a server that is set as `MLFLOW_TRACKING_URI`."""
    line = Line(mlflow_port)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", line.uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    yield line
    line.cut()


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    return SmallProject(tmp_path / "project")


@pytest.mark.parametrize("node", ["train", "choose"])
def test_a_server_that_goes_away_stops_the_run_and_the_same_command_logs_what_is_missing(
    project: SmallProject, server: Line, node: str
) -> None:
    worked: list[str] = []

    def work(name: str) -> None:
        worked.append(name)
        if name == node:
            server.cut()

    project.before = work
    project.parameters["experiment"] = node
    with pytest.raises(MlflowFailed) as caught:
        project.run(1)
    assert server.uri in str(caught.value)
    assert worked[-1] == node

    server.repair()
    finished, worked[:] = set(worked), []
    project.before = worked.append
    project.run(1)
    assert not finished & set(worked)
    client = MlflowClient(server.uri)
    experiment = client.get_experiment_by_name("leap_kedro")
    found = client.search_runs([experiment.experiment_id], f"tags.`leap.experiment` = '{node}'")
    runs = {run.data.tags["leap.kind"]: run for run in found}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert sorted(
        (point.step, point.value)
        for point in client.get_metric_history(runs["experiment"].info.run_id, "success/validation")
    ) == [(-1, 0.0), (0, 0.5), (1, 0.9)]
    assert runs["iteration"].data.metrics["training/losses"] == 0.5
    assert client.get_model_version_by_alias(f"leap-{node}", "champion").run_id == runs["iteration"].info.run_id


def test_a_run_that_fails_for_another_reason_says_that_reason(project: SmallProject, server: Line) -> None:
    def work(name: str) -> None:
        if name == "evaluate":
            server.cut()
            raise OSError("disk full")

    project.before = work
    with pytest.raises(OSError, match="disk full"):
        project.run(1)
    server.repair()
