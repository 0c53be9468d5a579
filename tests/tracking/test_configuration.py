import pytest

from leap_kedro.tracking.configuration import artifact_location, tracking_uri


@pytest.mark.parametrize(
    ("variable", "uri", "artifacts"),
    [
        (None, "sqlite:////project/mlflow.db", "/project/mlartifacts"),
        ("sqlite:////other/runs.db", "sqlite:////other/runs.db", "/other/mlartifacts"),
        ("https://mlflow.example.org", "https://mlflow.example.org", None),
    ],
)
def test_the_users_server_takes_the_place_of_the_projects_own(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, uri: str, artifacts: str | None
) -> None:
    if variable is None:
        monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    else:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", variable)
    assert tracking_uri("/project/mlflow.db") == uri
    assert artifact_location("/project/mlartifacts") == artifacts
