"""sqlite files in folders of any name, and the hint that opens the MLflow in use."""

import shlex
from pathlib import Path

import pytest
from project import SmallProject

from leap_kedro.tracking.address import how_to_open, shown, split_login, sqlite_file, sqlite_uri
from leap_kedro.tracking.policies import resolve_policy


@pytest.mark.parametrize(
    "folder", ["plain", "a %2F b", "%20", "x#y", "q?z", "ü ñ", "w&v", "i'q\"r", "p$HOME", "c::d", "100%", "b\\s"]
)
def test_a_sqlite_file_is_found_by_its_uri_and_nothing_else_is_made(tmp_path: Path, folder: str) -> None:
    from mlflow.store.db.utils import create_sqlalchemy_engine_with_retry

    file = tmp_path / folder / "mlflow.db"
    file.parent.mkdir()
    uri = sqlite_uri(file)
    assert sqlite_file(uri) == file
    with create_sqlalchemy_engine_with_retry(uri).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE made (value)")
    assert file.is_file()
    assert list(tmp_path.iterdir()) == [file.parent]
    command = how_to_open(uri, "3")[0]
    assert sqlite_file(shlex.split(command)[-1]) == file


def test_a_project_in_a_folder_of_an_odd_name_stays_inside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    project = SmallProject(tmp_path / "a %2F b#c ñ")
    (project.root / "mlflow.db").touch()  # An empty file becomes a database.
    project.run(1)
    project.run(2, nodes=("aggregate",))
    assert list(tmp_path.iterdir()) == [project.root]
    assert {path.name for path in project.root.iterdir()} <= {
        *("conf", "data", "mlflow.db", "mlflow.db.lock", "mlartifacts", "pyproject.toml")
    }
    policy = resolve_policy("models:/leap-small@champion")
    assert policy.is_relative_to(project.root / "mlartifacts")
    assert (policy / "config.json").read_text() == '{"iteration": 1}'


@pytest.mark.parametrize(
    ("uri", "lines"),
    [
        ("https://user:geheim@mlflow.example.org/", ("https://***@mlflow.example.org/#/experiments/3/runs",)),
        (
            "sqlite:////other/my runs.db",
            ("mlflow ui --backend-store-uri 'sqlite:////other/my runs.db'", "http://127.0.0.1:5000/#/exp"),
        ),
        (
            "postgresql://user:geheim@db/mlflow",
            ('--backend-store-uri "$MLFLOW_TRACKING_URI"', "http://127.0.0.1:5000/#/experiments/3/runs"),
        ),
        ("databricks", ("databricks",)),
    ],
)
def test_the_hint_opens_the_mlflow_in_use_and_shows_no_secret(uri: str, lines: tuple[str, ...]) -> None:
    hint = how_to_open(uri, "3")
    assert all(part in line for part, line in zip(lines, hint, strict=True))
    assert "geheim" not in "".join(hint)


def test_secrets_are_hidden_and_the_rest_of_an_address_is_shown() -> None:
    assert shown("http://u:p@host:5000/x") == "http://***@host:5000/x"
    assert shown("postgresql://host/db?password=geheim&a=b") == "postgresql://host/db?password=***&a=b"
    assert shown("sqlite:////data%2Fq%3Fz%2Fmlflow.db") == "sqlite:////data/q?z/mlflow.db"


def test_a_password_in_the_address_reaches_mlflow_apart_from_it() -> None:
    login = {"MLFLOW_TRACKING_USERNAME": "me@home", "MLFLOW_TRACKING_PASSWORD": "a/b"}
    assert split_login("https://me%40home:a%2Fb@host:5000/x") == ("https://host:5000/x", login)
    assert split_login("https://host:5000/x") == ("https://host:5000/x", {})
