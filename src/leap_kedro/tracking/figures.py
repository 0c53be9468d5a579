"""Plotly figures as pages that MLflow's artifact viewer shows."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient


def log_figure(client: "MlflowClient", run: str, path: Path) -> None:
    """Log a figure in plotly's JSON as ``reports/NAME.html``; the page holds all that it needs, 4.5 MB.

    Args:
        client: Client of the tracking server.
        run: Id of the run.
        path: The figure's file.
    """
    from plotly.io import from_json

    with TemporaryDirectory() as folder:
        page = Path(folder) / f"{path.stem}.html"
        from_json(path.read_text(encoding="utf-8")).write_html(page)
        client.log_artifact(run, str(page), "reports")
