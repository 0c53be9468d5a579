"""Files in MLflow: data sets as inputs with digests, reports and figures as artifacts, prompts in their registry."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from leap_kedro.records.hashing import content_hash

DIGITS = 32
"""Hexadecimal digits of a digest; MLflow allows 36."""

if TYPE_CHECKING:
    from mlflow import MlflowClient


def log_input(client: "MlflowClient", run: str, name: str, path: Path, records: int) -> None:
    """Log a file with a number of records as the input `name` of a run."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    source, profile = json.dumps({"uri": path.absolute().as_uri()}), json.dumps({"records": records})
    dataset = Dataset(name, content_hash(path, DIGITS), "local", source, profile=profile)
    client.log_inputs(run, datasets=[DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])


def log_report(client: "MlflowClient", run: str, path: Path, figure: bool) -> None:
    """Log a file under ``reports``; a figure in plotly's JSON becomes a self-contained page (4.5 MB)."""
    from plotly.io import from_json

    with TemporaryDirectory() as folder:
        if figure:
            page = Path(folder) / f"{path.stem}.html"
            from_json(path.read_text(encoding="utf-8")).write_html(page)
            path = page
        client.log_artifact(run, str(path), "reports")


def register_prompts(client: "MlflowClient", run: str, prompts: Mapping[str, str]) -> None:
    """Register each prompt, unless its latest version has the same text, and link it to the run."""
    for name, text in prompts.items():
        # The registry does not allow all characters of template paths.
        registered = re.sub(r"[^A-Za-z0-9_.-]", "_", f"leap_prompt.{name.replace('/', '.')}")
        latest = client.get_prompt(registered) and client.load_prompt(f"prompts:/{registered}@latest")
        if latest is None or latest.template != text:
            latest = client.register_prompt(registered, text)
        client.link_prompt_version_to_run(run, latest)
