"""The description of an experiment's parent run: its results as a table, the first thing seen in MLflow."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

_NOTE_TAG = "mlflow.note.content"
_SUCCESS = "/success"


def write_overview(client: "MlflowClient", parent: str) -> None:
    """Write the table of success by policy and split, from the parent's metrics."""
    found = client.get_run(parent).data.metrics
    splits = sorted(
        (key.removesuffix(_SUCCESS) for key in found if key.endswith(_SUCCESS) and key.count("/") == 1),
        key=lambda split: (split != "validation", split),
    )
    rows: dict[int, dict[str, str]] = {}
    for split in splits:
        bounds = {bound: _by_step(client, parent, f"{split}/success{bound}") for bound in ("", "_low", "_high")}
        for step, rate in bounds[""].items():
            low, high = bounds["_low"].get(step, rate), bounds["_high"].get(step, rate)
            rows.setdefault(step, {})[split] = f"{rate:.1%} ({low:.1%} to {high:.1%})"
    table = ["| policy | " + " | ".join(splits) + " |", "|" + " --- |" * (len(splits) + 1)]
    table += [
        f"| pi_{step} | " + " | ".join(row.get(split, "") for split in splits) + " |"
        for step, row in sorted(rows.items())
    ]
    text = "Success with 95 % interval (Wilson) by policy. In the charts, step = iteration.\n\n" + "\n".join(table)
    client.set_tag(parent, _NOTE_TAG, text)


def _by_step(client: "MlflowClient", run: str, key: str) -> dict[int, float]:
    return {metric.step: metric.value for metric in client.get_metric_history(run, key)}
