"""Files in MLflow: data sets as inputs with digests, reports and figures as artifacts, prompts in their registry."""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient


def content_digest(path: Path) -> str:
    """SHA-256 of a file, or of a folder's files with their names, as 32 hexadecimal digits (MLflow allows 36)."""
    total = sha256()
    for file in [path] if path.is_file() else sorted(inner for inner in path.rglob("*") if inner.is_file()):
        total.update(file.relative_to(path).as_posix().encode())
        with file.open("rb") as content:
            total.update(sha256(content.read()).digest())
    return total.hexdigest()[:32]


def log_input(client: "MlflowClient", run: str, name: str, path: Path, records: int) -> None:
    """Log a file of so many records as an input of a run, called `name`."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    source, profile = json.dumps({"uri": path.absolute().as_uri()}), json.dumps({"records": records})
    dataset = Dataset(name, content_digest(path), "local", source, profile=profile)
    client.log_inputs(run, datasets=[DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])


def log_report(client: "MlflowClient", run: str, path: Path, figure: bool) -> None:
    """Log a file under ``reports``; a figure in plotly's JSON as a page that holds all that it needs (4.5 MB)."""
    from plotly.io import from_json

    with TemporaryDirectory() as folder:
        if figure:
            page = Path(folder) / f"{path.stem}.html"
            from_json(path.read_text(encoding="utf-8")).write_html(page)
            path = page
        client.log_artifact(run, str(path), "reports")


def register_prompts(client: "MlflowClient", run: str, prompts: Mapping[str, str]) -> None:
    """Register each prompt, unless its latest version has the same text, and link it to the run that used it."""
    for name, text in prompts.items():
        # The registry allows fewer characters than the paths of templates have.
        registered = re.sub(r"[^A-Za-z0-9_.-]", "_", f"leap_prompt.{name.replace('/', '.')}")
        latest = client.get_prompt(registered) and client.load_prompt(f"prompts:/{registered}@latest")
        if latest is None or latest.template != text:
            latest = client.register_prompt(registered, text)
        client.link_prompt_version_to_run(run, latest)
