"""MLflow that is away, refuses, or whose file cannot be used: one message, before any node runs."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from project import SmallProject

from leap_kedro.tracking import database
from leap_kedro.tracking.failures import MlflowFailed

pytestmark = pytest.mark.slow

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
