"""The description of an experiment's parent run: its results as a table, the first thing seen in MLflow."""

from typing import TYPE_CHECKING

from leap_kedro.tracking.metrics import HEADLINE

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION_TAG = "leap.champion"
_CONDITIONS_TAG = "leap.conditions"
_NOTE_TAG = "mlflow.note.content"


def write_overview(client: "MlflowClient", parent: str, conditions: str = "") -> None:
    """Write the table of success by policy and split, from the parent's metrics.

    Args:
        client: Client of the tracking server.
        parent: Id of the parent run.
        conditions: What the results were measured under, in words; as said before where empty.
    """
    if conditions:
        client.set_tag(parent, _CONDITIONS_TAG, conditions)
    run = client.get_run(parent)
    found = (key.removeprefix(HEADLINE) for key in run.data.metrics if key.startswith(HEADLINE))
    splits = sorted(found, key=lambda split: (split != "validation", split))
    cells: dict[int, dict[str, str]] = {}
    for split in splits:
        low = _by_step(client, parent, f"{split}/success_low")
        high = _by_step(client, parent, f"{split}/success_high")
        for step, rate in _by_step(client, parent, f"{HEADLINE}{split}").items():
            cells.setdefault(step, {})[split] = f"{rate:.1%} ({low.get(step, rate):.1%} to {high.get(step, rate):.1%})"
    rows = [
        [_policy(step, run.data.tags.get(CHAMPION_TAG)), *(row.get(split, "") for split in splits)]
        for step, row in sorted(cells.items())
    ]
    lines = [["policy", *splits], ["---"] * (len(splits) + 1), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    how = run.data.tags.get(_CONDITIONS_TAG, conditions)
    text = f"{table}\n\nSuccess with 95 % interval (Wilson); {how}. Step of the charts: iteration, -1 the base."
    client.set_tag(parent, _NOTE_TAG, text)


def _policy(step: int, champion: str | None) -> str:
    name = "base" if step < 0 else f"pi_{step}"
    return f"**{name} (champion)**" if name == champion else name


def _by_step(client: "MlflowClient", run: str, key: str) -> dict[int, float]:
    return {metric.step: metric.value for metric in client.get_metric_history(run, key)}
