"""What a run was made from: data sets as MLflow inputs, with digests."""

import json
from hashlib import sha256
from pathlib import Path
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
    """Log a file of records as a run's input.

    Args:
        client: Client of the tracking server.
        run: Id of the run.
        name: Name of the data set (``D_1``).
        path: The file.
        records: Records in it.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(
        name=name,
        digest=content_digest(path),
        source_type="local",
        source=json.dumps({"uri": path.absolute().as_uri()}),
        profile=json.dumps({"records": records}),
    )
    client.log_inputs(run, datasets=[DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])
