"""MLflow that is away, refuses, or whose file cannot be used: one message, and nothing finished is lost."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from project import SmallProject

from leap_kedro.tracking import database
from leap_kedro.tracking.address import sqlite_uri
from leap_kedro.tracking.failures import MlflowFailed

SECRET = "geheim"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.setenv(name, "")  # a run sets it: to be unset again after the test


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    return SmallProject(tmp_path / "project")


@contextmanager
def answering(status: int, kind: str, body: str) -> Iterator[str]:
    """Address of a server that answers everything so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def refusal(project: SmallProject) -> str:
    worked: list[str] = []
    project.before = worked.append
    with pytest.raises(MlflowFailed) as caught:
        project.run(1)
    assert not worked
    message = str(caught.value)
    assert "run the same command again" in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("status", "kind", "body", "cause"),
    [
        (401, "text/plain", "You are not authenticated.", "HTTP 401"),
        (403, "application/json", '{"error_code": "PERMISSION_DENIED", "message": "no"}', "HTTP 403"),
        (500, "text/html", "<html>Internal Server Error</html>", "HTTP 500"),
        (503, "text/html", "<html>Service Unavailable</html>", "HTTP 503"),
        (200, "text/html", "<html>Please log in</html>", "not MLflow's"),
        (200, "application/json", "{}", "not MLflow's"),
        (404, "text/html", "<html>Not Found</html>", "HTTP 404"),
    ],
)
def test_a_server_that_refuses_is_named_with_its_address(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, status: int, kind: str, body: str, cause: str
) -> None:
    with answering(status, kind, body) as host:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://somebody:{SECRET}@{host}")
        message = refusal(project)
    assert host in message
    assert cause in message
    assert "MLFLOW_TRACKING_URI" in message
    assert SECRET not in message


@pytest.mark.parametrize(
    ("uri", "cause"),
    [
        (f"http://somebody:{SECRET}@127.0.0.1:9", "Connection refused"),
        (f"http://:{SECRET}@mlflow.invalid", "mlflow.invalid"),
        (f"postgresql://somebody:{SECRET}@127.0.0.1:9/mlflow", "psycopg"),
        ("nonsense://x", "nonsense"),
    ],
)
def test_a_server_that_is_not_there_is_named_without_the_password(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, uri: str, cause: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    message = refusal(project)
    assert cause in message
    assert SECRET not in message + caplog.text


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "http://127.0.0.1:9"])
def test_a_server_on_this_machine_is_never_reached_by_a_proxy(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "example.com")
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setenv("http_proxy", proxy)
    with answering(401, "text/plain", "You are not authenticated.") as host:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://{host}")
        assert "HTTP 401" in refusal(project)


def test_a_proxy_on_the_way_to_a_server_is_named(project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", f"http://somebody:{SECRET}@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://192.0.2.1")
    message = refusal(project)
    assert "ALL_PROXY" in message
    assert SECRET not in message


def _directory(path: Path) -> None:
    path.mkdir()


def _garbage(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title)")


def _revision(number: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (number,))

    return change


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_directory, "is not a file"),
        (_garbage, "is not a database"),
        (_foreign, "not a database of MLflow"),
        (_revision("451aebb31d03"), "mlflow db upgrade"),
        (_revision("ffffffffffff"), "a newer MLflow"),
    ],
)
def test_an_unusable_file_is_named_and_left_as_it_is(
    project: SmallProject, migrated_database: Path, spoil: Callable[[Path], None], said: str
) -> None:
    file = project.root / "mlflow.db"
    if spoil not in (_directory, _garbage, _foreign):
        file.write_bytes(migrated_database.read_bytes())
    spoil(file)
    before = file.read_bytes() if file.is_file() else None
    message = refusal(project)
    assert str(file) in message
    assert said in message
    assert (file.read_bytes() if file.is_file() else None) == before


def test_a_locked_file_is_named(project: SmallProject, migrated_database: Path) -> None:
    file = project.root / "mlflow.db"
    file.write_bytes(migrated_database.read_bytes())
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "locked by another process" in refusal(project)


def test_a_file_that_cannot_be_written_is_named(
    project: SmallProject, migrated_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = project.root / "mlflow.db"
    file.write_bytes(migrated_database.read_bytes())
    file.chmod(0o444)
    if os.access(file, os.W_OK):  # the superuser may write all
        connect = sqlite3.connect
        monkeypatch.setattr(
            sqlite3, "connect", lambda path, **more: connect(f"{path.as_uri()}?mode=ro", uri=True, **more)
        )
    assert "cannot be written" in refusal(project)


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
    yield line
    line.cut()


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
